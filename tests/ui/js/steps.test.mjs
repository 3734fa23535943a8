import assert from "node:assert/strict";
import { test } from "node:test";
import { faceOf, money, paid, standing } from "../../../assets/components/editor/faces.js";
import { queued, stepsOf, withStep } from "../../../assets/components/editor/steps.js";

const DRAFT = { marks: { a: { state: "stale", reason: "config" } }, results: { a: { status: "succeeded", run_id: "old" } }, costs: {} };

test("what is going to run is queued until it tells of itself", () => {
  const steps = queued(["a", "b"]);
  assert.equal(standing({ draft: DRAFT, steps }, "a").state, "queued");
  steps.a = withStep(steps.a, { status: "running", path: "a", since: "2026-01-01T00:00:00Z" });
  assert.equal(standing({ draft: DRAFT, steps }, "a").state, "running");
  assert.equal(standing({ draft: DRAFT, steps }, "b").label, "Queued");
});

test("a node in a loop tells how often it ran", () => {
  const turns = ["l/0/a", "l/1/a", "l/1/a"].map((path) => ({ path, status: "running" }));
  assert.equal(turns.reduce(withStep, undefined).done, "2 times");
});

test("a page that is opened in the middle of a run knows what is at work and what waits for it", () => {
  const run = { run_id: "r", nodes: ["a", "b", "c"], steps: [{ node: "b", name: "b", path: "b", status: "running" }] };
  const steps = stepsOf(run, { a: { run_id: "r" }, c: { run_id: "old" } });
  assert.deepEqual(Object.entries(steps).map(([id, { status }]) => [id, status]), [["b", "running"], ["c", "queued"]]);
  assert.deepEqual(stepsOf({ run_id: "r", nodes: ["a"] }, {}), {});
});

test("a decision says which way it went, and nothing before it has", () => {
  const node = { id: "a", name: "route", type: "decision", config: {} };
  const state = { types: {}, faces: { a: { inputs: ["in"], outputs: ["urgent", "else"], summary: "" } }, steps: {} };
  const draft = (result) => ({ marks: { a: { state: "fresh" } }, results: result ? { a: result } : {}, costs: {} });
  assert.equal(faceOf({ ...state, draft: draft({ port: "urgent" }) }, node).brief, "→ urgent");
  assert.equal(faceOf({ ...state, draft: draft({ port: "urgent", pinned: { port: "else" } }) }, node).brief, "→ else");
  assert.equal(faceOf({ ...state, draft: draft(null) }, node).brief, "");
});

test("a container says what the cache saved inside of it, as long as nothing was paid", () => {
  const aside = (result) => standing({ draft: { marks: { a: { state: "fresh" } }, results: { a: result }, costs: {} }, steps: {} }, "a").aside;
  assert.equal(aside({ status: "succeeded", cost_usd: "0", saved_usd: "0.02", duration_s: 2 }), "saved $0.02 · 2.0 s");
  assert.equal(aside({ status: "succeeded", cost_usd: "0.01", saved_usd: "0.02", duration_s: 2 }), "$0.01 · 2.0 s");
  assert.equal(aside({ status: "cached", cost_usd: "0", saved_usd: "0.02", duration_s: 2 }), "saved $0.02");
});

test("once a run has ended, what it cost and what the cache saved is said", () => {
  const run = { status: "succeeded", cost_usd: "0.012", saved_usd: "0.0031" };
  assert.equal(paid(run), "paid $0.012 · saved $0.0031");
  assert.equal(paid({ ...run, cost_usd: "0" }), "paid $0 · saved $0.0031");
  assert.equal(paid({ ...run, saved_usd: "0" }), "paid $0.012");
  for (const none of [null, { ...run, status: "running" }, { ...run, cost_usd: "0", saved_usd: "0" }]) assert.equal(paid(none), "");
});

test("money is told as far as it matters, and in whole cents at least", () => {
  const told = ["0", "0.00031", "0.01", "0.0123", "0.02", "0.5", "0.51236", "1.239", "250.4"].map(money);
  assert.deepEqual(told, ["", "$0.00031", "$0.01", "$0.0123", "$0.02", "$0.50", "$0.5124", "$1.24", "$250"]);
});
