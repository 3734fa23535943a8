// Fields made of others: objects, lists of anything, and maps of name to value.
import { useId, useMemo, useRef, useState } from "react";
import { ArrowDown, ArrowUp, Plus, X } from "lucide-react";
import { CodeTextField } from "./field-inputs.jsx";
import { blank, core, kindOf, problemsAt, resolve, takesTemplate, withValue } from "./kinds.js";
import { Errors, Frame, FormContext, IconButton, useField, useForm } from "./parts.jsx";

// As long as nothing was put in, what is usual stands there; with the first change, all of it is put in.
function Usual({ path, value, usual, children }) {
  const form = useForm();
  const isUsual = value === undefined && usual !== undefined && usual !== null;
  const inner = useMemo(() => (isUsual ? {
    ...form, config: withValue(form.config, path, usual), onChange: (place, next) => form.onChange(path, withValue(usual, place.slice(path.length), next)),
  } : form), [form, isUsual, usual, path.join(".")]);
  return <FormContext.Provider value={inner}>{children}</FormContext.Provider>;
}

export function GroupField({ path, schema, label, value, bare, Fields }) {
  const { root } = useForm();
  const { id, errors, testId, field } = useField(path, schema);
  const fields = <Usual path={path} value={value} usual={field.default}><div className="fields"><Fields schema={resolve(core(schema, root), root)} path={path} /></div></Usual>;
  if (bare) return fields;
  return <Frame {...{ id, label, errors, testId }} kind="group" help={schema.description}>{fields}</Frame>;
}

const singular = (label) => label.replace(/ies$/, "y").replace(/(ss|x|ch)es$/, "$1").replace(/([^s])s$/, "$1");

// A template in the place of a whole list or map.
function Turn({ isTemplate, noun, testId, disabled, onTurn }) {
  return (
    <button type="button" className="field-turn" aria-pressed={isTemplate} disabled={disabled} onClick={onTurn} data-testid={`${testId}-template`} title={isTemplate ? `Write the ${noun} entry by entry` : `Give the whole ${noun} by one template`}>
      Template
    </button>
  );
}

let lastKey = 0;
const newKey = () => (lastKey += 1);
const newRow = (name, value) => ({ key: newKey(), name, value });

// Entries keep their identity while they move, so that what stands in them stays as it is.
function useKeys(length) {
  const [keys, setKeys] = useState(() => Array.from({ length }, newKey));
  if (keys.length === length) return [keys, setKeys];
  const filled = Array.from({ length }, (_, index) => keys[index] ?? newKey());
  setKeys(filled);
  return [filled, setKeys];
}

