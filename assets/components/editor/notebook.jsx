// The notebook: the same workflow as cells in the order they run, setting above, output below.
import { memo, useEffect, useMemo, useRef, useState } from "react";
import * as actions from "./actions.js";
import { arrange } from "./arranging.js";
import { ancestors, around, newId, order, valueOf } from "./document.js";
import * as draft from "./draft.js";
import { costWords, money, titleOf } from "./faces.js";
import { KeyField } from "./fields.jsx";
import { Icon } from "./icons.jsx";
import { keepHere } from "./keeping.js";
import { Pill, TypeMark } from "../marks.jsx";
import { Output, Stream } from "./output.jsx";
import { QuickAdd } from "./quick-add.jsx";
import { useScope } from "./scope.js";
import { useStanding } from "./standing.js";
import { change, read, redo, say, select, undo, useEditor } from "./store.js";
import { TryWith } from "./inspector.jsx";
import { editField, Holders, placeOf, Writers } from "./people.jsx";
import { shortcut } from "../keys.jsx";

const STEPS = { ArrowUp: -1, ArrowDown: 1 };
let dragged = null;

export default function Notebook({ isAlone }) {
  const document = useEditor((state) => state.document);
  const mayEdit = useEditor((state) => state.mayEdit);
  const ids = useMemo(() => order(document), [document]);
  const [adding, setAdding] = useState(null);
  const [over, setOver] = useState("");
  const drop = (id) => {
    setOver("");
    if (dragged) moveBefore(dragged, id);
  };
  useInStep();
  return (
    <div className="notebook" data-testid="notebook">
      <Outline ids={ids} />
      <div className="cells-scroll">
        <div className="cells">
          <div className="cells-top">
            <StaleBar />
            {isAlone && mayEdit && <Undoing />}
          </div>
          {ids.map((id, index) => (
            <div
              key={id} className="cell-slot" data-over={over === id || undefined} style={{ "--depth": around(document, id).length - 1 }}
              onDragOver={(event) => { if (dragged) { event.preventDefault(); setOver(dragged === id ? "" : id); } }} onDragLeave={() => setOver("")} onDrop={() => drop(id)}
            >
              <Cell id={id} />
              {mayEdit && (
                <div className="cell-between">
                  <button type="button" className="between-button" onClick={() => setAdding(adding === id ? null : id)} aria-label={`Add a cell after ${document.nodes.get(id).name}`}><Icon name="plus" size={13} /></button>
                  {adding === id && <QuickAdd className="in-flow" from={{ id }} onClose={() => setAdding(null)} onPick={({ type, mode }) => focusCell(addAfter(id, ids[index + 1], type, mode))} />}
                </div>
              )}
            </div>
          ))}
          {!ids.length && (
            <div className="empty">
              <p className="empty-title">What starts this workflow?</p>
              {mayEdit && <button type="button" className="button primary" onClick={() => actions.addNode("start", "", { at: { x: 0, y: 0 } })}><Icon name="play" size={14} /> Add a start</button>}
            </div>
          )}
        </div>
      </div>
    </div>
  );
}

// What is selected elsewhere (the canvas, a problem, a comment, somebody who is followed) comes into view.
function useInStep() {
  const selection = useEditor((state) => state.selection);
  useEffect(() => {
    const [id] = selection;
    const cell = selection.size === 1 && document.getElementById(`cell-${id}`);
    if (cell && !cell.contains(document.activeElement)) cell.scrollIntoView({ block: "nearest" });
  }, [selection]);
  useEffect(() => {
    const onReveal = ({ detail: id }) => document.getElementById(`cell-${id}`)?.scrollIntoView({ block: "nearest" });
    for (const kind of ["editor-reveal", "editor-show"]) window.addEventListener(kind, onReveal);
    return () => { for (const kind of ["editor-reveal", "editor-show"]) window.removeEventListener(kind, onReveal); };
  }, []);
}

