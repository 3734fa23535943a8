import assert from "node:assert/strict";
import { test } from "node:test";
import * as kinds from "../../../assets/components/editor/kinds.js";

const UNION = {
  $defs: {
    A: { title: "First way", properties: { mode: { const: "a", default: "a" }, items: { "x-field": "value" }, gone: { type: "string" } }, required: ["items"] },
    B: { title: "SecondWay", properties: { mode: { const: "b" }, items: { "x-field": "value" }, count: { type: "integer", default: 1 } } },
  },
  discriminator: { propertyName: "mode" },
  oneOf: [{ $ref: "#/$defs/A" }, { $ref: "#/$defs/B" }],
};

test("a union is one choice, told apart by its tag; a class name is no label", () => {
  const union = kinds.variantsOf(UNION, UNION);
  assert.deepEqual(union.variants.map(({ value, title }) => [value, title]), [["a", "First way"], ["b", "B"]]);
  assert.equal(kinds.variantOf(union, {}).value, "a");
  assert.equal(kinds.variantOf(union, { mode: "nobody" }), null);
});

test("another way keeps what both have, drops the rest, and brings back what was there", () => {
  const union = kinds.variantsOf(UNION, UNION);
  const before = { mode: "a", items: "{{ x }}", gone: "text" };
  const next = kinds.switched(union, before, "b", UNION, { count: 4 });
  assert.deepEqual(next, { mode: "b", items: "{{ x }}", count: 4 });
});

test("a value is put in without changing what was there", () => {
  const before = { cases: [{ port: "a", when: "x" }], n: 1 };
  const after = kinds.withValue(before, ["cases", 0, "when"], "y");
  assert.deepEqual(after, { cases: [{ port: "a", when: "y" }], n: 1 });
  assert.equal(before.cases[0].when, "x");
  assert.deepEqual(kinds.withValue(before, ["n"], undefined), { cases: before.cases });
  assert.deepEqual(kinds.withValue({}, ["headers", "X.Y"], "1"), { headers: { "X.Y": "1" } });
});

test("problems are found at their place, or anywhere in it", () => {
  const problems = [{ path: "config.cases[1].when" }, { path: "config.cases" }, { path: "config.casesmore" }];
  assert.equal(kinds.problemsAt(problems, ["cases"]).length, 1);
  assert.equal(kinds.problemsAt(problems, ["cases"], true).length, 2);
  assert.equal(kinds.problemsAt(problems, ["cases", 1, "when"]).length, 1);
});

test("fields show when others have the values they wait for, or when they hold something", () => {
  const schema = { properties: { how: { enum: ["a", "b"], default: "a" }, more: { type: "string", "x-when": { how: ["b"] } }, first: { type: "string", "x-order": -1 } } };
  const names = (config) => kinds.fieldsOf(schema, config, schema).map((field) => field.name);
  assert.deepEqual(names({}), ["first", "how"]);
  assert.deepEqual(names({ how: "b" }), ["first", "how", "more"]);
  assert.deepEqual(names({ how: "a", more: "kept" }), ["first", "how", "more"]);
});

test("a type that says nothing of its fields is drawn by their types", () => {
  const field = (schema) => kinds.kindOf(schema, {});
  assert.equal(field({ type: "string" }), "text");
  assert.equal(field({ anyOf: [{ type: "integer" }, { type: "null" }] }), "number");
  assert.equal(field({ type: "boolean" }), "switch");
  assert.equal(field({ enum: ["a"] }), "choice");
  assert.equal(field({ type: "array", items: {} }), "list");
  assert.equal(field({ type: "object", additionalProperties: { type: "string" } }), "map");
  assert.equal(field({ type: "object", properties: { a: {} } }), "group");
  assert.equal(field({ type: "object" }), "json");
  assert.equal(field({ type: "string", format: "date-time" }), "moment");
  assert.equal(field({}), "json");
});

test("a new entry has what its schema requires", () => {
  const root = { $defs: { Case: { properties: { port: { type: "string" }, n: { type: "integer", minimum: 2 }, more: { type: "string" } }, required: ["port", "n"] } } };
  assert.deepEqual(kinds.blank({ $ref: "#/$defs/Case" }, root), { port: "", n: 2 });
});

test("a place is named in words", () => {
  const told = ["config.cases[1].when", "config.code", "config", "retry.max_s", "config.fields.total"].map(kinds.placeWords);
  assert.deepEqual(told, ["Cases 2, when", "Code", "", "Retry, max s", "Fields, total"]);
});
