// A wire that is let go beside every dot: on a node it connects, on empty canvas it asks what to add.
// `wire` is {id, port, isBack}: the dot it was drawn from, which `isBack` is a way in.
import { blankConfig, firstPorts } from "./catalogue.js";
import { inside } from "./document.js";

// The wire between its dot and another node, or null where that cannot be its other end.
export function wireTo({ document, faces }, wire, id) {
  const node = document.nodes.get(id);
  // To what lives in a frame, the frame is the canvas.
  if (!node || inside(document, id).has(wire.id)) return null;
  const { inputs, outputs } = faces[id] ?? firstPorts(node);
  const [port] = wire.isBack ? outputs : node.type === "start" ? [] : inputs;
  if (port === undefined) return null;
  const [source, target] = wire.isBack ? [{ id, port }, wire] : [wire, { id, port }];
  return { source: source.id, source_port: source.port, target: target.id, target_port: target.port };
}

// Whether a new node of that kind can be its other end.
export function mayEnd({ document, types }, wire, { type, mode }) {
  const { inputs, outputs } = firstPorts({ type, config: blankConfig(types[type], mode) });
  const isInside = Boolean(document.nodes.get(wire.id)?.parent);
  if (!wire.isBack) return inputs.length > 0 && !(isInside && type === "end");
  const isFirst = ![...document.nodes.values()].some((node) => node.type === "start");
  return outputs.length > 0 && (type !== "start" || (isFirst && !isInside));
}
