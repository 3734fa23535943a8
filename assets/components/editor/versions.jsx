// The versions of a workflow: kept by people and by themselves, compared, brought back, published.
import { useCallback, useEffect, useId, useMemo, useRef, useState } from "react";
import { sendSignedIn, sort } from "../rest.js";
import { DiffList } from "./diff-list.jsx";
import { placeWords } from "./kinds.js";

const day = (at) => new Date(at).toLocaleDateString("en-CA");
const clock = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

function dayName(at) {
  const now = new Date();
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  if (day(at) === day(now)) return "Today";
  if (day(at) === day(yesterday)) return "Yesterday";
  const date = new Date(at);
  const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return date.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long", year });
}

function byDay(items) {
  const days = [];
  for (const item of items) {
    const last = days[days.length - 1];
    if (last && last.key === day(item.created_at)) last.items.push(item);
    else days.push({ key: day(item.created_at), title: dayName(item.created_at), items: [item] });
  }
  return days;
}

const titleOf = (version) => version.name || (version.kind === "checkpoint" ? "Checkpoint" : `Version ${version.number}`);

// Which two documents are compared for a version, the older one first. What is not in the list any more,
// such as a checkpoint among named versions, gives way to the draft.
function pair(version, other, list) {
  const older = list.items[list.items.findIndex((item) => item.number === version.number) + 1];
  if (other === "before" && older) return [older.number, version.number];
  if (other !== "published" || list.published_version === null) return [version.number, "draft"];
  return list.published_version < version.number ? ["published", version.number] : [version.number, "published"];
}

// Talks to the API; `act` says how it went, and gives the reply's body or null.
function useVersions(workflowId, kind, onChanged) {
  const base = `/api/v1/workflows/${workflowId}`;
  const [list, setList] = useState(null);
  const [failure, setFailure] = useState("");
  const [outcome, setOutcome] = useState({ busy: "", said: "", problems: [], undo: null });
  const asked = useRef(0);

  const load = useCallback(async (after) => {
    const turn = ++asked.current;
    const query = new URLSearchParams({ limit: "50", ...(kind && { kind }), ...(after && { after }) });
    const reply = await sendSignedIn("GET", `${base}/versions?${query}`);
    if (turn !== asked.current) return;
    if (!reply.ok) return setFailure(reply.body.detail ?? "The versions could not be read.");
    setFailure("");
    setList((old) => (after ? { ...reply.body, items: [...old.items, ...reply.body.items] } : reply.body));
  }, [base, kind]);
  useEffect(() => { load(); }, [load]);

  const act = async (name, method, path, body, said) => {
    setOutcome({ busy: name, said: "", problems: [], undo: null });
    const reply = await sendSignedIn(method, `${base}${path}`, body ?? {});
    const problems = reply.ok ? [] : [...new Set((reply.body.problems ?? []).map(worded))];
    if (!reply.ok && problems.length === 0) problems.push(...sort(reply, []).rest);
    const undo = reply.ok ? reply.body.undo ?? null : null;
    setOutcome({ busy: "", said: reply.ok ? said(reply.body) : "", problems, undo });
    if (reply.ok) {
      onChanged?.();
      await load();
    }
    return reply.ok ? reply.body : null;
  };
  return { list, failure, outcome, load, act };
}

function worded({ where, what }) {
  const [node, place] = (where ?? "").split(".config.");
  return [node && (place ? `${node}, ${placeWords(place).toLowerCase()}` : node), what].filter(Boolean).join(": ");
}

