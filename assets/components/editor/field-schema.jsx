// Builds a JSON Schema of an object: one row for each property, or the JSON itself.
import { useId, useRef, useState } from "react";
import { ArrowDown, ArrowUp, ChevronRight, Plus, X } from "lucide-react";
import { JsonText } from "./field-json.jsx";
import { Frame, IconButton, Segments, Select, useField, useForm } from "./parts.jsx";
import { isObject } from "./value-kinds.js";

const TYPES = [
  { value: "string", label: "Text" }, { value: "number", label: "Number" }, { value: "integer", label: "Whole number" },
  { value: "boolean", label: "Yes or no" }, { value: "choice", label: "Choice" }, { value: "array", label: "List" }, { value: "object", label: "Object" },
];
const ROW_KEYS = ["type", "title", "description", "enum", "default", "items", "properties", "required"];
const isText = (value) => value === undefined || typeof value === "string";

const isTexts = (value) => value === undefined || (Array.isArray(value) && value.every((each) => typeof each === "string"));

// Whether rows can say all that a schema says; what they do not show, they keep. It may be anything: what
// somebody writes as JSON is kept as it is.
function fits(schema) {
  if (!isObject(schema) || ["$ref", "anyOf", "oneOf", "allOf", "if"].some((key) => key in schema)) return false;
  const { properties = {}, required } = schema;
  if (!isObject(properties) || !isTexts(required)) return false;
  return Object.values(properties).every((part) => {
    if (!isObject(part) || ["$ref", "anyOf", "oneOf", "allOf", "if"].some((key) => key in part) || !isText(part.type) || !isText(part.description)) return false;
    if (!isTexts(part.enum)) return false;
    if (part.type === "object") return fits(part);
    return part.type !== "array" || part.items === undefined || (isObject(part.items) && isText(part.items.type) && (part.items.type !== "object" || fits(part.items)) && part.items.type !== "array");
  });
}

const typeOf = (part) => (part.enum ? "choice" : part.type ?? "string");

function withType(part, type) {
  const { enum: choices, items, properties, required, default: usual, ...rest } = part;
  if (type === "choice") return { ...rest, type: "string", enum: choices ?? [] };
  if (type === "array") return { ...rest, type, items: items ?? { type: "string" } };
  if (type === "object") return { ...rest, type, properties: properties ?? {}, ...(required && { required }) };
  return { ...rest, type };
}

export function SchemaField({ path, schema, label, value, onChange, isRequired, bare }) {
  const { context } = useForm();
  const { id, errors, testId, disabled, described } = useField(path, schema, true);
  const [asked, ask] = useState(null);
  const held = value ?? {};
  const canRow = fits(held);
  const view = canRow ? asked ?? "rows" : "json";
  const change = (next) => onChange(next !== undefined && Object.keys(next).length === 0 && !isRequired ? undefined : next);
  const tabs = (
    <Segments
      name={id} value={view} label={`${label} as`} onChange={ask} disabled={!canRow} testId={`${testId}-as`}
      options={[{ value: "rows", label: "Fields" }, { value: "json", label: "JSON", title: canRow ? undefined : "This schema says more than rows can show" }]}
    />
  );
  const body = view === "json" ? (
    <JsonText
      value={value} onChange={change} label={label} testId={testId} disabled={disabled} describedBy={described} problems={errors} minLines={4} onRun={context.onRun}
      allows={(found) => (isObject(found) ? null : "A JSON Schema is an object, in braces.")} placeholder='{"type": "object", "properties": { }}'
    />
  ) : (
    <Rows schema={held} onChange={change} testId={testId} disabled={disabled} label={label} depth={0} />
  );
  if (bare) return <div className="field-value">{body}{tabs}</div>;
  return (
    <Frame {...{ id, label, errors }} testId={view === "rows" ? testId : undefined} kind="schema" mark={isRequired ? "required" : undefined} help={schema.description} aside={tabs}>
      {body}
    </Frame>
  );
}

let lastKey = 0;
const newRow = (name, part, isRequired) => ({ key: (lastKey += 1), name, part, isRequired });
const rowsOf = (schema) => Object.entries(schema.properties ?? {}).map(([name, part]) => newRow(name, part, (schema.required ?? []).includes(name)));

function built(schema, rows) {
  const named = rows.filter((row, at) => row.name !== "" && rows.findIndex((other) => other.name === row.name) === at);
  const required = named.filter((row) => row.isRequired).map((row) => row.name);
  const { required: _, properties: __, ...rest } = schema;
  if (named.length === 0 && Object.keys(rest).every((key) => key === "type")) return {};
  return { type: "object", ...rest, properties: Object.fromEntries(named.map((row) => [row.name, row.part])), ...(required.length > 0 && { required }) };
}

