import assert from "node:assert/strict";
import { test } from "node:test";
import { commandsOf } from "../../../assets/components/editor/editor-commands.js";
import { lineOf } from "../../../assets/components/editor/log-lines.js";
import { foundCommands } from "../../../assets/components/found-commands.js";

const labels = (now) => commandsOf({ view: "canvas", ...now }, { show: () => {} }).map(({ label }) => label);

test("who may only look is offered nothing that changes or runs", () => {
  assert.deepEqual(labels({}), ["Versions", "Comments", "Fit everything", "Show the notebook", "Show canvas and notebook"]);
});

test("an editor is offered what can be done now", () => {
  const all = { mayEdit: true, mayArrange: true, mayRun: true, canUndo: true, runId: "r" };
  assert.ok(["Run everything", "Run what is stale", "Publish", "Tidy up", "Open the run", "Undo"].every((label) => labels(all).includes(label)));
  assert.ok(!labels(all).includes("Redo"));
  const busy = labels({ ...all, isBusy: true });
  assert.ok(busy.includes("Cancel the run") && !busy.includes("Run everything"));
  assert.ok(!labels({ ...all, view: "notebook" }).some((label) => ["Fit everything", "Add a sticky note", "Show the notebook"].includes(label)));
});

test("a locked canvas is not changed by name either", () => {
  const locked = labels({ mayEdit: true, mayArrange: false, mayRun: true });
  assert.ok(!locked.includes("Tidy up") && !locked.includes("Add a sticky note") && locked.includes("Publish"));
});

test("workflows and runs that are found lead to their pages", () => {
  const run = { id: "r", workflow: "Mail", status: "failed", trigger: "api", created_at: "2026-01-02T10:00:00Z" };
  const found = foundCommands([{ id: "w", name: "Mail" }], [run, { ...run, id: "d", trigger: "draft" }]);
  assert.deepEqual(found.map(({ group, href }) => [group, href]), [["Workflow", "/workflows/w"], ["Run, failed", "/runs/r"], ["Run in the editor, failed", "/runs/d"]]);
});

test("each event of a run is a line of the log, but for text that is being written", () => {
  const line = (type, data = {}, path = "ask") => lineOf({ type, data, path, at: "2026-01-02T10:00:00Z" });
  assert.equal(line("step_succeeded", { cached: true, saved_usd: "0.02" }).text, "was taken from the cache and saved $0.02");
  assert.match(line("run_started", {}, "").at, /^\d\d:\d\d:\d\d\.\d{3}$/);
  assert.equal(line("step_succeeded", {}, "each/3").text, "turn done");
  assert.equal(line("step_failed", { error: { message: "No." }, retry_in_s: 2 }).text, "failed: No. Tries again in 2.0 s.");
  assert.equal(line("step_streamed", { text: "a" }), null);
  assert.equal(line("step_streamed", { log: "here" }).text, "here");
  assert.equal(line("run_failed", { error: { message: "ask failed." } }, "").tone, "bad");
});
