// A workflow document in the browser: read-only values, changed by the operations of
// flowstudio/graph/operations.py. Nodes, wires and sticky notes are maps by id, in document order.

const DEFAULTS = {
  parent: null, notes: "", disabled: false, retry: {}, timeout_s: null, on_error: "fail", default: null,
  join: "all", cache: "auto",
};
const EDGE_PORTS = { source_port: "out", target_port: "in" };

const byId = (items) => new Map((items ?? []).map((item) => [item.id, item]));

export function read(json) {
  return {
    name: json.name, description: json.description ?? "", settings: json.settings ?? {},
    nodes: byId((json.nodes ?? []).map(plainNode)),
    edges: byId((json.edges ?? []).map((edge) => ({ ...EDGE_PORTS, ...edge }))),
    notes: byId((json.sticky_notes ?? []).map(plainNote)),
  };
}

// The form in which documents travel; what is as it usually is, is left out.
export function write(document) {
  const settings = document.settings;
  return {
    format: "flowstudio/1", name: document.name,
    ...(document.description ? { description: document.description } : {}),
    ...(Object.keys(settings).length ? { settings } : {}),
    nodes: [...document.nodes.values()], edges: [...document.edges.values()],
    ...(document.notes.size ? { sticky_notes: [...document.notes.values()] } : {}),
  };
}

function plainNode(node) {
  const plain = {};
  for (const [key, value] of Object.entries(node)) {
    if (!(key in DEFAULTS) || !same(value, DEFAULTS[key])) plain[key] = value;
  }
  plain.config ??= {};
  plain.position = placeOf(node);
  return plain;
}

// What is 0 or as it usually is may be left out on the way here.
const placeOf = ({ position }) => ({ x: position?.x ?? 0, y: position?.y ?? 0 });
const plainNote = (note) => ({ text: "", colour: "amber", width: 220, height: 120, ...note, position: placeOf(note) });

export const same = (a, b) => a === b || JSON.stringify(a) === JSON.stringify(b);
export const valueOf = (node, key) => node[key] ?? DEFAULTS[key];

// Operations. Each throws a Misfit when what it changes is not there any more.

export class Misfit extends Error {}

function found(map, id) {
  const item = map.get(id);
  if (!item) throw new Misfit("What this changes is not there any more.");
  return item;
}

const put = (map, item) => new Map(map).set(item.id, item);
function without(map, ids) {
  const kept = new Map(map);
  for (const id of ids) kept.delete(id);
  return kept;
}

export function inside(document, id) {
  const ids = new Set([id]);
  let size = 0;
  while (ids.size !== size) {
    size = ids.size;
    for (const node of document.nodes.values()) if (node.parent && ids.has(node.parent)) ids.add(node.id);
  }
  return ids;
}

const wiresOf = (document, ids) =>
  [...document.edges.values()].filter((edge) => ids.has(edge.source) || ids.has(edge.target));

const merged = (before, changes) => {
  const after = { ...before, ...changes };
  for (const [key, value] of Object.entries(changes)) if (value === null) delete after[key];
  return after;
};

function setAt(value, [key, ...rest], operation) {
  if (Array.isArray(value) && typeof key === "number") {
    const isNew = key === value.length && !operation.remove;
    if (!(key >= 0 && key < value.length) && !isNew) throw new Misfit("This list has no such place.");
    const copy = [...value];
    if (rest.length) copy.splice(key, 1, setAt(isNew ? {} : value[key], rest, operation));
    else copy.splice(key, 1, ...(operation.remove ? [] : [operation.value ?? null]));
    return copy;
  }
  if (value === null || typeof value !== "object" || Array.isArray(value) || typeof key !== "string") {
    throw new Misfit("There is nothing at this place.");
  }
  if (operation.remove && !rest.length) {
    const { [key]: gone, ...kept } = value;
    return kept;
  }
  // Any name may be a key, also one that every object has something under.
  return { ...value, [key]: rest.length ? setAt(Object.hasOwn(value, key) ? value[key] : {}, rest, operation) : operation.value ?? null };
}