// Beside the canvas, that has them.
function Undoing() {
  const canUndo = useEditor((state) => state.canUndo);
  const canRedo = useEditor((state) => state.canRedo);
  return (
    <div className="cells-tools" role="toolbar" aria-label="Notebook">
      <button type="button" className="tool" aria-label={shortcut("Undo (Ctrl Z)")} title={shortcut("Undo (Ctrl Z)")} onClick={undo} disabled={!canUndo} data-testid="undo"><Icon name="undo" /></button>
      <button type="button" className="tool" aria-label={shortcut("Redo (Ctrl Shift Z)")} title={shortcut("Redo (Ctrl Shift Z)")} onClick={redo} disabled={!canRedo} data-testid="redo"><Icon name="redo" /></button>
    </div>
  );
}

// A new cell is there to be written in: Enter goes into it.
function focusCell(id) {
  if (id) setTimeout(() => document.getElementById(`cell-${id}`)?.focus());
}

// Between two cells that are wired, the new one goes into the wire.
function addAfter(id, next, type, mode) {
  const { document } = read();
  const node = document.nodes.get(id);
  if (node.type === "end") return actions.addNode(type, mode, { at: { x: node.position.x, y: node.position.y + 140 } });
  const wire = [...document.edges.values()].find((edge) => edge.source === id && edge.target === next);
  const added = actions.addNode(type, mode, { from: { id, port: wire?.source_port } });
  if (!added || !wire || type === "end") return added;
  const onward = { id: newId(), source: added, source_port: read().faces[added]?.outputs[0] ?? "out", target: next, target_port: wire.target_port };
  change([{ op: "remove_edge", id: wire.id }, { op: "add_edge", edge: onward }], { label: "insert" });
  return added;
}

function StaleBar() {
  const now = useEditor(draft.stale);
  const saved = useEditor((state) => state.draft?.saved_today_usd);
  const mayRun = useEditor((state) => state.mayRun);
  const limit = useEditor((state) => state.document.settings.auto_limit_usd);
  if (!now.nodes && !money(saved)) return <p className="stale-bar faint">Free cells run by themselves. Paid cells {Number(limit) > 0 ? <>ask above {money(limit)}.</> : "always ask."}</p>;
  return (
    <div className="stale-bar">
      {now.nodes > 0 && (
        <>
          <span className="pill" data-state="stale"><Icon name="alert" size={13} />{now.nodes} stale {now.nodes === 1 ? "cell" : "cells"}{now.calls ? ` · ${now.calls} ${now.calls === 1 ? "call" : "calls"} · ${costWords(now)}` : ""}</span>
          {mayRun && <button type="button" className="button primary" onClick={() => draft.run("stale")} data-testid="run-stale"><Icon name="play" size={13} /> Run stale</button>}
        </>
      )}
      {money(saved) && <span className="meta">Saved by the cache today {money(saved)}</span>}
    </div>
  );
}

