// Two documents of a workflow as one graph: everything of the later one, and what went as ghosts.
import { freePlace, frameSize, tidy, WIDTH } from "./layout.js";
import { order, read } from "./document.js";

const PORT = 18;
const HEIGHT = 58;
const NONE = new Map();

// {nodes, edges, notes, sizes}: nodes as {node, state, change, count, ins, outs, isFrame}, from the outside in;
// `state` is added, removed, changed, moved or same, and `count` the number of fields that differ. Notes are
// {note, state, count}.
export function union(before, after, diff) {
  const [old, now] = [read(before), read(after)];
  const changes = new Map(diff.nodes.map((change) => [change.id, change]));
  const gone = [...old.nodes.values()].filter((node) => !now.nodes.has(node.id));
  const nodes = new Map([...now.nodes, ...gone.map((node) => [node.id, node])]);
  const edges = allEdges(now, diff, nodes);
  const ports = portsOf(edges);
  const frames = new Set([...nodes.values()].map((node) => node.parent).filter(Boolean));
  const sizes = new Map();
  const whole = { nodes, edges: new Map(edges.map((edge) => [edge.id, edge])), notes: NONE };
  for (const node of nodes.values()) sizes.set(node.id, { width: WIDTH, height: heightOf(ports.get(node.id)) });
  if (isUnplaced(nodes)) {
    for (const [id, position] of tidy(whole, sizes)) nodes.set(id, { ...nodes.get(id), position });
  } else {
    setAside(whole, gone, sizes);
  }
  const ordered = order(whole);
  for (const id of [...ordered].reverse()) if (frames.has(id)) sizes.set(id, frameSize(whole, sizes, id));
  return {
    sizes,
    edges,
    notes: allNotes(old, now, diff),
    nodes: ordered.map((id) => {
      const change = changes.get(id);
      const count = change ? change.changes.length + (change.name_before ? 1 : 0) : 0;
      return { node: nodes.get(id), state: change?.state ?? "same", change, count, isFrame: frames.has(id), ...(ports.get(id) ?? { ins: [], outs: [] }) };
    }),
  };
}

function allEdges(now, diff, nodes) {
  const added = new Set(diff.edges.filter((edge) => edge.state === "added").map(({ id }) => id));
  const kept = [...now.edges.values()].map((edge) => ({
    source_port: "out", target_port: "in", ...edge, state: added.has(edge.id) ? "added" : "same",
  }));
  const gone = diff.edges.filter((edge) => edge.state === "removed").map((edge) => ({ ...edge, id: `removed ${edge.id}` }));
  return [...kept, ...gone].filter((edge) => nodes.has(edge.source) && nodes.has(edge.target));
}

function allNotes(old, now, diff) {
  const changes = new Map(diff.notes.map((change) => [change.id, change]));
  const gone = [...old.notes.values()].filter((note) => !now.notes.has(note.id));
  return [...now.notes.values(), ...gone].map((note) => {
    const change = changes.get(note.id);
    return { note, state: change?.state ?? "same", count: change?.changes.length ?? 0 };
  });
}

function portsOf(edges) {
  const ports = new Map();
  const add = (id, side, port) => {
    if (!ports.has(id)) ports.set(id, { ins: [], outs: [] });
    const list = ports.get(id)[side];
    if (!list.includes(port)) list.push(port);
  };
  for (const edge of edges) {
    add(edge.source, "outs", edge.source_port);
    add(edge.target, "ins", edge.target_port);
  }
  return ports;
}

const heightOf = (ports) => Math.max(HEIGHT, PORT * (1 + Math.max(ports?.ins.length ?? 0, ports?.outs.length ?? 0)));

// Where each of so many ports is, from the top.
export const portAt = (index, count, height) => (height * (index + 1)) / (count + 1);

// Documents that were never on a canvas have their nodes in one place.
function isUnplaced(nodes) {
  const places = new Set([...nodes.values()].map(({ parent, position }) => `${parent} ${position?.x ?? 0} ${position?.y ?? 0}`));
  return nodes.size > 1 && places.size <= nodes.size / 2;
}

// A ghost on top of something that is there now would hide it.
function setAside(whole, gone, sizes) {
  for (const node of gone) {
    whole.nodes.delete(node.id);
    const position = freePlace(whole, sizes, node.parent ?? null, node.position ?? { x: 0, y: 0 });
    whole.nodes.set(node.id, { ...node, position });
  }
}
