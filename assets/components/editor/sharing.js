// `after`, with whatever says the same as before being the very same value, so that nothing is drawn
// again for it. Looks into objects as deep as told, and compares what is below as a whole.
import { same } from "./document.js";

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

export function shared(before, after, depth = 3) {
  if (!depth || !isObject(before) || !isObject(after)) return same(before, after) ? before : after;
  const keys = Object.keys(after);
  let isSame = keys.length === Object.keys(before).length;
  const result = {};
  for (const key of keys) {
    result[key] = key in before ? shared(before[key], after[key], depth - 1) : after[key];
    isSame &&= key in before && result[key] === before[key];
  }
  return isSame ? before : result;
}