export function ListField({ path, schema, label, value, onChange, isRequired, bare, Field }) {
  const { root } = useForm();
  const { id, errors, field, testId, disabled } = useField(path, schema);
  const [turned, setTurned] = useState(null);
  const list = useRef(null);
  const [said, say] = useState("");
  const mayBeTemplate = takesTemplate(schema, root);
  const isTemplate = mayBeTemplate && (turned ?? typeof value === "string");
  const usual = Array.isArray(field.default) ? field.default : [];
  const entries = Array.isArray(value) ? value : value === undefined ? usual : [];
  const [keys, setKeys] = useKeys(entries.length);
  const item = resolve(field.items ?? {}, root);
  const kind = kindOf(item, root);
  const noun = singular(label);
  const isFull = entries.length >= (field.maxItems ?? Infinity);

  const focus = (index, what) => setTimeout(() => list.current?.children[index]?.querySelector(what)?.focus());
  const change = (next) => onChange(next.length === 0 && !isRequired && !usual.length ? undefined : next);
  const add = () => {
    change([...entries, blank(item, root)]);
    focus(entries.length, "input, textarea, [contenteditable='true'], select");
  };
  const remove = (index) => {
    setKeys(keys.toSpliced(index, 1));
    change(entries.toSpliced(index, 1));
    say(`${noun} ${index + 1} removed.`);
    focus(Math.min(index, entries.length - 2), "button:last-of-type");
  };
  const move = (index, step, what) => {
    const to = index + step;
    if (to < 0 || to >= entries.length) return;
    const swap = (all) => all.with(index, all[to]).with(to, all[index]);
    setKeys(swap(keys));
    change(swap(entries));
    say(`${noun} ${index + 1} moved to place ${to + 1}.`);
    if (what) focus(to, what);
  };
  const onKeyDown = (event, index) => {
    const step = event.altKey && !event.ctrlKey && { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || event.defaultPrevented || disabled) return;
    event.preventDefault();
    const within = event.target.getAttribute("data-testid");
    move(index, step, within ? `[data-testid="${within.replace(`${testId}.${index}`, `${testId}.${index + step}`)}"]` : null);
  };

  const rows = (
    <Usual path={path} value={value} usual={usual}>
      <ol className="field-list" ref={list} data-simple={kind !== "group" || undefined}>
        {entries.map((_, index) => (
          <li key={keys[index]} data-testid={`${testId}.${index}-entry`} onKeyDown={(event) => onKeyDown(event, index)}>
            <div className="field-entry"><Field path={[...path, index]} schema={item} kind={kind} isRequired label={`${noun} ${index + 1}`} bare /></div>
            <div className="field-tools">
              <IconButton icon={ArrowUp} label={`Move ${noun} ${index + 1} up`} disabled={disabled || index === 0} onClick={() => move(index, -1, ".field-tools button")} />
              <IconButton icon={ArrowDown} label={`Move ${noun} ${index + 1} down`} disabled={disabled || index === entries.length - 1} onClick={() => move(index, 1, ".field-tools button:nth-child(2)")} />
              <IconButton icon={X} label={`Remove ${noun} ${index + 1}`} disabled={disabled} onClick={() => remove(index)} data-testid={`${testId}.${index}-remove`} />
            </div>
          </li>
        ))}
      </ol>
      <button type="button" className="field-add" onClick={add} disabled={disabled || isFull} data-testid={`${testId}-add`}>
        <Plus size={14} aria-hidden="true" /> Add {noun.charAt(0).toLowerCase() + noun.slice(1)}
      </button>
      <span className="unseen" role="status">{said}</span>
    </Usual>
  );
  const text = <CodeTextField path={path} schema={{ ...schema, "x-field": "template", "x-lines": 1 }} kind="template" label={label} value={typeof value === "string" ? value : ""} onChange={onChange} isRequired={isRequired} bare />;
  const aside = mayBeTemplate && <Turn {...{ isTemplate, testId, disabled }} noun="list" onTurn={() => setTurned(!isTemplate)} />;
  if (bare) return isTemplate ? text : rows;
  return (
    <Frame {...{ id, label, errors, aside }} testId={isTemplate ? undefined : testId} kind="list" mark={isRequired ? "required" : undefined} help={schema.description}>
      {isTemplate ? text : rows}
      <EntryErrors path={path} entries={entries} noun={noun} kind={kind} />
    </Frame>
  );
}

