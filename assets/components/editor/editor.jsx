// The editor of one workflow: header, palette, canvas and notebook, inspector, drawer.
import { memo, startTransition, useCallback, useEffect, useState } from "react";
import { useLocation } from "react-router";
import { Canvas } from "./canvas.jsx";
import { loadDraft, scheduleAuto } from "./draft.js";
import { Drawer } from "./drawer.jsx";
import { Header, useEditorKeys } from "./header.jsx";
import { useDocumentKeys } from "./document-keys.js";
import { Inspector } from "./inspector.jsx";
import { keepHere } from "./keeping.js";
import { NodePalette } from "./node-palette.jsx";
import { Presence } from "./people.jsx";
import { Icon } from "./icons.jsx";
import { loadComments } from "./threads.js";
import { takeFromRun } from "./run-again.js";
import { useCommands, useOffer } from "./use-commands.js";
import { close, open, receive, set, subscribe, read, useEditor } from "./store.js";
import { later, whenIdle } from "../later.jsx";
import { listenTo } from "../live.jsx";

const Side = later(() => import("./side.jsx"), "inspector side-panel");
const CELLS_TO_BE = (
  <>
    <div className="outline" />
    <div className="cells-scroll"><div className="cells skeleton">{[36, 140, 220, 140, 220].map((height, index) => <div key={index} className="bone" style={{ height }} />)}</div></div>
  </>
);
const Notebook = later(() => import("./notebook.jsx"), "notebook", CELLS_TO_BE);

// What the workbench itself turns around for is none of theirs.
const [Palette, Top, Bottom, Right, Cells] = [NodePalette, Header, Drawer, Inspector, Notebook].map((part) => memo(part));

const kept = (name, otherwise) => localStorage.getItem(`editor-${name}`) ?? otherwise;

// When the page's address names the workflow, it is opened while the page is still being put together.
const early = new Map();
if (typeof window !== "undefined") {
  const [, place, id, more] = location.pathname.split("/");
  if (place === "workflows" && id && !more) early.set(id, open(id));
}
const opened = (id) => {
  const opening = early.get(id) ?? open(id);
  early.clear();
  return opening;
};

export function Editor({ nodeTypes, onPresent, children }) {
  // From the address: it is known before the socket is, and is never that of the page before.
  const [, , workflowId] = useLocation().pathname.split("/");
  const status = useEditor((state) => state.status);
  const problem = useEditor((state) => state.problem);
  useEffect(() => {
    const stops = [
      listenTo("edit", receive),
      // Streamed text, which comes often, says no more than it must.
      listenTo("t", (text, node) => receive({ t: "text", node, ...(Array.isArray(text) ? { text: text[0], part: text[1] } : { text: text ?? "", begins: text === null }) })),
    ];
    opened(workflowId).then(() => read().status === "ready" && takeFromRun());
    return () => {
      stops.forEach((stop) => stop());
      close();
    };
  }, [workflowId]);
  useDrafts();
  if (status === "missing") {
    return (
      <div className="editor-state empty">
        <h1 className="empty-title">There is no such workflow</h1>
        <p className="empty-text">It may have been deleted, or it belongs to a project you are no member of.</p>
        <a className="button primary" href="/workflows">See your workflows</a>
      </div>
    );
  }
  if (status === "failed") {
    return (
      <div className="editor-state empty" role="alert">
        <h1 className="empty-title">The workflow could not be opened</h1>
        <p className="empty-text">{problem}</p>
        <button type="button" className="button primary" onClick={() => open(workflowId)}>Try again</button>
      </div>
    );
  }
  if (status !== "ready") return <Skeleton />;
  return <Workbench nodeTypes={nodeTypes} onPresent={onPresent} bar={children} />;
}

// After each confirmed change the marks may be others, and what costs nothing may run.
function useDrafts() {
  useEffect(() => {
    let { revision } = read();
    let saving = read().saving;
    return subscribe(() => {
      const now = read();
      if (now.status === "ready" && now.saving === "saved" && (now.revision !== revision || saving !== "saved") && revision) scheduleAuto();
      revision = now.revision;
      saving = now.saving;
    });
  }, []);
}

