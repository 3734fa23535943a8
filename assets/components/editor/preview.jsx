// The value of a template or expression, live under its field.
import { useEffect, useState } from "react";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { placeText } from "./kinds.js";
import { lastKnown } from "./last-known.js";
import { sendSignedIn } from "../rest.js";

const WAIT_MS = 250;
const LONGEST = 280;
// What three lines hold at most.
const BRIEF = 130;

const written = (value) => (typeof value === "string" ? value : JSON.stringify(value)) ?? "nothing";

function brief(value) {
  const flat = written(value).replace(/\s+/g, " ");
  return flat.length > LONGEST ? `${flat.slice(0, LONGEST)}…` : flat || "empty text";
}

const isWorth = (text, kind) => (kind === "expression" ? text.trim() !== "" : text.includes("{{"));

// For those who may not have anything evaluated.
export function KnownPreview({ text, kind, names }) {
  if (!isWorth(text, kind)) return null;
  const found = lastKnown(text, kind, names);
  if (!found.length) return null;
  return (
    <div className="preview-line preview-known" data-testid="field-known">
      <span className="preview-word">Last known</span>
      <dl>
        {found.map(({ name, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            {value === undefined ? <dd className="faint">nothing has given it here yet</dd> : <dd className="preview-value">{brief(value)}</dd>}
          </div>
        ))}
      </dl>
    </div>
  );
}

// `stamp` changes when something upstream has run: then the value is asked for again. An answer to what
// has been asked anew since is not shown.
export function LivePreview({ workflowId, node, path, text, kind, stamp }) {
  const nodeId = node?.id ?? node;
  const [index, setIndex] = useState(0);
  const [found, setFound] = useState(null);
  const [isWhole, showWhole] = useState(false);
  const place = placeText(path ?? []);
  useEffect(() => {
    if (!isWorth(text, kind)) {
      setFound(null);
      return undefined;
    }
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      const body = { node_id: nodeId, text, kind, path: place, item_index: index };
      const reply = await sendSignedIn("POST", `/api/v1/workflows/${encodeURIComponent(workflowId)}/previews`, body, { signal: stop.signal });
      if (stop.signal.aborted) return;
      // A node that was added a moment ago: there is nothing to show.
      if (reply.ok) setFound(reply.body);
      else if (reply.status === 422) setFound({ error: reply.body.problems?.[0]?.what ?? reply.body.detail });
      else setFound(null);
    }, WAIT_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [workflowId, nodeId, text, kind, place, index, stamp]);

  if (!found) return null;
  const step = (by) => setIndex(Math.max(0, Math.min(found.items - 1, (found.item_index ?? 0) + by)));
  return (
    <div className="preview-line" data-testid="field-preview" data-error={Boolean(found.error) || undefined}>
      {found.error ? (
        <span>{found.error}</span>
      ) : (
        <>
          <span className="preview-word">{found.items > 0 ? `Item ${(found.item_index ?? 0) + 1} of ${found.items}` : "Preview"}</span>
          <span className="preview-value" data-type={found.type} data-whole={isWhole || undefined} tabIndex={isWhole ? 0 : undefined}>{isWhole ? written(found.value) : brief(found.value)}</span>
          {written(found.value).length > BRIEF && (
            <button type="button" className="text-link preview-more" aria-expanded={isWhole} onClick={() => showWhole(!isWhole)}>{isWhole ? "Less" : "All"}</button>
          )}
          {found.is_cut && <span className="preview-word">shortened</span>}
        </>
      )}
      {found.items > 1 && (
        <span className="preview-steps">
          <button type="button" className="field-tool" aria-label="Preview the item before" disabled={(found.item_index ?? 0) === 0} onClick={() => step(-1)}><ChevronLeft size={13} aria-hidden="true" /></button>
          <button type="button" className="field-tool" aria-label="Preview the next item" disabled={(found.item_index ?? 0) >= found.items - 1} onClick={() => step(1)}><ChevronRight size={13} aria-hidden="true" /></button>
        </span>
      )}
    </div>
  );
}
