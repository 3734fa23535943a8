// Reads {"document", "operations"} from standard input, applies them as the editor's page does, takes
// each back and applies it again, and writes {"document", "undo"}: what comes out, and the operations
// that take all of it back.
import { readFileSync } from "node:fs";
import { apply, invert, read, write } from "../../assets/components/editor/document.js";

const { document, operations } = JSON.parse(readFileSync(0, "utf8"));
let now = read(document);
let undo = [];
for (const operation of operations) {
  const after = apply(now, operation);
  let back = after;
  const inverse = invert(now, operation);
  for (const each of inverse) back = apply(back, each);
  const [was, is] = [now, back].map((each) => JSON.stringify(sorted(write(each))));
  if (was !== is) throw new Error(`Not taken back: ${JSON.stringify(operation)}\n${was}\n${is}`);
  now = after;
  undo = [...inverse, ...undo];
}
process.stdout.write(JSON.stringify({ document: write(now), undo }));

// Removing and putting back may change the order of wires, of notes and of keys, which says nothing.
function sorted(document) {
  const [edges, sticky_notes] = [document.edges, document.sticky_notes ?? []].map((each) => [...each].sort((a, b) => (a.id < b.id ? -1 : 1)));
  return withSortedKeys({ ...document, edges, sticky_notes });
}

function withSortedKeys(value) {
  if (Array.isArray(value)) return value.map(withSortedKeys);
  if (value === null || typeof value !== "object") return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, withSortedKeys(value[key])]));
}
