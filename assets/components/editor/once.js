// What `work` makes of a list, worked out once for each list; of none or an empty one, an empty map.
export function once(work) {
  const known = new WeakMap();
  const NONE = new Map();
  return (list) => {
    if (!list?.length) return NONE;
    if (!known.has(list)) known.set(list, work(list));
    return known.get(list);
  };
}
