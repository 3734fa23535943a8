// Fields of one value: text, templates and expressions, numbers, switches, choices, any value.
import { useState } from "react";
import { CodeField } from "./code.jsx";
import { KnownPreview, LivePreview } from "./preview.jsx";
import { labelOf, takesTemplate } from "./kinds.js";
import { Frame, Segments, Select, useField, useForm } from "./parts.jsx";
import { JsonText } from "./field-json.jsx";

const markOf = (isRequired) => (isRequired ? "required" : undefined);
// Emptied, a field that need not be there goes away, and its default counts again.
const cleared = (value, isRequired) => (value === "" && !isRequired ? undefined : value);

// Text of more than a line gets room for it. What is typed decides only once, or the box would change
// under the writer's hands.
const LONG_FORMATS = new Set(["textarea", "multiline", "markdown", "long-text"]);
const LONG = 120;
const isLong = (field, value) =>
  LONG_FORMATS.has(field.format) || (field.maxLength ?? 0) > 4 * LONG || [value, field.default].some((text) => typeof text === "string" && (text.length > LONG || text.includes("\n")));

export function TextField({ path, schema, label, value, onChange, isRequired, bare }) {
  const { id, errors, field, testId, disabled, described } = useField(path, schema, true);
  const [long] = useState(() => isLong(field, value));
  const Box = long && !bare ? "textarea" : "input";
  const input = (
    <Box
      id={id} className="input" value={value ?? ""} placeholder={field.default || undefined} disabled={disabled} maxLength={field.maxLength}
      {...(Box === "textarea" ? { rows: 5 } : {})}
      aria-label={bare ? label : undefined} aria-invalid={errors.length > 0} aria-describedby={described} aria-required={isRequired}
      data-testid={testId} autoComplete="off" spellCheck={false} onChange={(event) => onChange(cleared(event.target.value, isRequired))}
    />
  );
  if (bare) return input;
  return <Frame {...{ id, label, errors }} control={id} kind="text" mark={markOf(isRequired)} help={schema.description}>{input}</Frame>;
}

const LANGUAGES = { template: "template", prompt: "template", moment: "template", expression: "expression", code: "python" };
const LINES = { template: 1, prompt: 3, moment: 1, expression: 1, code: 6 };
const HINTS = { moment: "2030-01-31T09:00:00Z" };

// Names that mean something in this one field, besides those in scope around it.
const LOCAL = { item: "the item", index: "its place, from 0", previous: "what the turn before gave", steps: "answers so far" };
const namesFor = (context, schema) => [
  ...(schema["x-names"] ?? []).map((name) => ({ name, kind: LOCAL[name] ?? "here" })),
  ...(context.names ?? []),
];

export function CodeTextField({ path, schema, kind, label, value, onChange, isRequired, bare }) {
  const { context, config } = useForm();
  const { id, errors, field, testId, disabled, described } = useField(path, schema, true);
  // Code sees its own inputs and nothing else.
  const names = kind === "code" ? Object.keys(config.inputs ?? {}).map((name) => ({ name, kind: "input" })) : namesFor(context, field);
  const language = LANGUAGES[kind] ?? "template";
  const text = typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);
  const editor = (
    <CodeField
      value={text} language={language} disabled={disabled} minLines={field["x-lines"] ?? LINES[kind] ?? 1} problems={errors}
      context={{ names }} label={label} testId={testId} describedBy={described} onRun={context.onRun}
      placeholder={(typeof field.default === "string" && field.default) || HINTS[kind] || ((field["x-names"] ?? []).includes("item") ? "item.name" : undefined)} onChange={(next) => onChange(cleared(next, isRequired))}
    />
  );
  const body = <>{editor}{language !== "python" && <Preview path={path} text={text} kind={language} />}</>;
  if (bare) return <div className="field-bare">{body}</div>;
  return <Frame {...{ id, label, errors }} kind={kind} mark={markOf(isRequired)} help={schema.description}>{body}</Frame>;
}

// The value of what stands in a field, where there is a workflow to find it in. It is evaluated from the
// text that is sent, which is for those who may write it; others see what its names last stood for.
export function Preview({ path, text, kind }) {
  const { context, disabled } = useForm();
  if (!context.workflowId || !context.node || context.preview === false) return null;
  if (disabled) return <KnownPreview text={text} kind={kind} names={context.names ?? []} />;
  return <LivePreview workflowId={context.workflowId} node={context.node} path={path} text={text} kind={kind} stamp={context.names} />;
}

const plain = (text) => Number(text.replaceAll("_", ""));
const asNumber = (text, isWhole) => (/^[-+]?(\d[\d_]*\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) && (!isWhole || Number.isInteger(plain(text))) ? plain(text) : undefined);

function rangeOf(field) {
  const { minimum: low, exclusiveMinimum: over, maximum: high } = field;
  if (low !== undefined && high !== undefined) return `${low} to ${high}`;
  if (over !== undefined) return `more than ${over}`;
  return low !== undefined ? `at least ${low}` : high !== undefined ? `at most ${high}` : "";
}

// The default, or a range short enough to read.
function placeholderOf(field) {
  if (field.default !== undefined && field.default !== null) return String(field.default);
  const range = rangeOf(field);
  return range.includes(" to ") && range.length < 12 ? range : undefined;
}

