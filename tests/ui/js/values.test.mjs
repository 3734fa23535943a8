import assert from "node:assert/strict";
import { test } from "node:test";
import { pathText, pictureOf, searchIn, sortedBy, viewsOf } from "../../../assets/components/editor/value-kinds.js";

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FAAhKDveksOjmAAAAAElFTkSuQmCC";
const kinds = (value) => viewsOf(value).map((view) => view.kind);

test("a value offers the views that fit, the best one first", () => {
  assert.deepEqual(kinds("Some *text*"), ["markdown", "text"]);
  assert.deepEqual(kinds('[{"a": 1}]'), ["markdown", "text", "table", "tree"]);
  assert.deepEqual(kinds([{ a: 1 }, { b: 2 }]), ["table", "tree"]);
  assert.deepEqual(kinds([1, 2]), ["tree"]);
  assert.deepEqual(kinds([{}, {}]), ["tree"]);
  assert.deepEqual(kinds({ text: "a", model: "m", usage: {} }), ["answer", "tree"]);
  assert.deepEqual(kinds({ data: [{ type: "bar", x: [1], y: [2] }], layout: {} }), ["plot", "tree"]);
  assert.deepEqual(kinds({ data: [{ type: "surface", z: [[1]], x: [1] }] }), ["tree"]);
  assert.deepEqual(kinds({ data: [1, 2] }), ["tree"]);
  for (const leaf of [null, 1, true, ""]) assert.deepEqual(kinds(leaf), ["leaf"]);
});

test("a picture is what begins as one, whatever it says of itself", () => {
  assert.equal(pictureOf(PNG), `data:image/png;base64,${PNG}`);
  assert.equal(pictureOf({ base64: PNG, type: "text/html" }), `data:image/png;base64,${PNG}`);
  assert.equal(pictureOf(`data:image/svg+xml;base64,${PNG}`), `data:image/png;base64,${PNG}`);
  const svg = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">${" ".repeat(60)}</svg>`).toString("base64");
  assert.equal(pictureOf(`data:image/svg+xml;base64,${svg}`), null);
  assert.equal(pictureOf(`data:text/html;base64,${svg}`), null);
  assert.equal(pictureOf(`${PNG}"><script>alert(1)</script>`), null);
  assert.equal(pictureOf(`https://example.com/${"a".repeat(80)}.png`), null);
  const wave = Buffer.concat([Buffer.from("RIFF\0\0\0\0WAVEfmt "), Buffer.alloc(60)]).toString("base64");
  assert.equal(pictureOf(wave), null);
});

test("rows are sorted by type, what is missing last, and a hundred thousand quickly", () => {
  const rows = [{ a: 2 }, { a: null }, { a: "b" }, { a: 10 }, {}, { a: "B" }];
  assert.deepEqual(sortedBy(rows, "a", false).map((row) => row.a), [2, 10, "b", "B", null, undefined]);
  assert.deepEqual(sortedBy(rows, "a", true).map((row) => row.a), [10, 2, "b", "B", null, undefined]);
  const many = Array.from({ length: 100_000 }, (_, index) => ({ id: (index * 7_919) % 100_003, name: `Row ${index}` }));
  const began = performance.now();
  assert.equal(sortedBy(many, "id", false)[0].id, 0);
  sortedBy(many, "name", true);
  assert.ok(performance.now() - began < 3_000);
});

test("paths are written as expressions read them", () => {
  assert.equal(pathText("search", ["results", 0, "two words", "title"]), 'search.results[0]["two words"].title');
  assert.equal(pathText(undefined, [1]), "value[1]");
});

test("a search finds keys and values, in order", () => {
  const { found, isAll } = searchIn({ a: { Tea: 1 }, b: ["green tea", { c: null }] }, "tea");
  assert.deepEqual(found.map((each) => each.keys), [["a", "Tea"], ["b", 0]]);
  assert.ok(isAll);
  assert.equal(searchIn(Array(1_000).fill("tea"), "tea").isAll, false);
});
