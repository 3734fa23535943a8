import assert from "node:assert/strict";
import { test } from "node:test";
import { lastKnown } from "../../../assets/components/editor/last-known.js";

const NAMES = [{ name: "search", sample: { results: [{ title: "Bees" }], took_s: 2, none: null } }, { name: "later", sample: null, has_value: false }, { name: "inputs", sample: { who: "you" } }];
const told = (text, kind = "template") => lastKnown(text, kind, NAMES).map(({ name, value }) => [name, value]);

test("each name of a template is told as it is read", () => {
  assert.deepEqual(told("Dear {{ inputs.who }}: {{ search.results[0].title }} {{ search['took_s'] }}"), [["inputs.who", "you"], ["search.results[0].title", "Bees"], ["search.took_s", 2]]);
});

test("text outside of braces, texts inside of them and names of functions are none", () => {
  assert.deepEqual(told("search.took_s {{ 'inputs.who' }} {{ len(search.results) }} {{ item.search }}"), [["search.results", [{ title: "Bees" }]]]);
  assert.deepEqual(told("inputs.who.upper() == 'search'", "expression"), [["inputs.who", "you"]]);
});

test("what has not been seen has no value, and nothing is one", () => {
  assert.deepEqual(told("{{ later }} {{ search.gone.far }} {{ search.none }}"), [["later", undefined], ["search.gone.far", undefined], ["search.none", null]]);
  assert.deepEqual(told("{{ search.constructor }}"), [["search.constructor", undefined]]);
});
