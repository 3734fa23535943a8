// What stands on the canvas: the tools of all of it, and those of several nodes that are selected.
import { useViewport } from "@xyflow/react";
import * as actions from "./actions.js";
import { mayArrange } from "./arranging.js";
import { duplicate } from "./pasting.js";
import { read, redo, undo, useEditor } from "./store.js";
import { shortcut } from "../keys.jsx";
import { Icon } from "./icons.jsx";

export function Tools({ rf, mayEdit, isLocked, onLock, addNote }) {
  const { zoom } = useViewport();
  const canUndo = useEditor((state) => state.canUndo);
  const canRedo = useEditor((state) => state.canRedo);
  const isEditor = useEditor((state) => state.mayEdit);
  const tool = (icon, label, onClick, more = {}) => (
    <button type="button" className="tool" aria-label={shortcut(label)} title={shortcut(label)} onClick={onClick} {...more}><Icon name={icon} /></button>
  );
  return (
    <div className="tools" role="toolbar" aria-label="Canvas">
      {tool("minus", "Zoom out", () => rf.zoomOut())}
      {tool("plus", "Zoom in", () => rf.zoomIn())}
      {tool("maximize", "Fit everything (Ctrl 0)", () => rf.fitView({ maxZoom: 1, padding: 0.15, duration: 120 }))}
      {isEditor && tool("undo", "Undo (Ctrl Z)", undo, { disabled: !canUndo || isLocked, "data-testid": "undo" })}
      {isEditor && tool("redo", "Redo (Ctrl Shift Z)", redo, { disabled: !canRedo || isLocked, "data-testid": "redo" })}
      {mayEdit && tool("wand", "Tidy up (Shift L)", () => { actions.tidyUp(); setTimeout(() => rf.fitView({ maxZoom: 1, padding: 0.15 }), 60); })}
      {mayEdit && tool("sticky", "Add a sticky note (Shift N)", addNote)}
      {isEditor && tool(isLocked ? "lock" : "unlock", isLocked ? "Unlock the canvas" : "Lock the canvas", onLock, { "aria-pressed": isLocked })}
      <span className="zoom">{Math.round(zoom * 100)} %</span>
    </div>
  );
}

export function Aligning() {
  const count = useEditor((state) => state.selection.size);
  const mayEdit = useEditor(mayArrange);
  if (count < 2 || !mayEdit) return null;
  const sides = [["left", "align-left", "Align left"], ["column", "align-column", "Align middles"], ["right", "align-right", "Align right"], ["top", "align-top", "Align top"], ["row", "align-row", "Align centres"], ["bottom", "align-bottom", "Align bottom"]];
  return (
    <div className="tools aligning" role="toolbar" aria-label="Selection">
      <span className="zoom">{count} selected</span>
      {sides.map(([side, icon, label]) => (
        <button key={side} type="button" className="tool" aria-label={label} title={label} onClick={() => actions.align(side)}><Icon name={icon} /></button>
      ))}
      <button type="button" className="tool" aria-label="Duplicate (Ctrl D)" title="Duplicate (Ctrl D)" onClick={() => duplicate([...read().selection])}><Icon name="copy" /></button>
      <button type="button" className="tool" aria-label="Disable or enable (Shift D)" title="Disable or enable (Shift D)" onClick={() => actions.toggleDisabled([...read().selection])}><Icon name="power" /></button>
      <button type="button" className="tool" aria-label="Remove (Delete)" title="Remove (Delete)" onClick={() => actions.remove([...read().selection])}><Icon name="trash" /></button>
    </div>
  );
}