// Entries that are drawn bare have no place of their own for what is wrong with them.
function EntryErrors({ path, entries, noun, kind }) {
  const { problems } = useForm();
  if (kind === "group") return null;
  return entries.flatMap((_, index) => problemsAt(problems, [...path, index], true)).map((problem) => (
    <p key={problem.path + problem.message} className="field-error">{noun} {Number(problem.path.match(/\[(\d+)\]/)?.[1] ?? 0) + 1}: {problem.message}</p>
  ));
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const isFirst = (rows, at) => rows.findIndex((row) => row.name === rows[at].name) === at;
// Rows without a name, and those whose name is taken, wait until they have one.
const toObject = (rows) => Object.fromEntries(rows.filter((row, at) => row.name !== "" && isFirst(rows, at)).map((row) => [row.name, row.value]));

export function MapField({ path, schema, label, value, onChange, isRequired, bare, Field }) {
  const { root } = useForm();
  const { id, errors, field, testId, disabled } = useField(path, schema);
  const usual = typeof field.default === "object" ? field.default : undefined;
  const listed = (typeof value === "object" ? value : value === undefined ? usual : null) ?? {};
  const [rows, setRows] = useState(() => Object.entries(listed).map(([name, held]) => newRow(name, held)));
  const [turned, setTurned] = useState(null);
  const box = useRef(null);
  const mayBeTemplate = takesTemplate(schema, root);
  const isTemplate = mayBeTemplate && (turned ?? typeof value === "string");
  const item = resolve(field.additionalProperties ?? {}, root);
  const kind = kindOf(item, root);
  const noun = singular(label);

  // Rows somebody else changed: those of the same name keep their place, rows without one stay.
  const mine = toObject(rows);
  const isStale = Object.keys(mine).length !== Object.keys(listed).length || Object.entries(listed).some(([name, held]) => !(name in mine) || !same(mine[name], held));
  if (isStale && typeof value !== "string") {
    const kept = rows.filter((row) => row.name === "" || row.name in listed);
    const known = kept.map((row, at) => (row.name !== "" && isFirst(kept, at) ? { ...row, value: listed[row.name] } : row));
    const added = Object.entries(listed).filter(([name]) => !kept.some((row) => row.name === name)).map(([name, held]) => newRow(name, held));
    setRows([...known, ...added]);
  }

  const put = (next) => {
    setRows(next);
    const object = toObject(next);
    if (!same(object, mine) || !same(Object.keys(object), Object.keys(mine))) onChange(Object.keys(object).length === 0 && !isRequired && !usual ? undefined : object);
  };
  const focus = (index, what) => setTimeout(() => box.current?.children[index]?.querySelector(what)?.focus());
  const rename = (index, name) => put(rows.with(index, { ...rows[index], name }));
  const add = () => {
    setRows([...rows, newRow("", blank(item, root))]);
    focus(rows.length, "input");
  };
  const remove = (index) => {
    put(rows.toSpliced(index, 1));
    focus(Math.min(index, rows.length - 2), "input");
  };

  const body = (
    <Usual path={path} value={value} usual={usual}>
      <ul className="field-map" ref={box}>
        {rows.map((row, index) => {
          const isTwice = row.name !== "" && rows.some((other, at) => at < index && other.name === row.name);
          return (
            <li key={row.key}>
              <input
                className="input mono" value={row.name} placeholder="name" disabled={disabled} spellCheck={false} autoComplete="off"
                aria-label={`Name of ${noun} ${index + 1}`} aria-invalid={isTwice} data-testid={`${testId}-name-${index}`} onChange={(event) => rename(index, event.target.value)}
              />
              <div className="field-entry">
                {row.name === "" || isTwice
                  ? <p className="field-help">{isTwice ? `There is another ${row.name}; give this one a name of its own.` : "Name it first."}</p>
                  : <Field path={[...path, row.name]} schema={item} kind={kind} isRequired label={`${noun} ${row.name}`} bare />}
              </div>
              <IconButton icon={X} label={`Remove ${row.name || noun}`} disabled={disabled} onClick={() => remove(index)} data-testid={`${testId}-remove-${index}`} />
              <MapErrors path={[...path, row.name]} />
            </li>
          );
        })}
      </ul>
      <button type="button" className="field-add" onClick={add} disabled={disabled} data-testid={`${testId}-add`}>
        <Plus size={14} aria-hidden="true" /> Add {noun.charAt(0).toLowerCase() + noun.slice(1)}
      </button>
    </Usual>
  );
  const text = <CodeTextField path={path} schema={{ ...schema, "x-field": "template", "x-lines": 1 }} kind="template" label={label} value={typeof value === "string" ? value : ""} onChange={onChange} isRequired={isRequired} bare />;
  const aside = mayBeTemplate && <Turn {...{ isTemplate, testId, disabled }} noun="object" onTurn={() => setTurned(!isTemplate)} />;
  if (bare) return isTemplate ? text : body;
  return (
    <Frame {...{ id, label, errors, aside }} testId={isTemplate ? undefined : testId} kind="map" mark={isRequired ? "required" : undefined} help={schema.description}>
      {isTemplate ? text : body}
    </Frame>
  );
}

function MapErrors({ path }) {
  const { problems } = useForm();
  const id = useId();
  return <Errors id={id} errors={problemsAt(problems, path, true)} />;
}
