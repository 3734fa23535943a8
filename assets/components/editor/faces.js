// What is drawn of a node: its ports and setting, and the state of its last run, in few words.
import { firstPorts } from "./catalogue.js";
import { valueOf } from "./document.js";
import { once } from "./once.js";

const REASONS = {
  config: "changed", inputs: "new input", upstream: "upstream", pin: "pin", expired: "expired",
  error: "failed", code_version: "new version",
};
export const STEP_LABELS = {
  idle: "Not run", queued: "Queued", running: "Running", waiting: "Waits", succeeded: "Succeeded",
  cached: "Cached", failed: "Failed", skipped: "Skipped", cancelled: "Cancelled",
};
// What takes a problem away, on the button that does it.
export const MENDS = { add_edge: "Draw the wire", remove_edge: "Take the wire out", rename_node: "Rename", set_config: "Set it" };
const LIVE = new Set(["queued", "running", "waiting"]);

export function money(usd) {
  const value = Number(usd);
  if (!value) return "";
  if (value >= 1) return `$${value.toFixed(value >= 100 ? 0 : 2)}`;
  // As far as it matters, and never less than whole cents.
  if (value >= 0.01) return `$${value.toFixed(4).replace(/0{1,2}$/, "")}`;
  return `$${value.toPrecision(2).replace(/0+$/, "")}`;
}

export function seconds(value) {
  if (value === null || value === undefined) return "";
  if (value < 0.0005) return "";
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  return value < 60 ? `${value.toFixed(1)} s` : `${Math.floor(value / 60)} m ${Math.round(value % 60)} s`;
}

const CLOCK = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };

// A moment as the clock on the wall shows it; the year only where it is another.
export function moment(at) {
  const date = new Date(at);
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return date.toLocaleString("en-GB", { ...CLOCK, year });
}

export const RUN_LABELS = {
  queued: "Queued", running: "Running", waiting: "Waits for a person", paused: "Paused",
  succeeded: "Succeeded", failed: "Failed", cancelled: "Cancelled",
};

export const tokensOf = ({ tokens }) => (tokens ? (tokens.prompt ?? 0) + (tokens.completion ?? 0) : 0);

const costText = (cost) => {
  if (!cost?.calls) return "";
  const about = money(cost.typical_usd ?? cost.typical);
  return `${cost.is_open ? "from " : "~"}${about || "$0"}`;
};

// As `costText`, where there is room for words.
export const costWords = (cost) => costText(cost).replace("~", "about ");

// The whole predicted cost of what a run would do now.
export function predicted(draft) {
  if (!draft) return "";
  const costs = Object.values(draft.costs ?? {});
  const calls = draft.stale?.calls ?? 0;
  if (!costs.length) return "free";
  if (!calls) return "nothing to pay";
  return costWords(draft.stale);
}

const BUSY = new Set(["queued", "running", "waiting", "paused"]);
export const isBusy = (run) => BUSY.has(run?.status);

// What a run that has ended came to, in words; nothing of one that was free and saved nothing.
export function paid(run) {
  if (!run || isBusy(run)) return "";
  const [cost, saved] = [money(run.cost_usd), money(run.saved_usd)];
  return [(cost || saved) && `paid ${cost || "$0"}`, saved && `saved ${saved}`].filter(Boolean).join(" · ");
}

// {state, label, isMaybe, since, aside}: how a node's last run stands, live if it is running.
export function standing({ draft, steps }, id) {
  const step = steps[id];
  const result = draft?.results[id];
  const mark = draft?.marks[id];
  if (step && (LIVE.has(step.status) || !result)) {
    return { state: step.status, label: STEP_LABELS[step.status] ?? step.status, since: step.status === "running" ? step.since : "", aside: step.done ?? "" };
  }
  // How it stands has not been read yet.
  if (!draft) return { state: "idle", label: "", aside: "" };
  const cost = costText(draft.costs[id]);
  if (!mark || mark.state === "never") return { state: "idle", label: STEP_LABELS.idle, aside: cost };
  if (result?.pinned) {
    return { state: "succeeded", label: result.pinned.kind === "edited" ? "Edited" : "Pinned", isPinned: true, aside: "" };
  }
  if (mark.state === "stale" && mark.reason === "error") return { state: "failed", label: STEP_LABELS.failed, aside: cost };
  if (mark.state === "stale") return { state: "stale", label: `Stale: ${REASONS[mark.reason] ?? mark.reason}`, aside: cost };
  if (mark.state === "maybe_stale") return { state: "stale", isMaybe: true, label: "Maybe stale", aside: cost };
  const status = result?.status ?? "succeeded";
  const saved = money(result?.saved_usd);
  // A container is not cached itself, but what is inside may be, in part or all of it.
  const paid = money(result?.cost_usd) || (saved && `saved ${saved}`);
  const aside = status === "cached" && saved ? paid : [paid, seconds(result?.duration_s)].filter(Boolean).join(" · ");
  return { state: status, label: STEP_LABELS[status] ?? status, aside };
}

export const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

export function brief(result, most = 140) {
  const shown = result?.pinned ?? result;
  if (!shown || shown.preview === undefined || shown.preview === null) return "";
  const value = shown.preview;
  const text = typeof value === "string" ? value : typeof value?.text === "string" ? value.text : JSON.stringify(value);
  return cut(text.replace(/\s+/g, " ").trim(), most);
}

// Where a decision went is what it has to say.
export const taken = (result) => {
  const port = (result?.pinned ?? result)?.port;
  return port ? `→ ${port}` : "";
};

const portLabel = (port, ports) => (ports.length > 1 || port !== "out" ? port : "");

// By the name of a node, the first thing that is wrong with it.
export const firstProblems = once((problems) => new Map([...problems].reverse().map((problem) => [problem.node, problem.message])));

export function titleOf(type, node) {
  const mode = String(node.config.mode ?? node.config.strategy ?? "").replaceAll("_", " ");
  const title = type?.title ?? node.type;
  return mode && mode !== "single" ? `${title} · ${mode}` : title;
}

// What a node's body is given; the same parts in, the same face out.
export function faceOf(state, node) {
  const type = state.types[node.type];
  const face = state.faces[node.id] ?? { ...firstPorts(node), summary: "" };
  const now = standing(state, node.id);
  const inputs = node.type === "start" ? [] : face.inputs;
  return {
    name: node.name, type: node.type, category: type?.category ?? "flow", frame: Boolean(type?.container),
    title: titleOf(type, node),
    summary: face.summary || String(type?.summary ?? ""), isBlank: !face.summary,
    inputs: inputs.map((id) => ({ id, label: "" })),
    outputs: face.outputs.map((id) => ({ id, label: portLabel(id, face.outputs) })),
    state: now.state, label: now.label, maybe: Boolean(now.isMaybe), pinned: Boolean(now.isPinned), since: now.since ?? "", aside: now.aside,
    brief: (node.type === "decision" ? taken : brief)(state.draft?.results[node.id]),
    disabled: valueOf(node, "disabled"), notes: cut(valueOf(node, "notes"), 300),
    problem: firstProblems(state.problems).get(node.name) ?? "",
  };
}
