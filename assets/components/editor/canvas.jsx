// The canvas: React Flow, uncontrolled. It draws what the store holds; dragging and panning stay in
// the browser, and what they end in becomes one change.
import { memo, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Background, MiniMap, ReactFlow, ReactFlowProvider, SelectionMode, useReactFlow, useStoreApi } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import * as actions from "./actions.js";
import { mayArrange } from "./arranging.js";
import { Aligning, Tools } from "./canvas-tools.jsx";
import { whyNoWire } from "./document.js";
import { firstView, flowEdges, flowNodes, MAP, marked, mergeEdges } from "./flow.js";
import { MOST_PASTED, paste } from "./pasting.js";
import { read, say, select, set, subscribe, useEditor } from "./store.js";
import { whenIdle } from "../later.jsx";
import { Icon } from "./icons.jsx";
import { typing } from "./document-keys.js";
import { QuickAdd } from "./quick-add.jsx";
import { useReveal } from "./use-reveal.js";
import { wireTo } from "./wire-end.js";
import { Cursors, look, moveCursor } from "./people.jsx";

// Draws what the store holds whenever that has changed. `first` is what stands there from the beginning.
function useSync(first) {
  const rf = useReactFlow();
  const store = useStoreApi();
  const drawn = useRef(first);
  useEffect(() => {
    let wired = first.state;
    let scheduled = false;
    let isOnItsWay = false;
    // What React Flow is to have in the place of these nodes; the very same when nothing looks otherwise.
    const picture = (before) => {
      const state = read();
      const last = drawn.current;
      const known = new Map(before.map((node) => [node.id, node]));
      const { nodes, kept, isSame } = flowNodes(state, last.kept, actions.sizes, (id) => known.get(id));
      // What somebody has just clicked, React Flow knows before the store does.
      const isChosen = last.state.selection !== state.selection;
      drawn.current = { kept, state };
      if (isChosen) return marked(nodes, state.selection);
      return isSame ? before : nodes;
    };
    const drawNodes = () => {
      const state = read();
      const last = drawn.current;
      if (isOnItsWay || DRAWN.every((key) => last.state[key] === state[key])) return;
      const before = store.getState().nodes;
      const nodes = picture(before);
      if (nodes === before) return;
      isOnItsWay = true;
      // It takes them when it has time. Until then somebody may have clicked, or more have changed.
      rf.setNodes((now) => {
        isOnItsWay = false;
        if (now === before && read() === state) return nodes;
        drawn.current = last;
        return picture(now);
      });
    };
    const drawEdges = () => {
      const state = read();
      if (wired.document.edges === state.document.edges && wired.steps === state.steps && wired.draft?.results === state.draft?.results) return;
      wired = state;
      rf.setEdges((now) => mergeEdges(now, flowEdges(state)));
    };
    const draw = () => {
      scheduled = false;
      drawNodes();
      drawEdges();
    };
    const onChange = () => {
      if (scheduled) return;
      scheduled = true;
      queueMicrotask(draw);
    };
    draw();
    return subscribe(onChange);
  }, [rf, store]);
  return rf;
}

// What a picture of the canvas depends on.
const DRAWN = ["document", "types", "faces", "problems", "draft", "steps", "selection", "measured"];

// React Flow hears its keys wherever they are pressed.
const isOnStage = () => {
  const { activeElement } = document;
  return !document.querySelector("dialog[open]") && (activeElement === document.body || Boolean(activeElement.closest(".stage")));
};

// One function for ever: React Flow tells its selection anew to each new one.
const takeSelection = ({ nodes }) => select(nodes.map(({ id }) => id));

