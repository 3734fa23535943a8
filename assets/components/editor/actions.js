// What people do to a workflow, each as one step to undo.
import { arrange, mayArrange } from "./arranging.js";
import { blankConfig, firstPorts } from "./catalogue.js";
import { ancestors, around, freeName, inside, newId, valueOf, whyNoWire } from "./document.js";
import { freePlace, HEAD, nearestPlace, tidy } from "./layout.js";
import { change, read, say, select } from "./store.js";

const BESIDE = 240;
const LEFT = 8;

export const sizes = new Map();
// The canvas puts in where the middle of its view is, and where the pointer is, if it is over it.
export const view = { center: () => null, pointed: () => null };
// A workflow has one way in and its ways out, and no container has any of them.
export const ROOT_ONLY = new Set(["start", "end"]);

export const boxOf = (document, id) => {
  const place = { x: 0, y: 0, ...document.notes.get(id)?.position };
  for (const { position } of around(document, id)) {
    place.x += position.x;
    place.y += position.y;
  }
  return place;
};

// The container a point of the canvas lies in, the innermost, or null; `except` and what is in it
// do not count.
export function containerAt(point, except = new Set()) {
  const { document, types } = read();
  let best = null;
  for (const node of document.nodes.values()) {
    if (!types[node.type]?.container || except.has(node.id)) continue;
    const place = boxOf(document, node.id);
    const size = sizes.get(node.id);
    const hit = size && point.x >= place.x && point.y >= place.y && point.x <= place.x + size.width && point.y <= place.y + size.height;
    if (hit && (!best || inside(document, best).has(node.id))) best = node.id;
  }
  return best;
}

// Adds a node: at a point of the canvas, in the container that it was `dropped` on, or beside and wired to
// the one that is selected or that a wire was drawn `from` (see wire-end.js).
export function addNode(type, mode, { at, dropped = at, from } = {}) {
  const { document, types, selection } = read();
  // What is added after nothing but a start follows it.
  const [only] = document.nodes.size === 1 ? document.nodes.keys() : selection.size === 1 ? selection : [];
  const source = from ?? (!at && only ? { id: only } : null);
  const origin = source && document.nodes.get(source.id);
  let parent = at && !ROOT_ONLY.has(type) ? containerAt(dropped) : origin?.parent ?? null;
  if (origin) parent = origin.parent ?? null;
  const corner = parent ? boxOf(document, parent) : { x: 0, y: 0 };
  const wished = at
    ? { x: at.x - corner.x, y: at.y - corner.y }
    : origin ? { x: origin.position.x + (source.isBack ? -BESIDE : BESIDE), y: origin.position.y } : view.center() ?? lastPlace(document);
  // Before what stands at the left edge of its frame, the others make room.
  const lacking = parent && source?.isBack ? Math.max(0, LEFT - wished.x) : 0;
  const aside = lacking ? moved(document, parent, lacking) : [];
  if (parent) Object.assign(wished, { x: Math.max(wished.x, LEFT), y: Math.max(wished.y, HEAD) });
  // Below what it is wired to or dropped on; with neither, as near as can be to where one looks.
  const place = at || origin ? freePlace : nearestPlace;
  const node = {
    id: newId(), type, name: freeName(document, type === "custom" ? "code" : mode || type),
    config: blankConfig(types[type], mode), position: lacking ? wished : place(document, sizes, parent, wished),
    ...(parent ? { parent } : {}),
  };
  const operations = [...aside, { op: "add_node", node }];
  if (source?.isBack) {
    const [port] = firstPorts(node).outputs;
    operations.push({ op: "add_edge", edge: { id: newId(), source: node.id, source_port: port, target: origin.id, target_port: source.port } });
  } else if (origin && type !== "start") {
    const port = source.port ?? read().faces[origin.id]?.outputs[0] ?? "out";
    const edge = { id: newId(), source: origin.id, source_port: port, target: node.id, target_port: "in" };
    if (origin.type !== "end") operations.push({ op: "add_edge", edge });
  }
  if (!arrange(operations, { label: "add" })) return null;
  select([node.id]);
  window.dispatchEvent(new CustomEvent("editor-show", { detail: node.id }));
  return node.id;
}

// Moves all that stands in a frame to the right.
const moved = (document, parent, by) => [...document.nodes.values()].filter((node) => node.parent === parent)
  .map(({ id, position: { x, y } }) => ({ op: "update_node", id, changes: { position: { x: x + by, y } } }));

function lastPlace(document) {
  const roots = [...document.nodes.values()].filter((node) => !node.parent);
  const last = roots.sort((a, b) => b.position.x - a.position.x)[0];
  return last ? { x: last.position.x + BESIDE, y: last.position.y } : { x: 0, y: 0 };
}