// The canvas is painted first, and answers from then on; what stands around it comes a moment later, at
// its place and in the order in which it is needed: the bar, then the palette, the drawer and what nodes
// show under a pointer. How the nodes stand, what is said of them, who else is here and the settings of
// the workflow come once the browser has time for them.
const WHOLE = 2;
function useSteps() {
  const [step, setStep] = useState(0);
  const [isCalm, setCalm] = useState(false);
  useEffect(() => (isCalm ? whenIdle(() => [Notebook, Side].forEach((part) => part.load())) : undefined), [isCalm]);
  useEffect(() => {
    if (step === WHOLE) {
      set({ isDrawn: true });
      return whenIdle(() => {
        loadDraft();
        loadComments();
        setCalm(true);
      }, 300);
    }
    let timer;
    const frame = requestAnimationFrame(() => { timer = setTimeout(() => startTransition(() => setStep(step + 1))); });
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, [step]);
  return { step, isCalm };
}

function Workbench({ nodeTypes, onPresent, bar }) {
  const [view, setView] = useState(() => kept("view", "canvas"));
  const [panel, setPanel] = useState("");
  const [isPaletteOpen, openPalette] = useState(false);
  const mayEdit = useEditor((state) => state.mayEdit);
  const selection = useEditor((state) => state.selection);
  const [isInspecting, inspect] = useState(false);
  const onView = useCallback((name) => {
    keepHere("editor-view", name);
    setView(name);
  }, []);
  const onPanel = useCallback((name) => setPanel((now) => (now === name ? "" : name)), []);
  const onClose = useCallback(() => inspect(false), []);
  useEffect(() => {
    const onOpen = ({ detail }) => setPanel(detail);
    window.addEventListener("editor-panel", onOpen);
    return () => window.removeEventListener("editor-panel", onOpen);
  }, []);
  const { step, isCalm } = useSteps();
  const isWhole = step === WHOLE;
  useEditorKeys({ view, onView });
  useDocumentKeys();
  useOffer(useCommands({ view, onView, onPanel }));
  useEffect(() => inspect(selection.size > 0), [selection]);
  const chosen = selection.size === 1 ? [...selection][0] : "";
  // Comments are about what is selected; anything else gives way to it.
  useEffect(() => { if (chosen) setPanel((now) => (now === "comments" ? now : "")); }, [chosen]);
  useEffect(() => { document.title = `${read().document.name} · FlowStudio`; }, []);
  return (
    <div className="editor" data-view={view} data-inspecting={isInspecting || undefined} data-palette={isPaletteOpen || undefined}>
      <h1 className="sr-only">Workflow editor</h1>
      {step > 0 ? <Top view={view} onView={onView} panel={panel} onPanel={onPanel} bar={bar} /> : <Bar />}
      {mayEdit && view !== "notebook" && (isWhole ? <Palette /> : <aside className="node-palette" aria-hidden="true" />)}
      <div className="stage">
        {view !== "notebook" && <Canvas nodeTypes={nodeTypes} />}
        {view !== "canvas" && <Cells isAlone={view === "notebook"} />}
        {mayEdit && view !== "notebook" && (
          <button type="button" className="button add-narrow" onClick={() => openPalette(!isPaletteOpen)} aria-expanded={isPaletteOpen}><Icon name="plus" size={14} /> Add a node</button>
        )}
      </div>
      {panel ? <Side panel={panel} onClose={() => setPanel("")} />
        : isCalm || selection.size > 0 ? <Right onClose={onClose} /> : <aside className="inspector" aria-hidden="true" />}
      {isCalm && <Presence onPresent={onPresent} />}
      {isWhole ? <Bottom /> : <section className="drawer" aria-hidden="true"><div className="drawer-bar" /></section>}
    </div>
  );
}

const Bar = () => <div className="editor-bar" aria-hidden="true"><span className="bone" style={{ width: 180, height: 18 }} /></div>;

const Skeleton = () => (
  <div className="editor" aria-busy="true" aria-label="The workflow is being opened">
    <Bar />
    <div className="stage" />
  </div>
);
