// What others did to something this person was changing: told with a way to have it otherwise, and kept
// until there is an answer, for a notice may hold the only copy of what was typed.
import { invert, inside } from "./document.js";
import { read, set } from "./store.js";

// Two who write at the same moment see it; who was away does not.
const AWAY_MS = 5000;
const MOST = 50;

// Whose later change is somebody's loss.
export function placesOf(operation) {
  if (operation.op === "set_config") return [`${operation.id} config ${operation.path[0]}`];
  if (operation.op === "rename_node") return [`${operation.id} name`];
  if (operation.op === "update_workflow") return workflowPlaces(operation);
  if (operation.op === "update_sticky_note") return ["text", "colour"].filter((key) => key in operation.changes).map((key) => `${operation.id} ${key}`);
  if (operation.op !== "update_node") return [];
  return Object.keys(operation.changes)
    .filter((key) => key !== "position" && key !== "parent")
    .flatMap((key) => (key === "config"
      ? Object.keys(operation.changes.config).map((name) => `${operation.id} config ${name}`)
      : [`${operation.id} ${key}`]));
}

function workflowPlaces({ name, description, settings }) {
  const head = Object.entries({ name, description }).filter(([, value]) => value != null).map(([key]) => key);
  return [...head, ...Object.keys(settings ?? {})].map((key) => `workflow ${key}`);
}

// Whose place it is, in words; nothing when it is gone.
export function ownerOf(document, { op, id }) {
  if (op === "update_workflow") return "this workflow";
  if (document.notes.has(id)) return "a note";
  return document.nodes.has(id) ? `“${document.nodes.get(id).name}”` : "";
}

const shelf = ({ id, me }) => `notices ${id} ${me.id}`;

// Those of every tab in which this person has the workflow open.
function kept() {
  try {
    return JSON.parse(localStorage.getItem(shelf(read()))) ?? read().notices;
  } catch {
    return read().notices;
  }
}

function keep(notices) {
  set({ notices });
  try {
    if (notices.length) localStorage.setItem(shelf(read()), JSON.stringify(notices));
    else localStorage.removeItem(shelf(read()));
  } catch {
    // Storage is full: they stand in this tab alone.
    localStorage.removeItem(shelf(read()));
  }
}

const without = (key) => kept().filter((notice) => notice.key !== key);

export const recall = () => set({ notices: kept() });
const add = (notice) => keep([...without(notice.key), notice].slice(-MOST));
export const drop = (key) => keep(without(key));

// Theirs came `after` this person's, who did not see it coming; or `before` what still waits here.
export function talk({ way, entry, owner, place, operation, since }) {
  if (way === "before" && !(Date.now() - since > AWAY_MS)) return;
  const who = entry.name || "Somebody";
  const what = `“${place.split(" ").at(-1)}” of ${owner}`;
  const words = way === "after"
    ? { text: `${who} changed ${what} after you.`, take: "Take mine", leave: "Keep theirs" }
    : { text: `${who} changed ${what} while you were away; yours is the later one.`, take: "Take theirs", leave: "Keep mine" };
  add({ key: place, operations: [operation], ...words });
}

// Somebody removes what this person has changes of that are on their way: kept as it was here, so that
// nothing typed is lost with it.
export function rescue(document, id, name, batches) {
  const [node, note] = [document.nodes.get(id), document.notes.get(id)];
  if (!node && !note) return;
  const gone = node ? inside(document, id) : new Set([id]);
  const removes = node ? "remove_node" : "remove_sticky_note";
  const isTouched = ({ op, id: touched }) => gone.has(touched) && op !== removes;
  if (!batches.some((batch) => batch.operations.some(isTouched))) return;
  add({
    key: `${id} removed`, rescued: [...gone], operations: invert(document, { op: removes, id }),
    text: `${name || "Somebody"} removed ${node ? `“${node.name}”` : "a note"} while you changed it.`, take: "Put it back with my changes", leave: "Let it go",
  });
}
