// What a node is wired to and where it lives, as a list: all that can be done by dragging, by keyboard.
import { useId, useMemo, useState } from "react";
import * as actions from "./actions.js";
import { mayArrange } from "./arranging.js";
import { inside, targetsOf } from "./document.js";
import { useEditor } from "./store.js";
import { Icon } from "./icons.jsx";

export function Wires({ node }) {
  const document = useEditor((state) => state.document);
  const faces = useEditor((state) => state.faces);
  const mayEdit = useEditor(mayArrange);
  const edges = [...document.edges.values()];
  const named = (id, port, usual) => `${document.nodes.get(id)?.name ?? "?"}${port === usual ? "" : ` (${port})`}`;
  const into = edges.filter((edge) => edge.target === node.id).map((edge) => [edge.id, `From ${named(edge.source, edge.source_port, "out")}`]);
  const outOf = edges.filter((edge) => edge.source === node.id)
    .map((edge) => [edge.id, `${edge.source_port === "out" ? "To" : `${edge.source_port} to`} ${named(edge.target, edge.target_port, "in")}`]);
  const outputs = faces[node.id]?.outputs ?? [];
  if (!mayEdit && !into.length && !outOf.length) return null;
  return (
    <section className="wires" aria-label="Wires">
      <p className="wires-title">Wires</p>
      {into.length + outOf.length === 0 && <p className="faint">Wired to nothing yet.</p>}
      <ul className="wire-list">
        {[...into, ...outOf].map(([id, text]) => (
          <li key={id}>
            <span>{text}</span>
            {mayEdit && <button type="button" className="icon-button" aria-label={`Remove the wire: ${text}`} onClick={() => actions.remove([], [id])}><Icon name="x" size={13} /></button>}
          </li>
        ))}
      </ul>
      {mayEdit && outputs.length > 0 && <Connect node={node} document={document} outputs={outputs} faces={faces} />}
    </section>
  );
}

function Connect({ node, document, outputs, faces }) {
  const id = useId();
  const [chosen, choosePort] = useState("");
  const [wanted, chooseTarget] = useState("");
  const port = outputs.includes(chosen) ? chosen : outputs[0];
  const targets = targetsOf(document, { source: node.id, source_port: port }).filter((other) => faces[other.id]?.inputs?.length !== 0 && other.type !== "start");
  const names = JSON.stringify(targets.map((other) => [other.id, other.name]));
  // There may be thousands, and each keystroke comes by here.
  const options = useMemo(() => targets.map((other) => <option key={other.id} value={other.id}>{other.name}</option>), [names]);
  const target = targets.some((other) => other.id === wanted) ? wanted : "";
  const connect = () => {
    actions.connect({ source: node.id, source_port: port, target, target_port: faces[target]?.inputs?.[0]?.id ?? "in" });
    chooseTarget("");
  };
  if (!targets.length) return null;
  return (
    <div className="wire-new">
      {outputs.length > 1 && (
        <>
          <label className="unseen" htmlFor={`${id}-port`}>Way out</label>
          <select id={`${id}-port`} className="input" value={port} onChange={(event) => choosePort(event.target.value)} data-testid="wire-port">
            {outputs.map((name) => <option key={name}>{name}</option>)}
          </select>
        </>
      )}
      <label className="unseen" htmlFor={`${id}-target`}>Connect to</label>
      <select id={`${id}-target`} className="input" value={target} onChange={(event) => chooseTarget(event.target.value)} data-testid="wire-target">
        <option value="">To…</option>
        {options}
      </select>
      <button type="button" className="button" disabled={!target} onClick={connect} data-testid="wire-add">Connect</button>
    </div>
  );
}

// The container a node lives in; those that live in it, or may live in none, are not offered.
export function Inside({ node }) {
  const id = useId();
  const document = useEditor((state) => state.document);
  const types = useEditor((state) => state.types);
  const mayEdit = useEditor(mayArrange);
  const own = inside(document, node.id);
  const containers = [...document.nodes.values()].filter((other) => types[other.type]?.container && !own.has(other.id));
  if (!mayEdit || actions.ROOT_ONLY.has(node.type) || (!containers.length && !node.parent)) return null;
  return (
    <div className="field">
      <label htmlFor={id}>Inside</label>
      <select id={id} className="input" value={node.parent ?? ""} onChange={(event) => actions.moveInto(node.id, event.target.value || null)} data-testid="field-parent">
        <option value="">No container</option>
        {containers.map((other) => <option key={other.id} value={other.id}>{other.name}</option>)}
      </select>
    </div>
  );
}
