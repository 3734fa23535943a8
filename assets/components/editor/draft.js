// Running parts of a workflow while it is edited: what is stale, what a run would cost, what came out.
import { shared } from "./sharing.js";
import { queued, stepsOf, withStep } from "./steps.js";
import { ask, onLoss, onMessage, read, saved, say, set, textOf } from "./store.js";
import { sendSignedIn } from "../rest.js";

const AUTO_MS = 700;
const SOON_MS = 250;
const KEEP_MS = 400;
const KEEP_AGAIN_MS = 5000;
let loading = null;
let reading = null;
let isWanted = false;
// What was told last while an answer was on its way.
let heard = null;
let autoTimer = null;
let keepTimer = null;
let keeping = Promise.resolve(true);
let sentTrying = null;
// What was to be kept last did not reach a server that could take it.
let isAway = false;
// How often inputs were kept: an answer that was asked for before knows older ones.
let keptInputs = 0;

export async function loadDraft() {
  const { id } = read();
  if (reading?.id === id) {
    isWanted = true;
    return;
  }
  const turn = { id };
  const kept = keptInputs;
  reading = turn;
  isWanted = false;
  heard = null;
  const reply = await ask("GET", "/draft");
  if (reading !== turn) return;
  reading = null;
  if (read().id !== id) return;
  if (!reply.ok) set({ draftProblem: textOf(reply) });
  else if (kept !== keptInputs) reply.body.inputs = read().draft?.inputs ?? reply.body.inputs;
  const before = read().run;
  const now = reply.body?.run ?? before;
  // A run that waits outside of the server's memory is not counted there any more.
  if (now && now.run_id === before?.run_id) now.done = Math.max(now.done ?? 0, before.done ?? 0);
  if (reply.ok) set({ draft: shared(read().draft, reply.body), run: now, steps: stepsAfter(reply.body, before), draftProblem: "" });
  // The answer may be older than what was told meanwhile.
  if (isWanted || (reply.ok && heard && (heard.key !== reply.body.marks_key || heard.revision > reply.body.revision))) loadDraft();
}

function stepsAfter({ run: told, results }, before) {
  if (!told) return {};
  return told.run_id === before?.run_id ? read().steps : stepsOf(told, results);
}

function loadSoon() {
  loading ??= setTimeout(() => {
    loading = null;
    loadDraft();
  }, SOON_MS);
}

// Runs that this page has asked for. Of others, such as those that begin by themselves after an edit, the
// nodes and the drawer tell enough.
const asked = new Set();
function followUp(run) {
  if (!["succeeded", "failed"].includes(run?.status) || !asked.delete(run.run_id)) return;
  if (run.status === "failed") say(run.error ?? "The run failed.", "error");
  // What is free below what came out may run by itself now; what ran by itself asks for nothing more.
  else scheduleAuto();
}

// Nodes by id; `mode` is cells, stale, from or all.
export async function run(mode, targets = [], more = {}) {
  if (!read().mayRun) return;
  // What was typed a moment ago counts.
  const { id: workflow } = read();
  const [isKept] = await Promise.all([keepTrying(), saved()]);
  if (read().id !== workflow) return;
  if (!isKept) return say(`Nothing was run: what to try with could not be kept. ${read().tryProblems.join(" ")}`, "error");
  const reply = await ask("POST", "/draft/run", { mode, targets, ...more });
  if (!reply.ok) {
    say(textOf(reply), "error");
    if (reply.status === 422) window.dispatchEvent(new CustomEvent("editor-drawer", { detail: "problems" }));
    return;
  }
  const { run_id: id, runs } = reply.body;
  if (id) asked.add(id);
  // Perhaps the socket was quicker.
  followUp(read().run);
  if (!id) say("Nothing here has changed since it last ran.");
  // What the socket has told of it already stands.
  else if (read().run?.run_id !== id) {
    const ids = [...read().document.nodes.values()].filter(({ name }) => runs.includes(name)).map((node) => node.id);
    set({ run: { run_id: id, status: "queued", done: 0, total: runs.length, cost_usd: "0" }, steps: queued(ids), texts: {} });
  }
}

export async function cancel() {
  const reply = await ask("POST", "/draft/cancel", {});
  if (!reply.ok) say(textOf(reply), "error");
}

// The node counts as left by the port; by its first, when none is named. Gives whether it is pinned.
export async function pin(id, value, { kind = "pinned", port = "" } = {}) {
  const reply = await ask("PUT", `/draft/pins/${encodeURIComponent(id)}`, { value, kind, port: port ?? "" });
  if (!reply.ok) say(textOf(reply), "error");
  else showChanged();
  return reply.ok;
}

// What a node gave in some run takes the place of its output here.
export async function pinFrom(id, { run, path, port }) {
  const reply = await sendSignedIn("GET", `/api/v1/runs/${encodeURIComponent(run)}/output?path=${encodeURIComponent(path)}`);
  if (reply.ok) return pin(id, reply.body.value, { port });
  say(textOf(reply), "error");
  return false;
}

export async function unpin(id) {
  const reply = await ask("DELETE", `/draft/pins/${encodeURIComponent(id)}`);
  if (!reply.ok) say(textOf(reply), "error");
  else showChanged();
}

// What a node counts as having given has changed: what is below it is stale, and may run by itself.
function showChanged() {
  loadDraft();
  scheduleAuto();
}