function complaint(text, field, isWhole, mayBeTemplate) {
  if (text === "") return null;
  const number = asNumber(text, isWhole);
  if (number === undefined) return `Give a ${isWhole ? "whole number" : "number"}${mayBeTemplate ? ", or a template in double braces" : ""}.`;
  const isOut = number < field.minimum || number > field.maximum || number <= field.exclusiveMinimum;
  return isOut ? `Give ${rangeOf(field)}.` : null;
}

// What is no number yet stays in the box and is not passed on; braces make it a template.
export function NumberField({ path, schema, label, value, onChange, isRequired, bare }) {
  const { root } = useForm();
  const { id, errors, field, testId, disabled, described } = useField(path, schema, true);
  const [typed, setTyped] = useState({ text: null, gave: undefined });
  const isWhole = field.type === "integer";
  const mayBeTemplate = takesTemplate(schema, root);
  const text = typed.text !== null && typed.gave === value ? typed.text : String(value ?? "");
  const isTemplate = mayBeTemplate && text.includes("{{");
  const isLacking = isRequired && value !== undefined && text.trim() === "";
  const own = isTemplate ? null : isLacking ? "Give a number." : complaint(text.trim(), field, isWhole, mayBeTemplate);
  const shown = own ? [{ message: own }] : errors;
  const change = (event) => {
    const next = event.target.value;
    const read = mayBeTemplate && next.includes("{{") ? next : asNumber(next.trim(), isWhole);
    // A place in a list or a map is not taken away by being emptied.
    const gave = next.trim() === "" && !isRequired ? undefined : read ?? value;
    setTyped({ text: next, gave });
    if (gave !== value) onChange(gave);
  };
  const input = (
    <div className="field-number">
      <input
        id={id} className="input" inputMode={mayBeTemplate ? "text" : "decimal"} value={text} disabled={disabled}
        placeholder={placeholderOf(field)}
        aria-label={bare ? label : undefined} aria-invalid={shown.length > 0} aria-describedby={[described, own && `${id}-error`].filter(Boolean).join(" ") || undefined}
        aria-required={isRequired} data-testid={testId} autoComplete="off" onChange={change}
      />
      {field["x-unit"] && !isTemplate && <span className="field-unit">{field["x-unit"]}</span>}
    </div>
  );
  if (bare) return input;
  return <Frame {...{ id, label }} errors={shown} control={id} kind="number" mark={markOf(isRequired)} help={schema.description}>{input}</Frame>;
}

export function SwitchField({ path, schema, label, value, onChange }) {
  const { id, errors, field, testId, disabled, described } = useField(path, schema, true);
  return (
    <Frame
      {...{ id, label, errors }} control={id} kind="switch" help={schema.description}
      aside={
        <input
          id={id} type="checkbox" role="switch" className="switch" checked={value ?? field.default ?? false} disabled={disabled}
          aria-describedby={described} data-testid={testId} onChange={(event) => onChange(event.target.checked)}
        />
      }
    />
  );
}

export function ChoiceField({ path, schema, label, value, onChange, isRequired, bare }) {
  const { id, errors, field, testId, disabled, described } = useField(path, schema, true);
  const options = (field.enum ?? []).map((option) => ({ value: option, label: labelOf(field, option) }));
  const isShort = options.length <= 4 && options.map((option) => option.label).join("").length < 36;
  const common = { value: value ?? field.default, options, onChange, disabled, testId, describedBy: described, label: isShort || bare ? label : undefined };
  const input = isShort ? <Segments name={id} {...common} /> : <Select id={id} invalid={errors.length > 0} {...common} />;
  if (bare) return input;
  return (
    <Frame {...{ id, label, errors }} control={isShort ? undefined : id} kind="choice" mark={markOf(isRequired)} help={schema.description}>
      {input}
    </Frame>
  );
}

// Any JSON value: text with templates, or JSON with templates in its strings.
export function ValueField({ path, schema, label, value, onChange, isRequired, bare }) {
  const { context } = useForm();
  const { id, errors, field, testId, disabled, described } = useField(path, schema, true);
  const [asJson, setAsJson] = useState(null);
  const isText = value === undefined || value === null || typeof value === "string";
  const json = asJson ?? !isText;
  const turn = () => {
    setAsJson(!json);
    if (json && !isText) onChange(JSON.stringify(value));
    if (!json && isText && value) {
      try {
        onChange(JSON.parse(value));
      } catch {
        // Text that is no JSON stays text, until somebody makes it JSON.
      }
    }
  };
  const common = { label, testId, disabled, describedBy: described, context: { names: namesFor(context, field) }, minLines: field["x-lines"] ?? 1, onRun: context.onRun };
  const editor = json ? (
    <JsonText {...common} value={value} onChange={onChange} isRequired={isRequired} minLines={3} problems={errors} />
  ) : (
    <CodeField {...common} language="template" problems={errors} value={isText ? value ?? "" : JSON.stringify(value)} placeholder="{{ … }}" onChange={(next) => onChange(cleared(next, isRequired))} />
  );
  const toggle = (
    <button type="button" className="field-turn" onClick={turn} disabled={disabled} aria-pressed={json} data-testid={`${testId}-json`} title={json ? "Write text or a template" : "Write a list, an object or a number as JSON"}>
      JSON
    </button>
  );
  const preview = !json && <Preview path={path} text={isText ? value ?? "" : ""} kind="template" />;
  if (bare) return <div className="field-bare"><div className="field-value">{editor}{toggle}</div>{preview}</div>;
  return (
    <Frame {...{ id, label, errors }} kind="value" mark={markOf(isRequired)} help={schema.description} aside={toggle}>
      {editor}
      {preview}
    </Frame>
  );
}
