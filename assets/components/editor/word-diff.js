// What differs between two texts, as pieces {kind: "same" | "added" | "removed", text} that can be read
// in a row: by word, or by line where there are too many words to compare each with each.
const MOST_PAIRS = 250_000;
const WORDS = /\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu;
const LINES = /[^\n]*\n|[^\n]+/g;

export function textDiff(before, after) {
  if (before === after) return before ? [{ kind: "same", text: before }] : [];
  for (const pattern of [WORDS, LINES]) {
    const found = compare(before.match(pattern) ?? [], after.match(pattern) ?? []);
    if (found) return found;
  }
  return joined([["removed", before], ["added", after]]);
}

// The longest common subsequence, once what both begin and end with is set aside.
function compare(old, now) {
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  const [a, b] = [old.slice(start, old.length - end), now.slice(start, now.length - end)];
  if (a.length * b.length > MOST_PAIRS) return null;
  const width = b.length + 1;
  const best = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      best[i * width + j] = a[i] === b[j] ? best[(i + 1) * width + j + 1] + 1 : Math.max(best[(i + 1) * width + j], best[i * width + j + 1]);
    }
  }
  const pieces = old.slice(0, start).map((text) => ["same", text]);
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      pieces.push(["same", a[i]]);
      i++;
      j++;
    } else if (j === b.length || (i < a.length && best[(i + 1) * width + j] >= best[i * width + j + 1])) pieces.push(["removed", a[i++]]);
    else pieces.push(["added", b[j++]]);
  }
  return joined([...pieces, ...old.slice(old.length - end).map((text) => ["same", text])]);
}

// Neighbours of a kind as one, what went before what came; a lone space between two changes is part of both.
function joined(pieces) {
  const result = [];
  let [removed, added] = ["", ""];
  const flush = () => {
    if (removed) result.push({ kind: "removed", text: removed });
    if (added) result.push({ kind: "added", text: added });
    [removed, added] = ["", ""];
  };
  pieces.forEach(([kind, text], index) => {
    const isBridge = kind === "same" && text === " " && removed && added && pieces[index + 1] && pieces[index + 1][0] !== "same";
    if (kind === "removed" || isBridge) removed += text;
    if (kind === "added" || isBridge) added += text;
    if (kind !== "same" || isBridge) return;
    flush();
    if (result.at(-1)?.kind === "same") result.at(-1).text += text;
    else result.push({ kind, text });
  });
  flush();
  return result;
}
