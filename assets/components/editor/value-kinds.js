// In which ways a value can be shown, the best one first. Nothing here draws.
const IMAGE_STARTS = [["iVBORw0KGgo", "png"], ["/9j/", "jpeg"], ["R0lGODdh", "gif"], ["R0lGODlh", "gif"], ["UklGR", "webp"], ["Qk0", "bmp"]];
const MOST_IMAGE = 12_000_000;
const DRAWN = new Set(["scatter", "bar", "pie", undefined]);
const SAMPLE = 1_000;
const MOST_COLUMNS = 60;

export const LABELS = { answer: "Answer", markdown: "Text", text: "Plain", table: "Table", tree: "JSON", picture: "Picture", plot: "Plot", leaf: "Value" };

export const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

// The address of a picture whose bytes begin as that kind of picture does, or null. What a text says
// of itself does not count, and vector graphics are none: they can hold more than a picture.
export function pictureOf(value) {
  const text = typeof value === "string" ? value : isObject(value) && typeof value.base64 === "string" ? value.base64 : null;
  if (text === null || text.length < 60 || text.length > MOST_IMAGE) return null;
  const given = text.match(/^data:image\/[a-z+.-]+;base64,/i);
  if (text.startsWith("data:") && !given) return null;
  const body = given ? text.slice(given[0].length) : text;
  const kind = IMAGE_STARTS.find(([start]) => body.startsWith(start))?.[1];
  if (!kind || !/^[A-Za-z0-9+/=\s]*$/.test(body.slice(0, 4_000))) return null;
  // A RIFF file may be a sound as well.
  if (kind === "webp" && body.slice(12, 16) !== "RUJQ") return null;
  return `data:image/${kind};base64,${body}`;
}

const isFigure = (value) =>
  isObject(value) && Array.isArray(value.data) && value.data.length > 0 && value.data.length <= 200 && value.data.every((trace) => isObject(trace) && ("x" in trace || "y" in trace || "values" in trace)) && (value.layout === undefined || isObject(value.layout));
// Of a figure, the kinds of trace that cannot be drawn here.
export const undrawn = (figure) => [...new Set(figure.data.map((trace) => trace.type))].filter((type) => !DRAWN.has(type));

const isTable = (value) => Array.isArray(value) && value.length > 0 && value.slice(0, SAMPLE).every(isObject) && isObject(value.at(-1)) && columnsOf(value).length > 0;

export function columnsOf(rows) {
  const names = new Set();
  for (const row of rows.slice(0, SAMPLE)) for (const name of Object.keys(row)) names.add(name);
  return [...names].slice(0, MOST_COLUMNS);
}

// What an AI node gives.
const isAnswer = (value) => isObject(value) && typeof value.text === "string" && typeof value.model === "string" && isObject(value.usage);

function parsed(text) {
  if (!/^\s*[[{]/.test(text) || text.length > 2_000_000) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// [{kind, value}]: views that fit; `value` is what that view shows.
export function viewsOf(value) {
  const views = [];
  const add = (kind, shown = value) => views.push({ kind, value: shown });
  if (value === undefined || value === null || typeof value === "number" || typeof value === "boolean") return [{ kind: "leaf", value }];
  if (pictureOf(value)) add("picture");
  if (typeof value === "string") {
    const json = parsed(value);
    if (value === "") return [{ kind: "leaf", value }];
    if (views.length === 0) add("markdown");
    add("text");
    if (isTable(json)) add("table", json);
    if (json !== undefined) add("tree", json);
    return views;
  }
  if (isFigure(value) && undrawn(value).length < new Set(value.data.map((trace) => trace.type)).size) add("plot");
  if (isAnswer(value)) add("answer");
  if (isTable(value)) add("table");
  add("tree");
  return views;
}

const IDENTIFIER = /^[A-Za-z_]\w*$/;
// How an expression reads this place.
export const pathText = (root, keys) =>
  keys.reduce((text, key) => (typeof key === "number" ? `${text}[${key}]` : IDENTIFIER.test(key) ? `${text}.${key}` : `${text}[${JSON.stringify(key)}]`), root || "value");

// Places whose key or value holds a text, first ones first: {found: [{keys, value}], isAll}.
export function searchIn(value, query, most = 200) {
  const wanted = query.toLowerCase();
  const found = [];
  const ahead = [[value, []]];
  for (let seen = 0; ahead.length > 0 && found.length < most; seen += 1) {
    if (seen > 300_000) return { found, isAll: false };
    const [part, keys] = ahead.pop();
    const isLeaf = part === null || typeof part !== "object";
    if (keys.length > 0 && (String(keys.at(-1)).toLowerCase().includes(wanted) || (isLeaf && String(part).toLowerCase().includes(wanted)))) found.push({ keys, value: part });
    if (!isLeaf) {
      const entries = Array.isArray(part) ? part.map((each, index) => [index, each]) : Object.entries(part);
      for (let at = entries.length - 1; at >= 0; at -= 1) ahead.push([entries[at][1], [...keys, entries[at][0]]]);
    }
  }
  return { found, isAll: ahead.length === 0 };
}

const rank = (value) => (value === null || value === undefined || value === "" ? 3 : typeof value === "number" || typeof value === "boolean" ? 0 : typeof value === "string" ? 1 : 2);

// Rows in the order of a column; what is missing comes last either way, as do objects before it.
export function sortedBy(rows, column, isDescending) {
  const keyed = rows.map((row) => {
    const value = row?.[column];
    const order = rank(value);
    return { row, order, value: order === 2 ? JSON.stringify(value) : order === 1 ? value.toLowerCase() : value };
  });
  const way = isDescending ? -1 : 1;
  keyed.sort((a, b) => (a.order !== b.order ? a.order - b.order : a.order === 3 ? 0 : a.value < b.value ? -way : a.value > b.value ? way : 0));
  return keyed.map((each) => each.row);
}
