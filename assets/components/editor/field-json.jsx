// Any JSON, typed as text. What does not parse yet stays in the box and is not passed on.
import { useState } from "react";
import { CodeField } from "./code.jsx";
import { Frame, useField, useForm } from "./parts.jsx";

export const written = (value) => (value === undefined ? "" : JSON.stringify(value, null, 2));

function read(text) {
  if (text.trim() === "") return { value: undefined };
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { error: `This is not JSON: ${String(error.message).replace(/^JSON\.parse: /, "")}.` };
  }
}

// `allows` says in words why a value that is JSON will still not do, or gives null. What `isRequired` is not
// taken away by being emptied.
export function JsonText({ value, onChange, allows, isRequired, problems = [], ...rest }) {
  const [typed, setTyped] = useState({ text: null, gave: undefined });
  const isMine = typed.text !== null && written(typed.gave) === written(value);
  const text = isMine ? typed.text : written(value);
  const found = read(text);
  const complaint = (given) => given.error ?? (given.value === undefined ? (isRequired && value !== undefined ? "Give a value." : null) : allows?.(given.value) ?? null);
  const error = complaint(found);
  const change = (next) => {
    const now = read(next);
    const isGood = !complaint(now);
    setTyped({ text: next, gave: isGood ? now.value : value });
    if (isGood && written(now.value) !== written(value)) onChange(now.value);
  };
  return (
    <>
      <CodeField {...rest} language="json" value={text} onChange={change} problems={error ? [{ message: error }] : problems} />
      {error && <p className="field-error" role="alert">{error}</p>}
    </>
  );
}

const NEEDS = { object: ["an object, in braces", (value) => value !== null && typeof value === "object" && !Array.isArray(value)] };

export function JsonField({ path, schema, label, value, onChange, isRequired, bare }) {
  const { context } = useForm();
  const { id, errors, field, testId, disabled, described } = useField(path, schema, true);
  const needs = NEEDS[field.type];
  const editor = (
    <JsonText
      value={value} onChange={onChange} isRequired={isRequired} label={label} testId={testId} disabled={disabled} describedBy={described} problems={errors}
      minLines={field["x-lines"] ?? 2} onRun={context.onRun} placeholder={field.type === "object" ? "{ }" : undefined}
      allows={needs && ((found) => (needs[1](found) ? null : `Give ${needs[0]}.`))}
    />
  );
  if (bare) return editor;
  return <Frame {...{ id, label, errors }} kind="json" mark={isRequired ? "required" : undefined} help={schema.description}>{editor}</Frame>;
}
