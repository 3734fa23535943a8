// The page of a run leads here with `?from=<run>`: "Run again" to try with that run's inputs, and with
// `&pin=<node>&path=<step>&port=<port>` "Pin in the editor" to put in what a step of it gave.
import { pinFrom, setInputs } from "./draft.js";
import { moment } from "./faces.js";
import { read, say, select, textOf } from "./store.js";
import { sendSignedIn } from "../rest.js";

export async function takeFromRun() {
  const asked = new URLSearchParams(location.search);
  const from = asked.get("from");
  if (!from) return;
  const { id, mayEdit } = read();
  // Once: whoever loads the page anew keeps what they have given since.
  history.replaceState(history.state, "", location.pathname);
  if (!mayEdit) return say("What a run was given or gave is taken over here by editors only.");
  const reply = await sendSignedIn("GET", `/api/v1/runs/${encodeURIComponent(from)}`);
  if (read().id !== id) return;
  if (!reply.ok) return say(`That run could not be read. ${textOf(reply)}`, "error");
  if (reply.body.workflow_id !== id) return say("That run is of another workflow; nothing was taken from it.", "error");
  const when = `the run of ${moment(reply.body.created_at)}`;
  if (asked.has("pin")) await takeOutput(asked, when);
  else await takeInputs(reply.body.inputs, when);
}

async function takeInputs(inputs, when) {
  const { problems } = await setInputs(inputs);
  if (problems.length) say(`These are the inputs of ${when}, but they do not fit any more: ${problems.join(" ")}`, "error");
  else say(`Run now uses the inputs of ${when}.`);
}

async function takeOutput(asked, when) {
  const node = read().document.nodes.get(asked.get("pin"));
  if (!node) return say(`The workflow has no such node any more: it was removed after ${when}.`, "error");
  if (!(await pinFrom(node.id, { run: asked.get("from"), path: asked.get("path") ?? "", port: asked.get("port") }))) return;
  select([node.id]);
  window.dispatchEvent(new CustomEvent("editor-reveal", { detail: node.id }));
  say(`“${node.name}” is pinned to what it gave in ${when}, until you unpin it.`);
}