// Inputs that the editor's own runs are given, as somebody types them: shown at once, and kept a moment
// later or before anything runs.
export function tryWith(inputs) {
  set({ trying: inputs });
  keepSoon(read().id, inputs, KEEP_MS);
}

// Also when another workflow is opened meanwhile; what could not be kept is tried again.
function keepSoon(id, inputs, ms) {
  clearTimeout(keepTimer);
  keepTimer = setTimeout(async () => {
    if (read().id !== id) return keep(id, inputs);
    if (read().trying === inputs && !(await keepTrying()) && isAway) keepSoon(id, inputs, KEEP_AGAIN_MS);
    return undefined;
  }, ms);
}

// Gives whether what was typed is kept. One after another, or what is older might arrive later.
export function keepTrying() {
  clearTimeout(keepTimer);
  const { id, trying } = read();
  if (!trying) return Promise.resolve(true);
  if (trying !== sentTrying) keeping = keeping.then(() => keep(id, trying));
  sentTrying = trying;
  return keeping;
}

async function keep(id, trying) {
  const { problems, isKept } = await putInputs(id, trying);
  if (!isKept) sentTrying = null;
  if (read().id === id) set({ tryProblems: problems, ...(isKept && read().trying === trying ? { trying: null } : {}) });
  return isKept;
}

// At once, such as those of another run.
export async function setInputs(inputs) {
  await keepTrying();
  return putInputs(read().id, inputs);
}

async function putInputs(id, inputs) {
  const reply = await sendSignedIn("PUT", `/api/v1/workflows/${encodeURIComponent(id)}/draft/inputs`, { inputs });
  isAway = !reply.ok && (!reply.status || reply.status >= 500);
  if (!reply.ok) return { problems: [textOf(reply)], isKept: false };
  if (read().id === id) {
    keptInputs += 1;
    if (read().draft) set({ draft: { ...read().draft, inputs } });
    showChanged();
  }
  return { problems: reply.body?.problems ?? [], isKept: true };
}

// The whole value of an output; undefined when there is none.
export async function output(id, which = "output") {
  const reply = await ask("GET", `/draft/outputs/${encodeURIComponent(id)}?which=${which}`);
  return reply.ok ? reply.body.value : undefined;
}

// After an edit, what costs nothing runs by itself; the server decides what that is.
export function scheduleAuto() {
  clearTimeout(autoTimer);
  if (!read().mayRun) return;
  autoTimer = setTimeout(() => {
    const { saving } = read();
    if (saving === "saved") ask("POST", "/draft/auto", {});
    else if (saving !== "stopped") scheduleAuto();
  }, AUTO_MS);
}

// What is null is gone.
function merged(before, changes) {
  const after = { ...before, ...changes };
  for (const [id, value] of Object.entries(changes)) if (value === null) delete after[id];
  return shared(before, after, 2);
}

onLoss(loadDraft);
onMessage("draft", ({ marks, results, costs, marks_key: key, marks_from: from, revision, by, ...rest }) => {
  const { draft } = read();
  heard = { key, revision };
  if (reading && Object.keys(results).length) isWanted = true;
  if (!draft) return;
  // Several processes may tell at the same moment, each of what it knows.
  const isNext = (from === "" || from === draft.marks_key) && revision >= draft.revision;
  const now = shared(draft, {
    ...draft, ...rest, revision: Math.max(revision, draft.revision), marks_key: isNext ? key : "", marks: from === "" ? marks : merged(draft.marks, marks), results: merged(draft.results, results), costs: costs ? merged(draft.costs, costs) : draft.costs,
  });
  set({ draft: now });
  // Costs and what is stale in all follow from the marks; the server adds them up. It also tells of marks
  // that this page has just read.
  if (!isNext) loadDraft();
  else if (rest.stale === undefined && now !== draft) loadSoon();
});

onMessage("run", ({ t, ...message }) => {
  const { run: before } = read();
  const isOver = ["succeeded", "failed", "cancelled"].includes(message.status);
  const isNew = before?.run_id !== message.run_id;
  set({ run: { ...(isNew ? {} : before), ...message, seen: isNew ? Date.now() : before.seen }, ...(isNew ? { steps: queued(message.nodes ?? []), texts: {} } : {}) });
  if (isOver) {
    set({ steps: {}, texts: {} });
    loadDraft();
    followUp(message);
  }
});

onMessage("step", ({ t, node, ...step }) => {
  const { steps, texts } = read();
  // Its output takes the place of what it streamed.
  if (texts[step.name] && step.status !== "running") set({ texts: { ...texts, [step.name]: undefined } });
  set({ steps: { ...steps, [node]: withStep(steps[node], step) } });
});

// Streamed text by node name; it grows outside of the nodes' own data.
onMessage("text", ({ node, text, part, begins }) => {
  const { texts = {} } = read();
  const before = (begins ? undefined : texts[node]) ?? { text: "", part: "" };
  const start = part && part !== before.part ? `${before.text ? `${before.text}\n\n` : ""}${part}\n` : before.text;
  set({ texts: { ...texts, [node]: { text: start + text, part: part ?? before.part } } });
});

const NONE = { nodes: 0, calls: 0, typical_usd: "0" };
export const stale = ({ draft }) => draft?.stale ?? NONE;
