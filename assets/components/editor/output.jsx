// The last output of a node: streamed while it comes, then whole, to look at, pin or replace.
import { useEffect, useState } from "react";
import { say, useEditor } from "./store.js";
import * as draft from "./draft.js";
import { money, seconds, tokensOf } from "./faces.js";
import { Icon } from "./icons.jsx";
import { ValueView } from "./values.jsx";

const SMALL = 2_000;

export function Stream({ name }) {
  const text = useEditor((state) => state.texts?.[name]?.text);
  return text ? <div className="stream" aria-live="off">{text}</div> : null;
}

// The value as far as it is at hand, whether the rest is on its way, and how to ask for it again if it did not come.
function useValue(id) {
  const result = useEditor((state) => state.draft?.results[id]);
  const shown = result?.pinned ?? result;
  const isWhole = !result || (shown.size ?? result.size ?? 0) <= SMALL;
  const [whole, setWhole] = useState({ key: "", value: undefined });
  const [tries, setTries] = useState(0);
  const key = `${id} ${result?.run_id} ${result?.at} ${Boolean(result?.pinned)} ${tries}`;
  useEffect(() => {
    if (!result || isWhole || whole.key === key) return undefined;
    let isWanted = true;
    draft.output(id, result.pinned ? "pinned" : "output").then((value) => isWanted && setWhole({ key, value }));
    return () => { isWanted = false; };
  }, [key, isWhole]);
  if (isWhole) return { result, value: shown?.preview };
  if (whole.key !== key) return { result, value: shown?.preview, isLoading: true };
  return whole.value === undefined ? { result, value: shown?.preview, again: () => setTries(tries + 1) } : { result, value: whole.value };
}

export function Output({ id, isCell = false }) {
  const node = useEditor((state) => state.document.nodes.get(id));
  const live = useEditor((state) => state.steps[id]);
  const mayEdit = useEditor((state) => state.mayEdit);
  const mayRun = useEditor((state) => state.mayRun);
  const face = useEditor((state) => state.faces[id]);
  const { result, value, isLoading, again } = useValue(id);
  const [editing, setEditing] = useState(null);
  const withWhole = async (which, work) => {
    const whole = await draft.output(id, which);
    if (whole === undefined) say("What it gave could not be read. Try again.", "error");
    else work(whole);
  };
  if (!node) return null;
  const mayDiffer = face?.purity === "paid" || money(result?.cost_usd) || money(result?.saved_usd);
  if (live?.status === "running" && node.type !== "loop") return <Stream name={node.name} />;
  if (!result) return isCell ? null : <p className="faint">Not run yet. {mayRun && <button type="button" className="text-link" onClick={() => draft.run("cells", [id])}>Run this cell</button>}</p>;
  if (result.status === "failed" && !result.pinned) return <p className="step-error" role="alert">{result.error}</p>;
  if (result.status === "skipped" && !result.pinned) return <p className="faint">Skipped: no way led here.</p>;
  return (
    <div className="output" data-loading={isLoading || undefined}>
      {editing === null ? <ValueView value={value} name={node.name} /> : <EditOutput id={id} value={editing} port={(result.pinned ?? result).port} onClose={() => setEditing(null)} />}
      {again && <p className="step-error" role="alert">Only its beginning could be read. <button type="button" className="text-link" onClick={again}>Try again</button></p>}
      {!isCell && <OutputFacts result={result} />}
      {editing === null && (
        <div className="output-tools">
          {result.pinned
            ? <button type="button" className="tool-text" onClick={() => draft.unpin(id)}><Icon name="unpin" size={13} /> {result.pinned.kind === "edited" ? "Back to what came out" : "Unpin"}</button>
            : mayEdit && <button type="button" className="tool-text" onClick={() => withWhole("output", (whole) => draft.pin(id, whole, { port: result.port }))}><Icon name="pin" size={13} /> Pin</button>}
          {mayEdit && <button type="button" className="tool-text" onClick={() => withWhole(result.pinned ? "pinned" : "output", (whole) => setEditing(JSON.stringify(whole, null, 2)))}><Icon name="edit" size={13} /> Edit</button>}
          {mayRun && mayDiffer && <button type="button" className="tool-text" onClick={() => draft.run("cells", [id], { fresh: [id] })} title="Ask the model anew, past the cache"><Icon name="fresh" size={13} /> Fresh sample</button>}
          {mayRun && <button type="button" className="tool-text" onClick={() => draft.run("from", [id])}><Icon name="play" size={13} /> Run from here</button>}
        </div>
      )}
    </div>
  );
}

function OutputFacts({ result }) {
  const parts = [
    result.port && result.port !== "out" ? `left by “${result.port}”` : "", seconds(result.duration_s), money(result.cost_usd),
    money(result.saved_usd) && `saved ${money(result.saved_usd)}`, tokensOf(result) ? `${tokensOf(result)} tokens` : "", result.model,
  ].filter(Boolean);
  return parts.length ? <p className="meta">{parts.join(" · ")}</p> : null;
}

function EditOutput({ id, value, port, onClose }) {
  const ports = useEditor((state) => state.faces[id]?.outputs) ?? [];
  const [typed, setTyped] = useState(value);
  const [problem, setProblem] = useState("");
  const keep = async () => {
    let parsed;
    try {
      parsed = JSON.parse(typed);
    } catch (error) {
      setProblem(`This is not JSON: ${error.message}. Texts stand in quotes.`);
      return;
    }
    // What a decision gives says which way it went.
    const way = ports.length > 1 && ports.includes(parsed?.port) ? parsed.port : port;
    if (await draft.pin(id, parsed, { kind: "edited", port: way })) onClose();
  };
  return (
    <div className="field">
      <label htmlFor={`edit-${id}`}>Another output, as JSON; it feeds what is below, and published runs take no notice of it</label>
      <textarea id={`edit-${id}`} className="input mono" rows={8} value={typed} onChange={(event) => setTyped(event.target.value)} aria-invalid={Boolean(problem)} autoFocus />
      {problem && <p className="field-error" role="alert">{problem}</p>}
      <div className="button-row">
        <button type="button" className="button primary" onClick={keep}>Use this</button>
        <button type="button" className="button" onClick={onClose}>Cancel</button>
      </div>
    </div>
  );
}
