// Copied nodes, which travel as text so that they go to other workflows and other programs too.
import { boxOf, containerAt, ROOT_ONLY } from "./actions.js";
import { arrange } from "./arranging.js";
import { freeNames, inside, newId, order } from "./document.js";
import { HEAD } from "./layout.js";
import { rewording } from "./rewording.js";
import { read, say, select } from "./store.js";

export const MOST_PASTED = 2_000_000;

export function copyText(ids) {
  const { document } = read();
  const all = new Set(ids.flatMap((id) => (document.nodes.has(id) ? [...inside(document, id)] : [])));
  const nodes = order(document).filter((id) => all.has(id)).map((id) => document.nodes.get(id));
  if (!nodes.length) return "";
  const edges = [...document.edges.values()].filter((edge) => all.has(edge.source) && all.has(edge.target));
  return JSON.stringify({ format: "flowstudio/1", nodes, edges }, null, 1);
}

// Puts copied nodes in; false when the text holds none, and says why when they cannot be taken.
export function paste(text, at) {
  if (text.length > MOST_PASTED) return say("This is too large to paste: at most 2 MB. Import it as a file.", "error");
  let copied;
  try {
    copied = JSON.parse(text);
  } catch {
    return false;
  }
  if (!Array.isArray(copied?.nodes) || !copied.nodes.length) return false;
  const { document, types } = read();
  const unknown = copied.nodes.filter((node) => !Object.hasOwn(types, node?.type) || typeof node.name !== "string" || typeof node.id !== "string");
  if (unknown.length) return say(`${unknown.length} of these nodes can't be read here.`, "error");
  const ids = new Map(copied.nodes.map((node) => [node.id, newId()]));
  const free = freeNames(document);
  const names = new Map();
  for (const node of copied.nodes) {
    const name = free(node.name);
    if (name !== node.name) names.set(node.name, name);
  }
  const roots = copied.nodes.filter((node) => !ids.has(node.parent));
  if (!roots.length) return say("These nodes lie inside each other in a circle.", "error");
  const corner = { x: Math.min(...roots.map((n) => n.position?.x ?? 0)), y: Math.min(...roots.map((n) => n.position?.y ?? 0)) };
  // Where one points, or beside what was copied, in the same container if it is still there.
  const mayLieIn = (id) => Boolean(types[document.nodes.get(id)?.type]?.container) && !roots.some(({ type }) => ROOT_ONLY.has(type));
  const over = at && containerAt(at);
  const home = at ? over : roots.every(({ parent }) => parent === roots[0].parent) ? roots[0].parent : null;
  const container = mayLieIn(home) ? home : null;
  const inner = at && container ? boxOf(document, container) : { x: 0, y: 0 };
  const to = at ? { x: at.x - inner.x, y: at.y - inner.y } : { x: corner.x + 32, y: corner.y + 32 };
  if (container) Object.assign(to, { x: Math.max(to.x, 8), y: Math.max(to.y, HEAD) });
  const reworded = rewording(names);
  const nodes = copied.nodes.map((node) => {
    const isRoot = !ids.has(node.parent);
    const { x = 0, y = 0 } = node.position ?? {};
    const { parent, ...rest } = node;
    return {
      ...rest, id: ids.get(node.id), name: names.get(node.name) ?? node.name, config: reworded(node.config ?? {}, types[node.type].config_schema),
      position: isRoot ? { x: Math.round(x - corner.x + to.x), y: Math.round(y - corner.y + to.y) } : { x, y },
      ...(isRoot ? (container ? { parent: container } : {}) : { parent: ids.get(parent) }),
    };
  });
  const edges = (Array.isArray(copied.edges) ? copied.edges : []).filter((edge) => ids.has(edge?.source) && ids.has(edge?.target))
    .map((edge) => ({ ...edge, id: newId(), source: ids.get(edge.source), target: ids.get(edge.target) }));
  const isIn = arrange([...nodes.map((node) => ({ op: "add_node", node })), ...edges.map((edge) => ({ op: "add_edge", edge }))], { label: "paste" });
  if (isIn) select(roots.map((node) => ids.get(node.id)));
  return true;
}

export function duplicate(ids) {
  const text = copyText(ids);
  if (text) paste(text);
}
