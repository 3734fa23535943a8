// The state of one open editor, outside of React: the document, what others and the server say of it,
// and what is selected. Components read it by `useEditor(pick)` and change it by the functions below.
import { useSyncExternalStore } from "react";
import * as model from "./document.js";
import { Outbox } from "./outbox.js";
import { shared } from "./sharing.js";
import { sendSignedIn } from "../rest.js";

const MERGE_MS = 1000;
const MOST_UNDO = 500;
const MOST_OPERATIONS = 400;

const BLANK = {
  id: "", status: "loading", problem: "", document: model.read({ name: "" }), revision: 0,
  project: "", projectId: "", me: { id: "", name: "" }, mayEdit: false, mayRun: false,
  types: {}, faces: {}, problems: [], selection: new Set(), draft: null, steps: {}, run: null, texts: {}, published: null,
  people: {}, saving: "saved", canUndo: false, canRedo: false, notice: null, comments: null, isDragging: false,
};

let state = BLANK;
let confirmed = null;
let outbox = null;
let undone = [];
let done = [];
// The last values this person gave, by place, to notice when somebody writes over them unseen.
let mine = new Map();
const waiting = new Map();
const listeners = new Set();

export const read = () => state;
export function set(changes) {
  state = { ...state, ...changes };
  for (const listener of listeners) listener();
}
const subscribe = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};
// `pick` must give back the same thing as long as nothing it looks at has changed.
export const useEditor = (pick) =>
  useSyncExternalStore(subscribe, () => pick(state), () => pick(BLANK));
export { subscribe };

const base = () => `/api/v1/workflows/${encodeURIComponent(state.id)}`;
export const ask = (method, path, body) => sendSignedIn(method, `${base()}${path}`, body);
export const say = (text, tone = "info") => window.flowstudio.toast?.(text, tone);
export const textOf = ({ body, status }) =>
  (body.problems ?? []).map((each) => each.what ?? each.message).filter(Boolean).join(" ") ||
  body.detail || body.title || `The server said no (${status}).`;

// Opening

export async function open(id) {
  close();
  state = { ...BLANK, id };
  set({});
  const [opened, types] = await Promise.all([
    ask("GET", "/editor"), sendSignedIn("GET", "/api/v1/node-types"),
  ]);
  if (state.id !== id) return;
  if (!opened.ok || !types.ok) {
    const failed = opened.ok ? types : opened;
    set({ status: failed.status === 404 ? "missing" : "failed", problem: textOf(failed) });
    return;
  }
  set({ types: Object.fromEntries(types.body.items.map((type) => [type.type, type])) });
  outbox = new Outbox(id, { send, onChange: showSaving });
  load(opened.body);
  // What was left unsent before a reload is not saved yet, from the first moment on.
  outbox.tell();
  set({ status: "ready" });
  outbox.wake();
}

export function close() {
  outbox?.close();
  outbox = null;
  undone = [];
  done = [];
  mine = new Map();
  waiting.clear();
  confirmed = null;
}

function load(body) {
  confirmed = model.read(body.document);
  set({
    revision: body.revision, project: body.project, projectId: body.project_id, me: body.me,
    mayEdit: body.may_edit, mayRun: body.may_run, problems: body.problems, faces: body.faces,
    published: body.published_version === null ? null : { number: body.published_version, is_changed: body.is_changed },
  });
  show();
}

async function reload() {
  const opened = await ask("GET", "/editor");
  if (!outbox) return;
  if (opened.ok) load(opened.body);
  else if (opened.status === 404) set({ status: "missing" });
}

// What is shown is what the server has confirmed, with what it has not answered yet on top.
function show() {
  let document = confirmed;
  for (const operation of outbox?.operations() ?? []) {
    try {
      document = model.apply(document, operation);
    } catch (error) {
      if (!(error instanceof model.Misfit)) throw error;
    }
  }
  set({ document });
}

const showSaving = (saving) => set({ saving });

// Changing

// Applies operations at once, and sends them. `merge` names a place that is being typed or dragged
// in: what follows under the same name within a second is one step to undo.
export function change(operations, { merge = "", label = "" } = {}) {
  if (!state.mayEdit || !operations.length) return false;
  let document = state.document;
  const back = [];
  try {
    for (const operation of operations) {
      back.unshift(...model.invert(document, operation));
      document = model.apply(document, operation);
    }
  } catch (error) {
    if (!(error instanceof model.Misfit)) throw error;
    say(error.message, "error");
    return false;
  }
  remember({ forth: operations, back, merge, label, at: Date.now() });
  undone = [];
  note(operations);
  set({ document, canUndo: true, canRedo: false });
  submit(operations, merge);
  return true;
}

function submit(operations, merge) {
  for (let start = 0; start < operations.length; start += MOST_OPERATIONS) {
    outbox.add(operations.slice(start, start + MOST_OPERATIONS), state.revision, merge);
  }
}

function remember(step) {
  const last = done[done.length - 1];
  if (step.merge && last?.merge === step.merge && step.at - last.at < MERGE_MS) {
    done[done.length - 1] = { ...step, back: last.back };
  } else done.push(step);
  if (done.length > MOST_UNDO) done.shift();
}