const steps = {
  add_node(document, { node, before }) {
    if (document.nodes.has(node.id)) throw new Misfit("This node is there already.");
    const plain = plainNode(node);
    if (before == null) return { ...document, nodes: put(document.nodes, plain) };
    found(document.nodes, before);
    const nodes = new Map();
    for (const [id, other] of document.nodes) {
      if (id === before) nodes.set(plain.id, plain);
      nodes.set(id, other);
    }
    return { ...document, nodes };
  },
  update_node(document, { id, changes }) {
    const node = found(document.nodes, id);
    if (changes.parent) found(document.nodes, changes.parent);
    if (changes.parent && inside(document, id).has(changes.parent)) throw new Misfit("A container cannot be inside of itself.");
    const config = changes.config ? merged(node.config, changes.config) : node.config;
    return { ...document, nodes: put(document.nodes, plainNode({ ...node, ...changes, config })) };
  },
  set_config(document, operation) {
    const node = found(document.nodes, operation.id);
    const config = setAt(node.config, operation.path, operation);
    return { ...document, nodes: put(document.nodes, { ...node, config }) };
  },
  // What a rename rewrites elsewhere comes from the server, as operations of its own.
  rename_node: (document, { id, name }) =>
    ({ ...document, nodes: put(document.nodes, { ...found(document.nodes, id), name }) }),
  remove_node(document, { id }) {
    found(document.nodes, id);
    const gone = inside(document, id);
    const edges = without(document.edges, wiresOf(document, gone).map((edge) => edge.id));
    return { ...document, nodes: without(document.nodes, gone), edges };
  },
  add_edge(document, { edge }) {
    if (document.edges.has(edge.id)) throw new Misfit("This wire is there already.");
    found(document.nodes, edge.source);
    found(document.nodes, edge.target);
    return { ...document, edges: put(document.edges, { ...EDGE_PORTS, ...edge }) };
  },
  remove_edge(document, { id }) {
    found(document.edges, id);
    return { ...document, edges: without(document.edges, [id]) };
  },
  put_sticky_note(document, { sticky_note: note }) {
    const notes = without(document.notes, [note.id]);
    return { ...document, notes: notes.set(note.id, plainNote(note)) };
  },
  update_sticky_note(document, { id, changes }) {
    const note = found(document.notes, id);
    return { ...document, notes: put(document.notes, plainNote({ ...note, ...changes })) };
  },
  remove_sticky_note(document, { id }) {
    found(document.notes, id);
    return { ...document, notes: without(document.notes, [id]) };
  },
  update_workflow: (document, { name, description, settings }) => ({
    ...document,
    name: name ?? document.name,
    description: description ?? document.description,
    settings: settings ? merged(document.settings, settings) : document.settings,
  }),
};

export const apply = (document, operation) => steps[operation.op](document, operation);

// What takes one operation back, in order; asked before it is applied.
export function invert(document, operation) {
  const { op, id } = operation;
  if (op === "add_node") return [{ op: "remove_node", id: operation.node.id }];
  if (op === "remove_node") return putBack(document, id);
  if (op === "update_node") return [{ op, id, changes: before(found(document.nodes, id), operation.changes) }];
  if (op === "set_config") return [unset(found(document.nodes, id), operation)];
  if (op === "rename_node") return [{ op, id, name: found(document.nodes, id).name }];
  if (op === "add_edge") return [{ op: "remove_edge", id: operation.edge.id }];
  if (op === "remove_edge") return [{ op: "add_edge", edge: found(document.edges, id) }];
  if (op === "put_sticky_note") {
    const old = document.notes.get(operation.sticky_note.id);
    return [old ? { op, sticky_note: old } : { op: "remove_sticky_note", id: operation.sticky_note.id }];
  }
  if (op === "update_sticky_note") {
    const old = found(document.notes, id);
    return [{ op, id, changes: Object.fromEntries(Object.keys(operation.changes).map((key) => [key, old[key]])) }];
  }
  if (op === "remove_sticky_note") return [{ op: "put_sticky_note", sticky_note: found(document.notes, id) }];
  return [{ op, ...headBefore(document, operation) }];
}

