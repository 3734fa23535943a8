// What a form needs to know of a JSON Schema: the kind of each field, which fields show, and how a
// config changes. Nothing here draws; tests run it over every node type.
//
// A schema says more of a field by keys that start with `x-`; docs/writing-a-node.md lists them.

export const KINDS = [
  "text", "template", "prompt", "value", "code", "expression", "number", "switch", "choice", "list", "map",
  "group", "schema", "json", "credential", "model", "workflow", "cron", "moment",
];

// A schema with its `$ref` followed; what stands beside the reference wins.
export function resolve(schema, root) {
  let found = schema ?? {};
  for (let steps = 0; found.$ref && steps < 20; steps += 1) {
    const { $ref, ...beside } = found;
    const target = String($ref).replace(/^#\//, "").split("/").reduce((part, key) => part?.[key], root);
    found = { ...target, ...beside };
  }
  return found;
}

const options = (schema, root) => (schema.anyOf ?? []).map((part) => resolve(part, root)).filter((part) => part.type !== "null");

// Whether a template may stand in the place of a number, a list or a map.
export const takesTemplate = (schema, root) =>
  options(schema, root).length > 1 && options(schema, root).some((part) => part.format === "template" && part.type === "string");

// The schema of what a field really holds: without null, and without the template in its place.
export function core(schema, root) {
  const whole = resolve(schema, root);
  const found = options(whole, root);
  if (found.length === 0) return whole;
  const { anyOf: _, ...beside } = whole;
  const plain = found.find((part) => !(part.format === "template" && found.length > 1)) ?? found[0];
  return { ...plain, ...beside };
}

export function kindOf(schema, root) {
  const field = core(schema, root);
  if (field["x-field"]) return field["x-field"];
  if (Array.isArray(field.enum)) return "choice";
  if (field.type === "boolean") return "switch";
  if (field.type === "integer" || field.type === "number") return "number";
  if (field.type === "array") return "list";
  if (field.properties || field.oneOf) return "group";
  if (field.type === "object") return typeof field.additionalProperties === "object" ? "map" : "json";
  if (field.format === "template") return field.type === "string" ? "template" : "value";
  if (["prompt", "expression", "credential", "workflow"].includes(field.format)) return field.format;
  if (field.format === "python") return "code";
  if (field.format === "json-schema") return "schema";
  if (field.format === "date-time") return "moment";
  return field.type === "string" ? "text" : "json";
}

export const humanise = (word) => {
  const text = String(word).replace(/_/g, " ").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
};

// Class names make poor labels; a title that somebody wrote makes a good one.
const isClassName = (title) => /^[A-Z][a-z0-9]*([A-Z]\w*)+$/.test(title ?? "");
export const labelOf = (schema, value) => schema["x-labels"]?.[value] ?? humanise(value);

// The ways a union can go, by the field that tells them apart; null for anything else.
export function variantsOf(schema, root) {
  const whole = resolve(schema, root);
  const tag = whole.discriminator?.propertyName;
  if (!whole.oneOf || !tag) return null;
  const variants = whole.oneOf.map((part) => {
    const variant = resolve(part, root);
    const value = resolve(variant.properties?.[tag], root).const;
    const title = variant.title && !isClassName(variant.title) ? variant.title : humanise(value);
    return { value, title, description: (variant.description ?? "").replace(/`/g, ""), schema: variant };
  });
  return { tag, variants, title: whole["x-tag-title"] ?? "Does" };
}

export function variantOf(union, config) {
  const wanted = config?.[union.tag];
  const found = union.variants.find((variant) => variant.value === wanted);
  if (found || wanted !== undefined) return found ?? null;
  return union.variants.find((variant) => variant.schema.properties[union.tag].default === variant.value) ?? null;
}

const defaultOf = (schema, root) => resolve(schema, root).default;

function isShown(field, config, properties, root) {
  return Object.entries(field["x-when"] ?? {}).every(([name, values]) => {
    const value = config?.[name] ?? defaultOf(properties[name], root) ?? null;
    return values.includes(value);
  });
}

// The fields of an object with this config, in the order they are drawn:
// {name, schema, kind, isRequired, isFolded}. A field that has a value is never hidden; with `all`, none is.
export function fieldsOf(schema, config, root, all = false) {
  const whole = resolve(schema, root);
  const union = variantsOf(whole, root);
  const chosen = union ? variantOf(union, config)?.schema : whole;
  const properties = chosen?.properties ?? {};
  return Object.entries(properties)
    .filter(([name]) => name !== union?.tag)
    .map(([name, part]) => ({ name, schema: resolve(part, root) }))
    .filter(({ name, schema: field }) => all || config?.[name] !== undefined || isShown(field, config, properties, root))
    .map(({ name, schema: field }) => ({
      name,
      schema: field,
      kind: kindOf(field, root),
      isRequired: Array.isArray(chosen.required) && chosen.required.includes(name),
      isFolded: Boolean(field["x-fold"]),
      order: field["x-order"] ?? 0,
    }))
    .sort((a, b) => a.order - b.order);
}

// `cases[0].when`, as problems name their places; `cases.0.when`, as test ids do.
export const placeText = (path) =>
  path.reduce((text, key) => (typeof key === "number" ? `${text}[${key}]` : text ? `${text}.${key}` : String(key)), "");
export const testId = (path) => `field-${path.join(".")}`;

// A place in words: `config.cases[1].when` is "Cases 2, when".
export function placeWords(path) {
  const words = path.replace(/^config\.?/, "").split(/[.[\]]+/).filter(Boolean)
    .reduce((all, key) => (/^\d+$/.test(key) && all.length ? [...all.slice(0, -1), `${all.at(-1)} ${Number(key) + 1}`] : [...all, key.replace(/_/g, " ")]), []);
  return humanise(words.join(", "));
}

// What is wrong at a place of the config, or with `within`, anywhere in it.
export function problemsAt(problems, path, within) {
  const place = placeText(["config", ...path]);
  return (problems ?? []).filter(({ path: at = "" }) => at === place || (within && (at.startsWith(`${place}.`) || at.startsWith(`${place}[`))));
}

export const valueAt = (config, path) => path.reduce((part, key) => part?.[key], config);

// A copy of a config with another value at a path; undefined takes the key away.
export function withValue(config, path, value) {
  if (path.length === 0) return value;
  const [key, ...rest] = path;
  const copy = Array.isArray(config) ? [...config] : { ...config };
  const next = withValue(copy[key] ?? (typeof rest[0] === "number" ? [] : {}), rest, value);
  if (next === undefined && !Array.isArray(copy)) delete copy[key];
  else copy[key] = next;
  return copy;
}

// The config after another way was chosen: fields that both ways have, of one kind, are kept.
export function switched(union, before, value, root, remembered) {
  const next = union.variants.find((variant) => variant.value === value).schema;
  const old = variantOf(union, before)?.schema;
  const kept = { ...remembered };
  for (const [name, part] of Object.entries(next.properties)) {
    const had = old?.properties?.[name];
    if (name !== union.tag && had && before[name] !== undefined && kindOf(had, root) === kindOf(part, root)) kept[name] = before[name];
  }
  return { ...kept, [union.tag]: value };
}

// A new entry of a list, with what its schema requires.
export function blank(schema, root) {
  const kind = kindOf(schema, root);
  const field = core(schema, root);
  if (field.default !== undefined && field.default !== null) return field.default;
  if (kind === "group") {
    const required = field.required ?? [];
    return Object.fromEntries(required.map((name) => [name, blank(field.properties[name], root)]));
  }
  if (kind === "list") return [];
  if (kind === "map" || kind === "schema" || kind === "json") return {};
  if (kind === "switch") return false;
  if (kind === "number") return field.minimum ?? 0;
  return kind === "choice" ? field.enum[0] : "";
}

// Where there is no mark, the field of this name is the one that says most about a node.
export const FIRST_FIELDS = [
  "prompt", "code", "condition", "cases", "input", "items", "url", "text", "fields", "message", "outputs", "inputs",
  "workflow", "to", "seconds", "times", "left", "join",
];

// The one setting of a node that a card or a notebook cell shows.
export function keyField(schema, node) {
  const fields = fieldsOf(schema, node?.config ?? {}, schema);
  const marked = fields.find((field) => field.schema["x-key"]);
  const named = FIRST_FIELDS.map((name) => fields.find((field) => field.name === name)).find(Boolean);
  const found = marked ?? named ?? fields[0];
  return found ? { ...found, path: [found.name] } : null;
}