function Outline({ ids }) {
  const nodes = useEditor((state) => state.document.nodes);
  const types = useEditor((state) => state.types);
  const mayEdit = useEditor((state) => state.mayEdit);
  return (
    <nav className="outline" aria-label="Cells">
      <h2>Cells</h2>
      <ul>
        {ids.map((id) => {
          const node = nodes.get(id);
          return (
            <li key={id} draggable={mayEdit} onDragStart={() => { dragged = id; }} onDragEnd={() => { dragged = null; }} onDragOver={(event) => dragged && event.preventDefault()} onDrop={() => dragged && moveBefore(dragged, id)}>
              <OutlineItem id={id} node={node} type={types[node.type]} onMove={(step) => mayEdit && moveBy(id, step)} />
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

function OutlineItem({ id, node, type, onMove }) {
  const isSelected = useEditor((state) => state.selection.has(id));
  const now = useStanding(id);
  const onClick = () => {
    select([id]);
    document.getElementById(`cell-${id}`)?.scrollIntoView({ block: "center" });
  };
  const onKeyDown = (event) => {
    const step = event.altKey && STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    onMove(step);
  };
  return (
    <button type="button" className="outline-item" aria-current={isSelected || undefined} onClick={onClick} onKeyDown={onKeyDown}>
      <TypeMark type={node.type} category={type?.category} />
      <span>{node.name}</span>
      <span className="dot" data-state={now.state} title={now.label} />
    </button>
  );
}

// Past the next cell of the same container.
function moveBy(id, step) {
  const { document } = read();
  const parent = document.nodes.get(id)?.parent ?? null;
  const ids = order(document).filter((other) => (document.nodes.get(other).parent ?? null) === parent);
  const at = ids.indexOf(id) + step;
  if (at >= 0 && at < ids.length) moveBefore(id, step < 0 ? ids[at] : ids[at + 1] ?? null);
}

// Another place in the document: it decides the order of cells that do not need each other.
function moveBefore(id, target) {
  const { document } = read();
  const node = document.nodes.get(id);
  if (!node || id === target) return;
  const other = document.nodes.get(target);
  if (other && (other.parent ?? null) !== (node.parent ?? null)) return say("Cells keep to their container.", "error");
  if (other && ancestors(document, id).has(target)) return say(`“${node.name}” needs “${other.name}”, so it cannot come before it.`, "error");
  const wires = [...document.edges.values()].filter((edge) => edge.source === id || edge.target === id);
  if ([...document.nodes.values()].some((each) => each.parent === id)) return say("A container keeps its place; move the cells around it.", "error");
  arrange([{ op: "remove_node", id }, { op: "add_node", node, before: target }, ...wires.map((edge) => ({ op: "add_edge", edge }))], { label: "reorder" });
}

const show = (id) => window.dispatchEvent(new CustomEvent("editor-show", { detail: id }));

// Folded cells stay so, in this browser.
const folds = () => `folded ${read().id}`;
const folded = () => JSON.parse(localStorage.getItem(folds()) ?? "[]");
function keepFolded(id, isFolded) {
  const ids = folded().filter((other) => other !== id && read().document.nodes.has(other));
  if (isFolded) ids.push(id);
  keepHere(folds(), ids.length ? JSON.stringify(ids) : null);
}

const Cell = memo(function Cell({ id }) {
  const node = useEditor((state) => state.document.nodes.get(id));
  const type = useEditor((state) => state.types[state.document.nodes.get(id)?.type]);
  const cost = useEditor((state) => state.draft?.costs[id]);
  const mayRun = useEditor((state) => state.mayRun);
  const mayEdit = useEditor((state) => state.mayEdit);
  const isSelected = useEditor((state) => state.selection.has(id));
  const isRunning = useEditor((state) => state.steps[id]?.status === "running");
  const now = useStanding(id);
  const [isFolded, fold] = useState(() => folded().includes(id));
  const box = useRef(null);
  if (!node) return null;
  const isStale = now.state === "stale" || now.state === "failed";
  const runNext = () => {
    draft.run("cells", [id]);
    const all = [...box.current.closest(".cells").querySelectorAll(".cell")];
    all[all.indexOf(box.current) + 1]?.focus();
  };
  const onKeyDown = (event) => {
    const step = event.target === box.current && event.altKey && STEPS[event.key];
    if (step) {
      event.preventDefault();
      if (mayEdit) moveBy(id, step);
    } else if (event.key === "Enter" && event.shiftKey) {
      event.preventDefault();
      runNext();
    } else if (event.target === box.current && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      event.preventDefault();
      const all = [...box.current.closest(".cells").querySelectorAll(".cell")];
      all[all.indexOf(box.current) + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
    } else if (event.target === box.current && event.key === "Enter") {
      event.preventDefault();
      box.current.querySelector(".cell-editor :is(textarea, input, [contenteditable=true], select)")?.focus();
    }
  };
  return (
    <article
      ref={box} id={`cell-${id}`} className="cell" tabIndex={0} aria-label={`Cell ${node.name}`} data-testid={`cell-${node.name}`} data-state={now.state} aria-current={isSelected || undefined}
      onFocus={() => { select([id]); show(id); }} onKeyDown={onKeyDown} data-disabled={valueOf(node, "disabled") || undefined}
    >
      <Holders id={id} />
      <header className="cell-head">
        {mayEdit && <span className="cell-grip" draggable aria-hidden="true" title="Drag to reorder (Alt ↑, Alt ↓)" onDragStart={() => { dragged = id; }} onDragEnd={() => { dragged = null; }}><Icon name="grip" size={14} /></span>}
        <TypeMark type={node.type} category={type?.category} />
        <strong className="cell-name">{node.name}</strong>

        <span className="cell-title">{titleOf(type, node)}</span>
        <span className="cell-end">
          {now.state === "stale" ? (
            <span className="pill" data-state="stale" data-testid={`cell-${node.name}-stale`}><Icon name="alert" size={12} />{now.label}{cost?.calls ? ` · ${cost.calls} ${cost.calls === 1 ? "call" : "calls"} · ${costWords(cost)}` : ""}</span>
          ) : <Pill state={now.state} isMaybe={now.isMaybe} label={now.aside ? `${now.label} · ${now.aside}` : now.label} testId={`cell-${node.name}-status`} />}
          {isStale && mayRun && <button type="button" className="button" onClick={() => draft.run("cells", [id])}><Icon name="play" size={12} /> Run <kbd>⇧↵</kbd></button>}
          {mayRun && <button type="button" className="icon-button" aria-label={`Run ${node.name}`} onClick={() => draft.run("cells", [id])} data-testid={`cell-${node.name}-run`}><Icon name="play" size={14} /></button>}
          <button type="button" className="icon-button" aria-expanded={!isFolded} aria-label={isFolded ? `Unfold ${node.name}` : `Fold ${node.name}`} onClick={() => { keepFolded(id, !isFolded); fold(!isFolded); }}><Icon name={isFolded ? "right" : "down"} size={14} /></button>
        </span>
      </header>
      {!isFolded && (
        <>
          <Editor node={node} type={type} />
          <div className="cell-output" data-testid={`cell-${node.name}-output`}>
            {isRunning && <Stream name={node.name} />}
            <Output id={id} isCell />
          </div>
        </>
      )}
    </article>
  );
});

function Editor({ node, type }) {
  const problems = useEditor((state) => state.problems);
  const mayEdit = useEditor((state) => state.mayEdit);
  const workflowId = useEditor((state) => state.id);
  const projectId = useEditor((state) => state.projectId);
  const document = useEditor((state) => state.document);
  const isHere = useEditor((state) => state.selection.has(node.id));
  const names = useScope(node.id, isHere);
  if (!type) return null;
  const own = problems.filter((problem) => problem.node === node.name);
  if (node.type === "start") return <div className="cell-editor"><TryWith schema={node.config.inputs} /></div>;
  const children = [...document.nodes.values()].filter((each) => each.parent === node.id);
  return (
    <div className="cell-editor" onFocus={(event) => editField(mayEdit ? placeOf(event.target) : "")} onBlur={() => editField("")}>
      <KeyField schema={type.config_schema} node={node} problems={own} disabled={!mayEdit} context={{ workflowId, projectId, nodeId: node.id, node, names, Writers, preview: isHere, onRun: () => draft.run("cells", [node.id]) }}
        onChange={(path, value) => actions.setConfig(node.id, path, value)} />
      {children.length > 0 && <p className="cell-body faint">{order(document, node.id).filter((id) => document.nodes.get(id).parent === node.id).map((id) => document.nodes.get(id).name).join(" → ")}</p>}
      {own.length > 0 && <p className="field-error" role="alert">{own[0].message}</p>}
    </div>
  );
}

