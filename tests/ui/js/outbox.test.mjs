import assert from "node:assert/strict";
import { test } from "node:test";

class Storage {
  setItem(key, value) { this[key] = String(value); }
  getItem(key) { return Object.hasOwn(this, key) ? this[key] : null; }
  removeItem(key) { delete this[key]; }
}
globalThis.localStorage = new Storage();
globalThis.sessionStorage = new Storage();
globalThis.window = { addEventListener() {}, removeEventListener() {} };
const { Outbox } = await import("../../../assets/components/editor/outbox.js");

// An outbox whose sends wait until they are answered.
function outbox(place) {
  const sent = [];
  const dropped = [];
  const send = (batch) => new Promise((answer) => { sent.push({ ...batch, answer }); });
  const made = new Outbox(place, { send, onChange: () => {}, onDrop: () => dropped.push(1), base: () => ({}) });
  clearInterval(made.beat);
  const texts = () => sent.map(({ operations }) => operations.map(({ text }) => text).join(""));
  const answer = async (outcome) => {
    sent.at(-1).answer(outcome);
    await new Promise(setImmediate);
  };
  return { made, sent, dropped, texts, answer, add: (text, revision = 1) => made.add([{ op: "any", text }], revision, "") };
}

test("what waits behind an answer goes together, as seen by whoever saw least", async () => {
  const { add, answer, sent, texts } = outbox("together");
  add("a");
  for (const [text, revision] of [["b", 3], ["c", 2], ["d", 4]]) add(text, revision);
  await answer("done");
  assert.deepEqual(texts(), ["a", "bcd"]);
  assert.equal(sent[1].base_revision, 2);
});

test("of several that are refused together, only the one that is wrong is dropped", async () => {
  const { add, answer, dropped, sent, texts } = outbox("apart");
  add("a");
  for (const text of "bcd") add(text);
  await answer("done");
  for (const outcome of ["refused", "done", "refused", "done"]) await answer(outcome);
  assert.deepEqual(texts(), ["a", "bcd", "b", "c", "d"]);
  assert.equal(dropped.length, 1);
  assert.equal(new Set(sent.map(({ batch }) => batch)).size, 5);
});

test("no more renames go together than the server takes", async () => {
  const { add, answer, made, sent } = outbox("renamed");
  add("a");
  for (let count = 0; count < 45; count++) made.add([{ op: "rename_node", id: `${count}` }], 1, "");
  for (let count = 0; count < 4; count++) await answer("done");
  assert.deepEqual(sent.map(({ operations }) => operations.length), [1, 20, 20, 5]);
});

test("what may have arrived before a reload is sent by itself, as it was numbered", async () => {
  const first = outbox("reloaded");
  for (const text of "ab") first.add(text);
  first.made.close();
  const second = outbox("reloaded");
  second.add("c");
  second.made.wake();
  await second.answer("done");
  await second.answer("done");
  assert.deepEqual(second.texts(), ["a", "b", "c"]);
  assert.deepEqual(second.sent.slice(0, 2).map(({ client, batch }) => [client, batch]), [[first.made.client, 1], [first.made.client, 2]]);
});

// What is typed in one place: each change takes the place of the one before, unless that was sent.
const type = ({ made }, ...texts) => {
  for (const text of texts) made.add([{ op: "any", text }], 1, "a place");
};

test("the first of what is typed goes at once, and what follows together, a moment later", async ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  const box = outbox("typed");
  type(box, "a", "ab", "abc");
  assert.deepEqual(box.texts(), ["a"]);
  mock.timers.tick(20);
  await box.answer("done");
  assert.deepEqual(box.texts(), ["a"]);
  mock.timers.tick(60);
  assert.deepEqual(box.texts(), ["a", "abc"]);
});

test("a server that takes its time is sent less often", async ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  const box = outbox("slow");
  type(box, "a", "ab");
  mock.timers.tick(100);
  await box.answer("done");
  mock.timers.tick(99);
  assert.deepEqual(box.texts(), ["a"]);
  mock.timers.tick(1);
  assert.deepEqual(box.texts(), ["a", "ab"]);
});

test("what is done in one go takes along what was typed before it", async ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  const box = outbox("both");
  type(box, "a", "ab");
  await box.answer("done");
  box.add("!");
  assert.deepEqual(box.texts(), ["a", "ab!"]);
});

test("what was typed and not sent goes when the editor is closed", async ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  const box = outbox("closed");
  type(box, "a", "ab");
  await box.answer("done");
  box.made.close();
  assert.deepEqual(box.texts(), ["a", "ab"]);
});
