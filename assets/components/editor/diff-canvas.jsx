// Two documents on one canvas, to be looked at: what came, what went and what differs, by mark and colour.
import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Background, Controls, Handle, MiniMap, ReactFlow, ReactFlowProvider, useReactFlow } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { firstView, MAP, marked } from "./flow.js";
import { titleOf } from "./faces.js";
import { TypeMark } from "../marks.jsx";
import { SIGNS, Sign, WORDS } from "./diff-sign.jsx";
import { portAt } from "./union.js";

const DOT = 6;
const MAP_FROM = 15;

const Step = memo(function Step({ data, selected }) {
  const { name, type, category, title, state, count, ins, outs, height, isFrame } = data;
  const handles = (kind, side, ports) => ports.map((port, index) => (
    <Handle key={port} type={kind} position={side} id={port} isConnectable={false} style={{ top: isFrame ? 24 : portAt(index, ports.length, height) }} />
  ));
  return (
    <div className="diff-node" data-testid={`node-${name}`} data-change={state} data-frame={isFrame || undefined} data-selected={selected || undefined}>
      {handles("target", "left", ins)}
      <TypeMark type={type} category={category} />
      <span className="flow-words"><span className="diff-node-name">{name}</span><span className="flow-title">{title}</span></span>
      {state !== "same" && <Sign state={state} count={count} />}
      {handles("source", "right", outs)}
    </div>
  );
});
const Note = memo(function Note({ data: { id, text, colour, state, count }, selected }) {
  return (
    <div className="diff-sticky" data-testid={`note-${id}`} data-change={state} data-selected={selected || undefined}>
      <div className="sticky" data-colour={colour}>{text || <span className="faint">An empty note</span>}</div>
      {state !== "same" && <Sign state={state} count={count} />}
    </div>
  );
});
const TYPES = { step: Step, note: Note };

const saidOf = ({ state, count }) => (state === "same" ? "the same" : state === "changed" ? `${count} ${count === 1 ? "field" : "fields"} changed` : WORDS[state].toLowerCase());

function flowNode(entry, size, types) {
  const { node, state, isFrame, ins, outs } = entry;
  const type = types[node.type];
  const { width, height } = size;
  const dots = (kind, position, ports, x) => ports.map((id, index) => ({
    id, type: kind, position, x: x - DOT / 2, y: (isFrame ? 24 : portAt(index, ports.length, height)) - DOT / 2, width: DOT, height: DOT,
  }));
  return {
    id: node.id, type: "step", parentId: node.parent ?? undefined, position: node.position ?? { x: 0, y: 0 }, zIndex: isFrame ? 0 : 1,
    data: { ...entry, name: node.name, type: node.type, category: type?.category ?? "flow", title: titleOf(type, { config: {}, ...node }), height },
    measured: size, width, height, style: size, handles: [...dots("target", "left", ins, 0), ...dots("source", "right", outs, width)],
    focusable: state !== "same", ariaLabel: `${node.name}, ${saidOf(entry)}`,
  };
}

function flowNote(entry) {
  const { id, text = "", colour = "amber", position = { x: 0, y: 0 }, width = 220, height = 120 } = entry.note;
  const size = { width, height };
  return {
    id, type: "note", position, zIndex: -1, data: { id, text, colour, state: entry.state, count: entry.count }, measured: size, width, height, style: size,
    handles: [], focusable: entry.state !== "same", ariaLabel: `Sticky note, ${saidOf(entry)}`,
  };
}

const flowEdge = ({ id, source, target, source_port, target_port, state }) => ({
  id, source, target, sourceHandle: source_port, targetHandle: target_port, className: `diff-wire-${state}`, focusable: false, selectable: false,
  label: state === "same" ? undefined : SIGNS[state], zIndex: state === "same" ? 0 : 1,
});

// `joined` is made by union.js; `picked` names the node whose changes are read, and what picked it.
export const DiffCanvas = memo(function DiffCanvas({ joined, types, picked, onPick }) {
  const frame = useRef(null);
  const [size, setSize] = useState(null);
  useLayoutEffect(() => {
    const { width, height } = frame.current.getBoundingClientRect();
    setSize({ width, height });
  }, []);
  const drawn = useMemo(() => ({
    nodes: [...joined.notes.map(flowNote), ...joined.nodes.map((entry) => flowNode(entry, joined.sizes.get(entry.node.id), types))],
    edges: joined.edges.map(flowEdge),
  }), [joined, types]);
  return (
    <div ref={frame} className="canvas diff-canvas" data-testid="diff-canvas" role="region" aria-label="Both versions on one canvas">
      {size && (
        <ReactFlowProvider initialMinZoom={0.1} initialMaxZoom={1.5}>
          <Board drawn={drawn} size={size} picked={picked} onPick={onPick} />
        </ReactFlowProvider>
      )}
    </div>
  );
});

