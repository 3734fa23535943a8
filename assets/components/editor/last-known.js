// What the names in a template or an expression last stood for, found without evaluating anything.
const STRINGS = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g;
const PATH = /(?<![\p{L}\p{N}_.])([\p{L}_][\p{L}\p{N}_]*)((?:\.[\p{L}_][\p{L}\p{N}_]*|\[\d+\])*)(\(?)/gu;
const MOST = 4;

// Texts in brackets are names of fields too: `a["b"]` is written `a.b` here.
const plain = (text) => text.replace(/\[\s*(["'])([\p{L}_][\p{L}\p{N}_]*)\1\s*\]/gu, ".$2").replace(STRINGS, "''");

function walk(value, steps) {
  for (const step of steps) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, step)) return undefined;
    value = value[step];
  }
  return value;
}

// [{name, value}] in the order they are read; a value of undefined is not known.
export function lastKnown(text, kind, names) {
  const parts = kind === "expression" ? [text] : [...text.matchAll(/\{\{([\s\S]*?)\}\}/g)].map(([, part]) => part);
  const known = new Map(names.map((each) => [each.name, each.has_value === false ? undefined : each.sample]));
  const found = new Map();
  for (const part of parts) {
    for (const [, root, rest, call] of plain(part).matchAll(PATH)) {
      if (!known.has(root)) continue;
      const steps = rest.match(/[\p{L}_][\p{L}\p{N}_]*|\d+/gu) ?? [];
      // `a.text.upper()` reads `a.text`.
      if (call) steps.pop();
      const name = steps.reduce((path, step) => path + (/^\d/.test(step) ? `[${step}]` : `.${step}`), root);
      found.set(name, walk(known.get(root), steps));
    }
  }
  return [...found].slice(0, MOST).map(([name, value]) => ({ name, value }));
}
