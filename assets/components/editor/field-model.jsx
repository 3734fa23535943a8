// Picks a model: by task and policy, or one by its name, with price and context size.
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { ChevronsUpDown, Route, Search } from "lucide-react";
import { useList } from "./field-pickers.jsx";
import { humanise, valueAt } from "./kinds.js";
import { Frame, useField, useForm } from "./parts.jsx";

const MOST = 60;
const money = (text) => (text === null || text === undefined ? null : `$${Number(text).toLocaleString("en", { maximumFractionDigits: 3 })}`);
const size = (tokens) => (!tokens ? "" : tokens >= 1e6 ? `${+(tokens / 1e6).toFixed(1)}M` : `${Math.round(tokens / 1000)}k`);

function priceOf(model) {
  if (model.local) return "free, on this server";
  const [input, output] = [money(model.prompt_usd_per_million), money(model.completion_usd_per_million)];
  if (input === null || output === null) return "price varies";
  return Number(model.prompt_usd_per_million) === 0 && Number(model.completion_usd_per_million) === 0 ? "free" : `${input} in, ${output} out`;
}

export function ModelField({ path, schema, label, value, onChange, isRequired, bare }) {
  const form = useForm();
  const { id, errors, field, testId, disabled, described } = useField(path, schema, true);
  const { items, error } = useList("/api/v1/models");
  const [isOpen, open] = useState(false);
  const box = useRef(null);
  const chosen = items?.find((model) => model.id === value);
  const around = valueAt(form.config, path.slice(0, -1)) ?? {};
  const isRouted = typeof path.at(-1) === "string" && path.length === 1;
  const empty = isRouted ? { title: "Router", detail: `${humanise(around.task ?? form.root.properties?.task?.default ?? "chat")}, ${around.policy ?? "balanced"}` } : { title: "The node's own", detail: "" };

  useEffect(() => {
    if (!isOpen) return undefined;
    const away = (event) => !box.current?.contains(event.target) && open(false);
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [isOpen]);
  const close = () => {
    open(false);
    box.current?.querySelector("button")?.focus();
  };
  const pick = (next) => {
    onChange(next === "" ? (isRequired ? "" : undefined) : next);
    close();
  };
  const picker = (
    <div className="model-picker" ref={box} onKeyDown={(event) => event.key === "Escape" && isOpen && (event.stopPropagation(), close())}>
      <button
        type="button" id={id} className="input model-button" disabled={disabled} aria-haspopup="listbox" aria-expanded={isOpen} aria-describedby={described}
        aria-invalid={errors.length > 0 || undefined} data-testid={testId} onClick={() => open(!isOpen)} aria-label={`${label}: ${value || empty.title}`}
      >
        {value ? <span className="model-name" title={value}>{chosen?.name ?? value}</span> : <><Route size={15} aria-hidden="true" /><span className="model-name">{empty.title}</span></>}
        <span className="model-price">{value ? (chosen ? priceOf(chosen) : "") : empty.detail}</span>
        <ChevronsUpDown size={14} aria-hidden="true" />
      </button>
      {isOpen && <ModelList {...{ items, error, value, pick, testId, empty }} hasTemplate={field.format === "template"} />}
    </div>
  );
  if (bare) return picker;
  return <Frame {...{ id, label, errors }} control={id} kind="model" mark={isRequired ? "required" : undefined} help={schema.description}>{picker}</Frame>;
}

function ModelList({ items, error, value, pick, testId, empty, hasTemplate }) {
  const id = useId();
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const found = useMemo(() => {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    const models = (items ?? []).filter((model) => words.every((word) => `${model.id} ${model.name}`.toLowerCase().includes(word)));
    const rows = models.slice(0, MOST).map((model) => ({ id: model.id, title: model.name, detail: priceOf(model), more: size(model.context_length) }));
    const first = words.length === 0 ? [{ id: "", title: empty.title, detail: empty.title === "Router" ? "picks by task and policy" : "" }] : [];
    const typed = query.trim();
    const own = typed && !models.some((model) => model.id === typed) && (typed.includes("/") || (hasTemplate && typed.includes("{{"))) ? [{ id: typed, title: typed, detail: "as typed" }] : [];
    return { rows: [...first, ...rows, ...own], more: models.length - MOST };
  }, [items, query, empty.title, hasTemplate]);
  const rows = found.rows;
  useEffect(() => {
    document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: "nearest" });
  }, [active, id]);
  const onKeyDown = (event) => {
    if (event.nativeEvent.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setActive((active + step + rows.length) % Math.max(rows.length, 1));
    } else if (event.key === "Enter" && rows[active]) {
      event.preventDefault();
      pick(rows[active].id);
    }
  };
  return (
    <div className="model-list">
      <div className="model-search">
        <Search size={14} aria-hidden="true" />
        <input
          autoFocus role="combobox" aria-expanded="true" aria-label="Search models" aria-controls={`${id}-list`} aria-activedescendant={rows[active] ? `${id}-${active}` : undefined}
          placeholder="Search by name or maker" value={query} onChange={(event) => { setQuery(event.target.value); setActive(0); }} onKeyDown={onKeyDown} data-testid={`${testId}-search`} autoComplete="off" spellCheck={false}
        />
      </div>
      <ul role="listbox" id={`${id}-list`} aria-label="Models">
        {rows.map((row, index) => (
          <li key={row.id} id={`${id}-${index}`} role="option" aria-selected={index === active} data-current={row.id === (value ?? "") || undefined} data-testid={`${testId}-option`} onMouseMove={() => setActive(index)} onClick={() => pick(row.id)}>
            <span className="model-name" title={row.id || undefined}>{row.title}</span>
            <span className="model-price">{row.detail}</span>
            <span className="model-size">{row.more}</span>
          </li>
        ))}
      </ul>
      <p className="field-help model-note" role="status">
        {error || (items === null ? "Looking for models…" : rows.length === 0 ? "No model is called that." : found.more > 0 ? `${found.more} more; type to find them.` : "Prices per million tokens; context size in tokens.")}
      </p>
    </div>
  );
}
