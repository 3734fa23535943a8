// The parts of a node's body that live: its name, its text as it streams, who holds it.
import { useEffect, useRef, useState } from "react";
import { NodeResizer } from "@xyflow/react";
import { rename, setNote } from "./actions.js";
import { mayArrange } from "./arranging.js";
import { run } from "./draft.js";
import { select, useEditor } from "./store.js";
import { Icon } from "./icons.jsx";
import { openThreads } from "./threads.js";
import { Holders } from "./people.jsx";
import { Prose } from "../value.jsx";

export function NodeName({ nodeId, name }) {
  const [typed, setTyped] = useState(null);
  const mayEdit = useEditor(mayArrange);
  useEffect(() => {
    const onRename = (event) => event.detail === nodeId && setTyped(name);
    window.addEventListener("editor-rename", onRename);
    return () => window.removeEventListener("editor-rename", onRename);
  }, [nodeId, name]);
  if (typed === null) {
    return <span className="flow-name" onDoubleClick={() => mayEdit && setTyped(name)} title={mayEdit ? "Double click or F2 to rename" : undefined}>{name}</span>;
  }
  const keep = () => {
    rename(nodeId, typed);
    setTyped(null);
  };
  return (
    <input className="flow-name nodrag" autoFocus aria-label="Name of the node" value={typed} maxLength={100} spellCheck={false}
      onFocus={(event) => event.target.select()} onChange={(event) => setTyped(event.target.value)} onBlur={keep}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter" && !event.nativeEvent.isComposing) keep();
        if (event.key === "Escape") setTyped(null);
      }} />
  );
}

// By pointer; with the keyboard, Shift and Enter do the same. The first picture does without it.
export function NodeRun({ nodeId, name }) {
  const mayRun = useEditor((state) => state.mayRun && state.isDrawn);
  if (!mayRun) return null;
  return (
    <button type="button" className="flow-run nodrag" tabIndex={-1} aria-label={`Run ${name}`} title="Run this, with what it needs that is stale" data-testid={`node-${name}-run`}
      onClick={(event) => { event.stopPropagation(); run("cells", [nodeId]); }}>
      <Icon name="play" size={11} />
    </button>
  );
}

// The end of what is being written; the whole stands in the inspector.
export function NodeStream({ name }) {
  const text = useEditor((state) => state.texts?.[name]?.text);
  return text ? <p className="flow-brief flow-stream">{text.slice(-220)}</p> : null;
}

// Open threads about a node or a note; leads to them.
export function NodeComments({ nodeId }) {
  const count = useEditor((state) => openThreads(state.comments).get(nodeId) ?? 0);
  if (!count) return null;
  const label = `${count} open ${count === 1 ? "comment" : "comments"}`;
  return (
    <button type="button" className="flow-mark flow-comments nodrag" aria-label={label} title={label} data-testid={`comments-${nodeId}`}
      onClick={(event) => { event.stopPropagation(); select([nodeId]); window.dispatchEvent(new CustomEvent("editor-panel", { detail: "comments" })); }}>
      <Icon name="comment" size={12} />{count}
    </button>
  );
}

export const NodeHolders = ({ nodeId }) => <Holders id={nodeId} />;

export function NoteBody({ nodeId, text: drawn, colour, selected }) {
  // React Flow has it a moment later: too late for the caret of whoever writes.
  const text = useEditor((state) => state.document.notes.get(nodeId)?.text ?? drawn);
  const mayEdit = useEditor(mayArrange);
  const [isOpen, setOpen] = useState(false);
  const box = useRef(null);
  useEffect(() => {
    if (selected && text === "" && mayEdit) setOpen(true);
    if (!selected) setOpen(false);
  }, [selected]);
  useEffect(() => {
    if (!isOpen || !box.current) return;
    box.current.focus();
    box.current.setSelectionRange(text.length, text.length);
  }, [isOpen]);
  useEffect(() => {
    const onRename = (event) => event.detail === nodeId && mayEdit && setOpen(true);
    window.addEventListener("editor-rename", onRename);
    return () => window.removeEventListener("editor-rename", onRename);
  }, [nodeId, mayEdit]);
  return (
    <>
      <NodeComments nodeId={nodeId} />
      <div className="sticky" data-colour={colour} data-selected={selected} onDoubleClick={() => mayEdit && setOpen(true)}>
        {selected && mayEdit && (
          <NodeResizer minWidth={80} minHeight={40} onResizeEnd={(_, { width, height }) => setNote(nodeId, { width: Math.round(width), height: Math.round(height) })} />
        )}
        {isOpen
          ? <textarea ref={box} className="nodrag nowheel" aria-label="Text of the note" value={text} maxLength={20000} onChange={(event) => setNote(nodeId, { text: event.target.value })} onKeyDown={(event) => { event.stopPropagation(); if (event.key === "Escape") { setOpen(false); box.current.closest(".react-flow__node")?.focus(); } }} />
          : text ? <Prose text={text} /> : <p className="faint">An empty note. Double click or Enter to write.</p>}
        {selected && mayEdit && (
          <span className="sticky-colours nodrag" role="group" aria-label="Colour">
            {["amber", "green", "blue", "violet", "red", "plain"].map((name) => (
              <button key={name} type="button" data-colour={name} aria-label={name} aria-pressed={colour === name} onClick={() => setNote(nodeId, { colour: name })} />
            ))}
          </span>
        )}
      </div>
    </>
  );
}
