// What is selected, from its setting to its last runs.
import { useDeferredValue, useEffect, useMemo, useState } from "react";
import { change, useEditor } from "./store.js";
import { useStanding } from "./standing.js";
import * as actions from "./actions.js";
import { mayArrange } from "./arranging.js";
import { valueOf } from "./document.js";
import * as draft from "./draft.js";
import { costWords, MENDS } from "./faces.js";
import { Icon } from "./icons.jsx";
import { placeWords } from "./kinds.js";
import { TypeMark } from "../marks.jsx";
import { editField, placeOf, Writers, WritersSaid } from "./people.jsx";
import { CommonForm, ConfigForm } from "./fields.jsx";
import { useScope } from "./scope.js";
import { Help, Input, Runs } from "./inspector-tabs.jsx";
import { duplicate } from "./pasting.js";
import { Output } from "./output.jsx";
import { RunLimit } from "./run-limit.jsx";
import { Inside, Wires } from "./wires.jsx";

const TABS = ["Config", "Input", "Output", "Runs", "Help"];

export function Inspector({ onClose }) {
  const ids = useEditor((state) => state.selection);
  const nodes = useEditor((state) => state.document.nodes);
  const chosen = [...ids].filter((id) => nodes.has(id));
  if (chosen.length === 1) return <NodeInspector key={chosen[0]} id={chosen[0]} onClose={onClose} />;
  return (
    <aside className="inspector" aria-label="Inspector" data-testid="inspector">
      {chosen.length > 1 ? <Several ids={chosen} /> : <WorkflowInspector />}
    </aside>
  );
}

function Several({ ids }) {
  const mayEdit = useEditor(mayArrange);
  const mayRun = useEditor((state) => state.mayRun);
  return (
    <div className="inspector-body">
      <h2>{ids.length} nodes</h2>
      {!mayRun && <p className="faint">Select one of them to see what it does.</p>}
      <div className="button-row">
        {mayRun && <button type="button" className="button" onClick={() => draft.run("cells", ids)}><Icon name="play" size={13} /> Run these</button>}
        {mayEdit && <button type="button" className="button" onClick={() => duplicate(ids)}>Duplicate</button>}
        {mayEdit && <button type="button" className="button" onClick={() => actions.toggleDisabled(ids)}>Disable or enable</button>}
        {mayEdit && <button type="button" className="button danger" onClick={() => actions.remove(ids)}>Remove</button>}
      </div>
    </div>
  );
}

const COMMON_LIMITS = [
  ["max_cost_usd", "Most a run may cost", "US dollars; a run stops before the call that would pass it", true],
  ["auto_limit_usd", "Run paid cells by itself up to", "US dollars of predicted cost after an edit; 0 always asks", true],
  ["timeout_s", "Most a run may take", "seconds", false],
  ["concurrency", "Steps at once", "of one run", false],
];

function WorkflowInspector() {
  const document = useEditor((state) => state.document);
  const mayEdit = useEditor((state) => state.mayEdit);
  const put = (changes, merge) => change([{ op: "update_workflow", ...changes }], { merge });
  return (
    <div className="inspector-body">
      <h2>This workflow</h2>
      <div className="field">
        <label htmlFor="workflow-description">Description</label>
        <textarea id="workflow-description" className="input" rows={4} value={document.description} readOnly={!mayEdit} data-testid="field-description"
          onChange={(event) => put({ description: event.target.value.slice(0, 20_000) }, "description")} />
      </div>
      {COMMON_LIMITS.map(([key, label, help, isMoney]) => (
        <Limit key={key} name={key} label={label} help={help} value={document.settings[key]} disabled={!mayEdit} isMoney={isMoney}
          onChange={(value) => put({ settings: { [key]: value } }, `settings ${key}`)} />
      ))}
      <Limit name="retry.attempts" label="Times a failed run is tried" help="in all, each from where it failed; empty never tries again" value={document.settings.retry?.attempts} disabled={!mayEdit}
        onChange={(value) => put({ settings: { retry: triedAgain(document.settings.retry, value) } }, "settings retry")} />
      <RunLimit />
      <div className="field" data-kind="checkbox">
        <label htmlFor="workflow-cache">Take kept answers of equal steps</label>
        <input id="workflow-cache" type="checkbox" className="switch" checked={document.settings.cache !== "off"} disabled={!mayEdit}
          onChange={(event) => put({ settings: { cache: event.target.checked ? null : "off" } }, "settings cache")} />
      </div>
      <p className="faint">Select a node to see its settings. {document.nodes.size} {document.nodes.size === 1 ? "node" : "nodes"}, {document.edges.size} {document.edges.size === 1 ? "wire" : "wires"}.</p>
    </div>
  );
}

