import assert from "node:assert/strict";
import { test } from "node:test";
import { cronWords, nextTimes, readCron } from "../../../assets/components/editor/cron.js";

const words = (line) => cronWords(readCron(line));
const next = (line, from, count = 1) => nextTimes(readCron(line), new Date(from), count).map((time) => time.toISOString().slice(0, 16));

test("lines are said in words", () => {
  assert.equal(words("* * * * *"), "Every minute, UTC.");
  assert.equal(words("*/15 * * * *"), "Every 15 minutes, UTC.");
  assert.equal(words("0 * * * *"), "Every hour, UTC.");
  assert.equal(words("0 9 * * *"), "At 09:00 every day, UTC.");
  assert.equal(words("30 9,17 * * mon-fri"), "At 09:30 and 17:30, on weekdays, UTC.");
  assert.equal(words("0 0 1 jan *"), "At 00:00, on day 1 of the month in January, UTC.");
  assert.equal(words("0 6 * * 7"), "At 06:00, on Sundays, UTC.");
  assert.equal(words("0 6 * * fri-sun"), "At 06:00, on Sundays, Fridays and Saturdays, UTC.");
  assert.equal(words("@weekly"), "At 00:00, on Sundays, UTC.");
});

test("the next times come in order, over the ends of months and leap years", () => {
  assert.deepEqual(next("0 9 * * 1-5", "2026-11-27T09:00:00Z", 2), ["2026-11-30T09:00", "2026-12-01T09:00"]);
  assert.deepEqual(next("0 0 29 2 *", "2026-01-01T00:00:00Z", 2), ["2028-02-29T00:00", "2032-02-29T00:00"]);
  assert.deepEqual(next("5-10/5 23 31 12 *", "2026-12-31T23:05:00Z", 2), ["2026-12-31T23:10", "2027-12-31T23:05"]);
  // Where both days are given, either will do.
  assert.deepEqual(next("0 0 13 * 5", "2026-11-01T00:00:00Z", 3), ["2026-11-06T00:00", "2026-11-13T00:00", "2026-11-20T00:00"]);
  assert.deepEqual(next("0 0 31 2 *", "2026-01-01T00:00:00Z"), []);
});

test("what is wrong is told in words", () => {
  for (const [line, said] of [["* * * *", /five fields/], ["61 * * * *", /no minute/], ["* * * * funday", /no day of the week/], ["5-1 * * * *", /no range/], ["*/0 * * * *", /cannot be read/], ["*/60 * * * *", /cannot be read/], ["@often", /Known words/], ["1-2-3 * * * *", /no range/]]) {
    assert.throws(() => readCron(line), said, line);
  }
});
