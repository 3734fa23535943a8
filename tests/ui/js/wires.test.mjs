import assert from "node:assert/strict";
import { test } from "node:test";
import { read, targetsOf, whyNoWire } from "../../../assets/components/editor/document.js";

const node = (id, parent) => ({ id, type: "task", name: id, parent, position: { x: 0, y: 0 } });
const edge = (source, target, source_port = "out") => ({ id: `${source}${target}`, source, target, source_port });
const document = read({
  name: "w",
  nodes: [...["a", "b", "c", "d", "e"].map((id) => node(id)), node("x", "d"), node("y", "d")],
  edges: [edge("a", "b"), edge("b", "c"), edge("b", "e", "no"), edge("x", "y")],
});

test("a wire may lead to just those that it is not refused to", () => {
  for (const source of document.nodes.keys()) {
    for (const source_port of ["out", "no"]) {
      const open = [...document.nodes.keys()].filter((target) => !whyNoWire(document, { source, source_port, target }));
      assert.deepEqual(targetsOf(document, { source, source_port }).map(({ id }) => id), open);
    }
  }
});
