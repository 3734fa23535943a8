// What the inspector shows of a node beside its settings: what it reads, its runs, and help.
import { useEffect, useState } from "react";
import { sendSignedIn } from "../rest.js";
import { ancestors } from "./document.js";
import { moment, money, RUN_LABELS, seconds, tokensOf } from "./faces.js";
import { StatePill } from "./icons.jsx";
import { fieldsOf, humanise, variantsOf } from "./kinds.js";
import { useScope } from "./scope.js";
import { useEditor } from "./store.js";
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

export function Runs({ node }) {
  const result = useEditor((state) => state.draft?.results[node.id]);
  const [runs, setRuns] = useState(null);
  const id = useEditor((state) => state.id);
  const status = useEditor((state) => state.run?.status);
  useEffect(() => {
    let isHere = true;
    sendSignedIn("GET", `/api/v1/runs?workflow_id=${encodeURIComponent(id)}&drafts=true&limit=20`)
      .then(({ ok, body }) => isHere && setRuns(ok ? body.items : []));
    return () => { isHere = false; };
  }, [id, status]);
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
      <h3>Runs of this workflow</h3>
      {runs === null ? <p className="faint">One moment…</p> : !runs.length ? <p className="faint">Not run yet.</p> : (
        <ul className="node-runs">
          {runs.map((each) => (
            <li key={each.id}>
              <a href={`/runs/${each.id}`}><StatePill now={{ state: each.status, label: RUN_LABELS[each.status] ?? each.status }} /><span>{moment(each.created_at)}</span><span>{money(each.cost_usd)}</span></a>
            </li>
          ))}
        </ul>
      )}
    </>
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