function putBack(document, id) {
  const gone = inside(document, id);
  const all = [...document.nodes.values()];
  const nodes = all
    .map((node, index) => ({ op: "add_node", node, before: all[index + 1]?.id ?? null }))
    .filter(({ node }) => gone.has(node.id))
    .reverse();
  return [...nodes, ...wiresOf(document, gone).map((edge) => ({ op: "add_edge", edge }))];
}

function before(node, changes) {
  const old = {};
  for (const key of Object.keys(changes)) {
    if (key === "config") {
      old.config = Object.fromEntries(Object.keys(changes.config).map((name) => [name, node.config[name] ?? null]));
    } else old[key] = valueOf(node, key) ?? null;
  }
  return old;
}

function unset(node, operation) {
  const { id, path } = operation;
  let place = node.config;
  for (let depth = 0; depth < path.length; depth++) {
    const key = path[depth];
    if (Array.isArray(place)) {
      const shifts = key >= place.length || (operation.remove && depth === path.length - 1);
      if (shifts) return { op: "set_config", id, path: path.slice(0, depth), value: place };
    } else if (place === null || typeof place !== "object" || !Object.hasOwn(place, key)) {
      return { op: "set_config", id, path: path.slice(0, depth + 1), remove: true };
    }
    place = place[key];
  }
  return { op: "set_config", id, path, value: place };
}

const headBefore = (document, { name, description, settings }) => ({
  ...(name === undefined ? {} : { name: document.name }),
  ...(description === undefined ? {} : { description: document.description }),
  ...(settings === undefined ? {} : {
    settings: Object.fromEntries(Object.keys(settings).map((key) => [key, document.settings[key] ?? null])),
  }),
});

// Reading a document.

export const newId = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
};

export const freeName = (document, wanted) => freeNames(document)(wanted);

// Gives a free name for each that is wanted, one after another.
export function freeNames(document) {
  const taken = new Set([...document.nodes.values()].map((node) => node.name));
  const counts = new Map();
  return (wanted) => {
    const base = wanted.replace(/_\d+$/, "");
    let [name, count] = [wanted, counts.get(base) ?? 2];
    while (taken.has(name)) name = `${base}_${count++}`;
    counts.set(base, count);
    taken.add(name);
    return name;
  };
}

// The path a wire would close into a circle, as names, or null.
export function circle(document, source, target) {
  const cameFrom = new Map([[target, null]]);
  const ahead = [target];
  while (ahead.length) {
    const here = ahead.shift();
    if (here === source) {
      const path = [];
      for (let id = here; id !== null; id = cameFrom.get(id)) path.unshift(document.nodes.get(id).name);
      return [...path, path[0]];
    }
    for (const edge of document.edges.values()) {
      if (edge.source === here && !cameFrom.has(edge.target)) {
        cameFrom.set(edge.target, here);
        ahead.push(edge.target);
      }
    }
  }
  return null;
}

// Why a wire may not be drawn, or "".
export function whyNoWire(document, { source, target, source_port, target_port = "in" }) {
  const [from, to] = [document.nodes.get(source), document.nodes.get(target)];
  if (!from || !to) return "A wire needs two nodes.";
  if ((from.parent ?? null) !== (to.parent ?? null)) return "A wire can't cross the wall of a container.";
  const twin = [...document.edges.values()].some((edge) =>
    edge.source === source && edge.target === target && edge.source_port === source_port && edge.target_port === target_port);
  if (twin) return "These two are wired already.";
  const path = source === target ? [from.name, from.name] : circle(document, source, target);
  return path ? `This would run in a circle: ${path.join(" → ")}.` : "";
}

