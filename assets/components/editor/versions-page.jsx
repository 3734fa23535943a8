// The page of a workflow's versions: two of them on one canvas, what differs as a list, and all versions.
import { useCallback, useEffect, useId, useMemo, useState } from "react";
import { sendSignedIn } from "../rest.js";
import { DiffCanvas } from "./diff-canvas.jsx";
import { DiffList } from "./diff-list.jsx";
import { Sign, WORDS } from "./diff-sign.jsx";
import { Icon } from "./icons.jsx";
import { union } from "./union.js";
import { VersionsPanel } from "./versions.jsx";

const nameOf = (version) => version.name || (version.kind === "checkpoint" ? "Checkpoint" : "Version");
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

// What the address names, or what is most worth a look: the draft beside what is published.
function firstPair(list) {
  const query = new URLSearchParams(location.search);
  const resolve = (text) => (text === "published" ? list.published_version ?? "draft" : /^[1-9]\d{0,8}$/.test(text ?? "") ? Number(text) : text === "draft" ? "draft" : null);
  const [before, after] = [resolve(query.get("before")), resolve(query.get("after"))];
  if (before !== null) return [before, after ?? "draft"];
  const usual = list.is_changed ? list.published_version : list.items[0]?.number;
  return [usual ?? "draft", "draft"];
}

function useComparison(workflowId) {
  const [list, setList] = useState(null);
  const [types, setTypes] = useState(null);
  const [pair, setPair] = useState(null);
  const [found, setFound] = useState(null);
  const [failure, setFailure] = useState("");
  const base = `/api/v1/workflows/${workflowId}`;

  const load = useCallback(async () => {
    const [versions, known] = await Promise.all([sendSignedIn("GET", `${base}/versions?limit=100`), sendSignedIn("GET", "/api/v1/node-types")]);
    const failed = [versions, known].find((reply) => !reply.ok);
    if (failed) return setFailure(failed.body.detail ?? "The versions could not be read.");
    setTypes((old) => old ?? Object.fromEntries(known.body.items.map((type) => [type.type, type])));
    setList(versions.body);
    setPair((old) => old ?? firstPair(versions.body));
  }, [base]);
  useEffect(() => { load(); }, [load]);

  useEffect(() => {
    if (!pair) return undefined;
    let isWanted = true;
    const query = new URLSearchParams({ before: pair[0], after: pair[1] });
    history.replaceState(history.state, "", `${location.pathname}?${query}`);
    sendSignedIn("GET", `${base}/diff?${query}&documents=true`).then((reply) => {
      if (!isWanted) return;
      setFailure(reply.ok ? "" : reply.body.detail ?? "The versions could not be compared.");
      if (reply.ok) setFound(reply.body);
    });
    return () => { isWanted = false; };
  }, [base, pair, list?.revision]);
  return { list, types, pair, setPair, found, failure, load };
}

// Until the page knows which workflow the address names, it has that of the page before.
export function VersionsPage(props) {
  return location.pathname.includes(`/${props.workflowId}/`) ? <Shown key={props.workflowId} {...props} /> : null;
}

function Shown({ workflowId, mayEdit }) {
  const { list, types, pair, setPair, found, failure, load } = useComparison(workflowId);
  const [picked, setPicked] = useState(null);
  const [tab, setTab] = useState(() => (location.search ? "changes" : "versions"));
  const joined = useMemo(() => found && union(found.before.document, found.after.document, found.diff), [found]);
  const documents = useMemo(() => found && [found.before.document, found.after.document], [found]);
  const steps = useMemo(() => (found ? [...found.diff.nodes, ...found.diff.notes] : []), [found]);

  const pickHere = useCallback((id) => {
    setPicked(id && { id, isHere: true });
    if (id) setTab("changes");
  }, []);
  const pick = useCallback((id) => setPicked({ id }), []);
  const step = (by) => {
    if (!steps.length) return;
    const now = steps.findIndex(({ id }) => id === picked?.id);
    pick(steps[now < 0 ? (by > 0 ? 0 : steps.length - 1) : (now + by + steps.length) % steps.length].id);
    setTab("changes");
  };
  useStepKeys(step);
  const choose = (next) => {
    setPicked(null);
    setPair(next);
  };

  if (failure && !found) {
    return (
      <div className="versions-note" role="alert">
        <p>{failure}</p>
        <button type="button" className="button small" onClick={load}>Try again</button>
      </div>
    );
  }
  return (
    <div className="versions-page">
      <section className="card versions-canvas" aria-label="What differs">
        <Bar list={list} pair={pair} onChoose={choose} diff={found?.diff} steps={steps} picked={picked} onStep={step} />
        {joined && types ? <DiffCanvas key={`${found.before.ref} ${found.after.ref}`} joined={joined} types={types} picked={picked} onPick={pickHere} /> : <div className="canvas diff-canvas bone" aria-busy="true" />}
      </section>
      <div className="versions-side">
        <div className="segments" role="group" aria-label="Beside the canvas">
          {[["changes", "Changes"], ["versions", "All versions"]].map(([value, label]) => (
            <button key={value} type="button" className="segment" aria-pressed={tab === value} data-testid={`tab-${value}`} onClick={() => setTab(value)}>{label}</button>
          ))}
        </div>
        {failure && <p className="versions-note" role="alert">{failure}</p>}
        <div hidden={tab !== "changes"} className="versions-changes">
          <Unchanged picked={picked} joined={joined} />
          {found && <DiffList diff={found.diff} onPick={pick} picked={picked?.id} documents={documents} hasGhosts />}
        </div>
        <div hidden={tab !== "versions"}>
          <VersionsPanel
            workflowId={workflowId} mayEdit={mayEdit} onChanged={load}
            onCompare={(number, isList) => {
              choose([number, "draft"]);
              if (isList) setTab("changes");
            }}
          />
        </div>
      </div>
    </div>
  );
}