// `onCompare` is told which version to hold against the draft, and whether the list of changes is meant;
// without it, the panel shows that list itself. `onChanged` is told after anything was kept or published.
// `onRestored` hears which version was brought back, and which is what the draft was before.
// `focus` is "publish" where that is what somebody came for.
export function VersionsPanel({ workflowId, mayEdit, focus, onCompare, onChanged, onRestored }) {
  const [kind, setKind] = useState("");
  const [open, setOpen] = useState(null);
  const { list, failure, outcome, load, act } = useVersions(workflowId, kind, onChanged);
  const days = useMemo(() => byDay(list?.items ?? []), [list]);

  const toggle = (number) => {
    setOpen(open === number ? null : number);
    if (open !== number) onCompare?.(number);
  };
  const restore = async (version, said) => {
    const made = await act(`restore ${version}`, "POST", "/versions/restore", { version }, (reply) => (reply.undo === null ? "The draft says this already." : said));
    if (made && made.undo !== null) onRestored?.({ back: made.undo, forth: version, revision: made.workflow.revision });
  };
  if (failure && !list) {
    return (
      <div className="versions-note" role="alert">
        <p>{failure}</p>
        <button type="button" className="button small" onClick={() => load()}>Try again</button>
      </div>
    );
  }
  if (!list) return <div className="skeleton versions-bones" aria-hidden="true">{[92, 44, 44, 44].map((height, index) => <div key={index} className="bone" style={{ height }} />)}</div>;
  return (
    <section className="versions" aria-label="Versions" data-testid="versions">
      <h2 className="unseen">All versions</h2>
      <Standing list={list} />
      {mayEdit && <SaveForm list={list} busy={outcome.busy} act={act} focus={focus} />}
      <div role="alert" className={outcome.problems.length ? "problems" : "problems-none"}>
        {outcome.problems.map((text, index) => <p key={index} data-testid={`problem-${index}`}>{text}</p>)}
      </div>
      <p role="status" className="versions-said" data-testid="versions-said">
        {outcome.said}
        {outcome.undo !== null && (
          <button type="button" className="link-button" data-testid="versions-undo" onClick={() => restore(outcome.undo, "The draft is as it was before.")}>Undo</button>
        )}
      </p>
      <div className="segments" role="group" aria-label="Which versions">
        {[["", "All"], ["named", "Named"]].map(([value, label]) => (
          <button key={value} type="button" className="segment" aria-pressed={kind === value} onClick={() => setKind(value)}>{label}</button>
        ))}
      </div>
      {list.items.length === 0 && (
        <p className="versions-note">
          {kind ? "No version has a name yet." : "Nothing is kept yet. A checkpoint is made by itself while you work."}
        </p>
      )}
      {days.map((group) => (
        <div key={group.key} className="versions-day">
          <h3>{group.title}</h3>
          <ol>
            {group.items.map((version) => (
              <Entry
                key={version.number} version={version} list={list} workflowId={workflowId} mayEdit={mayEdit}
                isOpen={open === version.number} onToggle={() => toggle(version.number)}
                busy={outcome.busy} act={act} onRestore={restore} onCompare={onCompare}
              />
            ))}
          </ol>
        </div>
      ))}
      {list.next && <button type="button" className="button small" onClick={() => load(list.next)}>Show older ones</button>}
    </section>
  );
}

// How the draft stands to what is published.
function Standing({ list }) {
  const isLive = list.published_version !== null;
  const [tone, title, text] = !isLive
    ? ["plain", "Not published", "Schedules, webhooks and forms run nothing."]
    : list.is_changed
      ? ["stale", "Published, changed since", `Schedules, webhooks and forms run version ${list.published_version}; the draft says something else.`]
      : ["ok", "Published", `Schedules, webhooks and forms run version ${list.published_version}, which is what the draft says.`];
  return (
    <div className="versions-standing" data-tone={tone} data-testid="versions-standing">
      <span className="versions-dot" aria-hidden="true" />
      <div>
        <strong>{title}</strong>
        <p>{text}</p>
      </div>
    </div>
  );
}

