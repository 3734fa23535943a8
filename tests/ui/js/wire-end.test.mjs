import assert from "node:assert/strict";
import { test } from "node:test";
import { mayEnd, wireTo } from "../../../assets/components/editor/wire-end.js";

const node = (id, type, more = {}) => ({ id, type, name: id, config: {}, ...more });
const stateOf = (...nodes) => ({
  document: { nodes: new Map(nodes.map((each) => [each.id, each])), edges: new Map() }, faces: {},
  types: Object.fromEntries(["start", "end", "task", "loop"].map((type) => [type, { type, config_schema: { properties: {} } }])),
});
const state = stateOf(node("begin", "start"), node("ask", "task"), node("each", "loop"), node("one", "task", { parent: "each" }), node("stop", "end"));
const back = (id) => ({ id, port: "in", isBack: true });
const forth = (id) => ({ id, port: "out", isBack: false });

test("a wire let go on a node connects the two the way it was drawn", () => {
  const wire = { source: "begin", source_port: "out", target: "ask", target_port: "in" };
  assert.deepEqual(wireTo(state, forth("begin"), "ask"), wire);
  assert.deepEqual(wireTo(state, back("ask"), "begin"), wire);
});

test("a node without a dot for it, the frame around it and the canvas end no wire", () => {
  assert.equal(wireTo(state, forth("ask"), "begin"), null);
  assert.equal(wireTo(state, back("ask"), "stop"), null);
  assert.equal(wireTo(state, back("one"), "each"), null);
  assert.equal(wireTo(state, back("one"), undefined), null);
  assert.equal(wireTo(state, back("one"), "one"), null);
});

test("only what can stand at the other end of a wire is offered", () => {
  const offered = (at, wire) => ["start", "task", "end"].filter((type) => mayEnd(at, wire, { type, mode: "" }));
  assert.deepEqual(offered(state, forth("ask")), ["task", "end"]);
  assert.deepEqual(offered(state, forth("one")), ["task"]);
  assert.deepEqual(offered(state, back("ask")), ["task"]);
  const begun = stateOf(node("ask", "task"), node("each", "loop"), node("one", "task", { parent: "each" }));
  assert.deepEqual(offered(begun, back("ask")), ["start", "task"]);
  assert.deepEqual(offered(begun, back("one")), ["task"]);
});