// Of a node that is picked and has no row in the list.
function Unchanged({ picked, joined }) {
  const entry = picked && joined?.nodes.find(({ node }) => node.id === picked.id);
  const isTold = entry && ["same", "moved"].includes(entry.state);
  return <p role="status" className="versions-said">{isTold && (entry.state === "same" ? `“${entry.node.name}” is the same in both.` : `Of “${entry.node.name}”, only its place differs.`)}</p>;
}

// Which two are compared, how much differs, and the way from one change to the next.
function Bar({ list, pair, onChoose, diff, steps, picked, onStep }) {
  const id = useId();
  if (!list || !pair) return <div className="diff-bar"><span className="bone" style={{ width: 220, height: 32 }} /></div>;
  const versions = list.items.map((item) => [item.number, `v${item.number} · ${nameOf(item)}${item.is_published ? " (published)" : ""}`]);
  const unknown = pair.filter((ref) => ref !== "draft" && !versions.some(([number]) => number === ref)).map((ref) => [ref, `v${ref}`]);
  const options = [["draft", "Draft"], ...unknown, ...versions];
  const place = steps.findIndex((change) => change.id === picked?.id);
  const select = (index, label, testId) => (
    <>
      <label htmlFor={`${id}-${index}`} className="unseen">{label}</label>
      <select
        id={`${id}-${index}`} className="input" value={pair[index]} data-testid={testId}
        onChange={({ target }) => onChoose(pair.map((old, at) => (at === index ? (target.value === "draft" ? "draft" : Number(target.value)) : old)))}
      >
        {options.map(([value, text]) => <option key={value} value={value}>{text}</option>)}
      </select>
    </>
  );
  return (
    <div className="diff-bar">
      <div className="diff-pair">
        {select(0, "From version", "compare-before")}
        <button type="button" className="icon-button" title="Compare the other way round" aria-label="Compare the other way round" onClick={() => onChoose([pair[1], pair[0]])}><Icon name="right" size={15} /></button>
        {select(1, "To version", "compare-after")}
      </div>
      {diff && <Legend diff={diff} />}
      {steps.length > 0 && (
        <div className="diff-steps" role="group" aria-label="Changes one by one">
          <button type="button" className="icon-button" data-testid="change-previous" title="Previous change (K)" aria-label="Previous change" onClick={() => onStep(-1)}><Icon name="up" size={15} /></button>
          <span className="meta" aria-live="polite">{place < 0 ? plural(steps.length, "place") : `${place + 1} of ${steps.length}`}</span>
          <button type="button" className="icon-button" data-testid="change-next" title="Next change (J)" aria-label="Next change" onClick={() => onStep(1)}><Icon name="down" size={15} /></button>
        </div>
      )}
    </div>
  );
}

function Legend({ diff }) {
  const itself = diff.settings.length ? [{ state: "changed" }] : [];
  const all = [...diff.nodes, ...diff.edges, ...diff.notes, ...itself];
  return (
    <ul className="diff-legend" aria-label="Legend" data-testid="diff-legend">
      {Object.keys(WORDS).map((state) => {
        const count = all.filter((change) => change.state === state).length;
        return <li key={state} data-none={count === 0 || undefined}><Sign state={state} /><span>{count} {WORDS[state].toLowerCase()}</span></li>;
      })}
    </ul>
  );
}

function useStepKeys(step) {
  useEffect(() => {
    const onKey = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, textarea, select, [contenteditable=true]") || document.querySelector("dialog[open]")) return;
      const by = { j: 1, k: -1 }[event.key.toLowerCase()];
      if (by) step(by);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  });
}
