// What was found by name, as commands of the palette.
const CLOCK = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };

export const foundCommands = (workflows, runs) => [
  ...workflows.map(({ id, name }) => ({ label: name, group: "Workflow", href: `/workflows/${id}` })),
  ...runs.map(({ id, workflow, status, trigger, created_at: at }) => ({
    label: `${workflow}, ${new Date(at).toLocaleString("en-GB", CLOCK)}`, group: `${trigger === "draft" ? "Run in the editor" : "Run"}, ${status}`, href: `/runs/${id}`,
  })),
];
