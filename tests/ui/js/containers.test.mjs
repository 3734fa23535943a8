import assert from "node:assert/strict";
import { test } from "node:test";
import { ancestors, apply, around, Misfit, read } from "../../../assets/components/editor/document.js";

const node = (id, parent) => ({ id, type: "loop", name: id, ...(parent && { parent }) });

test("a container is not put into what lies in it, nor into itself", () => {
  const document = read({ name: "w", nodes: [node("p"), node("q", "p"), node("r", "q")] });
  for (const parent of ["p", "q", "r"]) {
    assert.throws(() => apply(document, { op: "update_node", id: "p", changes: { parent } }), Misfit);
  }
  assert.equal(apply(document, { op: "update_node", id: "r", changes: { parent: "p" } }).nodes.get("r").parent, "p");
});

test("containers in a circle, as a document from elsewhere may have them, are gone around once", () => {
  const document = read({ name: "w", nodes: [node("p", "q"), node("q", "p"), node("a", "p")], edges: [{ id: "e", source: "q", target: "p" }] });
  assert.deepEqual(around(document, "a").map(({ id }) => id), ["a", "p", "q"]);
  assert.deepEqual([...ancestors(document, "a")], ["q"]);
});
