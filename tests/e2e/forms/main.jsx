// Mounts what a test asks for: `showForms([{key, schema, node, problems, context}])`, `showValues({name: value})`.
// `nodes` holds what forms made of their nodes, `change(key, node)` is somebody else's change.
import { useState } from "react";
import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";
import { CommonForm, ConfigForm, KeyField, withValue } from "./components/editor/fields.jsx";
import { ValueView } from "./components/editor/values.jsx";

const root = createRoot(document.getElementById("root"));
Object.assign(window, { nodes: {}, setters: {}, runs: 0 });
// As the editor's store does it: drawn before the next keystroke.
window.change = (key, config) => flushSync(() => window.setters[key](config));
const onRun = () => { window.runs += 1; };

function Form({ form }) {
  const [node, setNode] = useState(form.node);
  window.nodes[form.key] = node;
  window.setters[form.key] = (config) => setNode((before) => ({ ...before, config }));
  const onChange = (path, value) => setNode((before) => ({ ...before, config: withValue(before.config, path, value) }));
  const common = { schema: form.schema, onChange, problems: form.problems, context: { node, onRun, ...form.context }, disabled: form.disabled };
  return (
    <section className="card padded" style={{ width: 356, maxWidth: "100%", margin: 8 }} data-form={form.key} aria-label={form.key}>
      <h2>{form.key}</h2>
      {form.isKey ? <KeyField {...common} node={node} /> : <ConfigForm {...common} value={node.config} />}
      {form.isKey || <CommonForm node={node} disabled={form.disabled} problems={form.problems} onChange={(key, value) => setNode((before) => ({ ...before, [key]: value }))} />}
    </section>
  );
}

const Page = ({ children }) => (
  <>
    <h1>Forms and values</h1>
    <div style={{ display: "flex", flexWrap: "wrap", alignItems: "flex-start" }}>{children}</div>
  </>
);
window.showForms = (forms) => root.render(<Page>{forms.map((form) => <Form key={form.key} form={form} />)}</Page>);
window.showValues = (values) =>
  root.render(
    <Page>
      {Object.entries(values).map(([name, value]) => (
        <section key={name} className="card padded" style={{ width: 560, maxWidth: "100%", margin: 8 }} data-value={name} aria-label={name}>
          <h2>{name}</h2>
          <ValueView value={value} name={name} />
        </section>
      ))}
    </Page>,
  );
