// Completion of names in scope, and of the fields of what they last were.
const IDENTIFIER = /^[A-Za-z_]\w*$/;
const PATH = /([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*|\[-?\d+\]|\['[^'\]]*'\]|\["[^"\]]*"\])*)(\.\w*|\[['"]?[^\]'"]*)$/;
const WORD = /[A-Za-z_]\w*$/;
const STEP = /\.([A-Za-z_]\w*)|\[(-?\d+)\]|\['([^'\]]*)'\]|\["([^"\]]*)"\]/g;

const BUILTINS = [
  ["len", "how many"], ["sum", "of numbers"], ["min", "the smallest"], ["max", "the largest"], ["sorted", "in order"], ["round", "a number"],
  ["str", "as text"], ["int", "as a whole number"], ["float", "as a number"], ["any", "whether one holds"], ["all", "whether all hold"],
  ["range", "numbers"], ["enumerate", "with places"], ["zip", "side by side"], ["json", "module"], ["re", "module"], ["math", "module"], ["datetime", "module"],
];
const WORDS = { string: "text", number: "number", boolean: "true or false", object: "object" };

// A value in a few words, for beside its name.
export function brief(value) {
  if (value === undefined) return "";
  if (value === null) return "null";
  if (Array.isArray(value)) return `list of ${value.length}`;
  if (typeof value === "object") return Object.keys(value).slice(0, 4).join(", ") || "empty";
  const text = String(value).replace(/\s+/g, " ");
  return text.length > 36 ? `${text.slice(0, 36)}…` : text;
}

const kindOf = (value) => (value === null || value === undefined ? "" : Array.isArray(value) ? "list" : WORDS[typeof value] ?? "");

// Where the caret stands in an expression: its text up to there, or null outside of any.
export function expressionBefore(text, language) {
  if (language !== "template" && language !== "markdown") return text;
  const start = text.lastIndexOf("{{");
  return start < 0 || text.indexOf("}}", start) >= 0 ? null : text.slice(start + 2);
}

const inString = (text) => {
  const quotes = text.replace(/\\./g, "").replace(/\[(['"])[^'"\]]*$/, "").match(/'[^']*'|"[^"]*"|['"]/g) ?? [];
  return quotes.some((quote) => quote.length === 1);
};

function walk(sample, steps) {
  let value = sample;
  for (const [, dotted, index, single, double] of steps.matchAll(STEP)) {
    if (value === null || value === undefined) return undefined;
    value = index !== undefined ? (Array.isArray(value) ? value.at(Number(index)) : undefined) : value[dotted ?? single ?? double];
  }
  return value;
}

// {from, options} for the text before the caret, or null. `from` counts from the start of the text.
export function complete(before, names) {
  if (inString(before)) return null;
  const path = before.match(PATH);
  if (path) return fieldsOf(before, path, names);
  const word = before.match(WORD)?.[0] ?? "";
  const options = [
    ...names.map(({ name, kind, sample }) => ({ label: name, type: "name", detail: sample === undefined ? kind : brief(sample), boost: 10 })),
    ...BUILTINS.filter(([name]) => !names.some((other) => other.name === name)).map(([name, detail]) => ({ label: name, type: "builtin", detail, boost: -10 })),
  ];
  return { from: before.length - word.length, options };
}

// After a dot, keys are told as they are; what cannot follow a dot takes its place, by `insert`.
function fieldsOf(before, [, root, steps, last], names) {
  const known = names.find((each) => each.name === root);
  const value = known ? walk(known.sample, steps) : undefined;
  if (value === null || typeof value !== "object") return null;
  const isBracketed = last.startsWith("[");
  const from = before.length - last.length + (isBracketed ? 0 : 1);
  const entries = Array.isArray(value) ? value.slice(0, 3).map((item, index) => [index, item]) : Object.entries(value);
  const options = entries.map(([key, held], index) => {
    const inBrackets = typeof key === "number" ? `[${key}]` : `[${key.includes("'") ? JSON.stringify(key) : `'${key}'`}]`;
    const detail = typeof held === "object" && held !== null ? kindOf(held) : brief(held);
    // In the order they have in the value.
    const option = { label: isBracketed || typeof key === "number" ? inBrackets : key, type: "field", detail, boost: -Math.min(index, 90) };
    return isBracketed || IDENTIFIER.test(key) ? option : { ...option, insert: inBrackets };
  });
  return { from, options, isBracketed };
}