// The board is measured before anything is drawn on it, so that what is in view is drawn once.
export const Canvas = memo(function Canvas({ nodeTypes }) {
  const frame = useRef(null);
  const [first, setFirst] = useState(null);
  useLayoutEffect(() => {
    const { width, height } = frame.current.getBoundingClientRect();
    const state = read();
    const { nodes, kept } = flowNodes(state, new Map(), actions.sizes, () => undefined);
    const found = { nodes: marked(nodes, state.selection), kept, edges: flowEdges(state), width, height, viewport: firstView(nodes, { width, height }), state };
    let isHere = true;
    // Not from within the effect: React would then run all that a new node sets up before it is painted.
    queueMicrotask(() => isHere && setFirst(found));
    return () => { isHere = false; };
  }, []);
  if (!first) return <div ref={frame} className="canvas" />;
  return (
    <ReactFlowProvider defaultNodes={first.nodes} defaultEdges={first.edges} initialWidth={first.width} initialHeight={first.height} initialMinZoom={0.1} initialMaxZoom={2}>
      <Board nodeTypes={nodeTypes} first={first} />
    </ReactFlowProvider>
  );
});

function useFirstView({ viewport: { x, y, zoom } }) {
  const store = useStoreApi();
  // Before anything has read it: React Flow itself begins at 0, 0 and would draw what lies there.
  useState(() => store.setState({ transform: [x, y, zoom] }));
}

// What the first picture can do without comes when there is time for it.
function useCalm() {
  const [isCalm, setCalm] = useState(false);
  useEffect(() => whenIdle(() => setCalm(true)), []);
  return isCalm;
}

