// Keys that change the document, whether it is shown as a canvas or as a notebook.
import { useEffect } from "react";
import * as actions from "./actions.js";
import { mayArrange } from "./arranging.js";
import { run } from "./draft.js";
import { copyText, duplicate, paste } from "./pasting.js";
import { read, redo, select, undo } from "./store.js";

export const typing = (target) => target.closest?.("input, textarea, select, [contenteditable=true], .cm-editor");
const isDialogOpen = () => document.querySelector("dialog[open]");
const mayChange = () => mayArrange(read());
// React Flow removes what is selected on the canvas itself.
const hasCanvas = () => document.querySelector(".react-flow");

function onKey(event) {
  if (event.defaultPrevented || typing(event.target) || isDialogOpen()) return;
  const { document: now, selection } = read();
  const control = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  const ids = [...selection];
  const isPressed = event.target.closest?.("button, a, summary");
  const does = (work) => { event.preventDefault(); work(); };
  if (control && key === "a") does(() => select([...now.nodes.keys(), ...now.notes.keys()]));
  // What is open closes first.
  else if (key === "escape" && ids.length && !window.document.querySelector("[popover]:popover-open")) does(() => select([]));
  if (!mayChange()) return;
  if (control && key === "z") does(event.shiftKey ? redo : undo);
  else if (control && key === "y") does(redo);
  else if (control && key === "d" && ids.length) does(() => duplicate(ids));
  else if (!control && key === "d" && event.shiftKey && ids.length) does(() => actions.toggleDisabled(ids));
  else if (!control && key === "l" && event.shiftKey) does(actions.tidyUp);
  else if (["delete", "backspace"].includes(key) && ids.length && !hasCanvas() && !isPressed) does(() => actions.remove(ids));
  else if (ids.length === 1 && (key === "f2" || (key === "enter" && now.notes.has(ids[0]) && !isPressed))) {
    does(() => window.dispatchEvent(new CustomEvent("editor-rename", { detail: ids[0] })));
  }
}

// Before React Flow hears of it, to which Shift and Enter say to select one node less.
function onRunKey(event) {
  if (event.key !== "Enter" || !event.shiftKey || event.ctrlKey || event.metaKey || typing(event.target) || isDialogOpen()) return;
  const { document: now, selection } = read();
  const ids = [...selection].filter((id) => now.nodes.has(id));
  if (!ids.length || !event.target.closest?.(".canvas")) return;
  event.preventDefault();
  event.stopPropagation();
  run("cells", ids);
}

function onCopy(event) {
  if (typing(event.target) || String(window.getSelection())) return;
  const { selection } = read();
  const text = copyText([...selection]);
  if (!text) return;
  event.clipboardData.setData("text/plain", text);
  event.preventDefault();
  if (event.type === "cut" && mayChange()) actions.remove([...selection]);
}

function onPaste(event) {
  if (typing(event.target) || !mayChange()) return;
  if (paste(event.clipboardData.getData("text/plain"), actions.view.pointed() ?? undefined)) event.preventDefault();
}

export function useDocumentKeys() {
  useEffect(() => {
    const listeners = { keydown: onKey, copy: onCopy, cut: onCopy, paste: onPaste };
    for (const [kind, listener] of Object.entries(listeners)) document.addEventListener(kind, listener);
    document.addEventListener("keydown", onRunKey, true);
    return () => {
      for (const [kind, listener] of Object.entries(listeners)) document.removeEventListener(kind, listener);
      document.removeEventListener("keydown", onRunKey, true);
    };
  }, []);
}