// Waits of a minute and more: what failed as a whole run seldom works a second later.
function triedAgain(retry, attempts) {
  if (attempts === null || attempts <= 1) return null;
  return { backoff_s: 60, max_s: 3600, ...retry, attempts: Math.min(Math.round(attempts), 100) };
}

function Limit({ name, label, help, value, onChange, disabled, isMoney }) {
  const [typed, setTyped] = useState(null);
  const keep = () => {
    if (typed === null) return;
    const number = Number(typed.replace(",", "."));
    if (typed.trim() === "") onChange(null);
    else if (Number.isFinite(number) && number >= 0) onChange(isMoney ? String(number) : number);
    setTyped(null);
  };
  return (
    <div className="field">
      <label htmlFor={`limit-${name}`}>{label}</label>
      <input id={`limit-${name}`} className="input" inputMode="decimal" value={typed ?? value ?? ""} disabled={disabled} aria-describedby={`limit-${name}-help`} data-testid={`field-settings.${name}`}
        onChange={(event) => setTyped(event.target.value)} onBlur={keep} onKeyDown={(event) => event.key === "Enter" && keep()} />
      <p className="field-help" id={`limit-${name}-help`}>{help}</p>
    </div>
  );
}

function NodeInspector({ id, onClose }) {
  const [tab, setTab] = useState("Config");
  const node = useEditor((state) => state.document.nodes.get(id));
  const type = useEditor((state) => state.types[state.document.nodes.get(id)?.type]);
  const face = useEditor((state) => state.faces[id]);
  const mayRun = useEditor((state) => state.mayRun);
  const mayEdit = useEditor((state) => state.mayEdit);
  const now = useStanding(id);
  // The canvas shows at once what was selected, and so does the head; a form may take a moment longer.
  const isWhole = useDeferredValue(true, false);
  // Removed by somebody else a moment ago.
  if (!node) return null;
  return (
    <aside
      className="inspector" aria-label={`Inspector of ${node.name}`} data-testid="inspector"
      onKeyDown={(event) => {
        if (event.key !== "Enter" || !event.shiftKey || event.defaultPrevented || !mayRun) return;
        event.preventDefault();
        draft.run("cells", [id]);
      }}
    >
      <header className="inspector-head">
        <TypeMark type={node.type} category={type?.category} />
        <div className="inspector-words">
          <NodeName id={id} name={node.name} />
          <span className="faint">{type?.title ?? node.type}{node.config.mode ? ` · ${String(node.config.mode).replaceAll("_", " ")}` : ""}</span>
        </div>
        {mayRun && (
          <button type="button" className="button" onClick={() => draft.run("cells", [id])} data-testid="inspector-run">
            <Icon name="play" size={13} /> Run cell <kbd>⇧↵</kbd>
          </button>
        )}
        <button type="button" className="icon-button narrow-only" onClick={onClose} aria-label="Close the inspector"><Icon name="x" /></button>
      </header>
      <div className="tabs" role="tablist" aria-label="About this node">
        {TABS.map((name) => (
          <button key={name} type="button" role="tab" id={`tab-${name}`} aria-selected={tab === name} aria-controls="tab-panel" className="tab" tabIndex={tab === name ? 0 : -1}
            onClick={() => setTab(name)}
            onKeyDown={(event) => {
              const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
              if (!step) return;
              const next = TABS[(TABS.indexOf(name) + step + TABS.length) % TABS.length];
              setTab(next);
              window.document.getElementById(`tab-${next}`)?.focus();
            }}>
            {name}
          </button>
        ))}
      </div>
      <div className="inspector-body" role="tabpanel" id="tab-panel" aria-labelledby={`tab-${tab}`} tabIndex={-1}
        onFocus={(event) => editField(mayEdit ? placeOf(event.target) : "")} onBlur={() => editField("")}>
        <WritersSaid id={id} />
        <StaleBanner id={id} now={now} />
        {isWhole && tab === "Config" && <Config node={node} type={type} />}
        {tab === "Input" && <Input node={node} />}
        {tab === "Output" && <Output id={id} />}
        {tab === "Runs" && <Runs node={node} />}
        {tab === "Help" && <Help node={node} type={type} face={face} />}
      </div>
    </aside>
  );
}

function NodeName({ id, name }) {
  const [typed, setTyped] = useState(null);
  const mayEdit = useEditor((state) => state.mayEdit);
  const keep = () => {
    if (typed !== null) actions.rename(id, typed);
    setTyped(null);
  };
  return (
    <input className="node-name-input" aria-label="Name of the node" value={typed ?? name} readOnly={!mayEdit} maxLength={100} spellCheck={false} data-testid="node-name"
      onChange={(event) => setTyped(event.target.value)} onBlur={keep}
      onKeyDown={(event) => {
        if (event.key === "Enter" && !event.nativeEvent.isComposing) event.target.blur();
        if (event.key === "Escape") setTyped(null);
      }} />
  );
}

