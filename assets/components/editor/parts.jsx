// What every field of a form shares: its frame of label, help and errors, and the form it stands in.
import { createContext, useContext, useId } from "react";
import { core, problemsAt, testId } from "./kinds.js";

// {root, config, onChange, problems, context, disabled}: of the form a field stands in.
export const FormContext = createContext(null);
export const useForm = () => useContext(FormContext);

// Where in the form the field is that is being drawn: its path, with dots.
export const Place = createContext("");

// What a field hands to its input: names for assistive technology, test id, problems.
export function useField(path, schema, within) {
  const form = useForm();
  const id = useId();
  const errors = problemsAt(form.problems, path, within);
  return {
    id,
    errors,
    field: core(schema, form.root),
    testId: testId(path),
    disabled: form.disabled,
    described: [schema.description && `${id}-help`, errors.length > 0 && `${id}-error`].filter(Boolean).join(" ") || undefined,
  };
}

// `control` is the id of the one input the label names; without it the field is a group.
export function Frame({ id, label, control, kind, mark, help, errors = [], aside, children, testId }) {
  // Who else writes in it is for the place to say that the form stands in.
  const { context: { nodeId, Writers } } = useForm();
  const place = useContext(Place);
  const content = (
    <>
      <span>{label}{mark && <span className="field-mark"> {mark}</span>}</span>
      {aside}
    </>
  );
  return (
    <div
      className="field" data-kind={kind} data-place={place || undefined} data-testid={control ? undefined : testId}
      role={control ? undefined : "group"} aria-labelledby={control ? undefined : `${id}-label`}
      aria-describedby={!control && help ? `${id}-help` : undefined}
    >
      {control
        ? <div className="field-head"><label htmlFor={control} id={`${id}-label`}>{label}{mark && <span className="field-mark"> {mark}</span>}</label>{aside}</div>
        : <div className="field-head" id={`${id}-label`}>{content}</div>}
      {children}
      {help && <p className="field-help" id={`${id}-help`}>{help}</p>}
      <Errors id={id} errors={errors} />
      {Writers && place && <Writers nodeId={nodeId} place={place} />}
    </div>
  );
}

export const Errors = ({ id, errors }) =>
  errors.length > 0 && (
    <div id={`${id}-error`} role="alert">
      {[...new Set(errors.map((error) => error.message))].map((message) => <p key={message} className="field-error">{message}</p>)}
    </div>
  );

export const IconButton = ({ icon: Icon, label, ...rest }) => (
  <button type="button" className="field-tool" aria-label={label} title={label} {...rest}>
    <Icon size={14} aria-hidden="true" />
  </button>
);

// A choice among few, as radio buttons that look like one control.
export function Segments({ name, value, options, onChange, disabled, label, testId: place, describedBy }) {
  return (
    <div className="field-segments" role="radiogroup" aria-label={label} aria-describedby={describedBy} data-testid={place}>
      {options.map((option) => (
        <label key={String(option.value)} title={option.title}>
          <input
            type="radio" name={name} value={String(option.value)} checked={option.value === value} disabled={disabled}
            onChange={() => onChange(option.value)}
          />
          <span>{option.label}</span>
        </label>
      ))}
    </div>
  );
}

const keyOf = (value) => (value === undefined ? "" : String(value));

// A choice among many.
export function Select({ id, value, options, onChange, disabled, label, testId: place, describedBy, invalid }) {
  const isKnown = options.some((option) => option.value === value);
  return (
    <select
      id={id} className="input" value={keyOf(value)} disabled={disabled} aria-label={label} aria-describedby={describedBy} aria-invalid={invalid || undefined}
      data-testid={place} onChange={(event) => onChange(options.find((option) => keyOf(option.value) === event.target.value)?.value)}
    >
      {!isKnown && <option value={keyOf(value)}>{value === undefined ? "Choose…" : keyOf(value)}</option>}
      {options.map((option) => <option key={keyOf(option.value)} value={keyOf(option.value)}>{option.label}</option>)}
    </select>
  );
}
