// What the inspector shows of a node beside its settings: what it reads, its runs, and help.
import { useEffect, useState } from "react";
import { ancestors } from "./document.js";
import { pinFrom } from "./draft.js";
import { brief, moment, money, seconds, STEP_LABELS, taken, tokensOf } from "./faces.js";
import { Icon } from "./icons.jsx";
import { Pill } from "../marks.jsx";
import { fieldsOf, humanise, variantsOf } from "./kinds.js";
import { useScope } from "./scope.js";
import { ask, read, textOf, useEditor } from "./store.js";
import { Unread } from "./unread.jsx";
import { ValueView } from "./values.jsx";

const NOTHING = {};

export function Input({ node }) {
  const document = useEditor((state) => state.document);
  const results = useEditor((state) => state.draft?.results) ?? NOTHING;
  const scope = useScope(node.id);
  const above = ancestors(document, node.id);
  const names = scope.filter((each) => each.sample !== undefined);
  if (!names.length) return <p className="faint">{above.size ? "Nothing above this node has run yet." : "Nothing stands above this node: it reads the inputs alone."}</p>;
  return (
    <div className="value">
      {names.map((each) => (
        <section key={each.name} className="value-section">
          <h3 className="value-name">{each.name}{results[each.node_id]?.pinned && <span className="tag">pinned</span>}</h3>
          <ValueView value={each.sample} name={each.name} />
        </section>
      ))}
    </div>
  );
}

// The latest runs that this node ran in, whoever made them; asked for anew once it has given something else.
function useNodeRuns(nodeId, stamp) {
  const id = useEditor((state) => state.id);
  const [tries, setTries] = useState(0);
  const [{ runs, problem }, setFound] = useState({ runs: null, problem: "" });
  useEffect(() => {
    let isHere = true;
    ask("GET", `/nodes/${encodeURIComponent(nodeId)}/runs`).then((reply) => {
      if (!isHere || read().id !== id) return;
      // A node that was added a moment ago is not known there yet.
      if (reply.ok || reply.status === 404) setFound({ runs: reply.body.items ?? [], problem: "" });
      else setFound((before) => ({ ...before, problem: textOf(reply) }));
    });
    return () => { isHere = false; };
  }, [id, nodeId, stamp, tries]);
  return { runs, problem, onAgain: () => setTries(tries + 1) };
}

export function Runs({ node }) {
  const result = useEditor((state) => state.draft?.results[node.id]);
  const { runs, problem, onAgain } = useNodeRuns(node.id, result);
  return (
    <>
      {result?.at && (
        <dl className="node-facts">
          <div><dt>Last run here</dt><dd>{moment(result.at)}</dd></div>
          {result.duration_s != null && <div><dt>Time</dt><dd>{seconds(result.duration_s) || "under 1 ms"}</dd></div>}
          {money(result.cost_usd) && <div><dt>Cost</dt><dd>{money(result.cost_usd)}</dd></div>}
          {money(result.saved_usd) && <div><dt>Saved by the cache</dt><dd>{money(result.saved_usd)}</dd></div>}
          {tokensOf(result) > 0 && <div><dt>Tokens</dt><dd>{tokensOf(result)}</dd></div>}
          {result.model && <div><dt>Model</dt><dd>{result.model}</dd></div>}
        </dl>
      )}
      <h3>Latest runs of this node</h3>
      {problem && <Unread what="The runs of this node" problem={problem} onAgain={onAgain} />}
      {runs === null ? !problem && <p className="faint">One moment…</p> : !runs.length ? <p className="faint">It did not run in any of the latest runs.</p> : (
        <ul className="node-runs" data-testid="node-runs">
          {runs.map((each) => <NodeRun key={each.run_id} {...each} node={node} say={node.type === "decision" ? taken : brief} />)}
        </ul>
      )}
    </>
  );
}

const HAS_GIVEN = new Set(["succeeded", "cached"]);

function NodeRun({ run_id: id, status, created_at: at, trigger, times, is_whole: isWhole, path, node, say, ...one }) {
  const mayEdit = useEditor((state) => state.mayEdit);
  // What lives in a container gives something each turn; the container is what can be pinned.
  const canPin = mayEdit && !node.parent && times === 1 && HAS_GIVEN.has(status);
  const cost = money(one.cost_usd) || (money(one.saved_usd) && `saved ${money(one.saved_usd)}`);
  return (
    <li>
      <a href={`/runs/${id}`}>
        <Pill state={status} label={STEP_LABELS[status] ?? status} />
        <span>{moment(at)}{trigger === "draft" ? "" : " · run"}</span>
        <span>{[times > 1 && `${isWhole ? "" : "last "}${times} times`, seconds(one.duration_s), cost].filter(Boolean).join(" · ")}</span>
        <span className="node-run-brief" data-tone={one.error ? "error" : undefined}>{one.error ?? say(one)}</span>
      </a>
      {canPin && (
        <button type="button" className="tool-text" aria-label={`Pin what it gave on ${moment(at)}`} title="Takes the place of its output in the editor, until it is unpinned" onClick={() => pinFrom(node.id, { run: id, path, port: one.port })} data-testid="node-run-pin">
          <Icon name="pin" size={13} /> Pin this
        </button>
      )}
    </li>
  );
}

// What a kind of node does, each way it can go, and what every setting of this one means.
export function Help({ node, type, face }) {
  if (!type) return null;
  const schema = type.config_schema;
  const union = variantsOf(schema, schema);
  const named = ({ name, schema: field }) => [field.title ?? humanise(name), field.description];
  const settings = fieldsOf(schema, node.config, schema, true).map(named).filter(([, text]) => text);
  return (
    <div className="prose help">
      <p>{type.summary}</p>
      {face && <p>Ways in: {face.inputs.join(", ") || "none"}. Ways out: {face.outputs.join(", ") || "none"}.</p>}
      {union && <Terms title="What it can do" terms={union.variants.map(({ title, description }) => [title, description])} />}
      {settings.length > 0 && <Terms title="Settings" terms={settings} />}
      <p className="faint">Text may read what stands above with {"{{ name.field }}"}: type two braces in a field to see what there is. A reference draws the missing wire by itself.</p>
    </div>
  );
}

function Terms({ title, terms }) {
  return (
    <>
      <h3>{title}</h3>
      <dl>{terms.map(([term, text]) => <div key={term}><dt>{term}</dt><dd>{text}</dd></div>)}</dl>
    </>
  );
}