function SaveForm({ list, busy, act, focus }) {
  const [name, setName] = useState("");
  const [note, setNote] = useState("");
  const id = useId();
  const publishing = useRef(null);
  useEffect(() => { if (focus === "publish") publishing.current.focus(); }, [focus]);
  const done = (body) => {
    if (!body) return;
    setName("");
    setNote("");
  };
  const save = async (event) => {
    event.preventDefault();
    done(await act("save", "POST", "/versions", { name, note }, (made) => `Kept as “${made.name}”.`));
  };
  const publish = async () => done(await act("publish", "POST", "/publish", { version: "draft", name, note }, () => "The draft is published."));
  const isPublished = list.published_version !== null && !list.is_changed;
  return (
    <form className="versions-form" onSubmit={save} noValidate aria-label="Keep the draft as a version">
      <label htmlFor={`${id}-name`}>Name this version</label>
      <input
        id={`${id}-name`} className="input" value={name} maxLength={200} autoComplete="off" placeholder="Calmer replies"
        data-testid="version-name" onChange={(event) => setName(event.target.value)}
      />
      <label htmlFor={`${id}-note`}>What changed <span className="field-mark">optional</span></label>
      <input
        id={`${id}-note`} className="input" value={note} maxLength={2000} autoComplete="off" placeholder="A person is asked before anything is sent"
        data-testid="version-note" onChange={(event) => setNote(event.target.value)}
      />
      <div className="form-foot">
        <button type="submit" className="button" disabled={Boolean(busy) || !name.trim()} data-testid="version-save">Save version</button>
        <button ref={publishing} type="button" className="button primary" disabled={Boolean(busy) || isPublished} onClick={publish} data-testid="version-publish-draft">
          {isPublished ? "Published" : "Publish draft"}
        </button>
      </div>
    </form>
  );
}

function Entry({ version, list, workflowId, mayEdit, isOpen, onToggle, busy, act, onRestore, onCompare }) {
  const id = useId();
  const title = titleOf(version);
  return (
    <li className="version" data-kind={version.kind} data-open={isOpen} data-testid={`version-${version.number}`}>
      <button type="button" className="version-head" aria-expanded={isOpen} aria-controls={id} onClick={onToggle}>
        <span className="version-number">v{version.number}</span>
        <span className="version-words">
          <span className="version-title">
            {title}
            {version.is_published && <span className="tag" data-tone="good">Published</span>}
          </span>
          {version.note && <span className="version-note">{version.note}</span>}
        </span>
        <span className="version-who">
          <time dateTime={version.created_at}>{clock(version.created_at)}</time>
          {version.author && <span>{version.author}</span>}
        </span>
      </button>
      <div id={id} className="version-body" hidden={!isOpen}>
        {isOpen && (
          <Opened
            version={version} title={title} list={list} workflowId={workflowId} mayEdit={mayEdit}
            busy={busy} act={act} onRestore={onRestore} onCompare={onCompare}
          />
        )}
      </div>
    </li>
  );
}

