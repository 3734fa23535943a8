import assert from "node:assert/strict";
import { test } from "node:test";
import { rewording } from "../../../assets/components/editor/rewording.js";

const SCHEMA = {
  properties: {
    text: { type: "string", format: "template" },
    condition: { type: "string", format: "expression" },
    cases: { type: "array", items: { properties: { port: { type: "string" }, when: { type: "string", format: "expression" } } } },
    values: { type: "object", additionalProperties: { type: "string", format: "expression" } },
  },
};
const names = new Map([["task", "task_2"], ["task_2", "task_3"]]);
const reworded = (config, schema) => rewording(names)(config, schema);

test("names change all at once, since the new name of one may be the old of another", () => {
  assert.deepEqual(reworded({ text: "{{ task.x }} and {{ task_2.y }}, a task" }, SCHEMA), { text: "{{ task_2.x }} and {{ task_3.y }}, a task" });
});

test("expressions without braces are reworded where the schema says so, wherever they stand", () => {
  const config = { condition: "task.x == 'task'", cases: [{ port: "task", when: "task_2 > other.task" }], values: { a: "task", b: "tasks" } };
  assert.deepEqual(reworded(config, SCHEMA), {
    condition: "task_2.x == 'task'", cases: [{ port: "task", when: "task_3 > other.task" }], values: { a: "task_2", b: "tasks" },
  });
});

test("what the schema does not know keeps its words, but for templates in it", () => {
  assert.deepEqual(reworded({ odd: ["task", { deep: "{{ task }}" }] }, SCHEMA), { odd: ["task", { deep: "{{ task_2 }}" }] });
});

test("what is quoted, and what an argument is called by, keeps its words", () => {
  const reword = (text) => reworded({ text }, SCHEMA).text;
  assert.equal(reword("{{ 'see the task here: ' + task.x }}"), "{{ 'see the task here: ' + task_2.x }}");
  assert.equal(reword("{{ f(task=1, other=task, more=task == 2) }}"), "{{ f(task=1, other=task_2, more=task_2 == 2) }}");
  assert.equal(reword("{{ '}}' + task }} and {{ \"it's\" + task }}"), "{{ '}}' + task_2 }} and {{ \"it's\" + task_2 }}");
  assert.equal(reword("{{ task }} and {{ task"), "{{ task_2 }} and {{ task");
});