function travel(from, to, way) {
  const step = from.pop();
  if (!step) return;
  const operations = way === "back" ? step.back : step.forth;
  let document = state.document;
  const fit = [];
  for (const operation of operations) {
    try {
      document = model.apply(document, operation);
      fit.push(operation);
    } catch (error) {
      if (!(error instanceof model.Misfit)) throw error;
    }
  }
  if (fit.length < operations.length) say("Some of this was changed by somebody else since.");
  to.push({ ...step, merge: "" });
  note(fit);
  set({ document, canUndo: done.length > 0, canRedo: undone.length > 0 });
  if (fit.length) submit(fit, "");
}

export const undo = () => travel(done, undone, "back");
export const redo = () => travel(undone, done, "forth");

// Talking to the server

async function send(batch) {
  const reply = await ask("POST", "/operations", batch);
  if (reply.ok) {
    receiveChange(reply.body);
    for (const { message } of reply.body.refused) say(message, "error");
    return "done";
  }
  if (reply.status === 0 || reply.status >= 500 || reply.status === 429) return "later";
  say(textOf(reply), "error");
  outbox?.settle(batch.batch);
  show();
  if (reply.status === 403 || reply.status === 404) set({ mayEdit: false });
  return "refused";
}

function receiveChange(entry) {
  if (entry.revision <= state.revision) {
    settle(entry);
    return;
  }
  waiting.set(entry.revision, entry);
  let next;
  while ((next = waiting.get(state.revision + 1))) {
    waiting.delete(next.revision);
    absorb(next);
  }
  if (waiting.size) setTimeout(() => waiting.size && catchUp(), 400);
}

const isMine = (entry) => outbox && entry.client === outbox.client;

function settle(entry) {
  if (isMine(entry) && outbox.settle(entry.batch)) show();
}

function absorb(entry) {
  for (const operation of entry.operations) {
    try {
      confirmed = model.apply(confirmed, operation);
    } catch (error) {
      if (!(error instanceof model.Misfit)) throw error;
    }
  }
  state = { ...state, revision: entry.revision };
  if (isMine(entry)) outbox.settle(entry.batch);
  else noticeOverwriting(entry);
  if (state.published && !state.published.is_changed) set({ published: { ...state.published, is_changed: true } });
  show();
}

export async function catchUp() {
  if (!outbox || state.status !== "ready") return;
  const reply = await ask("GET", `/changes?after=${state.revision}`);
  if (!reply.ok || !outbox) return;
  if (!reply.body.is_whole) {
    await reload();
    return;
  }
  for (const entry of reply.body.changes) receiveChange(entry);
  outbox.wake();
}

// Places that are written over

const placesOf = (operation) => {
  if (operation.op === "set_config") return [[`${operation.id} config ${operation.path[0]}`, operation]];
  if (operation.op === "rename_node") return [[`${operation.id} name`, operation]];
  if (operation.op !== "update_node") return [];
  return Object.keys(operation.changes)
    .filter((key) => key !== "position" && key !== "parent")
    .flatMap((key) => key === "config"
      ? Object.keys(operation.changes.config).map((name) => [`${operation.id} config ${name}`, operation])
      : [[`${operation.id} ${key}`, operation]]);
};

function note(operations) {
  for (const operation of operations) {
    for (const [place] of placesOf(operation)) mine.set(place, { operation, revision: state.revision });
  }
}

function noticeOverwriting(entry) {
  for (const operation of entry.operations) {
    for (const [place, theirs] of placesOf(operation)) {
      const own = mine.get(place);
      mine.delete(place);
      // They had not seen this person's change when they made theirs.
      if (!own || own.revision < entry.base_revision || model.same(own.operation, theirs)) continue;
      const node = state.document.nodes.get(theirs.id);
      if (!node) continue;
      set({ notice: { name: entry.name, node: node.name, place: place.split(" ").at(-1), operation: own.operation } });
    }
  }
}

export function takeBack() {
  const { notice } = state;
  set({ notice: null });
  if (notice) change([notice.operation]);
}

export const keepTheirs = () => set({ notice: null });

// What comes over the page's socket

const receivers = {
  change: (message) => receiveChange(message),
  reload: (message) => message.revision > state.revision && reload(),
  version: () => reload(),
  hello: () => catchUp(),
  lost: () => {
    catchUp();
    for (const askAnew of missed) askAnew();
  },
  checked: ({ revision, problems, faces }) => {
    if (revision < state.revision - 1) return;
    set({ problems: shared(state.problems, problems), faces: shared(state.faces, { ...state.faces, ...faces }, 2) });
  },
};
export const onMessage = (kind, receiver) => { receivers[kind] = receiver; };
// What to ask for, or say, anew once messages were lost.
const missed = [];
export const onLoss = (receiver) => missed.push(receiver);
export const receive = (message) => {
  if (state.status === "ready") receivers[message.t]?.(message);
};

export const select = (ids) => {
  const next = new Set(ids);
  const isSame = next.size === state.selection.size && [...next].every((id) => state.selection.has(id));
  if (!isSame) set({ selection: next });
};
