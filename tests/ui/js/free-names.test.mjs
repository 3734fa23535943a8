import assert from "node:assert/strict";
import { test } from "node:test";
import { freeNames } from "../../../assets/components/editor/document.js";

test("each name that is given is free, and none is given twice", () => {
  const nodes = new Map([["1", { name: "task" }], ["2", { name: "task_3" }]]);
  const free = freeNames({ nodes });
  assert.deepEqual(["task", "task", "task_3", "other", "other", "task_4"].map(free), ["task_2", "task_4", "task_5", "other", "other_2", "task_6"]);
});
