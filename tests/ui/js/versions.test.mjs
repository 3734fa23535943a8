import assert from "node:assert/strict";
import { test } from "node:test";
import { union } from "../../../assets/components/editor/union.js";
import { textDiff } from "../../../assets/components/editor/word-diff.js";

const said = (before, after) => textDiff(before, after).map(({ kind, text }) => (kind === "same" ? text : `${kind === "added" ? "+" : "-"}[${text}]`)).join("");

test("texts differ by word, and what is put together gives both of them", () => {
  assert.equal(said("Answer kindly.", "Answer very kindly."), "Answer +[very ]kindly.");
  assert.equal(said("one two three", "one 2 3"), "one -[two three]+[2 3]");
  assert.equal(said("same", "same"), "same");
  assert.equal(said("", "new"), "+[new]");
});

test("of long texts, lines are compared, and of very long ones nothing", () => {
  const lines = (count, word) => Array.from({ length: count }, (_, index) => `${word} ${index} and more words beside it\n`).join("");
  const before = `first\n${lines(200, "old")}last\n`;
  const after = `another\n${lines(200, "old").replaceAll("beside", "near")}last!\n`;
  const pieces = textDiff(before, after);
  const side = (kind) => pieces.filter((piece) => piece.kind === "same" || piece.kind === kind).map(({ text }) => text).join("");
  assert.equal(side("removed"), before);
  assert.equal(side("added"), after);
  assert.equal(textDiff(lines(2000, "a"), lines(2000, "b")).length, 2);
});

const node = (id, x, extra = {}) => ({ id, type: "task", name: id, config: {}, position: { x, y: 0 }, ...extra });
const change = (id, state, changes = []) => ({ id, name: id, type: "task", state, name_before: "", parent: "", is_moved: false, changes });

test("both documents are one graph: what went is a ghost that hides nothing", () => {
  const before = { name: "w", nodes: [node("a", 0), node("gone", 300), node("inner", 10, { parent: "box" }), node("box", 700)], edges: [{ id: "e", source: "a", target: "gone" }] };
  const after = { name: "w", nodes: [node("a", 0), node("new", 300)], edges: [{ id: "e", source: "a", target: "new" }] };
  const gone = { id: "e", state: "removed", source: "a", source_port: "out", target: "gone", target_port: "in" };
  const diff = {
    nodes: [change("a", "changed", [{}, {}]), change("new", "added"), ...["gone", "inner", "box"].map((id) => change(id, "removed"))],
    edges: [{ ...gone, target: "new", state: "added" }, gone], notes: [],
  };
  const joined = union(before, after, diff);
  const states = Object.fromEntries(joined.nodes.map((entry) => [entry.node.id, entry.state]));
  assert.deepEqual(states, { a: "changed", new: "added", gone: "removed", box: "removed", inner: "removed" });
  assert.equal(joined.nodes.find((entry) => entry.node.id === "a").count, 2);
  assert.deepEqual(joined.edges.map((edge) => [edge.id, edge.state, edge.target]), [["e", "added", "new"], ["removed e", "removed", "gone"]]);
  const place = (id) => joined.nodes.find((entry) => entry.node.id === id).node.position;
  assert.equal(place("new").y, 0);
  assert.ok(place("gone").y >= joined.sizes.get("new").height);
  assert.ok(joined.sizes.get("box").width > joined.sizes.get("inner").width);
});

test("nodes that were never placed are laid out beside each other", () => {
  const bare = ["a", "b", "c"].map((id) => node(id, 0));
  const edges = [{ id: "1", source: "a", target: "b" }, { id: "2", source: "b", target: "c" }];
  const { nodes } = union({ name: "w", nodes: [], edges: [] }, { name: "w", nodes: bare, edges }, { nodes: bare.map(({ id }) => change(id, "added")), edges: [], notes: [] });
  assert.equal(new Set(nodes.map((entry) => entry.node.position.x)).size, 3);
});

test("notes of both documents stand on one canvas", () => {
  const noted = (...notes) => ({ name: "w", nodes: [], edges: [], sticky_notes: notes });
  const diff = { nodes: [], edges: [], notes: [{ id: "b", state: "changed", changes: [1] }, { id: "c", state: "added", changes: [] }, { id: "gone", state: "removed", changes: [] }] };
  const { notes } = union(noted({ id: "a" }, { id: "b" }, { id: "gone" }), noted({ id: "a" }, { id: "b" }, { id: "c" }), diff);
  assert.deepEqual(notes.map(({ note, state, count }) => [note.id, state, count]), [["a", "same", 0], ["b", "changed", 1], ["c", "added", 0], ["gone", "removed", 0]]);
});