// Everything, where that can be read; else all that differs; else the first of it.
const READABLE = 0.6;
function changesView(nodes, size) {
  const whole = firstView(nodes, size);
  const places = new Map();
  for (const { id, parentId, position, measured } of nodes) {
    const outer = places.get(parentId) ?? { x: 0, y: 0 };
    places.set(id, { x: outer.x + position.x, y: outer.y + position.y, ...measured });
  }
  const boxes = nodes.filter(({ data }) => !["same", "moved"].includes(data.state)).map(({ id }) => places.get(id));
  const all = [...places.values()];
  const width = Math.max(...all.map((box) => box.x + box.width)) - Math.min(...all.map((box) => box.x));
  if (!boxes.length || size.width / (width + 80) >= READABLE) return whole;
  const [left, top] = [Math.min(...boxes.map(({ x }) => x)), Math.min(...boxes.map(({ y }) => y))];
  const [right, bottom] = [Math.max(...boxes.map((box) => box.x + box.width)), Math.max(...boxes.map((box) => box.y + box.height))];
  const fit = Math.min(size.width / (right - left + 80), size.height / (bottom - top + 120), 1);
  if (fit >= READABLE) return { x: (size.width - fit * (left + right)) / 2, y: (size.height - fit * (top + bottom)) / 2, zoom: fit };
  const first = boxes.reduce((a, b) => (b.x + b.y / 4 < a.x + a.y / 4 ? b : a));
  const zoom = size.width < 700 ? 0.75 : 0.7;
  return { x: (size.width < 700 ? 24 : 120) - first.x * zoom, y: size.height / 3 - first.y * zoom, zoom };
}

function Board({ drawn, size, picked, onPick }) {
  const rf = useReactFlow();
  const [nodes, setNodes] = useState(drawn.nodes);
  const viewport = useMemo(() => changesView(drawn.nodes, size), []);
  useEffect(() => setNodes(marked(drawn.nodes, new Set(picked ? [picked.id] : []))), [drawn, picked]);
  // What was picked elsewhere is brought into view.
  useEffect(() => {
    const node = picked && !picked.isHere && rf.getInternalNode(picked.id);
    if (!node) return;
    const { x, y } = node.internals.positionAbsolute;
    const { width, height } = node.measured;
    const isStill = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    rf.setCenter(x + width / 2, y + height / 2, { zoom: Math.max(rf.getZoom(), 0.8), duration: isStill ? 0 : 150 });
  }, [picked, rf]);
  return (
    <ReactFlow
      nodes={nodes} edges={drawn.edges} nodeTypes={TYPES} defaultViewport={viewport} minZoom={0.1} maxZoom={1.5}
      nodesDraggable={false} nodesConnectable={false} edgesFocusable={false} deleteKeyCode={null} multiSelectionKeyCode={null} selectionKeyCode={null}
      onNodeClick={(_event, node) => onPick(node.id)} onPaneClick={() => onPick(null)}
      onKeyDown={(event) => {
        const id = event.target.closest?.(".react-flow__node")?.dataset.id;
        if (id && (event.key === "Enter" || event.key === " ")) {
          event.preventDefault();
          onPick(id);
        }
        if (event.key === "Escape") onPick(null);
      }}
      onlyRenderVisibleElements panOnScroll={false} zoomOnScroll preventScrolling elementsSelectable={false} nodesFocusable proOptions={{ hideAttribution: true }}
    >
      <Background gap={18} size={2} color="var(--dot)" />
      <Controls showInteractive={false} position="bottom-left" fitViewOptions={{ maxZoom: 1, padding: 0.15 }} />
      {nodes.length >= MAP_FROM && <MiniMap pannable zoomable style={MAP} ariaLabel="Map of both versions" nodeClassName={(node) => `map-${node.data.state}`} nodeStrokeWidth={0} />}
    </ReactFlow>
  );
}
