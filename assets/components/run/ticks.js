// Where the axis of a timeline is marked, and with what word.
const UNITS = [["d", 86_400_000], ["h", 3_600_000], ["m", 60_000], ["s", 1000], ["ms", 1]];
const [DAY, HOUR, MINUTE, SECOND, MS] = UNITS.map(([, length]) => length);
const MOST = 5;

// What people count by: a half and a quarter of a minute or an hour rather than their tenths.
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((count) => count * MS),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  DAY,
];

function stepOf(total) {
  const found = STEPS.find((step) => total / step <= MOST);
  if (found) return found;
  let days = DAY;
  while (total / days > MOST) days *= 2;
  return days;
}

// Milliseconds from the beginning, of a run that took `total` of them; none at its very end, where no word fits.
export function ticks(total) {
  const step = stepOf(total);
  return Array.from({ length: Math.floor((total * 0.96) / step) + 1 }, (_, index) => index * step);
}

// 90 000 as "1 m 30 s"; under a minute, parts of a second as "1.5 s".
export function markWord(at) {
  if (at === 0) return "0";
  if (at < MINUTE) return at < SECOND ? `${at} ms` : `${at / SECOND} s`;
  let rest = at;
  const words = [];
  for (const [name, length] of UNITS) {
    const count = Math.floor(rest / length);
    if (count) words.push(`${count} ${name}`);
    rest -= count * length;
  }
  return words.join(" ");
}