export function connect(wire) {
  const why = whyNoWire(read().document, wire);
  if (why) return say(why, "error");
  return arrange([{ op: "add_edge", edge: { id: newId(), ...wire } }], { label: "connect" });
}

export function remove(nodeIds, edgeIds = []) {
  const { document } = read();
  const gone = new Set();
  const operations = [];
  const wires = new Set(edgeIds);
  for (const id of nodeIds) {
    if (document.notes.has(id)) operations.push({ op: "remove_sticky_note", id });
    if (!document.nodes.has(id) || gone.has(id)) continue;
    for (const each of inside(document, id)) gone.add(each);
  }
  for (const id of nodeIds) {
    if (!document.nodes.has(id)) continue;
    if (gone.has(document.nodes.get(id).parent)) continue;
    operations.push({ op: "remove_node", id });
  }
  for (const edge of document.edges.values()) {
    if (wires.has(edge.id) && !gone.has(edge.source) && !gone.has(edge.target)) {
      operations.unshift({ op: "remove_edge", id: edge.id });
    }
  }
  if (arrange(operations, { label: "remove" })) select([]);
}

export function rename(id, name) {
  const { document } = read();
  const wanted = name.trim();
  const node = document.nodes.get(id);
  if (!node || wanted === node.name || wanted === "") return;
  if (!/^[\p{L}_][\p{L}\p{N}_]*$/u.test(wanted)) {
    say(`“${wanted}” cannot be a name: use letters, digits and _, as expressions do.`, "error");
  } else if ([...document.nodes.values()].some((other) => other.name === wanted)) {
    say(`Another node is called “${wanted}” already.`, "error");
  } else change([{ op: "rename_node", id, name: wanted }], { label: "rename" });
}

export function toggleDisabled(ids) {
  const { document } = read();
  const nodes = ids.map((id) => document.nodes.get(id)).filter(Boolean);
  const disabled = !nodes.every((node) => valueOf(node, "disabled"));
  arrange(nodes.map(({ id }) => ({ op: "update_node", id, changes: { disabled } })), { label: "disable" });
}

// A whole new config as a merge: what is gone is null.
const replaced = (before, after) =>
  ({ ...Object.fromEntries(Object.keys(before).map((key) => [key, null])), ...after });

// One place of a config, or with no path the whole of it. A reference to a node that is not above
// draws the wire that makes it so.
export function setConfig(id, path, value) {
  const node = read().document.nodes.get(id);
  if (!node) return;
  const place = { op: "set_config", id, path };
  const operation = !path.length
    ? { op: "update_node", id, changes: { config: replaced(node.config, value) } }
    : value === undefined ? { ...place, remove: true } : { ...place, value };
  if (change([operation], { merge: path.length ? `${id} ${path.join(".")}` : "" })) drawWires(id, value);
}

