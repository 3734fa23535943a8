import assert from "node:assert/strict";
import { test } from "node:test";
import { freePlace, nearestPlace } from "../../../assets/components/editor/layout.js";

// Rows of ten, as close as nodes usually stand.
const grid = (count) => ({
  nodes: new Map(Array.from({ length: count }, (_, index) => [`n${index}`, { id: `n${index}`, position: { x: 240 * (index % 10), y: 150 * Math.floor(index / 10) } }])),
});
const covers = (document, { x, y }) =>
  [...document.nodes.values()].some(({ position: at }) => Math.abs(at.x - x) < 184 && Math.abs(at.y - y) < 92);

test("a free place is taken as it was wished", () => {
  assert.deepEqual(nearestPlace(grid(4), new Map(), null, { x: 40.4, y: 300 }), { x: 40, y: 300 });
});

test("what is in the way is gone around on the shortest way", () => {
  const document = grid(200);
  for (const wished of [{ x: 250, y: 1510 }, { x: 500, y: 1490 }, { x: 1000, y: 2700 }, { x: 1000, y: 10 }]) {
    const place = nearestPlace(document, new Map(), null, wished);
    assert.ok(!covers(document, place), JSON.stringify(place));
    const away = Math.hypot(place.x - wished.x, place.y - wished.y);
    assert.ok(away < 760, `${JSON.stringify(wished)} ${away}`);
  }
});

test("where too many stand around, it is below them", () => {
  const nodes = Array.from({ length: 900 }, (_, index) => [`n${index}`, { id: `n${index}`, position: { x: 240 * (index % 30), y: 150 * Math.floor(index / 30) } }]);
  const wished = { x: 3600, y: 2250 };
  assert.deepEqual(nearestPlace({ nodes: new Map(nodes) }, new Map(), null, wished), freePlace({ nodes: new Map(nodes) }, new Map(), null, wished));
});
