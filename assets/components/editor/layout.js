// Where nodes go: columns by depth, frames around what is in them (the layered drawing of Sugiyama,
// with one sweep of barycentres).
import { order } from "./document.js";

export const WIDTH = 184;
export const HEIGHT = 92;
const GAP_X = 56;
const GAP_Y = 28;
const PAD = 16;
export const HEAD = 52;

// About how tall editor.css draws a node; it is measured once it comes into view.
export function heightOf({ brief, summary, outputs }) {
  const lines = brief ? Math.min(3, Math.ceil(brief.length / 28)) : Math.min(2, Math.ceil(summary.length / 24));
  const text = outputs.length > 1 ? Math.max(40, 16 * lines) + 20 * Math.max(0, Math.min(outputs.length, 12) - 2) : 16 * lines;
  return 75 + (lines ? text + 9 : 0);
}

const sizeOf = (sizes, id) => sizes.get(id) ?? { width: WIDTH, height: HEIGHT };

// The size of a frame around its children, as they stand.
export function frameSize(document, sizes, id) {
  let [width, height] = [WIDTH + 2 * PAD, HEAD + HEIGHT + PAD];
  for (const node of document.nodes.values()) {
    if (node.parent !== id) continue;
    const size = sizeOf(sizes, node.id);
    width = Math.max(width, node.position.x + size.width + PAD);
    height = Math.max(height, node.position.y + size.height + PAD);
  }
  return { width, height };
}

// New places for all nodes, by id; those in containers from their container's corner.
export function tidy(document, sizes) {
  const places = new Map();
  const grown = new Map(sizes);
  arrange(document, null, grown, places);
  return places;
}

function arrange(document, parent, sizes, places) {
  const here = order(document, parent).filter((id) => (document.nodes.get(id).parent ?? null) === parent);
  const isContainer = (id) => [...document.nodes.values()].some((node) => node.parent === id);
  for (const id of here) if (isContainer(id)) sizes.set(id, arrange(document, id, sizes, places));
  const edges = [...document.edges.values()].filter((edge) => here.includes(edge.source) && here.includes(edge.target));
  const depth = new Map(here.map((id) => [id, 0]));
  for (const id of here) {
    for (const edge of edges) if (edge.source === id) depth.set(edge.target, Math.max(depth.get(edge.target), depth.get(id) + 1));
  }
  const columns = [];
  for (const id of here) (columns[depth.get(id)] ??= []).push(id);
  const rank = new Map();
  for (const column of columns) {
    const weight = new Map(column.map((id) => {
      const before = edges.filter((edge) => edge.target === id).map((edge) => rank.get(edge.source) ?? 0);
      return [id, before.length ? before.reduce((a, b) => a + b, 0) / before.length : 0];
    }));
    column.sort((a, b) => weight.get(a) - weight.get(b));
    column.forEach((id, index) => rank.set(id, index - (column.length - 1) / 2));
  }
  const tall = (column) => column.reduce((sum, id) => sum + sizeOf(sizes, id).height + GAP_Y, -GAP_Y);
  const height = Math.max(0, ...columns.map(tall));
  const [left, top] = parent === null ? [0, 0] : [PAD, HEAD];
  let x = left;
  for (const column of columns) {
    let y = top + (height - tall(column)) / 2;
    for (const id of column) {
      places.set(id, { x: Math.round(x), y: Math.round(y) });
      y += sizeOf(sizes, id).height + GAP_Y;
    }
    x += Math.max(...column.map((id) => sizeOf(sizes, id).width)) + GAP_X;
  }
  return {
    width: Math.max(x - GAP_X + PAD, WIDTH + 2 * PAD),
    height: Math.max(top + height + PAD, HEAD + HEIGHT + PAD),
  };
}

const siblings = (document, parent) => [...document.nodes.values()].filter((node) => (node.parent ?? null) === parent);

// The node that a new one at this place would cover.
const inTheWay = (nodes, sizes, place) => nodes.find((node) => {
  const size = sizeOf(sizes, node.id);
  return Math.abs(node.position.x - place.x) < Math.max(size.width, WIDTH) && node.position.y < place.y + HEIGHT && place.y < node.position.y + size.height;
});
const below = (node, sizes) => node.position.y + sizeOf(sizes, node.id).height + GAP_Y;
const rounded = ({ x, y }) => ({ x: Math.round(x), y: Math.round(y) });

// Moves a wished place down until a new node stands on no other.
export function freePlace(document, sizes, parent, wished) {
  const place = { ...wished };
  const others = siblings(document, parent);
  for (let tries = 0; tries < 200; tries++) {
    const other = inTheWay(others, sizes, place);
    if (!other) break;
    place.y = below(other, sizes);
  }
  return rounded(place);
}

// The free place nearest to a wished one, in any direction: whoever looks there goes on seeing it.
export function nearestPlace(document, sizes, parent, wished) {
  const others = siblings(document, parent);
  const far = (place) => Math.hypot(place.x - wished.x, place.y - wished.y);
  // Above others there is room for a node that is taller than most.
  const ahead = [wished];
  const known = new Set();
  while (ahead.length && known.size < 300) {
    const place = ahead.splice(ahead.reduce((best, each, index) => (far(each) < far(ahead[best]) ? index : best), 0), 1)[0];
    const other = inTheWay(others, sizes, place);
    if (!other) return rounded(place);
    if (known.has(other.id)) continue;
    known.add(other.id);
    const { x, y } = other.position;
    ahead.push(
      { x: place.x, y: below(other, sizes) }, { x: x + sizeOf(sizes, other.id).width + GAP_X, y: place.y },
      { x: place.x, y: y - HEIGHT - 2 * GAP_Y }, { x: x - WIDTH - GAP_X, y: place.y },
    );
  }
  return freePlace(document, sizes, parent, wished);
}