// The nodes that a wire from this port may lead to: what `whyNoWire` says, of all of them at once.
export function targetsOf(document, { source, source_port, target_port = "in" }) {
  const out = reached([source], sourcesOf(document));
  for (const edge of document.edges.values()) {
    if (edge.source === source && edge.source_port === source_port && edge.target_port === target_port) out.add(edge.target);
  }
  const home = document.nodes.get(source)?.parent ?? null;
  return [...document.nodes.values()].filter((node) => !out.has(node.id) && (node.parent ?? null) === home);
}

// Ids in an order in which each node follows what it needs; containers before their inside.
const orders = new WeakMap();
export function order(document, parent = null) {
  if (parent !== null) return inOrder(grouped(document), parent);
  // Two documents with the same nodes and wires have the same order.
  const known = orders.get(document.nodes);
  if (known?.edges === document.edges) return known.ids;
  const ids = inOrder(grouped(document), null);
  orders.set(document.nodes, { edges: document.edges, ids });
  return ids;
}

// By container: the nodes in it, and the wires whose source is.
function grouped(document) {
  const groups = new Map();
  const group = (parent) => {
    if (!groups.has(parent)) groups.set(parent, { nodes: [], edges: [] });
    return groups.get(parent);
  };
  for (const node of document.nodes.values()) group(node.parent ?? null).nodes.push(node.id);
  for (const edge of document.edges.values()) {
    const source = document.nodes.get(edge.source);
    if (source) group(source.parent ?? null).edges.push(edge);
  }
  return groups;
}

function putInLine(line, from, id, rank) {
  let [low, high] = [from, line.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rank.get(line[middle]) < rank.get(id)) low = middle + 1;
    else high = middle;
  }
  line.splice(low, 0, id);
}

function inOrder(groups, parent) {
  const { nodes = [], edges = [] } = groups.get(parent) ?? {};
  const open = new Map(nodes.map((id) => [id, 0]));
  const after = new Map();
  for (const { source, target } of edges) {
    if (!open.has(target)) continue;
    open.set(target, open.get(target) + 1);
    if (!after.has(source)) after.set(source, []);
    after.get(source).push(target);
  }
  const result = [];
  const placed = new Set();
  // Of those that could be next, always the one that stands first in the document, as on the server.
  const rank = new Map(nodes.map((id, index) => [id, index]));
  const ready = nodes.filter((id) => open.get(id) === 0);
  for (let next = 0; next < ready.length; next++) {
    const id = ready[next];
    placed.add(id);
    result.push(id, ...inOrder(groups, id));
    for (const target of after.get(id) ?? []) {
      open.set(target, open.get(target) - 1);
      if (open.get(target) === 0) putInLine(ready, next + 1, target, rank);
    }
  }
  // Nodes on a circle come last, so that they can be seen and mended.
  return [...result, ...nodes.filter((id) => !placed.has(id)).flatMap((id) => [id, ...inOrder(groups, id)])];
}

// A node and the containers around it, from the inside out; where they run in a circle, each once.
export function around(document, id) {
  const found = new Set();
  for (let here = document.nodes.get(id); here && !found.has(here); here = document.nodes.get(here.parent)) found.add(here);
  return [...found];
}

export function ancestors(document, id) {
  const sources = sourcesOf(document);
  return reached(around(document, id).flatMap((each) => sources.get(each.id) ?? []), sources);
}

// By node, those that a wire leads to it from.
function sourcesOf({ edges }) {
  const sources = new Map();
  for (const { source, target } of edges.values()) {
    if (sources.has(target)) sources.get(target).push(source);
    else sources.set(target, [source]);
  }
  return sources;
}

function reached(from, sources) {
  const ids = new Set(from);
  // What is added on the way is come to as well.
  for (const id of ids) for (const source of sources.get(id) ?? []) ids.add(source);
  return ids;
}