function Board({ nodeTypes, first }) {
  useFirstView(first);
  const rf = useSync(first);
  const box = useRef(null);
  const pointer = useRef(null);
  const [adding, setAdding] = useState(null);
  const isLocked = useEditor((state) => state.isLocked);
  // Only a canvas that is there can be locked.
  useEffect(() => () => set({ isLocked: false }), []);
  const mayEdit = useEditor(mayArrange);
  const dark = useDark();
  const isCalm = useCalm();
  const isDrawn = useEditor((state) => state.isDrawn);
  const moved = useRef(new Map());

  // Whole positions only, and once they are final: at the end of a drag, or of a key.
  const onNodesChange = useCallback((changes) => {
    for (const item of changes) {
      if (item.type === "dimensions" && item.dimensions) actions.sizes.set(item.id, item.dimensions);
      if (item.type !== "position" || item.dragging || !item.position) continue;
      if (!moved.current.size) queueMicrotask(settle);
      moved.current.set(item.id, item.position);
    }
    // Frames go around what is in them.
    if (changes.some((item) => item.type === "dimensions" && read().document.nodes.get(item.id)?.parent)) set({ measured: (read().measured ?? 0) + 1 });
  }, []);

  const settle = () => {
    const { document } = read();
    const places = [...moved.current].map(([id, position]) => ({ id, position })).filter(({ id, position }) => {
      const now = document.nodes.get(id)?.position ?? document.notes.get(id)?.position;
      return now && (Math.round(position.x) !== now.x || Math.round(position.y) !== now.y);
    });
    const wasDragged = moved.current.dragged;
    moved.current = new Map();
    if (!places.length) return;
    const ids = new Set(places.map(({ id }) => id));
    const home = (id) => {
      const node = rf.getInternalNode(id);
      const at = node.internals.positionAbsolute;
      const { width = 184, height = 92 } = node.measured ?? {};
      return actions.containerAt({ x: at.x + width / 2, y: at.y + Math.min(height / 2, 40) }, new Set([...ids]));
    };
    // Those that move along with a selected frame stay in it.
    const roots = places.filter(({ id }) => !ids.has(document.nodes.get(id)?.parent));
    actions.place(roots, wasDragged ? home : null);
  };

  // While something is dragged, nothing is said to the server.
  const dragging = () => set({ isDragging: true });
  const dragged = () => {
    moved.current.dragged = true;
    set({ isDragging: false });
  };
  const center = () => {
    const { left, top, width, height } = box.current.getBoundingClientRect();
    return rf.screenToFlowPosition({ x: left + width / 2, y: top + height / 2 });
  };
  useEffect(() => {
    actions.view.center = () => { const at = center(); return { x: at.x - 92, y: at.y - 46 }; };
    actions.view.pointed = () => (pointer.current ? rf.screenToFlowPosition(pointer.current) : null);
    return () => { actions.view.center = actions.view.pointed = () => null; };
  }, [rf]);
  const here = () => (pointer.current ? rf.screenToFlowPosition(pointer.current) : center());
  const openAdd = (event, from) => {
    const rect = box.current.getBoundingClientRect();
    const at = event ? { x: event.clientX, y: event.clientY } : pointer.current ?? { x: rect.left + rect.width / 2, y: rect.top + rect.height / 3 };
    setAdding({ x: Math.min(at.x - rect.left, rect.width - 300), y: Math.min(at.y - rect.top, rect.height - 340), at: rf.screenToFlowPosition(at), from });
  };

  // A wire that was let go beside every dot: on the node it began at, nothing was meant.
  const endWire = (event, wire) => {
    const over = document.elementFromPoint(event.clientX, event.clientY)?.closest(".react-flow__node")?.dataset.id;
    const drawn = wireTo(read(), wire, over);
    if (drawn) actions.connect(drawn);
    else if (over !== wire.id) openAdd(event, wire);
  };

  useKeys({ rf, openAdd, here, mayEdit });
  const tellSight = useCallback(() => look({ ...center(), zoom: rf.getZoom() }), [rf]);
  useEffect(() => {
    tellSight();
    return () => look(null);
  }, [tellSight]);
  useReveal(rf, box);

  return (
    <div
      ref={box} className="canvas" data-testid="canvas" tabIndex={-1}
      onPointerMove={(event) => {
        pointer.current = { x: event.clientX, y: event.clientY };
        if (!event.buttons) moveCursor(rf.screenToFlowPosition(pointer.current));
      }}
      onPointerLeave={() => { pointer.current = null; moveCursor(null); }}
    >
      <ReactFlow
        defaultViewport={first.viewport} nodeTypes={nodeTypes} colorMode={dark ? "dark" : "light"}
        onNodesChange={onNodesChange} onNodeDragStart={dragging} onSelectionDragStart={dragging} onNodeDragStop={dragged} onSelectionDragStop={dragged}
        onBeforeDelete={async ({ nodes, edges }) => {
          if (isOnStage()) actions.remove(nodes.map(({ id }) => id), edges.map(({ id }) => id));
          return false;
        }}
        onSelectionChange={takeSelection}
        onMoveStart={(event) => event && window.dispatchEvent(new CustomEvent("editor-own-way"))} onMoveEnd={tellSight}
        onConnect={({ source, target, sourceHandle, targetHandle }) => {
          const isIn = actions.connect({ source, target, source_port: sourceHandle ?? "out", target_port: targetHandle ?? "in" });
          // React Flow has drawn it already.
          if (!isIn) rf.setEdges((now) => mergeEdges(now, flowEdges(read())));
        }}
        onConnectEnd={(event, { isValid, fromNode, fromHandle, toNode }) => {
          if (isValid || !fromNode || toNode || !fromHandle) return;
          const isBack = fromHandle.type === "target";
          endWire(event.changedTouches?.[0] ?? event, { id: fromNode.id, port: fromHandle.id ?? (isBack ? "in" : "out"), isBack });
        }}
        isValidConnection={({ source, target, sourceHandle, targetHandle }) => {
          // A circle and a wall are refused with a reason when the wire is let go; only nonsense is here.
          const { faces } = read();
          const outputs = faces[source]?.outputs;
          return source !== target && (!outputs || outputs.includes(sourceHandle)) && targetHandle !== null
            && !whyNoWire(read().document, { source, target, source_port: sourceHandle, target_port: targetHandle }).startsWith("These");
        }}
        onDragOver={(event) => { event.preventDefault(); event.dataTransfer.dropEffect = "copy"; }}
        onDrop={(event) => {
          const [type, mode = ""] = event.dataTransfer.getData("application/x-flowstudio-node").split(" ");
          const at = rf.screenToFlowPosition({ x: event.clientX, y: event.clientY });
          const { files } = event.dataTransfer;
          if (type || files.length) event.preventDefault();
          if (files.length && mayEdit) takeFiles([...files], at);
          if (type) actions.addNode(type, mode, { at: { x: at.x - 92, y: at.y - 24 }, dropped: at });
        }}
        onPaneContextMenu={(event) => { event.preventDefault(); if (mayEdit) openAdd(event); }}
        nodesDraggable={mayEdit} nodesConnectable={mayEdit} deleteKeyCode={mayEdit ? ["Delete", "Backspace"] : null}
        panOnScroll selectionOnDrag panOnDrag={[1, 2]} selectionMode={SelectionMode.Partial} multiSelectionKeyCode={["Shift", "Meta", "Control"]}
        onlyRenderVisibleElements minZoom={0.1} maxZoom={2} snapToGrid snapGrid={[4, 4]}
        proOptions={{ hideAttribution: true }} disableKeyboardA11y={false} nodeDragThreshold={2} elevateNodesOnSelect={false}
      >
        <Background gap={18} size={2} color="var(--dot)" />
        {isCalm && <MiniMap pannable zoomable style={MAP} ariaLabel="Map of the workflow" nodeClassName={(node) => `map-${node.data.category ?? "note"}`} nodeStrokeWidth={0} />}
        <Cursors />
      </ReactFlow>
      {isDrawn && <Tools rf={rf} mayEdit={mayEdit} isLocked={isLocked} onLock={() => set({ isLocked: !isLocked })} addNote={() => actions.addNote(center())} />}
      <Aligning />
      <EmptyCanvas onAdd={() => openAdd(null)} />
      {adding && mayEdit && (
        <QuickAdd
          {...adding} onClose={() => { setAdding(null); box.current?.focus(); }}
          onPick={({ type, mode }) => actions.addNode(type, mode, { at: adding.from ? undefined : adding.at, from: adding.from })}
        />
      )}
    </div>
  );
}

