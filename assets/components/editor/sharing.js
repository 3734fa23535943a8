// `after`, with whatever says the same as before being the very same value, so that nothing is drawn
// again for it. Looks into objects and maps as deep as told, and compares what is below as a whole.
import { same } from "./document.js";
import { isObject } from "./value-kinds.js";

export function shared(before, after, depth = 3) {
  if (before === after) return before;
  if (depth && before instanceof Map && after instanceof Map) return sharedMap(before, after, depth);
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

// Of a map, the order counts too.
function sharedMap(before, after, depth) {
  const keys = before.keys();
  let isSame = before.size === after.size;
  const result = new Map();
  for (const [key, value] of after) {
    result.set(key, before.has(key) ? shared(before.get(key), value, depth - 1) : value);
    isSame &&= keys.next().value === key && result.get(key) === before.get(key);
  }
  return isSame ? before : result;
}
