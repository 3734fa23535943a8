// The editor's top bar: what is open, how it is saved, who is here, what a run costs, and Run.
import { useEffect, useRef, useState } from "react";
import { change, putBack, useEditor } from "./store.js";
import { drop } from "./notices.js";
import { cancel, run } from "./draft.js";
import { isBusy, paid, predicted } from "./faces.js";
import { Keys } from "../keys.jsx";
import { Icon } from "./icons.jsx";
import { MoreMenu } from "./more-menu.jsx";
import { Avatars } from "./people.jsx";
import { openThreads } from "./threads.js";

const SAVING = {
  saved: ["check", "Saved"], saving: ["clock", "Saving…"], offline: ["offline", "Not saved yet", "The server does not answer. What you change is kept in this browser until it does."],
  stopped: ["lock", "Not saved", "You may not change this workflow any more. What you changed is kept in this browser."],
};
const VIEWS = [["canvas", "Canvas"], ["notebook", "Notebook"], ["both", "Both"]];

export function Header({ view, onView, onPanel, panel, bar }) {
  const saving = useEditor((state) => state.saving);
  const project = useEditor((state) => state.project);
  const mayEdit = useEditor((state) => state.mayEdit);
  const [icon, text, more] = SAVING[saving];
  return (
    <header className="editor-bar">
      <div className="editor-title">
        <a href="/workflows" className="editor-project">{project}</a>
        <span aria-hidden="true">/</span>
        <Name />
        <Standing />
        {mayEdit || saving === "stopped"
          ? <span className="saving" data-saving={saving} role="status" title={more}><Icon name={icon} size={13} />{text}</span>
          : <span className="tag" data-tone="info"><Icon name="lock" size={12} /> You can look, not change</span>}
      </div>
      <div className="segments views" role="group" aria-label="View">
        {VIEWS.map(([name, label]) => (
          <button key={name} type="button" className="segment" aria-pressed={view === name} data-testid={`view-${name}`} onClick={() => onView(name)} title={`${label} (Ctrl .)`}>
            <Icon name={name} size={14} /> <span>{label}</span>
          </button>
        ))}
      </div>
      <div className="editor-end">
        <Avatars />
        <RunButton />
        <button type="button" className="button icon-only" aria-pressed={panel === "comments"} onClick={() => onPanel("comments")} title="Comments" data-testid="panel-comments"><Icon name="comment" /><OpenThreads /><span className="sr-only">Comments</span></button>
        <button type="button" className="button icon-only" aria-pressed={panel === "versions"} onClick={() => onPanel("versions")} title="Versions and publishing" data-testid="panel-versions"><Icon name="history" /><span className="sr-only">Versions</span></button>
        {mayEdit && <button type="button" className="button" onClick={() => onPanel("publish")} data-testid="publish"><Icon name="publish" size={14} /> <span>Publish</span></button>}
        <MoreMenu view={view} onView={onView} onPanel={onPanel} />
        {bar}
      </div>
      <Notices />
    </header>
  );
}

// How many wait for somebody to say they are done.
function OpenThreads() {
  const count = useEditor((state) => [...openThreads(state.comments).values()].reduce((sum, each) => sum + each, 0));
  return count > 0 && <span className="threads-open" data-testid="comments-open">{count}<span className="sr-only"> open</span></span>;
}

// One at a time: each asks for an answer.
function Notices() {
  const notices = useEditor((state) => state.notices);
  if (!notices.length) return null;
  const { key, text, take, leave, operations } = notices[0];
  return (
    <div className="editor-notice" role="status" data-testid="overwritten">
      <span className="editor-notice-text">{text}</span>
      <button type="button" className="button" onClick={() => { drop(key); putBack(operations); }} data-testid="notice-take">{take}</button>
      <button type="button" className="button" onClick={() => drop(key)} data-testid="notice-leave">{leave}</button>
      {notices.length > 1 && <span className="meta">and {notices.length - 1} more</span>}
    </div>
  );
}

// The draft beside what is published; leads to both on one canvas.
function Standing() {
  const id = useEditor((state) => state.id);
  const published = useEditor((state) => state.published);
  const text = published ? (published.is_changed ? `Draft · v${published.number} is published` : `Published · v${published.number}`) : "Draft";
  const query = published?.is_changed ? "?before=published&after=draft" : "";
  const title = query ? "See what the draft changes" : "See all versions";
  return <a className="tag editor-standing" data-tone={published && !published.is_changed ? "good" : undefined} href={`/workflows/${id}/versions${query}`} title={title} data-testid="editor-standing">{text}</a>;
}

function Name() {
  const name = useEditor((state) => state.document.name);
  const mayEdit = useEditor((state) => state.mayEdit);
  const [typed, setTyped] = useState(null);
  const keep = () => {
    const wanted = typed?.trim();
    if (wanted && wanted !== name) change([{ op: "update_workflow", name: wanted.slice(0, 200) }], { label: "rename" });
    setTyped(null);
  };
  return (
    <input
      className="editor-name" aria-label="Name of the workflow" value={typed ?? name} readOnly={!mayEdit} maxLength={200} data-testid="workflow-name"
      style={{ width: `${Math.min(Math.max((typed ?? name).length + 1, 6), 40)}ch` }}
      onChange={(event) => setTyped(event.target.value)} onBlur={keep}
      onKeyDown={(event) => {
        if (event.key === "Enter" && !event.nativeEvent.isComposing) event.target.blur();
        if (event.key === "Escape") { setTyped(null); requestAnimationFrame(() => event.target.blur()); }
      }}
    />
  );
}

function RunButton() {
  const draft = useEditor((state) => state.draft);
  const now = useEditor((state) => state.run);
  const mayRun = useEditor((state) => state.mayRun);
  const isEmpty = useEditor((state) => !state.document.nodes.size);
  if (!mayRun) return null;
  return (
    <>
      <span className="costs">
        <span data-testid="run-cost-predicted" title="What Run would cost now; finished steps that still hold are not paid again">{predicted(draft)}</span>
        <Paid run={now ?? draft?.last_run} />
      </span>
      {isBusy(now) ? (
        <button type="button" className="button" onClick={cancel} data-testid="run-cancel"><Icon name="square" size={13} /> Cancel</button>
      ) : (
        <button type="button" className="button primary" onClick={() => run("all")} disabled={isEmpty} data-key="run" data-testid="run-start">
          <Icon name="play" size={14} /> Run <Keys>Ctrl ↵</Keys>
        </button>
      )}
    </>
  );
}

// What the last run has really cost, and what it did not have to pay.
function Paid({ run }) {
  const text = paid(run);
  return text && <span className="paid" title="What the last run cost, and what outputs taken from the cache saved" data-testid="run-cost-true">{text}</span>;
}

// Keys that work in both views.
export function useEditorKeys({ view, onView }) {
  const latest = useRef();
  latest.current = { view, onView };
  useEffect(() => {
    const onKey = (event) => {
      const control = event.ctrlKey || event.metaKey;
      if (!control || document.querySelector("dialog[open]")) return;
      if (event.key === ".") {
        event.preventDefault();
        const names = VIEWS.map(([name]) => name);
        latest.current.onView(names[(names.indexOf(latest.current.view) + 1) % names.length]);
      }
      if (event.key.toLowerCase() === "s") event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}
