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
  if (operation.op !== "update_node") return [];
  return Object.keys(operation.changes)
    .filter((key) => key !== "position" && key !== "parent")
    .flatMap((key) => (key === "config"
      ? Object.keys(operation.changes.config).map((name) => `${operation.id} config ${name}`)
      : [`${operation.id} ${key}`]));
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
export function talk({ way, entry, node, place, operation, since }) {
  if (way === "before" && !(Date.now() - since > AWAY_MS)) return;
  const who = entry.name || "Somebody";
  const what = `“${place.split(" ").at(-1)}” of “${node.name}”`;
  const words = way === "after"
    ? { text: `${who} changed ${what} after you.`, take: "Take mine", leave: "Keep theirs" }
    : { text: `${who} changed ${what} while you were away; yours is the later one.`, take: "Take theirs", leave: "Keep mine" };
  add({ key: place, operations: [operation], ...words });
}

// Somebody removes what this person has changes of that are on their way: kept as it was here, so that
// nothing typed is lost with it.
export function rescue(document, id, name, batches) {
  const node = document.nodes.get(id);
  if (!node) return;
  const gone = inside(document, id);
  const isTouched = ({ op, id: touched }) => gone.has(touched) && op !== "remove_node";
  if (!batches.some((batch) => batch.operations.some(isTouched))) return;
  add({
    key: `${id} removed`, rescued: [...gone], operations: invert(document, { op: "remove_node", id }),
    text: `${name || "Somebody"} removed “${node.name}” while you changed it.`, take: "Put it back with my changes", leave: "Let it go",
  });
}