function useDark() {
  const root = document.documentElement;
  const [dark, setDark] = useState(() => root.classList.contains("dark"));
  useEffect(() => {
    const look = () => setDark(root.classList.contains("dark"));
    const observer = new MutationObserver(look);
    observer.observe(root, { attributes: true, attributeFilter: ["class"] });
    return () => observer.disconnect();
  }, []);
  return dark;
}

function useKeys({ rf, openAdd, here, mayEdit }) {
  useEffect(() => {
    const onKey = (event) => {
      if (event.defaultPrevented || typing(event.target) || document.querySelector("dialog[open]")) return;
      const control = event.ctrlKey || event.metaKey;
      const does = (work) => { event.preventDefault(); work(); };
      if (control && event.key === "0") does(() => rf.fitView({ maxZoom: 1, padding: 0.15 }));
      else if (!mayEdit || control || event.altKey) return;
      else if (event.key === "/") does(() => openAdd(null, chosenNode()));
      else if (event.shiftKey && event.key.toLowerCase() === "n") does(() => actions.addNote(here()));
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  });
}

// What a node that is added by a key is wired to.
function chosenNode() {
  const { document, selection } = read();
  const [id] = selection;
  return selection.size === 1 && document.nodes.has(id) && document.nodes.get(id).type !== "end" ? { id } : undefined;
}

// Files let go over the canvas are put in as what was copied is.
async function takeFiles(files, at) {
  for (const file of files) {
    if (file.size > MOST_PASTED) say(`“${file.name}” is too large to be put in here: at most 2 MB.`, "error");
    else if (paste(await file.text(), at) === false) say(`“${file.name}” holds no nodes.`, "error");
  }
}

function EmptyCanvas({ onAdd }) {
  const isEmpty = useEditor((state) => state.status === "ready" && !state.document.nodes.size);
  const mayEdit = useEditor(mayArrange);
  if (!isEmpty) return null;
  return (
    <div className="canvas-empty">
      <p className="empty-title">What starts this workflow?</p>
      {mayEdit && <button type="button" className="button primary" onClick={() => actions.addNode("start", "", { at: { x: 0, y: 0 } })}><Icon name="play" /> Add a start</button>}
      {mayEdit && <button type="button" className="button" onClick={onAdd}>Something else <kbd>/</kbd></button>}
    </div>
  );
}
