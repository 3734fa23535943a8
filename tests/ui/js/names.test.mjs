import assert from "node:assert/strict";
import { test } from "node:test";
import { complete, expressionBefore } from "../../../assets/components/editor/code-names.js";
import { leastChange } from "../../../assets/components/editor/least-change.js";

const NAMES = [
  { name: "search", kind: "task", sample: { results: [{ title: "A", "two words": 1 }], count: 1, "it's": 2 } },
  { name: "inputs", kind: "inputs", sample: { topic: "tea" } },
  { name: "unseen", kind: "ai" },
];
const labels = (before) => complete(before, NAMES)?.options.map((option) => option.label) ?? null;

test("names come before builtins, which a node of that name hides", () => {
  assert.deepEqual(labels("").slice(0, 3), ["search", "inputs", "unseen"]);
  assert.ok(labels("le").includes("len"));
  assert.equal(complete("1 + se", NAMES).from, 4);
  const own = complete("", [{ name: "len", kind: "task" }]).options.filter((option) => option.label === "len");
  assert.deepEqual(own.map((option) => option.type), ["name"]);
});

test("fields are those of the last output, by a dot or in brackets", () => {
  assert.deepEqual(labels("search."), ["results", "count", "it's"]);
  assert.deepEqual(labels("search.results[0].t"), ["title", "two words"]);
  // What cannot follow a dot takes its place.
  const inserts = complete("search.results[0].", NAMES).options.map((option) => option.insert);
  assert.deepEqual(inserts, [undefined, "['two words']"]);
  assert.deepEqual(labels("search['"), ["['results']", "['count']", `["it's"]`]);
  assert.deepEqual(labels("search.results"), ["results", "count", "it's"]);
  assert.deepEqual(labels("search.results[0]['two words']."), null);
  assert.deepEqual(labels("search.results."), ["[0]"]);
  assert.equal(labels("unseen."), null);
  assert.equal(complete("len(search.re", NAMES).from, 11);
});

test("nothing is offered inside a text", () => {
  assert.equal(labels("'in a sear"), null);
  assert.notEqual(labels("'closed' + sear"), null);
});

test("in a template, only what stands in braces is an expression", () => {
  assert.equal(expressionBefore("Dear {{ inputs.", "template"), " inputs.");
  assert.equal(expressionBefore("Dear {{ inputs.name }} and", "template"), null);
  assert.equal(expressionBefore("Dear you", "template"), null);
  assert.equal(expressionBefore("a.b", "expression"), "a.b");
});

test("the least change leaves carets outside of it where they are", () => {
  assert.deepEqual(leastChange("one two three", "one 2 three"), { from: 4, to: 7, insert: "2" });
  assert.deepEqual(leastChange("aa", "aaa"), { from: 2, to: 2, insert: "a" });
  assert.deepEqual(leastChange("", "new"), { from: 0, to: 0, insert: "new" });
  for (const [before, after] of [["abcabc", "abc"], ["abc", "abcabc"], ["x", "y"], ["same", "same"]]) {
    const { from, to, insert } = leastChange(before, after);
    assert.equal(before.slice(0, from) + insert + before.slice(to), after);
  }
});
