// A form drawn from the JSON Schema of a node type's config.
//
// ConfigForm({schema, value, onChange, problems, context, disabled, compact})
//   onChange(path, value): path is a list of keys and indexes from the config's root; undefined takes
//     the key away; the empty path gives a whole new config. It is called at once with each keystroke.
//   problems: [{path: "config.fields.total", message}], as the API gives them.
//   context: {workflowId, projectId, node, names: [{name, kind, sample}], onRun}; all optional.
// CommonForm({node, onChange(key, value), problems, context, disabled}): what any node has beside it.
// KeyField({schema, node, …}): the one setting that says most about a node, by itself.
import { useId, useMemo, useRef } from "react";
import { ChoiceField, CodeTextField, NumberField, SwitchField, TextField, ValueField } from "./field-inputs.jsx";
import { GroupField, ListField, MapField } from "./field-groups.jsx";
import { CredentialField, WorkflowField } from "./field-pickers.jsx";
import { CronField } from "./field-cron.jsx";
import { JsonField } from "./field-json.jsx";
import { ModelField } from "./field-model.jsx";
import { SchemaField } from "./field-schema.jsx";
import { fieldsOf, keyField, problemsAt, switched, valueAt, variantOf, variantsOf } from "./kinds.js";
import { Errors, Frame, FormContext, Place, Segments, Select, useForm } from "./parts.jsx";

export { FIRST_FIELDS, keyField, withValue } from "./kinds.js";
export { CommonForm } from "./common.jsx";

const FIELDS = {
  text: TextField, template: CodeTextField, prompt: CodeTextField, code: CodeTextField, expression: CodeTextField,
  moment: CodeTextField, value: ValueField, number: NumberField, switch: SwitchField, choice: ChoiceField,
  list: ListField, map: MapField, group: GroupField, schema: SchemaField, json: JsonField,
  credential: CredentialField, model: ModelField, workflow: WorkflowField, cron: CronField,
};

// One field of any kind. `label` and `bare` are for places that name it themselves.
export function Field({ path, schema, kind, isRequired, label, bare }) {
  const form = useForm();
  const Input = FIELDS[kind] ?? JsonField;
  const onChange = (value, below = []) => form.onChange([...path, ...below], value);
  return (
    <Place.Provider value={path.join(".")}>
      <Input
        path={path} schema={schema} kind={kind} isRequired={isRequired} bare={bare} label={label ?? schema.title ?? String(path.at(-1))}
        value={valueAt(form.config, path)} onChange={onChange} Field={Field} Fields={Fields}
      />
    </Place.Provider>
  );
}

// The fields of one object at a path: the way it goes first, then its fields, the rest folded.
export function Fields({ schema, path }) {
  const form = useForm();
  const config = valueAt(form.config, path) ?? {};
  const union = variantsOf(schema, form.root);
  const fields = fieldsOf(schema, config, form.root);
  const folded = fields.filter((field) => field.isFolded);
  const draw = (field) => <Field key={field.name} path={[...path, field.name]} {...field} />;
  const set = folded.filter((field) => config[field.name] !== undefined).length;
  const wrong = folded.some((field) => problemsAt(form.problems, [...path, field.name], true).length > 0);
  return (
    <>
      {union && <Way union={union} path={path} config={config} />}
      {fields.filter((field) => !field.isFolded).map(draw)}
      {folded.length > 0 && (
        <details className="fields-more" open={wrong || undefined}>
          <summary>More settings{set > 0 && <span className="field-mark"> {set} set</span>}</summary>
          <div className="fields">{folded.map(draw)}</div>
        </details>
      )}
    </>
  );
}

// Which way a union goes. What stood in the fields of the way before comes back with it.
function Way({ union, path, config }) {
  const form = useForm();
  const id = useId();
  const before = useRef({});
  const chosen = variantOf(union, config);
  const options = union.variants.map(({ value, title, description }) => ({ value, label: title, title: description }));
  const choose = (value) => {
    if (chosen) before.current[chosen.value] = config;
    form.onChange(path, switched(union, config, value, form.root, before.current[value]));
  };
  const common = { value: chosen?.value, options, onChange: choose, disabled: form.disabled, testId: `field-${[...path, union.tag].join(".")}` };
  const errors = problemsAt(form.problems, [...path, union.tag]);
  const isShort = options.length <= 4 && options.map((option) => option.label).join("").length < 40;
  return (
    <Place.Provider value={[...path, union.tag].join(".")}>
      <Frame id={id} label={union.title} control={isShort ? undefined : `${id}-way`} kind="way" help={chosen?.description} errors={errors}>
        {isShort ? <Segments name={id} label={union.title} {...common} /> : <Select id={`${id}-way`} {...common} describedBy={`${id}-help`} />}
      </Frame>
    </Place.Provider>
  );
}

function Form({ schema, value, onChange, problems, context, disabled, children }) {
  const form = useMemo(
    () => ({ root: schema, config: value ?? {}, onChange, problems: problems ?? [], context: context ?? {}, disabled: Boolean(disabled) }),
    [schema, value, onChange, problems, context, disabled],
  );
  return <FormContext.Provider value={form}>{children}</FormContext.Provider>;
}

export function ConfigForm({ schema, value, onChange, problems, context, disabled, compact }) {
  const id = useId();
  // What lies at no place that is drawn is said at the top, so that nothing is kept back.
  const lost = (problems ?? []).filter((problem) => problem.path === "config" || problem.path === "type");
  return (
    <Form {...{ schema, value, onChange, problems, context, disabled }}>
      <div className="fields" data-compact={compact || undefined}>
        <Errors id={id} errors={lost} />
        <Fields schema={schema} path={NOWHERE} />
      </div>
    </Form>
  );
}
const NOWHERE = [];

// The one setting that says most about a node, without its label; for notebook cells.
export function KeyField({ schema, node, onChange, problems, context, disabled }) {
  const found = keyField(schema, node);
  if (!found) return null;
  const place = found.path.join(".");
  return (
    <Form {...{ schema, value: node.config, onChange, problems, context, disabled }}>
      <div className="fields" data-place={place}>
        <Field {...found} bare />
        {context?.Writers && <context.Writers nodeId={context.nodeId} place={place} />}
      </div>
    </Form>
  );
}
