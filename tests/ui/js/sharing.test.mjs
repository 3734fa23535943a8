import assert from "node:assert/strict";
import { test } from "node:test";
import { shared } from "../../../assets/components/editor/sharing.js";

const map = (...entries) => new Map(entries);

test("what says the same is the very same", () => {
  const before = { nodes: map(["a", { id: "a", config: { text: "x" } }], ["b", { id: "b" }]), name: "w" };
  assert.equal(shared(before, structuredClone(before)), before);
});

test("of a map, only what differs is new", () => {
  const before = { nodes: map(["a", { id: "a", n: 1 }], ["b", { id: "b" }]) };
  const after = structuredClone(before);
  after.nodes.get("a").n = 2;
  const result = shared(before, after);
  assert.notEqual(result.nodes, before.nodes);
  assert.equal(result.nodes.get("b"), before.nodes.get("b"));
  assert.deepEqual(result, after);
});

test("another order, or something gone, is another map", () => {
  const before = map(["a", 1], ["b", 2]);
  assert.deepEqual([...shared(before, map(["b", 2], ["a", 1])).keys()], ["b", "a"]);
  assert.deepEqual([...shared(before, map(["a", 1])).keys()], ["a"]);
  assert.deepEqual([...shared(map(["a", 1]), before).keys()], ["a", "b"]);
});
