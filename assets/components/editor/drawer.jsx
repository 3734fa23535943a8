// The drawer at the bottom: the run that goes on, what its steps say, and what is wrong with the workflow.
import { useEffect, useState } from "react";
import { mend } from "./actions.js";
import { order } from "./document.js";
import { cancel, loadDraft } from "./draft.js";
import { isBusy, MENDS, money, RUN_LABELS, seconds } from "./faces.js";
import { placeWords } from "./kinds.js";
import { later } from "../later.jsx";
import { Elapsed } from "../live.jsx";
import { Questions } from "./questions.jsx";
import { Icon } from "./icons.jsx";
import { Pill } from "../marks.jsx";
import { Unread } from "./unread.jsx";
import { select, useEditor } from "./store.js";

const RunLog = later(() => import("./run-log.jsx"), "drawer-body");
const NOTHING = {};

export function Drawer() {
  const [open, setOpen] = useState("");
  const problems = useEditor((state) => state.problems);
  const run = useEditor((state) => state.run);
  const unread = useEditor((state) => state.draftProblem);
  useEffect(() => {
    const onOpen = (event) => setOpen(event.detail);
    window.addEventListener("editor-drawer", onOpen);
    return () => window.removeEventListener("editor-drawer", onOpen);
  }, []);
  const tab = (name, label) => (
    <button type="button" className="drawer-tab" aria-expanded={open === name} onClick={() => setOpen(open === name ? "" : name)} data-testid={`drawer-${name}`}>{label}</button>
  );
  return (
    <section className="drawer" aria-label="Run and problems">
      <div className="drawer-bar">
        {tab("run", "Run")}
        {tab("logs", "Logs")}
        {tab("problems", problems.length ? `Problems ${problems.length}` : "No problems")}
        <RunLine run={run} />
      </div>
      {unread && <Unread what="How the nodes stand" problem={unread} onAgain={loadDraft} />}
      <Questions run={run} />
      {open === "run" && <RunPanel run={run} />}
      {open === "logs" && <RunLog key={run?.run_id} run={run} />}
      {open === "problems" && <Problems problems={problems} />}
    </section>
  );
}

function RunLine({ run }) {
  const mayRun = useEditor((state) => state.mayRun);
  if (!run) return <span className="faint drawer-line" role="status">No run since you opened this.</span>;
  return (
    <span className="drawer-line" role="status" aria-live="polite">
      <Pill state={run.status} label={RUN_LABELS[run.status] ?? run.status} testId="run-status" />
      {run.total > 0 && run.status !== "waiting" && <span className="meta drawer-count">{run.done ?? 0} of {run.total} nodes</span>}
      <span className="meta" data-testid="run-cost">{money(run.cost_usd) || "$0"}</span>
      {money(run.saved_usd) && <span className="meta" title="What outputs taken from the cache would have cost" data-testid="run-saved">saved {money(run.saved_usd)}</span>}
      {isBusy(run) && mayRun && <button type="button" className="button small" onClick={cancel}><Icon name="square" size={12} /> Cancel</button>}
      {run.run_id && <a className="text-link" href={`/runs/${run.run_id}`}>Open the run</a>}
    </span>
  );
}

// Bars by step, over the time of the run so far.
function RunPanel({ run }) {
  const document = useEditor((state) => state.document);
  const steps = useEditor((state) => state.steps);
  const results = useEditor((state) => state.draft?.results) ?? NOTHING;
  if (!run) return <div className="drawer-body faint">Press Run, or run one cell: its steps show here as they go.</div>;
  const rows = order(document).map((id) => document.nodes.get(id))
    .map((node) => ({ node, step: steps[node.id] ?? (results[node.id]?.run_id === run.run_id ? { ...results[node.id], since: startOf(results[node.id]) } : null) }))
    .filter(({ step }) => step);
  const begins = rows.map(({ step }) => Date.parse(step.since)).filter(Number.isFinite);
  const zero = Math.min(...begins);
  const end = Math.max(zero + 1, ...rows.map(({ step }) => (goesOn(step) ? Date.now() : Date.parse(step.since) + 1000 * (step.duration_s ?? 0))).filter(Number.isFinite));
  const place = (at) => `${(100 * (at - zero)) / (end - zero)}%`;
  return (
    <div className="drawer-body">
      {run.error && <p className="step-error">{run.error}</p>}
      <ol className="bars">
        {rows.map(({ node, step }) => {
          const since = Date.parse(step.since);
          const width = goesOn(step) ? Date.now() - since : 1000 * (step.duration_s ?? 0);
          return (
            <li key={node.id}>
              <button type="button" className="bar-name-button" onClick={() => select([node.id])}>{node.name}</button>
              <span className="bar-track">
                {Number.isFinite(since) && <span className="bar-run" data-state={step.status} style={{ left: place(since), width: `max(3px, ${(100 * width) / (end - zero)}%)` }} />}
              </span>
              <span className="meta"><Took step={step} /></span>
              <span className="meta">{money(step.cost_usd) || (money(step.saved_usd) && `saved ${money(step.saved_usd)}`)}</span>
            </li>
          );
        })}
      </ol>
    </div>
  );
}

// What has not begun comes last.
const WORDS = { queued: "queued", waiting: "waits", skipped: "skipped", cached: "cached" };

function Took({ step }) {
  if (step.status === "running" && step.since) return <Elapsed since={step.since} />;
  return WORDS[step.cached ? "cached" : step.status] ?? seconds(step.duration_s);
}

const goesOn = ({ status }) => status === "running" || status === "waiting";

const startOf = ({ at, duration_s: duration }) => new Date(Date.parse(at) - 1000 * (duration ?? 0)).toISOString();

function Problems({ problems }) {
  const document = useEditor((state) => state.document);
  const mayEdit = useEditor((state) => state.mayEdit);
  if (!problems.length) return <div className="drawer-body faint">Nothing is wrong with this workflow.</div>;
  const show = (problem) => {
    const node = [...document.nodes.values()].find((each) => each.name === problem.node);
    if (!node) return;
    select([node.id]);
    window.dispatchEvent(new CustomEvent("editor-reveal", { detail: node.id }));
  };
  return (
    <ul className="drawer-body problem-list">
      {problems.map((problem, index) => (
        <li key={index} data-testid={`problem-${index}`}>
          <Icon name="alert" size={14} />
          <span>{problem.node && <strong>{problem.node}{problem.path && `, ${placeWords(problem.path).toLowerCase()}`}:</strong>} {problem.message}</span>
          {problem.node && <button type="button" className="text-link" onClick={() => show(problem)}>Show</button>}
          {problem.mend && mayEdit && <button type="button" className="button small" onClick={() => mend(problem.mend)}>{MENDS[problem.mend.kind]}</button>}
        </li>
      ))}
    </ul>
  );
}