const same = (a, b) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
const sorted = (value) => (Array.isArray(value) ? value.map(sorted) : isObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, sorted(part)])) : value);

function Rows({ schema, onChange, testId, disabled, label, depth }) {
  const [rows, setRows] = useState(() => rowsOf(schema));
  const [said, say] = useState("");
  const list = useRef(null);
  const [mine, theirs] = [built(schema, rows), schema].map(({ properties = {}, required = [] }) => ({ properties, required: required.filter((name) => name in properties).sort() }));
  if (!same(mine, theirs)) {
    // Changed from outside: rows of the same name keep their place, those without a name stay.
    const listed = schema.properties ?? {};
    const kept = rows.filter((row) => row.name === "" || row.name in listed).map((row) => (row.name in listed ? { ...row, part: listed[row.name], isRequired: (schema.required ?? []).includes(row.name) } : row));
    setRows([...kept, ...rowsOf(schema).filter((row) => !kept.some((other) => other.name === row.name))]);
  }
  const put = (next) => {
    setRows(next);
    const object = built(schema, next);
    if (JSON.stringify(object) !== JSON.stringify(schema)) onChange(object);
  };
  const set = (index, change) => put(rows.with(index, { ...rows[index], ...change }));
  const focus = (index, what = "input") => setTimeout(() => list.current?.children[index]?.querySelector(what)?.focus());
  const add = () => {
    setRows([...rows, newRow("", { type: "string" }, false)]);
    focus(rows.length);
  };
  const move = (index, step) => {
    const to = index + step;
    if (to < 0 || to >= rows.length) return;
    put(rows.with(index, rows[to]).with(to, rows[index]));
    say(`${rows[index].name || "Field"} moved to place ${to + 1}.`);
    focus(to, step < 0 ? ".field-tools button" : ".field-tools button:nth-child(2)");
  };
  const remove = (index) => {
    put(rows.toSpliced(index, 1));
    focus(Math.min(index, rows.length - 2));
  };
  return (
    <div className="schema" data-depth={depth}>
      <ul ref={list}>
        {rows.map((row, index) => (
          <Row
            key={row.key} row={row} index={index} testId={`${testId}.${index}`} disabled={disabled} depth={depth} count={rows.length}
            isTwice={row.name !== "" && rows.findIndex((other) => other.name === row.name) !== index} onSet={(change) => set(index, change)} onMove={(step) => move(index, step)} onRemove={() => remove(index)}
          />
        ))}
      </ul>
      <button type="button" className="field-add" onClick={add} disabled={disabled} data-testid={`${testId}-add`}>
        <Plus size={14} aria-hidden="true" /> Add {depth === 0 && /input/i.test(label) ? "input" : "field"}
      </button>
      <span className="unseen" role="status">{said}</span>
    </div>
  );
}

