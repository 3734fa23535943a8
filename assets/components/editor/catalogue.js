// What the editor knows of node types from their JSON Schemas.
import { resolve } from "./kinds.js";

// The ways a type can be configured: one for most, one a mode for those that have modes.
export function variants(type) {
  const root = type.config_schema;
  const options = root.oneOf ?? root.anyOf;
  if (!options) return [{ type: type.type, mode: "", title: type.title, schema: root }];
  return options.map((option) => {
    const schema = resolve(option, root);
    const mode = schema.properties?.mode?.const ?? "";
    return { type: type.type, mode, title: `${type.title} · ${mode.replaceAll("_", " ")}`, schema };
  });
}

function blank(schema, root) {
  const found = resolve(schema, root);
  if (found.const !== undefined) return found.const;
  if (found.default !== undefined) return found.default;
  if (found.enum) return found.enum[0];
  const option = (found.anyOf ?? found.oneOf)?.find((each) => each.type !== "null");
  if (option) return blank(option, root);
  if (found.type === "array") return [];
  if (found.type === "object") return {};
  if (found.type === "number" || found.type === "integer") return Math.max(found.minimum ?? 1, 1);
  if (found.type === "boolean") return false;
  return "";
}

// A config with what must be there, empty where only a person can say.
export function blankConfig(type, mode) {
  const root = type.config_schema;
  const all = variants(type);
  const { schema } = all.find((each) => each.mode === mode) ?? all[0];
  const config = {};
  if (schema.properties?.mode) config.mode = schema.properties.mode.const;
  for (const name of schema.required ?? []) config[name] = blank(schema.properties[name], root);
  return config;
}

const PORTS = {
  if: ["true", "false"], switch: ["else"], classify: [],
};

// The ports a new node shows until the server has looked at its config.
export function firstPorts(node) {
  const inputs = node.type === "start" ? [] : ["in"];
  if (node.type === "end") return { inputs, outputs: [] };
  if (node.type === "decision") return { inputs, outputs: PORTS[node.config.mode] ?? ["out"] };
  return { inputs, outputs: ["out"] };
}

export const CATEGORIES = [
  ["flow", "Flow"], ["models", "Models"], ["logic", "Logic"], ["data", "Data"], ["outside", "Outside"],
];

const matches = (words, text) => words.every((word) => text.toLowerCase().includes(word));

export const hasStart = ({ nodes }) => [...nodes.values()].some(({ type }) => type === "start");

// What may be added for a search: types, and the modes that a search names. One start is enough.
export function offers(types, query, isStarted) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const all = Object.values(types).filter(({ type }) => type !== "start" || !isStarted);
  const rank = (type) => CATEGORIES.findIndex(([name]) => name === type.category);
  all.sort((a, b) => rank(a) - rank(b));
  if (!words.length) return all.map((type) => ({ ...type, mode: "", key: type.type, about: type.summary }));
  return all.flatMap((type) => {
    const own = matches(words, `${type.title} ${type.type}`)
      ? [{ ...type, mode: "", key: type.type, about: type.summary }] : [];
    const modes = variants(type)
      .filter(({ mode, schema }) => mode && matches(words, `${type.title} ${mode.replaceAll("_", " ")} ${schema.description ?? ""}`))
      .map(({ mode, title, schema }) => ({ ...type, mode, title, key: `${type.type}-${mode}`, about: schema.description ?? "" }));
    if (own.length || modes.length) return [...own, ...modes];
    return matches(words, type.summary) ? [{ ...type, mode: "", key: type.type, about: type.summary }] : [];
  });
}