const REASONS = {
  config: "its settings changed", inputs: "what it reads changed", upstream: "something above it changed", pin: "a pin changed",
  expired: "its result is too old", error: "it failed", code_version: "this kind of node was updated",
};

function StaleBanner({ id, now }) {
  const mark = useEditor((state) => state.draft?.marks[id]);
  const cost = useEditor((state) => state.draft?.costs[id]);
  const error = useEditor((state) => state.draft?.results[id]?.error);
  const mayRun = useEditor((state) => state.mayRun);
  if (now.state === "failed" && error) {
    return <p className="notice" data-tone="error" role="alert"><Icon name="alert" size={15} /><span>{error}</span></p>;
  }
  if (now.state !== "stale") return null;
  const calls = cost?.calls ? `${cost.calls} ${cost.calls === 1 ? "call" : "calls"}, ${costWords(cost)}. ` : "";
  return (
    <p className="notice" data-tone="stale">
      <Icon name="alert" size={15} />
      <span><strong>{now.isMaybe ? "Maybe stale" : "Stale"}: {REASONS[mark?.reason] ?? "something changed"}.</strong> {calls}
        {mayRun && <button type="button" className="text-link" onClick={() => draft.run("cells", [id])}>Run now</button>}</span>
    </p>
  );
}

function Config({ node, type }) {
  const problems = useEditor((state) => state.problems);
  const mayEdit = useEditor((state) => state.mayEdit);
  const isFree = useEditor(mayArrange);
  const projectId = useEditor((state) => state.projectId);
  const workflowId = useEditor((state) => state.id);
  const scope = useScope(node.id);
  const own = problems.filter((problem) => problem.node === node.name);
  const mayRun = useEditor((state) => state.mayRun);
  const onRun = mayRun ? () => draft.run("cells", [node.id]) : undefined;
  const context = { workflowId, projectId, nodeId: node.id, node, names: scope, onRun, Writers };
  if (!type) return <p className="notice" data-tone="error">There is no node type “{node.type}” here. Install the package it comes from, or remove the node.</p>;
  return (
    <>
      {own.length > 0 && (
        <ul className="problems" aria-label="Problems of this node">
          {own.map((problem, index) => (
            <li key={index}>{problem.path && <strong>{placeWords(problem.path)}: </strong>}{problem.message}{problem.mend && mayEdit && <button type="button" className="text-link" onClick={() => actions.mend(problem.mend)}>{MENDS[problem.mend.kind]}</button>}</li>
          ))}
        </ul>
      )}
      <ConfigForm schema={type.config_schema} value={node.config} problems={own} context={context} disabled={!mayEdit}
        onChange={(path, value) => actions.setConfig(node.id, path, value)} />
      {node.type === "start" && <TryWith schema={node.config.inputs} />}
      <Wires node={node} />
      <Inside node={node} />
      <CommonForm node={node} disabled={!mayEdit} problems={own} onChange={(key, value) => actions.setField(node.id, key, value)} context={context} />
      {isFree && (
        <div className="button-row">
          <button type="button" className="button" onClick={() => actions.toggleDisabled([node.id])}><Icon name="power" size={13} /> {valueOf(node, "disabled") ? "Enable" : "Disable"}</button>
          <button type="button" className="button" onClick={() => duplicate([node.id])}><Icon name="copy" size={13} /> Duplicate</button>
          <button type="button" className="button danger" onClick={() => actions.remove([node.id])}><Icon name="trash" size={13} /> Remove</button>
        </div>
      )}
    </>
  );
}

// The inputs the editor's own runs are given.
export function TryWith({ schema }) {
  const inputs = useEditor((state) => state.trying ?? state.draft?.inputs);
  const mayEdit = useEditor((state) => state.mayEdit);
  const told = useEditor((state) => state.tryProblems);
  const problems = useMemo(() => told.map((text) => ({ message: text, path: text.match(/^'?(\w+)/)?.[1] ?? "" })), [told]);
  const isEmpty = !Object.keys(schema?.properties ?? {}).length;
  useEffect(() => () => { draft.keepTrying(); }, []);
  if (isEmpty) return null;
  return (
    <section className="try-with" aria-label="Inputs to try with">
      <h3>Try it with</h3>
      <ConfigForm schema={schema} value={inputs ?? {}} problems={problems} compact disabled={!mayEdit || !inputs} onChange={(path, next) => draft.tryWith(put(inputs, path, next))} />
    </section>
  );
}

function put(value, [key, ...rest], next) {
  const copy = Array.isArray(value) ? [...value] : { ...value };
  if (rest.length) copy[key] = put(copy[key] ?? {}, rest, next);
  else if (next === undefined) delete copy[key];
  else copy[key] = next;
  return copy;
}