function Row({ row, index, testId, disabled, depth, count, isTwice, onSet, onMove, onRemove }) {
  const id = useId();
  const [isOpen, open] = useState(false);
  const { part } = row;
  const type = typeOf(part);
  const called = row.name || `field ${index + 1}`;
  const setPart = (change) => {
    const next = { ...part, ...change };
    for (const key of ROW_KEYS) if (next[key] === undefined) delete next[key];
    onSet({ part: next });
  };
  const onKeyDown = (event) => {
    const step = event.altKey && { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || event.target.closest("li") !== event.currentTarget) return;
    event.preventDefault();
    onMove(step);
  };
  return (
    <li data-testid={testId} onKeyDown={onKeyDown}>
      <div className="schema-row">
        <button type="button" className="field-tool schema-open" aria-expanded={isOpen} aria-label={`Details of ${called}`} data-testid={`${testId}-open`} onClick={() => open(!isOpen)}>
          <ChevronRight size={14} aria-hidden="true" />
        </button>
        <input className="input mono" value={row.name} placeholder="name" disabled={disabled} aria-label={`Name of field ${index + 1}`} aria-invalid={isTwice} spellCheck={false} autoComplete="off" data-testid={`${testId}-name`} onChange={(event) => onSet({ name: event.target.value })} />
        <Select value={type} options={TYPES} disabled={disabled} label={`Type of ${called}`} testId={`${testId}-type`} onChange={(next) => { onSet({ part: withType(part, next) }); if (["choice", "object", "array"].includes(next)) open(true); }} />
        <label className="schema-required" title="Required">
          <input type="checkbox" checked={row.isRequired} disabled={disabled} aria-label={`${called} is required`} data-testid={`${testId}-required`} onChange={(event) => onSet({ isRequired: event.target.checked })} />
          <span aria-hidden="true">req.</span>
        </label>
        <IconButton icon={X} label={`Remove ${called}`} disabled={disabled} onClick={onRemove} data-testid={`${testId}-remove`} />
      </div>
      {isTwice && <p className="field-error">There is another {row.name}; give this one a name of its own.</p>}
      {isOpen && (
        <div className="schema-details">
          <label htmlFor={`${id}-description`}>Description</label>
          <input id={`${id}-description`} className="input" value={part.description ?? ""} disabled={disabled} data-testid={`${testId}-description`} onChange={(event) => setPart({ description: event.target.value || undefined })} />
          {type === "choice" && <Choices id={id} part={part} disabled={disabled} testId={testId} setPart={setPart} />}
          {["string", "number", "integer", "boolean", "choice"].includes(type) && <Usual key={type} id={id} type={type} part={part} disabled={disabled} testId={testId} setPart={setPart} />}
          {type === "array" && <Items id={id} part={part} disabled={disabled} testId={testId} setPart={setPart} depth={depth} />}
          {type === "object" && <Rows schema={part} onChange={(next) => onSet({ part: { ...part, properties: undefined, required: undefined, ...next, type: "object" } })} testId={`${testId}.properties`} disabled={disabled} label={called} depth={depth + 1} />}
          <div className="field-tools">
            <IconButton icon={ArrowUp} label={`Move ${called} up`} disabled={disabled || index === 0} onClick={() => onMove(-1)} />
            <IconButton icon={ArrowDown} label={`Move ${called} down`} disabled={disabled || index === count - 1} onClick={() => onMove(1)} />
          </div>
        </div>
      )}
    </li>
  );
}

function Choices({ id, part, disabled, testId, setPart }) {
  const [text, setText] = useState((part.enum ?? []).join("\n"));
  const parse = (typed) => [...new Set(typed.split("\n").map((line) => line.trim()).filter(Boolean))];
  const shown = parse(text).join("\n") === (part.enum ?? []).join("\n") ? text : (part.enum ?? []).join("\n");
  return (
    <>
      <label htmlFor={`${id}-choices`}>Choices, one on each line</label>
      <textarea id={`${id}-choices`} className="input" rows={3} value={shown} disabled={disabled} data-testid={`${testId}-choices`} onChange={(event) => { setText(event.target.value); setPart({ enum: parse(event.target.value) }); }} />
    </>
  );
}

// What stands in when nothing is given.
function Usual({ id, type, part, disabled, testId, setPart }) {
  const common = { disabled, testId: `${testId}-default` };
  if (type === "boolean" || type === "choice") {
    const options = [{ value: undefined, label: "None" }, ...(type === "boolean" ? [{ value: true, label: "Yes" }, { value: false, label: "No" }] : (part.enum ?? []).map((choice) => ({ value: choice, label: choice })))];
    return (
      <>
        <label htmlFor={`${id}-default`}>Default</label>
        <Select id={`${id}-default`} value={part.default} options={options} {...common} onChange={(next) => setPart({ default: next })} />
      </>
    );
  }
  const isNumber = type !== "string";
  return (
    <>
      <label htmlFor={`${id}-default`}>Default</label>
      <input
        id={`${id}-default`} className="input" defaultValue={part.default ?? ""} inputMode={isNumber ? "decimal" : undefined} disabled={disabled} data-testid={`${testId}-default`}
        onChange={(event) => {
          const text = event.target.value;
          if (!isNumber || text === "") setPart({ default: text === "" ? undefined : text });
          else if (Number.isFinite(Number(text))) setPart({ default: Number(text) });
        }}
      />
    </>
  );
}

function Items({ id, part, disabled, testId, setPart, depth }) {
  const items = part.items ?? {};
  const type = typeOf(items);
  return (
    <>
      <label htmlFor={`${id}-items`}>A list of</label>
      <Select id={`${id}-items`} value={type} options={TYPES.filter((each) => !["choice", "array"].includes(each.value))} disabled={disabled} testId={`${testId}-items`} onChange={(next) => setPart({ items: withType(items, next) })} />
      {type === "object" && <Rows schema={items} onChange={(next) => setPart({ items: { ...next, type: "object" } })} testId={`${testId}.items`} disabled={disabled} label="items" depth={depth + 1} />}
    </>
  );
}
