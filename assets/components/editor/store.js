// The state of one open editor, outside of React: the document, what others and the server say of it,
// and what is selected. Components read it by `useEditor(pick)` and change it by the functions below and
// those of changing.js.
import { useSyncExternalStore } from "react";
import { begin, note, noticeOthers, noticeReplaced } from "./changing.js";
import * as model from "./document.js";
import { Outbox } from "./outbox.js";
import { recall, rescue } from "./notices.js";
import { shared } from "./sharing.js";
import { sendSignedIn } from "../rest.js";

const ANSWER_MS = 30_000;
const GAP_MS = 400;
const AGAIN_MS = 2000;

const BLANK = {
  id: "", status: "loading", problem: "", document: model.read({ name: "" }), revision: 0,
  project: "", projectId: "", me: { id: "", name: "" }, mayEdit: false, mayRun: false,
  types: {}, faces: {}, problems: [], selection: new Set(), draft: null, steps: {}, run: null, texts: {}, published: null,
  trying: null, tryProblems: [],
  people: {}, saving: "saved", canUndo: false, canRedo: false, notices: [], comments: null, isDragging: false, isLocked: false,
};

let state = BLANK;
let confirmed = null;
let outbox = null;
// What is being opened, until something else is or the page is left.
let opening = null;
// Whether others may have changed what this page has not heard of, and the newest revision heard of.
let isBehind = false;
let newest = 0;
let asking = null;
// Operations that did not fit, told once the page has come to where they did not.
let unfit = [];
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
export { change, putBack, redo, undo } from "./changing.js";
// What is on its way to the server.
export const outgoing = () => outbox;
// Resolves when the server has it, or cannot be reached.
export const saved = () => new Promise((done) => {
  const look = () => {
    if (state.saving === "saving") return;
    stop();
    done();
  };
  const stop = subscribe(look);
  look();
});

const base = () => `/api/v1/workflows/${encodeURIComponent(state.id)}`;
export const ask = (method, path, body) => sendSignedIn(method, `${base()}${path}`, body);
export const say = (text, tone = "info") => window.flowstudio.toast?.(text, tone);
export const textOf = ({ body, status }) =>
  (body.problems ?? []).map((each) => each.what ?? each.message).filter(Boolean).join(" ") ||
  body.detail || body.title || `The server said no (${status}).`;

// Opening

export async function open(id) {
  close();
  const turn = {};
  opening = turn;
  state = { ...BLANK, id };
  set({});
  const [opened, types] = await Promise.all([
    ask("GET", "/editor"), sendSignedIn("GET", "/api/v1/node-types"),
  ]);
  if (opening !== turn) return;
  if (!opened.ok || !types.ok) {
    const failed = opened.ok ? types : opened;
    set({ status: failed.status === 404 ? "missing" : "failed", problem: textOf(failed) });
    return;
  }
  set({ types: Object.fromEntries(types.body.items.map((type) => [type.type, type])) });
  const base = () => ({ revision: state.revision, document: model.write(confirmed) });
  outbox = new Outbox(`${id} ${opened.body.me.id}`, { send: sender(id), onChange: showSaving, onDrop: () => outbox && show(), base });
  // Changes that wait since before a reload were made to this: what others did since is told one by one.
  const { base: before } = outbox;
  const isBefore = before.revision < opened.body.revision;
  load(isBefore ? { ...opened.body, ...before } : opened.body);
  note(outbox.operations());
  recall();
  // What was left unsent before a reload is not saved yet, from the first moment on.
  outbox.tell();
  set({ status: "ready" });
  if (state.mayEdit) outbox.wake();
  // Nobody has told of what happened since it was read, unless the socket is open by then.
  catchUpIn(isBefore ? 0 : AGAIN_MS);
}

export function close() {
  opening = null;
  outbox?.close();
  outbox = null;
  clearTimeout(asking);
  asking = null;
  isBehind = true;
  newest = 0;
  unfit = [];
  hasGreeted = false;
  begin();
  waiting.clear();
  confirmed = null;
}

function load(body) {
  set({
    project: body.project, projectId: body.project_id, me: body.me, mayEdit: body.may_edit, mayRun: body.may_run,
    published: body.published_version === null ? null : { number: body.published_version, is_changed: body.is_changed },
  });
  // What was told meanwhile is newer.
  if (body.revision < state.revision) return;
  const [before, batches] = [state.document, outbox.batches];
  confirmed = model.read(body.document);
  set({ revision: body.revision, problems: body.problems, faces: body.faces });
  digest();
  for (const kind of ["nodes", "notes"]) {
    for (const id of before[kind].keys()) if (!state.document[kind].has(id)) rescue(before, id, "", batches);
  }
}

async function reload() {
  const here = outbox;
  const opened = await ask("GET", "/editor");
  if (!here || outbox !== here) return false;
  if (opened.ok) load(opened.body);
  else if (opened.status === 404) set({ status: "missing" });
  return opened.ok;
}

async function readAnew() {
  if (await reload()) return;
  isBehind = true;
  catchUpIn(AGAIN_MS);
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
  set({ document: shared(state.document, document) });
}

const showSaving = (saving) => set({ saving });

// Talking to the server

