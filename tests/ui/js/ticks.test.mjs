import assert from "node:assert/strict";
import { test } from "node:test";
import { markWord, ticks } from "../../../assets/components/run/ticks.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const axis = (total) => ticks(total).map(markWord).join(", ");

test("the marks of an axis are what people count by", () => {
  assert.equal(axis(1), "0");
  assert.equal(axis(248), "0, 50 ms, 100 ms, 150 ms, 200 ms");
  assert.equal(axis(2.2 * SECOND), "0, 500 ms, 1 s, 1.5 s, 2 s");
  assert.equal(axis(42 * SECOND), "0, 10 s, 20 s, 30 s, 40 s");
  assert.equal(axis(110 * SECOND), "0, 30 s, 1 m, 1 m 30 s");
  assert.equal(axis(40 * MINUTE), "0, 10 m, 20 m, 30 m");
  assert.equal(axis(70 * MINUTE), "0, 15 m, 30 m, 45 m, 1 h");
  assert.equal(axis(2.5 * HOUR), "0, 30 m, 1 h, 1 h 30 m, 2 h");
  assert.equal(axis(2 * DAY), "0, 12 h, 1 d, 1 d 12 h");
  assert.equal(axis(30 * DAY), "0, 8 d, 16 d, 24 d");
});

test("there are few marks, and none at the very end", () => {
  for (let total = 1; total < 400 * DAY; total = Math.ceil(total * 1.07)) {
    const marks = ticks(total);
    assert.ok(marks.length <= 6 && marks.at(-1) <= 0.96 * total, `${total}: ${marks}`);
    if (total >= 10) assert.ok(marks.length >= 2, `${total}: ${marks}`);
  }
});
