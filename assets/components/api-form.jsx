// A form that posts JSON to this site's own REST API. What is typed into it goes there and nowhere
// else: never into an event of the page, never into its state.
import { useEffect, useId, useRef, useState } from "react";
import { Confirm, Proof, Secret } from "./api-form-parts.jsx";
import { send, sendSignedIn, sort } from "./rest.js";

function valueOf(field, data) {
  if (field.kind === "checkbox") return data.has(field.name);
  if (field.kind === "list" && field.options?.length) return data.getAll(field.name);
  const text = data.get(field.name) ?? "";
  if (field.kind === "list") return text.split("\n").map((line) => line.trim()).filter(Boolean);
  if (text === "" && !field.required) return field.empty === "null" ? null : field.empty === "text" ? "" : undefined;
  // What is no number is sent as it stands, for the server to say so: it must not pass for none at all.
  if (field.kind === "number") return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
  if (field.kind === "moment") return text && new Date(text).toISOString();
  return text;
}

const read = (form, fields, extra) => {
  const data = new FormData(form);
  const body = { ...extra };
  for (const field of fields) body[field.name] = valueOf(field, data);
  // A name nobody gave is what stands before the @ of the address.
  for (const field of fields) if (field.otherwise) body[field.name] ??= String(body[field.otherwise]).split("@")[0] || undefined;
  return body;
};

// What has to be filled in and is not, in the shape of a problem of the server.
const unfilled = (form, fields) => {
  const data = new FormData(form);
  const empty = fields.filter((field) => field.required && field.kind !== "checkbox" && valueOf(field, data).length === 0);
  return empty.map((field) => ({ where: `body.${field.name}`, what: "Fill this in." }));
};

export function ApiForm(props) {
  const { fields = [], action, method = "POST", extra = {}, next, nextFromAddress, linkAs, onDone, reveal } = props;
  const form = useRef(null);
  const busy = useRef(false);
  const proof = useRef(null);
  const sure = useRef(null);
  const alert = useRef(null);
  const [state, setState] = useState({ sending: false, fields: {}, rest: [], said: "", secret: null, asking: false });
  const id = useId();
  // Until the page has come to life, the browser itself would send the form, passwords in its address.
  const [isAlive, setAlive] = useState(false);
  useEffect(() => setAlive(true), []);

  const say = (outcome) => {
    const found = sort(outcome, fields.map((field) => field.name));
    setState((old) => ({ ...old, sending: false, ...found, said: "" }));
    const first = fields.find((field) => found.fields[field.name]);
    requestAnimationFrame(() => (first ? form.current.elements[first.name]?.focus?.() : alert.current?.focus()));
  };
  const finish = (outcome) => {
    const secret = reveal ? outcome.body?.[reveal] : null;
    if (props.follow) {
      location.assign(outcome.body[props.follow]);
      return;
    }
    if (!props.keepsValues) form.current.reset();
    if (props.goesTo) {
      // Another site, as the server itself chose it.
      location.assign(outcome.body[props.goesTo]);
      return;
    }
    if (nextFromAddress || next) {
      location.assign(nextFromAddress ? window.flowstudio.next() : window.flowstudio.local(next));
      return;
    }
    setState({ sending: false, fields: {}, rest: [], said: props.done ?? "", secret, asking: false });
    if (!secret) onDone?.();
  };
  const submit = async () => {
    if (busy.current) return;
    busy.current = true;
    setState((old) => ({ ...old, sending: true, said: "" }));
    const body = read(form.current, fields, extra);
    if (linkAs && window.flowstudio.token()) body[linkAs] = window.flowstudio.token();
    const ask = props.isOpen ? send : sendSignedIn;
    const outcome = await ask(method, action, body);
    busy.current = false;
    if (outcome.ok) finish(outcome);
    else if (String(outcome.body.type ?? "").endsWith("proof-needed")) {
      setState((old) => ({ ...old, sending: false, asking: true }));
      proof.current.showModal();
    } else say(outcome);
  };
  const onSubmit = (event) => {
    event.preventDefault();
    event.stopPropagation();
    const problems = unfilled(form.current, fields);
    if (problems.length) say({ body: { problems } });
    else if (props.confirm) sure.current.showModal();
    else submit();
  };

  return (
    <>
      <form
        ref={form} method="post" onSubmit={onSubmit} noValidate className={`api-form ${props.layout ?? ""}`}
        aria-label={props.label || undefined} aria-busy={state.sending} data-testid={props.testId || undefined}
      >
        <div ref={alert} tabIndex={-1} role="alert" className={state.rest.length ? "problems" : "problems-none"}>
          {state.rest.map((text, index) => <p key={index} data-testid={`problem-${index}`}>{text}</p>)}
        </div>
        {fields.map((field) => (
          <ApiField key={field.name} field={field} id={`${id}-${field.name}`} error={state.fields[field.name]} />
        ))}
        <div className="form-foot">
          <button
            type="submit" disabled={!isAlive || state.sending} data-early={!isAlive || undefined} className={`button ${props.tone ?? "primary"}`}
            data-testid={props.submitTestId || undefined}
          >
            {state.sending ? props.sending || "One moment…" : props.submit ?? "Save"}
          </button>
          <span role="status" className="form-said">{state.said}</span>
        </div>
      </form>
      {props.confirm && <Confirm dialog={sure} text={props.confirm} action={props.submit} tone={props.tone} onSure={submit} />}
      <Proof dialog={proof} isOpen={state.asking} onProved={submit} onClose={() => setState((old) => ({ ...old, asking: false }))} />
      {state.secret && (
        <Secret
          label={props.revealLabel} text={state.secret}
          onClose={() => { setState((old) => ({ ...old, secret: null })); onDone?.(); }}
        />
      )}
    </>
  );
}

