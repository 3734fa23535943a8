// Steps of the run that goes on, by node id.

// What is going to run, until it is told that it does.
export const queued = (ids) => Object.fromEntries(ids.map((id) => [id, { status: "queued" }]));

// A step with what is newly told of it. A node in a loop has several, one for each turn.
export function withStep(before, { path, ...step }) {
  const turns = (before?.turns ?? 0) + (step.status === "running" && before?.path !== path ? 1 : 0);
  return { ...before, ...step, path, turns, done: turns > 1 ? `${turns} times` : "" };
}

// The steps of a run that went on before this page heard of it.
export function stepsOf(run, results) {
  if (!run?.steps) return {};
  const waiting = run.nodes.filter((id) => results[id]?.run_id !== run.run_id);
  const live = run.steps.map(({ t, node, ...step }) => [node, withStep(undefined, step)]);
  return { ...queued(waiting), ...Object.fromEntries(live) };
}