function sender(id) {
  const path = `/api/v1/workflows/${encodeURIComponent(id)}/operations`;
  return async (batch) => {
    const reply = await sendSignedIn("POST", path, batch, { signal: AbortSignal.timeout(ANSWER_MS) });
    if (reply.ok && reply.body.operations) {
      if (outbox && state.id === id) takeAnswer(batch, reply.body);
      return "done";
    }
    // Something else than the server spoke, such as the sign-in page of a network.
    if (reply.ok) return "later";
    if (reply.status === 401) window.flowstudio.signIn();
    if (reply.status === 0 || reply.status >= 500 || [401, 408, 429].includes(reply.status)) return "later";
    if (!outbox || state.id !== id) return "stop";
    say(textOf(reply), "error");
    if (reply.status === 403 || reply.status === 404) {
      set({ mayEdit: false });
      return "stop";
    }
    return "refused";
  };
}

function takeAnswer(batch, answer) {
  for (const { index, message } of answer.refused) {
    unfit.push({ revision: answer.revision, id: idOf(batch.operations[index]), message });
  }
  receiveChange(answer);
  tellUnfit();
}

const idOf = ({ id, node, edge }) => id ?? node?.id ?? edge?.target;

function tellUnfit() {
  const ripe = unfit.filter((each) => each.revision <= state.revision);
  if (!ripe.length) return;
  unfit = unfit.filter((each) => each.revision > state.revision);
  const rescued = new Set(state.notices.flatMap((notice) => notice.rescued ?? []));
  for (const message of new Set(ripe.filter((each) => !rescued.has(each.id)).map((each) => each.message))) say(message, "error");
}

function receiveChange(entry) {
  take(entry);
  digest();
}

function take(entry) {
  newest = Math.max(newest, entry.revision);
  if (isMine(entry)) outbox.answer(entry);
  // Of an answer without operations, the revision is somebody else's.
  if (entry.operations.length && entry.revision > state.revision) waiting.set(entry.revision, entry);
}

// Takes in what follows on what this page has.
function digest() {
  let next;
  while ((next = waiting.get(state.revision + 1))) {
    waiting.delete(next.revision);
    absorb(next);
  }
  for (const revision of waiting.keys()) if (revision <= state.revision) waiting.delete(revision);
  outbox.reach(state.revision);
  show();
  if (newest > state.revision) catchUpIn(GAP_MS);
}

const isMine = (entry) => outbox.batches.some((each) => each.client === entry.client && each.batch === entry.batch);

function absorb(entry) {
  const isOthers = entry.client !== outbox.client && !isMine(entry);
  if (isOthers) {
    // What is put back at once, such as a cell that moves to another place, is not removed.
    const kept = new Set(entry.operations.map(({ node }) => node?.id));
    for (const { op, id } of entry.operations) {
      if ((op === "remove_node" || op === "remove_sticky_note") && !kept.has(id)) rescue(state.document, id, entry.name, outbox.batches);
    }
  }
  try {
    for (const operation of entry.operations) confirmed = model.apply(confirmed, operation);
  } catch (error) {
    if (!(error instanceof model.Misfit)) throw error;
    // This page has come to another document than the server: it reads the server's.
    console.error(`Revision ${entry.revision} does not fit: ${error.message}`);
    readAnew();
  }
  if (isMine(entry)) outbox.answer(entry);
  else if (isOthers) noticeOthers(entry);
  const published = state.published && { ...state.published, is_changed: true };
  state = { ...state, revision: entry.revision, published: state.published?.is_changed ? state.published : published };
  tellUnfit();
}

function catchUpIn(ms) {
  asking ??= setTimeout(() => {
    asking = null;
    if (isBehind || newest > state.revision) catchUp();
  }, ms);
}

async function catchUp() {
  const here = outbox;
  if (!here || state.status !== "ready") return;
  clearTimeout(asking);
  asking = null;
  isBehind = true;
  const reply = await ask("GET", `/changes?after=${state.revision}`);
  if (outbox !== here) return;
  let isDone = reply.ok;
  if (reply.ok) {
    isBehind = false;
    if (reply.body.is_whole) {
      reply.body.changes.forEach(take);
      digest();
    } else {
      noticeReplaced(null);
      isDone = await reload();
    }
  }
  if (outbox !== here) return;
  if (!isDone) {
    isBehind = true;
    catchUpIn(AGAIN_MS);
  } else if (state.mayEdit) here.wake();
}

// What comes over the page's socket

let hasGreeted = false;
let losing = null;
let lostAt = 0;
const receivers = {
  change: (message) => receiveChange(message),
  // What is kept of its nodes may be otherwise, too.
  reload: async (message) => {
    noticeReplaced(message.revision);
    if (message.revision > state.revision) await readAnew();
    for (const askAnew of missed) askAnew();
  },
  version: () => readAnew(),
  // Somebody has given this person another role.
  rights: ({ may_edit: mayEdit, may_run: mayRun }) => {
    if (state.mayEdit && !mayEdit) say("You may look at this workflow now, but no longer change it.", "error");
    else if (mayEdit && !state.mayEdit) say("You may change this workflow now.");
    set({ mayEdit, mayRun });
    if (mayEdit) outbox?.wake();
  },
  // The page's socket is open; when it was before, what it would have told meanwhile is lost.
  hello: () => {
    if (hasGreeted) receivers.lost();
    else catchUp();
    hasGreeted = true;
  },
  lost: () => {
    // However often it is said.
    losing ??= setTimeout(() => {
      losing = null;
      catchUp();
      for (const askAnew of missed) askAnew();
    }, Math.max(0, lostAt + GAP_MS - Date.now()));
    lostAt = Date.now();
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
  if (message.t === "hello" && state.status === "loading") hasGreeted = true;
  if (state.status === "ready" && outbox) receivers[message.t]?.(message);
};

export const select = (ids) => {
  const next = new Set(ids);
  const isSame = next.size === state.selection.size && [...next].every((id) => state.selection.has(id));
  if (!isSame) set({ selection: next });
};
