// What any node has beside its config: how it behaves when it fails, what it keeps, and notes on it.
import { useId, useMemo } from "react";
import { ChoiceField, NumberField } from "./field-inputs.jsx";
import { JsonText } from "./field-json.jsx";
import { problemsAt } from "./kinds.js";
import { Frame, FormContext, Place } from "./parts.jsx";

const RETRY = {
  attempts: { type: "integer", title: "Attempts", default: 1, minimum: 1, maximum: 100 },
  backoff_s: { type: "number", title: "First pause", default: 1, minimum: 0, maximum: 86400, "x-unit": "s" },
  factor: { type: "number", title: "Grows by", default: 2, minimum: 1, maximum: 10, "x-unit": "times" },
  max_s: { type: "number", title: "Longest pause", default: 60, minimum: 0, maximum: 86400, "x-unit": "s" },
};
const TIMEOUT = { type: "number", title: "Time limit", exclusiveMinimum: 0, maximum: 2592000, "x-unit": "s", description: "Of one attempt; empty for none." };
const ON_ERROR = {
  enum: ["fail", "continue", "branch"], title: "When it fails", default: "fail",
  "x-labels": { fail: "Stop the run", continue: "Go on", branch: "Error port" },
};
const JOIN = { enum: ["all", "any"], title: "Starts when", default: "all", "x-labels": { all: "All wires are settled", any: "One is taken" } };
const CACHE = { enum: ["auto", "off", "for"], title: "Kept output", default: "auto", "x-labels": { auto: "As suits it", off: "Never", for: "For a time" } };
const TTL = { type: "number", title: "Kept for", exclusiveMinimum: 0, "x-unit": "s" };
const HELP = {
  fail: "The run ends with this node's name and reason.",
  continue: "The run goes on with the value below instead of an output.",
  branch: "The node gets a port `error`; its output says what went wrong.",
};
const DAY_S = 86_400;

const isSet = (node) => ["retry", "timeout_s", "on_error", "default", "join", "cache", "notes"].filter((key) => {
  const value = node[key];
  return ![undefined, null, "", "fail", "all", "auto"].includes(value) && !(key === "retry" && (value.attempts ?? 1) === 1);
}).length;

const Placed = ({ as: Input, ...props }) => <Place.Provider value={props.path.join(".")}><Input {...props} /></Place.Provider>;

// onChange(key, value): undefined takes the key away, so that its default counts again.
export function CommonForm({ node, onChange, problems, context, disabled }) {
  const id = useId();
  // Problems name these without `config.` in front; the fields here look for them there.
  const form = useMemo(() => ({
    root: {}, config: node, onChange: () => {}, context: context ?? {}, disabled: Boolean(disabled),
    problems: (problems ?? []).filter((problem) => !String(problem.path).startsWith("config")).map((problem) => ({ ...problem, path: `config.${problem.path}` })),
  }), [node, context, disabled, problems]);
  const retry = node.retry ?? {};
  const setRetry = (key) => (value) => {
    const next = { ...retry, [key]: value };
    if (value === undefined) delete next[key];
    onChange("retry", Object.keys(next).length ? next : undefined);
  };
  const unless = (usual, key) => (value) => onChange(key, value === usual ? undefined : value);
  const [onError, cache] = [node.on_error ?? "fail", node.cache ?? "auto"];
  const count = isSet(node);
  const isWrong = form.problems.some((problem) => /^config\.(retry|timeout_s|on_error|default|join|cache|notes)\b/.test(problem.path));
  return (
    <FormContext.Provider value={form}>
      <details className="fields-more common-form" data-testid="common-form" open={isWrong || undefined}>
        <summary>When it fails, and caching{count > 0 && <span className="field-mark"> {count} set</span>}</summary>
        <div className="fields">
          <Placed as={NumberField} path={["retry", "attempts"]} schema={RETRY.attempts} label="Attempts" value={retry.attempts} onChange={setRetry("attempts")} />
          <Placed as={NumberField} path={["timeout_s"]} schema={TIMEOUT} label="Time limit" value={node.timeout_s ?? undefined} onChange={(value) => onChange("timeout_s", value)} />
          {(retry.attempts ?? 1) > 1 && ["backoff_s", "factor", "max_s"].map((key) => (
            <Placed as={NumberField} key={key} path={["retry", key]} schema={RETRY[key]} label={RETRY[key].title} value={retry[key]} onChange={setRetry(key)} />
          ))}
          <Placed as={ChoiceField} path={["on_error"]} schema={{ ...ON_ERROR, description: HELP[onError] }} label="When it fails" value={node.on_error} onChange={unless("fail", "on_error")} />
          {(onError === "continue" || (node.default ?? null) !== null) && (
            <Place.Provider value="default">
              <Frame id={`${id}-default`} kind="json" label="Goes on with" help="Any JSON; empty is null." errors={problemsAt(form.problems, ["default"], true)}>
                <JsonText value={node.default ?? undefined} label="Goes on with" testId="field-default" disabled={disabled} minLines={1} placeholder="null" onChange={(value) => onChange("default", value ?? undefined)} />
              </Frame>
            </Place.Provider>
          )}
          <Placed as={ChoiceField} path={["join"]} schema={JOIN} label="Starts when" value={node.join} onChange={unless("all", "join")} />
          <Placed as={ChoiceField}
            path={["cache"]} schema={CACHE} label="Kept output" value={typeof cache === "object" ? "for" : cache}
            onChange={(value) => onChange("cache", value === "auto" ? undefined : value === "for" ? { ttl_s: DAY_S } : value)}
          />
          {typeof cache === "object" && (
            <Placed as={NumberField} path={["cache", "ttl_s"]} schema={TTL} label="Kept for" value={cache.ttl_s} isRequired onChange={(value) => value !== undefined && onChange("cache", { ttl_s: value })} />
          )}
          <Place.Provider value="notes">
            <Frame id={`${id}-notes`} control={`${id}-notes-box`} kind="notes" label="Notes" errors={problemsAt(form.problems, ["notes"])}>
              <textarea
                id={`${id}-notes-box`} className="input" rows={3} maxLength={20000} value={node.notes ?? ""} disabled={disabled} data-testid="field-notes"
                onChange={(event) => onChange("notes", event.target.value || undefined)}
              />
            </Frame>
          </Place.Provider>
        </div>
      </details>
    </FormContext.Provider>
  );
}
