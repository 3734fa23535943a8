// What differs between two documents of a workflow, as a list; long texts by word or line.
import { memo, useEffect, useMemo, useRef } from "react";
import { Sign, WORDS } from "./diff-sign.jsx";
import { textDiff } from "./word-diff.js";

const shown = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));
const isThere = (value) => value !== null && value !== undefined;
const hasText = (value) => isThere(value) && value !== "";
const port = (name, given, usual) => (given === usual ? name : `${name}.${given}`);
const wire = (edge) => `${port(edge.source_name, edge.source_port, "out")} → ${port(edge.target_name, edge.target_port, "in")}`;

// The value at `config.cases[0].when`, or undefined.
const at = (value, path) => (path.match(/[^.[\]]+/g) ?? []).reduce((inner, key) => inner?.[key], value);

// Both values in full, where the documents are at hand and name them as the path does.
function whole(change, pair) {
  if (!change.is_cut || !pair) return change;
  const [before, after] = pair.map((part) => at(part, change.path));
  const isFound = isThere(before) === isThere(change.before) && isThere(after) === isThere(change.after);
  return isFound ? { ...change, before, after, is_cut: false } : change;
}

const Field = memo(function Field({ change: given, pair }) {
  const change = useMemo(() => whole(given, pair), [given, pair]);
  const [old, now] = [change.before, change.after].map((value) => (hasText(value) ? shown(value) : null));
  const isText = old !== null && now !== null && Math.min(old.length, now.length) > 12;
  const pieces = useMemo(() => (isText ? readable(textDiff(old, now)) : null), [isText, old, now]);
  return (
    <div className="diff-field">
      <code className="diff-path">{change.path}</code>
      {pieces ? (
        <pre className="diff-words" tabIndex={0} role="group" aria-label={`Changes in ${change.path}`}>
          {pieces.map(({ kind, text }, index) => {
            if (kind === "same") return <span key={index}>{short(text, index === 0, index === pieces.length - 1)}</span>;
            const Piece = kind === "added" ? "ins" : "del";
            return <Piece key={index}><span className="unseen">[{kind}: </span>{text}<span className="unseen">]</span></Piece>;
          })}
        </pre>
      ) : (
        <>
          {old !== null && <pre className="diff-value" data-change="removed"><span className="unseen">Before: </span>{old}</pre>}
          {now !== null && <pre className="diff-value" data-change="added"><span className="unseen">After: </span>{now}</pre>}
        </>
      )}
    </div>
  );
});

// Where little is the same, one text after the other is easier to read.
const LEAST_SAME = 0.3;
function readable(pieces) {
  const length = (wanted) => pieces.reduce((sum, { kind, text }) => sum + (!wanted || kind === wanted ? text.length : 0), 0);
  return length("same") >= LEAST_SAME * length() ? pieces : null;
}

// Of a long stretch that is the same, what stands beside the changes.
const AROUND = 120;
function short(text, isFirst, isLast) {
  if (text.length <= 2 * AROUND + 20) return text;
  return `${isFirst ? "" : text.slice(0, AROUND)} … ${isLast ? "" : text.slice(-AROUND)}`;
}

const NodeRow = memo(function NodeRow({ change, onPick, isPicked, before, after }) {
  const row = useRef(null);
  useEffect(() => {
    if (isPicked) row.current.scrollIntoView({ block: "nearest" });
  }, [isPicked]);
  const pair = useMemo(() => before && [before, after], [before, after]);
  const name = <span className="diff-name">{change.name}</span>;
  const count = change.changes.length + (change.name_before ? 1 : 0);
  return (
    <li ref={row} className="diff-row" data-testid={`diff-${change.name}`} data-change={change.state} data-picked={isPicked || undefined}>
      <div className="diff-head">
        <Sign state={change.state} count={count} />
        {onPick ? <button type="button" className="link-button" aria-pressed={isPicked} onClick={() => onPick(change.id)}>{name}</button> : name}
        <span className="diff-type">{[change.type, change.parent && `in ${change.parent}`, WORDS[change.state].toLowerCase()].filter(Boolean).join(" · ")}</span>
      </div>
      {change.name_before && <p className="diff-note">was called <code>{change.name_before}</code></p>}
      {change.changes.map((field) => <Field key={field.path} change={field} pair={pair} />)}
    </li>
  );
});

