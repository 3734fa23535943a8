// Nodes and wires as React Flow draws them. Sizes and the places of ports are known beforehand, so that
// only what is in view has to be drawn, and need not be drawn twice to be measured.
import { order, same } from "./document.js";
import { faceOf, firstProblems } from "./faces.js";
import { frameSize, heightOf, WIDTH } from "./layout.js";

// Of the map in the corner: React Flow draws by what it is told, not by what a style sheet says.
export const MAP = { width: 150, height: 92 };

const NOTE = "note";
const DOT = 11;
const NOTHING = {};

// Where editor.css puts the dots of a node: the way in at its head, one way out beside that, more of
// them in a column below.
function handlesOf(face, width) {
  const dot = (type, position, id, x, y) => ({ id, type, position, x: x - DOT / 2, y: y - DOT / 2, width: DOT, height: DOT });
  const isOne = face.outputs.length < 2;
  return [
    ...face.inputs.map((port) => dot("target", "left", port.id, 1, 21)),
    ...face.outputs.map((port, index) => dot("source", "right", port.id, width - 1, isOne ? 21 : 45 + 20 * index)),
  ];
}

// What a node's picture is made of: as long as all of it is the same, so is the picture.
function partsOf(state, node, problems, size, isEmpty) {
  const { id } = node;
  const { results = NOTHING, marks = NOTHING, costs = NOTHING } = state.draft ?? NOTHING;
  return [
    node, state.faces[id], results[id], marks[id], costs[id], state.steps[id], problems.get(node.name) ?? "",
    size?.width, size?.height, isEmpty,
  ];
}

// How large each node is: as measured, or about; frames go around what is in them.
function sizeAll(state, sizes) {
  const { document } = state;
  for (const id of [...order(document)].reverse()) {
    const node = document.nodes.get(id);
    if (state.types[node.type]?.container) sizes.set(id, frameSize(document, sizes, id));
    else if (!sizes.has(id)) sizes.set(id, { width: WIDTH, height: heightOf(faceOf(state, node)) });
  }
}

function flowNode(state, node, { size, isEmpty, known, sizes }) {
  const data = { ...faceOf(state, node), isEmpty };
  const measured = sizes.get(node.id);
  return {
    ...(known ?? { id: node.id }), type: size ? "frame" : "step", parentId: node.parent ?? undefined, data, measured, handles: handlesOf(data, measured.width),
    ...(size ? { style: size, width: size.width, height: size.height } : {}), zIndex: size ? 0 : 1, ariaLabel: `${node.name}, ${node.type}`,
  };
}

function flowNote(note, known) {
  return {
    ...(known ?? { id: note.id }), type: NOTE, position: note.position, zIndex: -1, ariaLabel: "Sticky note", handles: [],
    measured: known?.measured ?? { width: note.width ?? 220, height: note.height ?? 120 },
    data: { text: note.text, colour: note.colour ?? "amber" }, style: { width: note.width ?? 220, minHeight: note.height ?? 120 },
  };
}

// All of them, with what did not change left as it was; `isSame` says that none did. `before` holds, by id, what was drawn last;
// `find` gives what React Flow has of a node now.
export function flowNodes(state, before, sizes, find) {
  const { document } = state;
  const kept = new Map();
  const nodes = [];
  let isSame = true;
  const problems = firstProblems(state.problems);
  const take = (id, parts, draw) => {
    const old = before.get(id);
    const known = find(id);
    const isOld = old && known && parts.every((part, index) => part === old.parts[index]);
    const node = isOld ? known : asBefore(known, draw(known, old));
    kept.set(id, isOld ? old : { parts });
    nodes.push(node);
    isSame &&= node === known;
  };
  sizeAll(state, sizes);
  const filled = new Set([...document.nodes.values()].map((node) => node.parent));
  for (const id of order(document)) {
    const node = document.nodes.get(id);
    const size = state.types[node.type]?.container ? sizes.get(id) : null;
    const isEmpty = Boolean(size) && !filled.has(id);
    take(id, partsOf(state, node, problems, size, isEmpty), (known, old) => {
      const flow = flowNode(state, node, { size, isEmpty, known, sizes });
      // Where it stands while it is dragged is React Flow's to know.
      if (!known || !old || old.parts[0].position !== node.position || old.parts[0].parent !== node.parent) flow.position = node.position;
      return flow;
    });
  }
  for (const note of document.notes.values()) take(note.id, [note], (known) => flowNote(note, known));
  return { nodes, kept, isSame: isSame && kept.size === before.size };
}

// What looks as it did is not drawn again, such as a node in which somebody types what does not show on it.
const asBefore = (known, node) =>
  (known && Object.keys(node).every((key) => node[key] === known[key] || (SAID.has(key) && same(node[key], known[key]))) ? known : node);
const SAID = new Set(["data", "position", "handles", "measured", "style"]);

// The same nodes, with those marked that are selected.
export const marked = (nodes, selection) => nodes.map((node) => {
  const selected = selection.has(node.id);
  return Boolean(node.selected) === selected ? node : { ...node, selected };
});

export function flowEdges({ document, steps, draft }) {
  return [...document.edges.values()].map((edge) => {
    const isLive = steps[edge.target]?.status === "running";
    const from = draft?.results[edge.source];
    const isDead = from && (from.status === "skipped" || (from.port && from.port !== edge.source_port && from.status !== "failed"));
    return {
      id: edge.id, source: edge.source, target: edge.target, sourceHandle: edge.source_port, targetHandle: edge.target_port,
      animated: isLive, className: isLive ? "wire-live" : isDead ? "wire-dead" : "", interactionWidth: 18,
      label: from?.count > 1 ? String(from.count) : undefined,
    };
  });
}

const LOOKS = ["source", "target", "sourceHandle", "targetHandle", "animated", "className", "label"];

// The wanted wires; those that look as before are the same objects, and keep being selected.
export function mergeEdges(old, wanted) {
  const before = new Map(old.map((edge) => [edge.id, edge]));
  return wanted.map((edge) => {
    const known = before.get(edge.id);
    if (!known) return edge;
    return LOOKS.every((key) => known[key] === edge[key]) ? known : { ...edge, selected: known.selected ?? false };
  });
}

// All of it where that can still be read, else its beginning.
const READABLE = 0.6;
const PADDING = 0.15;
export function firstView(nodes, { width, height }) {
  const roots = nodes.filter((node) => !node.parentId && node.type !== NOTE);
  if (!roots.length) return { x: 0, y: 0, zoom: 1 };
  const outer = nodes.filter((node) => !node.parentId);
  const left = Math.min(...outer.map((node) => node.position.x));
  const right = Math.max(...outer.map((node) => node.position.x + node.measured.width));
  const top = Math.min(...outer.map((node) => node.position.y));
  const bottom = Math.max(...outer.map((node) => node.position.y + node.measured.height));
  if (width / (right - left + 80) >= READABLE) {
    const fit = Math.min(width / (right - left), height / (bottom - top)) / (1 + PADDING);
    const zoom = Math.min(1, Math.max(0.1, fit));
    return { x: (width - zoom * (left + right)) / 2, y: (height - zoom * (top + bottom)) / 2, zoom };
  }
  const first = roots.reduce((a, b) => (b.position.x < a.position.x ? b : a));
  const zoom = width < 700 ? 0.8 : 0.9;
  return { x: 40 - first.position.x * zoom, y: height / 2 - (first.position.y + 46) * zoom, zoom };
}