const READ = /\{\{\s*([\p{L}_][\p{L}\p{N}_]*)\s*[.[}]/gu;

function drawWires(id, value) {
  if (!mayArrange(read()) || typeof value !== "string" || !value.includes("{{")) return;
  const { document, faces } = read();
  const named = new Set([...value.matchAll(READ)].map(([, name]) => name));
  const above = ancestors(document, id);
  for (const source of document.nodes.values()) {
    if (!named.has(source.name) || above.has(source.id) || source.id === id) continue;
    const wire = { source: source.id, source_port: faces[source.id]?.outputs[0] ?? "out", target: id, target_port: "in" };
    if (!whyNoWire(document, wire)) change([{ op: "add_edge", edge: { id: newId(), ...wire } }], { label: "connect" });
  }
}

// Without a value it is as it usually is again.
export const setField = (id, key, value) =>
  change([{ op: "update_node", id, changes: { [key]: value ?? valueOf({}, key) } }], { merge: `${id} its ${key}` });

// Nodes that were dragged; those dropped in another container move into it.
export function place(moved, dropped) {
  const { document } = read();
  const operations = [];
  for (const { id, position } of moved) {
    const rounded = { x: Math.round(position.x), y: Math.round(position.y) };
    if (document.notes.has(id)) {
      operations.push({ op: "update_sticky_note", id, changes: { position: rounded } });
    } else if (document.nodes.has(id)) operations.push(...moveNode(document, id, rounded, dropped));
  }
  const lost = operations.filter((each) => each.op === "remove_edge").length;
  if (lost) say(`${lost === 1 ? "A wire was" : `${lost} wires were`} taken out: wires can't cross the wall of a container.`);
  // What does more than move takes no later move in its place.
  const isOnlyMoved = operations.every(({ changes }) => changes && Object.keys(changes).join() === "position");
  arrange(operations, { merge: isOnlyMoved ? `move ${moved.map(({ id }) => id).join()}` : "", label: "move" });
}

function moveNode(document, id, position, dropped) {
  const node = document.nodes.get(id);
  const parent = node.parent ?? null;
  const target = dropped ? dropped(id) : parent;
  if (target === parent) {
    const kept = parent ? { x: Math.max(position.x, LEFT), y: Math.max(position.y, HEAD - 8) } : position;
    return [{ op: "update_node", id, changes: { position: kept } }];
  }
  const [from, to] = [parent ? boxOf(document, parent) : { x: 0, y: 0 }, target ? boxOf(document, target) : { x: 0, y: 0 }];
  const inner = { x: position.x + from.x - to.x, y: position.y + from.y - to.y };
  if (target) Object.assign(inner, { x: Math.max(inner.x, 8), y: Math.max(inner.y, HEAD) });
  const cut = [...document.edges.values()].filter((edge) => edge.source === id || edge.target === id);
  return [
    ...cut.map((edge) => ({ op: "remove_edge", id: edge.id })),
    { op: "update_node", id, changes: { position: inner, parent: target } },
  ];
}

// Into a container, or with null out of any: to a free place there.
export function moveInto(id, target) {
  const { document } = read();
  const node = document.nodes.get(id);
  if (!node || (node.parent ?? null) === target) return;
  const [from, to] = [boxOf(document, node.parent), boxOf(document, target)];
  const wished = target ? { x: 16, y: HEAD } : { x: from.x + (sizes.get(node.parent)?.width ?? 0) + 56, y: from.y };
  const free = freePlace(document, sizes, target, wished);
  // As if it had been dropped there: said from the corner that it has now.
  const seen = { x: free.x + to.x - from.x, y: free.y + to.y - from.y };
  place([{ id, position: seen }], () => target);
}

export function tidyUp() {
  const { document } = read();
  const operations = [...tidy(document, sizes)]
    .filter(([id, to]) => to.x !== document.nodes.get(id).position.x || to.y !== document.nodes.get(id).position.y)
    .map(([id, position]) => ({ op: "update_node", id, changes: { position } }));
  arrange(operations, { label: "tidy" });
}

const SIDES = {
  left: (boxes) => { const x = Math.min(...boxes.map((b) => b.x)); return (b) => ({ x, y: b.y }); },
  right: (boxes) => { const x = Math.max(...boxes.map((b) => b.x + b.width)); return (b) => ({ x: x - b.width, y: b.y }); },
  top: (boxes) => { const y = Math.min(...boxes.map((b) => b.y)); return (b) => ({ x: b.x, y }); },
  bottom: (boxes) => { const y = Math.max(...boxes.map((b) => b.y + b.height)); return (b) => ({ x: b.x, y: y - b.height }); },
  row: (boxes) => { const y = boxes.reduce((s, b) => s + b.y + b.height / 2, 0) / boxes.length; return (b) => ({ x: b.x, y: Math.round(y - b.height / 2) }); },
  column: (boxes) => { const x = boxes.reduce((s, b) => s + b.x + b.width / 2, 0) / boxes.length; return (b) => ({ x: Math.round(x - b.width / 2), y: b.y }); },
};

export function align(side) {
  const { document, selection } = read();
  // What is in a frame that is selected, too, goes with it.
  const nodes = [...selection].map((id) => document.nodes.get(id)).filter((node) => node && !selection.has(node.parent));
  if (nodes.length < 2) return;
  const boxes = nodes.map(({ id, parent }) => ({ id, corner: boxOf(document, parent), ...boxOf(document, id), ...(sizes.get(id) ?? { width: 184, height: 92 }) }));
  const to = SIDES[side](boxes);
  const within = ({ corner, ...box }) => { const { x, y } = to(box); return { x: x - corner.x, y: y - corner.y }; };
  arrange(boxes.map((box) => ({ op: "update_node", id: box.id, changes: { position: within(box) } })), { label: "align" });
}

export function addNote(at) {
  const id = newId();
  // Nodes lie over notes, so a new one goes where none hides it.
  const position = nearestPlace(read().document, sizes, null, at);
  if (arrange([{ op: "put_sticky_note", sticky_note: { id, text: "", position } }], { label: "note" })) select([id]);
}

export function setNote(id, changes) {
  const note = read().document.notes.get(id);
  if (note) arrange([{ op: "update_sticky_note", id, changes }], { merge: `note ${id} ${Object.keys(changes)}` });
}

export function mend({ kind, source, target, edge, node, name, path, value }) {
  if (kind === "add_edge") {
    const { faces } = read();
    connect({ source, target, source_port: faces[source]?.outputs[0] ?? "out", target_port: "in" });
  } else if (kind === "remove_edge") remove([], [edge]);
  else if (kind === "rename_node") rename(node, name);
  else if (kind === "set_config") {
    const parts = path.split(/[.[\]]/).filter(Boolean).map((part) => (/^\d+$/.test(part) ? Number(part) : part));
    if (parts[0] === "config") setConfig(node, parts.slice(1), value);
    else setField(node, parts[0], value);
  }
}