function ApiField({ field, id, error }) {
  const [isShown, show] = useState(false);
  const described = [field.help && `${id}-help`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  const common = {
    id, name: field.name, "aria-invalid": Boolean(error), "aria-describedby": described,
    "aria-required": Boolean(field.required), "data-testid": field.testId || `field-${field.name}`,
  };
  const isGroup = field.kind === "list" && field.options?.length > 0;
  const label = (
    <>
      {field.label}
      {field.optional && <span className="field-mark">optional</span>}
    </>
  );
  return (
    <div className="field" data-kind={field.kind} role={isGroup ? "group" : undefined} aria-labelledby={isGroup ? `${id}-label` : undefined}>
      {isGroup ? <div id={`${id}-label`} className="field-label">{label}</div> : <label htmlFor={id}>{label}</label>}
      {isGroup ? (
        <div className="field-choices">
          {field.options.map((option) => (
            <label key={option.value} className="field-choice">
              <input type="checkbox" name={field.name} value={option.value} defaultChecked={(field.value ?? "").split(" ").includes(option.value)} />
              <span>{option.label}</span>
            </label>
          ))}
        </div>
      ) : field.kind === "select" ? (
        <select {...common} className="input" defaultValue={field.value ?? ""}>
          {(field.options ?? []).map((option) => <option key={option.value} value={option.value}>{option.label}</option>)}
        </select>
      ) : field.kind === "checkbox" ? (
        <input {...common} type="checkbox" className="switch" defaultChecked={field.value === "on"} />
      ) : field.kind === "list" || field.kind === "long" ? (
        <textarea {...common} className="input" rows={field.kind === "list" ? 3 : 5} defaultValue={field.value ?? ""} />
      ) : (
        <div className="field-line">
          <input
            {...common} className="input" defaultValue={field.value ?? ""} placeholder={field.placeholder || undefined}
            type={field.kind === "password" ? (isShown ? "text" : "password") : { moment: "datetime-local", email: "email" }[field.kind] ?? "text"}
            inputMode={field.kind === "number" ? "decimal" : undefined} autoFocus={Boolean(field.focus)}
            autoComplete={field.autocomplete || "off"} autoCapitalize="none" spellCheck={false}
            list={field.suggestions ? `${id}-list` : undefined}
          />
          {field.suggestions && <datalist id={`${id}-list`}>{field.suggestions.map((text) => <option key={text} value={text} />)}</datalist>}
          {field.kind === "password" && (
            <button type="button" className="field-eye" aria-pressed={isShown} aria-label="Show what is typed" onClick={() => show(!isShown)}>
              <Eye isOpen={isShown} />
            </button>
          )}
        </div>
      )}
      {field.help && <p className="field-help" id={`${id}-help`}>{field.help}</p>}
      {error && <p className="field-error" id={`${id}-error`} data-testid={`error-${field.name}`}>{error}</p>}
    </div>
  );
}

const Eye = ({ isOpen }) => (
  <svg aria-hidden="true" width="16" height="16" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.75" strokeLinecap="round" strokeLinejoin="round">
    <path d="M2 12s3.6-7 10-7 10 7 10 7-3.6 7-10 7S2 12 2 12Z" /><circle cx="12" cy="12" r="3" />
    {!isOpen && <path d="m4 4 16 16" />}
  </svg>
);