function Opened({ version, title, list, workflowId, mayEdit, busy, act, onRestore, onCompare }) {
  const [isNaming, setNaming] = useState(false);
  const id = useId();
  const { number } = version;

  const publish = () => act(`publish ${number}`, "POST", "/publish", { version: number }, () => `Version ${number} is published.`);
  const unpublish = () => act("unpublish", "DELETE", "/publish", {}, () => "Nothing is published any more.");
  const run = async () => {
    const draft = await sendSignedIn("GET", `/api/v1/workflows/${workflowId}/draft`);
    const made = await act(`run ${number}`, "POST", "/runs", { version: number, inputs: draft.body.inputs ?? {} }, () => `Version ${number} runs.`);
    if (made) location.assign(`/runs/${made.id}`);
  };
  const duplicate = async () => {
    const made = await act(`duplicate ${number}`, "POST", `/duplicate?version=${number}`, {}, (reply) => `“${reply.name}” was made.`);
    if (made) location.assign(`/workflows/${made.id}`);
  };
  const rename = async (event) => {
    event.preventDefault();
    const data = new FormData(event.target);
    const body = { name: data.get("name"), note: data.get("note") };
    if (await act(`name ${number}`, "PUT", `/versions/${number}`, body, (reply) => `Version ${number} is called “${reply.name}”.`)) setNaming(false);
  };
  return (
    <>
      {mayEdit && (
        <div className="version-actions" role="group" aria-label={`${title}, version ${number}`}>
          <button type="button" className="button small" disabled={Boolean(busy)} data-testid="version-restore" onClick={() => onRestore(number, `The draft says what version ${number} says.`)}>Restore</button>
          <button type="button" className="button small" disabled={Boolean(busy)} data-testid="version-run" onClick={run} title="As schedules and webhooks do, with the inputs that the editor tries with">Run</button>
          {version.is_published ? (
            <button type="button" className="button small" disabled={Boolean(busy)} data-testid="version-unpublish" onClick={unpublish}>Unpublish</button>
          ) : (
            <button type="button" className="button small" disabled={Boolean(busy)} data-testid="version-publish" onClick={publish}>Publish</button>
          )}
          <button type="button" className="button small" disabled={Boolean(busy)} data-testid="version-duplicate" onClick={duplicate}>Duplicate</button>
          <button type="button" className="button small" aria-expanded={isNaming} data-testid="version-rename" onClick={() => setNaming(!isNaming)}>{version.kind === "checkpoint" ? "Name" : "Rename"}</button>
        </div>
      )}
      {isNaming && (
        <form className="versions-form" onSubmit={rename} noValidate aria-label={`Name version ${number}`}>
          <label htmlFor={`${id}-name`}>Name</label>
          <input id={`${id}-name`} name="name" className="input" defaultValue={version.name} maxLength={200} autoComplete="off" autoFocus />
          <label htmlFor={`${id}-note`}>What changed <span className="field-mark">optional</span></label>
          <input id={`${id}-note`} name="note" className="input" defaultValue={version.note} maxLength={2000} autoComplete="off" />
          <div className="form-foot">
            <button type="submit" className="button small" disabled={Boolean(busy)}>Save</button>
            <button type="button" className="button small" onClick={() => setNaming(false)}>Cancel</button>
          </div>
        </form>
      )}
      {onCompare
        ? <button type="button" className="link-button version-changes" data-testid="version-changes" onClick={() => onCompare(number, true)}>What the draft changes in it</button>
        : <Differences version={version} list={list} workflowId={workflowId} />}
    </>
  );
}

// In the editor: what differs, as a list, and the way to the canvas with both.
function Differences({ version, list, workflowId }) {
  const [other, setOther] = useState("draft");
  const [found, setFound] = useState(null);
  const id = useId();
  const { number } = version;
  const isLast = list.items[list.items.length - 1].number === number;
  const choices = [
    ["draft", "the draft"],
    ...(list.published_version !== null && list.published_version !== number ? [["published", `the published version ${list.published_version}`]] : []),
    ...(isLast ? [] : [["before", "the version before it"]]),
  ];
  const isListed = choices.some(([value]) => value === other);
  const [before, after] = pair(version, other, list);
  const query = new URLSearchParams({ before, after });
  useEffect(() => {
    let isWanted = true;
    sendSignedIn("GET", `/api/v1/workflows/${workflowId}/diff?${query}`).then((reply) => isWanted && setFound(reply));
    return () => { isWanted = false; };
  }, [workflowId, before, after, list.revision, list.published_version]);
  return (
    <>
      <div className="version-compare">
        <label htmlFor={`${id}-other`}>Compared with</label>
        <select id={`${id}-other`} className="input" value={isListed ? other : "draft"} data-testid="version-compare" onChange={(event) => setOther(event.target.value)}>
          {choices.map(([value, label]) => <option key={value} value={value}>{label}</option>)}
        </select>
      </div>
      <a className="link-button" href={`/workflows/${workflowId}/versions?${query}`} data-testid="version-canvas">Both on one canvas</a>
      {!found ? (
        <div className="bone" style={{ height: 64 }} aria-hidden="true" />
      ) : found.ok ? (
        <DiffList diff={found.body.diff} />
      ) : (
        <p className="versions-note" role="alert">{found.body.detail}</p>
      )}
    </>
  );
}
