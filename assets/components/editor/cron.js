// Cron lines of five fields: minute, hour, day of the month, month, day of the week. Times are UTC.
const FIELDS = [
  { name: "minute", low: 0, high: 59 },
  { name: "hour", low: 0, high: 23 },
  { name: "day of the month", low: 1, high: 31 },
  { name: "month", low: 1, high: 12, words: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"] },
  { name: "day of the week", low: 0, high: 7, words: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];
const SHORT = { "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *" };
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

function numberOf(text, field) {
  const word = field.words?.indexOf(text.toLowerCase()) ?? -1;
  if (word >= 0) return word + (field.low === 1 ? 1 : 0);
  const number = /^\d{1,2}$/.test(text) ? Number(text) : NaN;
  if (!(number >= field.low && number <= field.high)) throw new Error(`“${text}” is no ${field.name}; it goes from ${field.low} to ${field.high}.`);
  return number;
}

function readField(text, field) {
  const found = new Set();
  for (const part of text.split(",")) {
    const [range, step, ...more] = part.split("/");
    const every = step === undefined ? 1 : Number(step);
    if (more.length || range === "" || !Number.isInteger(every) || every < 1 || every > field.high) throw new Error(`“${part}” cannot be read as ${field.name}.`);
    const [first, last, ...rest] = range === "*" ? [field.low, field.name === "day of the week" ? 6 : field.high] : range.split("-").map((end) => numberOf(end, field));
    // Sunday ends a week as well as it begins one: fri-sun.
    const end = field.high === 7 && last === 0 && first > 0 ? 7 : last;
    const high = end ?? (step === undefined ? first : field.high);
    if (rest.length || first > high) throw new Error(`“${range}” is no range.`);
    for (let value = first; value <= high; value += every) found.add(field.name === "day of the week" ? value % 7 : value);
  }
  return [...found].sort((a, b) => a - b);
}

// {minute, hour, day, month, weekday}: sorted numbers of each; throws what is wrong, in words.
export function readCron(line) {
  const text = line.trim();
  const parts = (SHORT[text.toLowerCase()] ?? text).split(/\s+/);
  if (text.startsWith("@") && !SHORT[text.toLowerCase()]) throw new Error(`Known words are ${Object.keys(SHORT).join(", ")}.`);
  if (parts.length !== 5) throw new Error("Give five fields: minute, hour, day of the month, month, day of the week.");
  const [minute, hour, day, month, weekday] = parts.map((part, index) => readField(part, FIELDS[index]));
  return { minute, hour, day, month, weekday, anyDay: parts[2].startsWith("*"), anyWeekday: parts[4].startsWith("*") };
}

// Where both days are given, either will do, as cron has always had it.
function matchesDay(cron, date) {
  const [day, weekday] = [cron.day.includes(date.getUTCDate()), cron.weekday.includes(date.getUTCDay())];
  return cron.anyDay || cron.anyWeekday ? day && weekday : day || weekday;
}

// The next moments after `from`; fewer than asked for when there are none within ten years.
export function nextTimes(cron, from, count = 5) {
  const found = [];
  const day = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth(), from.getUTCDate()));
  for (let days = 0; days < 3660 && found.length < count; days += 1, day.setUTCDate(day.getUTCDate() + 1)) {
    if (!cron.month.includes(day.getUTCMonth() + 1) || !matchesDay(cron, day)) continue;
    for (const hour of cron.hour) for (const minute of cron.minute) {
      const moment = new Date(day.getTime() + (hour * 60 + minute) * 60_000);
      if (moment > from && found.length < count) found.push(moment);
    }
  }
  return found;
}

const listed = (words) => (words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`);
const two = (number) => String(number).padStart(2, "0");
const stepOf = (values, low, high) => {
  const step = values[1] - values[0];
  const isEven = values.length > 2 && values[0] === low && values.every((value, index) => value === low + index * step);
  return isEven && values.at(-1) + step > high ? step : null;
};

function timeWords({ minute, hour }) {
  const [minutes, hours] = [stepOf(minute, 0, 59), stepOf(hour, 0, 23)];
  const atHours = hour.length === 24 ? "" : hours ? ` of every ${hours} hours` : ` of ${hour.length > 6 ? `${hour.length} hours` : `${listed(hour.map(two))} h`}`;
  if (minute.length === 60) return `Every minute${atHours}`;
  if (minutes) return `Every ${minutes} minutes${atHours}`;
  if (hour.length === 24) return minute.length === 1 && minute[0] === 0 ? "Every hour" : `At ${minute.length > 6 ? `${minute.length} minutes` : `minute ${listed(minute)}`} of every hour`;
  if (hours && minute.length === 1) return `Every ${hours} hours at minute ${minute[0]}`;
  const times = hour.flatMap((each) => minute.map((at) => `${two(each)}:${two(at)}`));
  return times.length > 6 ? `${times.length} times a day` : `At ${listed(times)}`;
}

function dayWords({ day, weekday, anyDay, anyWeekday }) {
  const ordinary = weekday.join() === "1,2,3,4,5" ? "on weekdays" : weekday.join() === "0,6" ? "at weekends" : `on ${listed(weekday.map((each) => `${DAYS[each]}s`))}`;
  const dates = `on ${day.length > 6 ? `${day.length} days` : `day ${listed(day)}`} of the month`;
  if (anyDay && anyWeekday) return day.length === 31 && weekday.length === 7 ? "every day" : `${dates}, ${ordinary}`;
  if (anyDay) return weekday.length === 7 ? "every day" : ordinary;
  return anyWeekday ? dates : `${dates} and ${ordinary}`;
}

export function cronWords(cron) {
  const months = cron.month.length === 12 ? "" : ` in ${listed(cron.month.map((each) => MONTHS[each - 1]))}`;
  const days = dayWords(cron);
  const isOften = /^Every/.test(timeWords(cron)) && days === "every day";
  return `${timeWords(cron)}${isOften ? "" : days === "every day" ? " every day" : `, ${days}`}${months}, UTC.`;
}
