// What differs between two documents of a workflow, as a list.
const SIGNS = { added: "+", removed: "−", changed: "±", moved: "↔" };
const WORDS = { added: "Added", removed: "Removed", changed: "Changed", moved: "Moved" };

const shown = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));
const port = (name, given, usual) => (given === usual ? name : `${name}.${given}`);
const wire = (edge) => `${port(edge.source_name, edge.source_port, "out")} → ${port(edge.target_name, edge.target_port, "in")}`;

function Sign({ state }) {
  return <span className="diff-sign" data-change={state}><span aria-hidden="true">{SIGNS[state]}</span><span className="unseen">{WORDS[state]}</span></span>;
}

function Field({ change }) {
  const isNew = change.before === null || change.before === undefined;
  const isGone = change.after === null || change.after === undefined;
  return (
    <div className="diff-field">
      <code className="diff-path">{change.path}</code>
      {!isNew && <pre className="diff-value" data-change="removed"><span className="unseen">Before: </span>{shown(change.before)}</pre>}
      {!isGone && <pre className="diff-value" data-change="added"><span className="unseen">After: </span>{shown(change.after)}</pre>}
    </div>
  );
}

function NodeRow({ change, onPick }) {
  const name = <span className="diff-name">{change.name}</span>;
  return (
    <li className="diff-row" data-testid={`diff-${change.name}`} data-change={change.state}>
      <div className="diff-head">
        <Sign state={change.state} />
        {onPick && change.state !== "removed" ? <button type="button" className="link-button" onClick={() => onPick(change.id)}>{name}</button> : name}
        <span className="diff-type">{[change.type, change.parent && `in ${change.parent}`].filter(Boolean).join(" ")}</span>
      </div>
      {change.name_before && <p className="diff-line">was called <code>{change.name_before}</code></p>}
      {change.changes.map((field) => <Field key={field.path} change={field} />)}
    </li>
  );
}

export function DiffList({ diff, onPick }) {
  if (diff.is_equal) return <p className="versions-note" data-testid="diff-equal">Nothing differs.</p>;
  const moved = diff.nodes.filter((change) => change.state === "moved");
  const nodes = diff.nodes.filter((change) => change.state !== "moved");
  return (
    <div className="diff" data-testid="diff">
      {nodes.length > 0 && <ul aria-label="Nodes">{nodes.map((change) => <NodeRow key={`${change.state} ${change.id}`} change={change} onPick={onPick} />)}</ul>}
      {diff.edges.length > 0 && (
        <ul aria-label="Wires">
          {diff.edges.map((edge) => (
            <li key={`${edge.state} ${edge.id}`} className="diff-row" data-change={edge.state}>
              <div className="diff-head"><Sign state={edge.state} /><span>{wire(edge)}</span><span className="diff-type">wire</span></div>
            </li>
          ))}
        </ul>
      )}
      {diff.settings.length > 0 && (
        <ul aria-label="Workflow">
          <li className="diff-row" data-change="changed">
            <div className="diff-head"><Sign state="changed" /><span className="diff-name">The workflow itself</span></div>
            {diff.settings.map((field) => <Field key={field.path} change={field} />)}
          </li>
        </ul>
      )}
      {moved.length > 0 && <p className="diff-line"><Sign state="moved" /> Only moved on the canvas: {moved.map((change) => change.name).join(", ")}</p>}
      {diff.reordered && <p className="diff-line">Nodes stand in another order, which decides how outputs merge.</p>}
    </div>
  );
}
