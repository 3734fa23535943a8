// Other names for nodes in the configs that read them.
import { core, kindOf, resolve, variantOf, variantsOf } from "./kinds.js";

const escaped = (name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

// What is quoted is no name, and neither is what an argument is called by.
const QUOTED = /'(?:\\[\s\S]|[^'\\])*'|"(?:\\[\s\S]|[^"\\])*"/.source;
const PIECE = new RegExp(`\\}\\}|${QUOTED}|[\\s\\S]`, "y");

// The end of the template that begins here, or -1.
function endOf(text, start) {
  PIECE.lastIndex = start + 2;
  for (let piece = PIECE.exec(text); piece; piece = PIECE.exec(text)) if (piece[0] === "}}") return PIECE.lastIndex;
  return -1;
}

// Makes copies of configs in which templates, and the fields that are expressions, read the nodes that
// have got another name: `names` says which, all at once, since the new name of one may be the old of another.
export function rewording(names) {
  if (!names.size) return (config) => config;
  const old = [...names.keys()].sort((a, b) => b.length - a.length).map(escaped).join("|");
  const read = new RegExp(`${QUOTED}|(?<![\\p{L}\\p{N}_.])(?:${old})(?![\\p{L}\\p{N}_])(?!\\s*=(?!=))`, "gu");
  const inCode = (text) => text.replace(read, (found) => names.get(found) ?? found);
  return (config, schema) => copied(config, schema, inCode);
}

function inText(text, inCode) {
  let [result, at] = ["", 0];
  for (let start = text.indexOf("{{"); start >= 0; start = text.indexOf("{{", at)) {
    const end = endOf(text, start);
    if (end < 0) break;
    result += text.slice(at, start) + inCode(text.slice(start, end));
    at = end;
  }
  return result + text.slice(at);
}

function copied(config, schema, inCode) {
  const copy = (value, part) => {
    if (typeof value === "string") return part && kindOf(part, schema) === "expression" ? inCode(value) : inText(value, inCode);
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
