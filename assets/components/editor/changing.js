// What this person changes: applied at once, undone step by step, and told apart from what others do.
import * as model from "./document.js";
import { ownerOf, placesOf, talk } from "./notices.js";
import { ask, outgoing, read, saved, say, set, textOf } from "./store.js";

const MERGE_MS = 1000;
const MOST_UNDO = 500;
const MOST_OPERATIONS = 400;

let undone = [];
let done = [];
// How many changes of others have come in, revisions that took the place of the whole document, and which
// of those this page has made.
let others = 0;
const replaced = new Set();
const restored = new Set();
const ofOthers = () => others + [...replaced].filter((revision) => !restored.has(revision)).length;
let leaping = null;
// The last values this person gave, by place, to notice when somebody writes over them unseen.
let mine = new Map();

// For another workflow.
export function begin() {
  undone = [];
  done = [];
  mine = new Map();
  replaced.clear();
  restored.clear();
}

// Applies operations at once, and sends them. `merge` names a place that is being typed or dragged
// in: what follows under the same name within a second is one step to undo.
export function change(operations, { merge = "", label = "" } = {}) {
  if (!read().mayEdit || !operations.length) return false;
  let { document } = read();
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
    outgoing().add(operations.slice(start, start + MOST_OPERATIONS), read().revision, merge);
  }
}

function remember(step) {
  const last = done[done.length - 1];
  if (step.merge && last?.merge === step.merge && step.at - last.at < MERGE_MS) {
    done[done.length - 1] = { ...step, back: last.back };
  } else done.push(step);
  if (done.length > MOST_UNDO) done.shift();
}

async function travel(from, to, way) {
  // What a version is brought back for stands before what is undone next.
  while (leaping) await leaping;
  const step = from.pop();
  if (!step) return undefined;
  if (step.versions) {
    leaping = leap(step, from, to, way).finally(() => { leaping = null; });
    return leaping;
  }
  const operations = step[way];
  const { document, fit } = fitting(operations);
  // Nothing of it is there, such as of what was refused: what was done before is meant.
  if (!fit.length && from.length) return travel(from, to, way);
  if (fit.some((operation, index) => operation !== operations[index]) || fit.length < operations.length) {
    say("Some of this was changed by somebody else since.");
  }
  to.push({ ...step, merge: "" });
  note(fit);
  set({ document, ...left() });
  if (fit.length) submit(fit, "");
  return undefined;
}

const left = () => ({ canUndo: done.length > 0, canRedo: undone.length > 0 });

// A version that was brought back is one step: taken back by the version that was made of what it replaced.
export function noteRestored({ back, forth, revision }) {
  restored.add(revision);
  done.push({ versions: { back, forth }, others: ofOthers(), merge: "" });
  undone = [];
  set(left());
}

async function leap(step, from, to, way) {
  const { id } = read();
  await saved();
  if (read().id !== id) return undefined;
  if (step.others !== ofOthers()) {
    // It would take back what they did, too.
    say("Others have changed the workflow since. Bring a version back among the versions.", "error");
    return set(left());
  }
  const reply = await ask("POST", "/versions/restore", { version: step.versions[way], revision: read().revision });
  if (read().id !== id) return undefined;
  if (reply.ok) restored.add(reply.body.workflow.revision);
  if (reply.ok || reply.status !== 409) (reply.ok ? to : from).push(step);
  if (!reply.ok) say(textOf(reply), "error");
  return set(left());
}

export const undo = () => travel(done, undone, "back");
export const redo = () => travel(undone, done, "forth");

// Places that are written over

export function note(operations) {
  for (const operation of operations) {
    for (const place of placesOf(operation)) mine.set(place, { operation, revision: read().revision });
  }
}

// Another document took the place of the whole; of null, nobody knows what came between.
export function noticeReplaced(revision) {
  if (revision === null) others += 1;
  else replaced.add(revision);
}

export function noticeOthers(entry) {
  others += 1;
  for (const theirs of entry.operations) {
    for (const place of placesOf(theirs)) {
      const own = mine.get(place);
      const owner = ownerOf(read().document, theirs);
      if (!own || !owner || model.same(own.operation, theirs)) continue;
      const waits = outgoing().batches.find((batch) => !(batch.revision < entry.revision) && batch.operations.some((each) => placesOf(each).includes(place)));
      // What is not sent yet will be written after theirs.
      if (waits) talk({ way: "before", entry, owner, place, operation: theirs, since: waits.at });
      // They had not seen this person's change when they made theirs.
      else if (own.revision >= entry.base_revision) talk({ way: "after", entry, owner, place, operation: own.operation });
      if (!waits) mine.delete(place);
    }
  }
}

export const putBack = (operations) => change(fitting(operations).fit);

// As much of it as still fits: what it stood in, before or between may be gone.
function fitting(operations) {
  let { document } = read();
  const fit = [];
  const coming = new Set(operations.map(({ node }) => node?.id));
  for (const operation of operations) {
    for (const each of waysOf(document, operation, coming)) {
      try {
        document = model.apply(document, each);
        fit.push(each);
        break;
      } catch (error) {
        if (!(error instanceof model.Misfit)) throw error;
      }
    }
  }
  return { document, fit };
}

function waysOf(document, operation, coming) {
  if (operation.op !== "add_node") return [operation];
  const { parent, ...root } = operation.node;
  const hasPlace = !parent || document.nodes.has(parent) || coming.has(parent);
  const here = hasPlace ? operation : { ...operation, node: root };
  return here.before ? [here, { ...here, before: null }] : [here];
}
