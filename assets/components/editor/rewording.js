// Other names for nodes in the configs that read them.
import { core, kindOf, resolve, variantOf, variantsOf } from "./kinds.js";

const escaped = (name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

// A copy of a config in which templates, and the fields that are expressions, read the nodes that have
// got another name: `names` says which, all at once, since the new name of one may be the old of another.
export function reworded(config, schema, names) {
  if (!names.size) return config;
  const old = [...names.keys()].sort((a, b) => b.length - a.length).map(escaped).join("|");
  const read = new RegExp(`(?<![\\p{L}\\p{N}_.'"])(?:${old})(?![\\p{L}\\p{N}_'"])`, "gu");
  const inCode = (text) => text.replace(read, (name) => names.get(name));
  const inText = (text) => text.replace(/\{\{[\s\S]*?\}\}/g, inCode);
  const copy = (value, part) => {
    if (typeof value === "string") return part && kindOf(part, schema) === "expression" ? inCode(value) : inText(value);
    if (Array.isArray(value)) return value.map((item) => copy(item, part && core(part, schema).items));
    if (value === null || typeof value !== "object") return value;
    const fields = part ? fieldsIn(part, value, schema) : () => undefined;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item, fields(key))]));
  };
  return copy(config, schema);
}

// What the schema says of each key of an object; undefined where it says nothing.
function fieldsIn(part, value, root) {
  const whole = resolve(core(part, root), root);
  const union = variantsOf(whole, root);
  const { properties, additionalProperties } = (union ? variantOf(union, value)?.schema : whole) ?? {};
  return (key) => properties?.[key] ?? (typeof additionalProperties === "object" ? additionalProperties : undefined);
}