const NoteRow = memo(function NoteRow({ change, onPick, isPicked, before, after }) {
  const row = useRef(null);
  useEffect(() => {
    if (isPicked) row.current.scrollIntoView({ block: "nearest" });
  }, [isPicked]);
  const pair = useMemo(() => before && [before, after], [before, after]);
  const text = <span className="diff-name">{change.text || "An empty note"}</span>;
  return (
    <li ref={row} className="diff-row" data-testid={`diff-note-${change.id}`} data-change={change.state} data-picked={isPicked || undefined}>
      <div className="diff-head">
        <Sign state={change.state} count={change.changes.length} />
        {onPick ? <button type="button" className="link-button" aria-pressed={isPicked} onClick={() => onPick(change.id)}>{text}</button> : text}
        <span className="diff-type">note · {WORDS[change.state].toLowerCase()}</span>
      </div>
      {change.changes.map((field) => <Field key={field.path} change={field} pair={pair} />)}
    </li>
  );
});

const Moved = ({ moved, onPick, picked }) => moved.map(({ id, name }, index) => (
  <span key={id}>
    {index > 0 && ", "}
    {onPick ? <button type="button" className="link-button" aria-pressed={picked === id} onClick={() => onPick(id)}>{name}</button> : name}
  </span>
));

const byId = (parts) => new Map((parts ?? []).map((part) => [part.id, part]));

// `onPick` is told the id of a node; without `hasGhosts`, only of one that the later document has.
// `documents` are both in full, for texts that the comparison gives in part.
export function DiffList({ diff, onPick, picked, documents, hasGhosts }) {
  const [before, after] = useMemo(() => [0, 1].map((at) => byId(documents?.[at].nodes)), [documents]);
  const [notesBefore, notesAfter] = useMemo(() => [0, 1].map((at) => byId(documents?.[at].sticky_notes)), [documents]);
  if (diff.is_equal) return <p className="versions-note" data-testid="diff-equal">Nothing differs.</p>;
  const moved = diff.nodes.filter((change) => change.state === "moved");
  const nodes = diff.nodes.filter((change) => change.state !== "moved");
  return (
    <div className="diff-list" data-testid="diff">
      {nodes.length > 0 && (
        <ul aria-label="Nodes">
          {nodes.map((change) => (
            <NodeRow
              key={`${change.state} ${change.id}`} change={change} isPicked={picked === change.id} before={before.get(change.id)} after={after.get(change.id)}
              onPick={hasGhosts || change.state !== "removed" ? onPick : undefined}
            />
          ))}
        </ul>
      )}
      {diff.edges.length > 0 && (
        <ul aria-label="Wires">
          {diff.edges.map((edge) => (
            <li key={`${edge.state} ${edge.id}`} className="diff-row" data-change={edge.state}>
              <div className="diff-head"><Sign state={edge.state} /><span>{wire(edge)}</span><span className="diff-type">wire · {WORDS[edge.state].toLowerCase()}</span></div>
            </li>
          ))}
        </ul>
      )}
      {diff.notes.length > 0 && (
        <ul aria-label="Sticky notes">
          {diff.notes.map((change) => (
            <NoteRow
              key={`${change.state} ${change.id}`} change={change} isPicked={picked === change.id} before={notesBefore.get(change.id)} after={notesAfter.get(change.id)}
              onPick={hasGhosts ? onPick : undefined}
            />
          ))}
        </ul>
      )}
      {diff.settings.length > 0 && (
        <ul aria-label="Workflow">
          <li className="diff-row" data-change="changed">
            <div className="diff-head"><Sign state="changed" count={diff.settings.length} /><span className="diff-name">The workflow itself</span></div>
            {diff.settings.map((field) => <Field key={field.path} change={field} pair={documents} />)}
          </li>
        </ul>
      )}
      {moved.length > 0 && <p className="diff-note"><Sign state="moved" /> Only moved on the canvas: <Moved moved={moved} onPick={onPick} picked={picked} /></p>}
      {diff.reordered && <p className="diff-note">Nodes stand in another order, which decides how outputs merge.</p>}
    </div>
  );
}
