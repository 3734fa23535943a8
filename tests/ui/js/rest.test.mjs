import assert from "node:assert/strict";
import test from "node:test";
import { send } from "../../../assets/components/rest.js";

globalThis.window = { flowstudio: {} };
const answers = (reply) => { globalThis.fetch = async () => reply; };
const JSON_TYPE = { headers: { "content-type": "application/json" } };

test("a reply with nothing to say is a reply", async () => {
  answers(new Response(null, { status: 204, ...JSON_TYPE }));
  const { ok, status, body } = await send("POST", "/api/v1/auth/logout", {});
  assert.deepEqual({ ok, status, body }, { ok: true, status: 204, body: {} });
});

test("a reply whose end is missing is none", async () => {
  answers(new Response('{"revision": 7, "prob', { status: 200, ...JSON_TYPE }));
  const { ok, status } = await send("POST", "/api/v1/workflows/x/changes", {});
  assert.deepEqual({ ok, status }, { ok: false, status: 0 });
});

test("a refusal is told in the server's words", async () => {
  answers(new Response('{"detail": "No."}', { status: 403, ...JSON_TYPE }));
  const { ok, body } = await send("POST", "/api/v1/me", {});
  assert.deepEqual({ ok, body }, { ok: false, body: { detail: "No." } });
});
