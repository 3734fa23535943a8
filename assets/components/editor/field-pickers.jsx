// Fields that name something the project has: a credential, or another workflow.
import { useEffect, useState } from "react";
import { sendSignedIn } from "../rest.js";
import { Frame, Select, useField, useForm } from "./parts.jsx";

// Lists are read once for a page; `renew` reads again, for what was made in another tab meanwhile.
const lists = new Map();

export function useList(address) {
  const [state, setState] = useState({ items: null, error: "" });
  useEffect(() => {
    if (!address) return undefined;
    let isWanted = true;
    if (!lists.has(address)) lists.set(address, readAll(address));
    lists.get(address).then((found) => isWanted && setState(found));
    return () => { isWanted = false; };
  }, [address]);
  const renew = async () => {
    lists.set(address, readAll(address));
    setState(await lists.get(address));
  };
  return { ...state, renew };
}

async function readAll(address) {
  const items = [];
  let next = null;
  for (let page = 0; page < 20; page += 1) {
    const after = next ? `${address.includes("?") ? "&" : "?"}after=${encodeURIComponent(next)}` : "";
    const { ok, body } = await sendSignedIn("GET", address + after);
    if (!ok) {
      lists.delete(address);
      return { items: page ? items : null, error: body.detail ?? "This list cannot be read now." };
    }
    items.push(...body.items);
    next = body.next;
    if (!next) break;
  }
  return { items, error: "" };
}

const KINDS = { bearer: "bearer token", header: "header", basic: "name and password", smtp: "mail account", openrouter: "OpenRouter" };

export function CredentialField({ path, schema, label, value, onChange, isRequired }) {
  const { context } = useForm();
  const { id, errors, field, testId, disabled, described } = useField(path, schema, true);
  const { items, error, renew } = useList(context.projectId && `/api/v1/credentials?limit=200&project_id=${encodeURIComponent(context.projectId)}`);
  const fits = (items ?? []).filter((item) => !field["x-kinds"] || field["x-kinds"].includes(item.kind));
  const options = [
    { value: "", label: "None" },
    ...fits.map((item) => ({ value: item.id, label: `${item.name} · ${KINDS[item.kind] ?? item.kind}` })),
  ];
  const isUnknown = Boolean(value) && items !== null && !fits.some((item) => item.id === value);
  const make = context.projectId && (
    <a className="text-link" href={`/projects/${context.projectId}#credentials`} target="_blank" rel="noreferrer" data-testid={`${testId}-make`}>Make one</a>
  );
  return (
    <Frame
      {...{ id, label }} control={id} kind="credential" mark={isRequired ? "required" : undefined} help={schema.description} aside={make}
      errors={isUnknown ? [...errors, { message: "This project has no such credential any more. Choose another one." }] : errors}
    >
      <Select
        id={id} value={value ?? ""} options={options} disabled={disabled} testId={testId} describedBy={described} invalid={errors.length > 0 || isUnknown}
        onChange={(next) => onChange(next || undefined)}
      />
      {error ? <p className="field-help">{error}</p> : items && <button type="button" className="text-link field-renew" onClick={renew}>Look again</button>}
    </Frame>
  );
}

export function WorkflowField({ path, schema, label, value, onChange, isRequired, bare }) {
  const { context } = useForm();
  const { id, errors, testId, disabled, described } = useField(path, schema, true);
  const { items, error } = useList(context.projectId && `/api/v1/workflows?limit=200&sort=name&project_id=${encodeURIComponent(context.projectId)}`);
  const options = (items ?? []).filter((item) => item.id !== context.workflowId).map((item) => ({ value: item.id, label: item.name }));
  const input = <Select id={id} value={value} options={options} disabled={disabled} testId={testId} describedBy={described} invalid={errors.length > 0} label={bare ? label : undefined} onChange={onChange} />;
  if (bare) return input;
  const open = options.some((option) => option.value === value) && <a className="text-link" href={`/workflows/${value}`}>Open</a>;
  return (
    <Frame {...{ id, label, errors }} control={id} kind="workflow" mark={isRequired ? "required" : undefined} help={context.projectId ? undefined : schema.description} aside={open}>
      {input}
      {error && <p className="field-help">{error}</p>}
    </Frame>
  );
}
