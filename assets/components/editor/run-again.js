// "Run again" on the page of a run leads here with `?from=<run>`: the editor tries with that run's inputs.
import { setInputs } from "./draft.js";
import { moment } from "./faces.js";
import { read, say, textOf } from "./store.js";
import { sendSignedIn } from "../rest.js";

export async function takeInputs() {
  const from = new URLSearchParams(location.search).get("from");
  if (!from) return;
  const { id, mayEdit } = read();
  // Once: whoever loads the page anew keeps what they have given since.
  history.replaceState(history.state, "", location.pathname);
  if (!mayEdit) return say("Run again takes the inputs of that run, which only editors may set here.");
  const reply = await sendSignedIn("GET", `/api/v1/runs/${encodeURIComponent(from)}`);
  if (read().id !== id) return;
  if (!reply.ok) return say(`The inputs of that run could not be read. ${textOf(reply)}`, "error");
  if (reply.body.workflow_id !== id) return say("That run is of another workflow; its inputs were left alone.", "error");
  const { problems } = await setInputs(reply.body.inputs);
  const when = `the run of ${moment(reply.body.created_at)}`;
  if (problems.length) say(`These are the inputs of ${when}, but they do not fit any more: ${problems.join(" ")}`, "error");
  else say(`Run now uses the inputs of ${when}.`);
}
