// A cron line, said in words, with the next five times.
import { useEffect, useState } from "react";
import { cronWords, nextTimes, readCron } from "./cron.js";
import { Frame, useField } from "./parts.jsx";

const USUAL = [["0 * * * *", "Hourly"], ["0 9 * * *", "Daily"], ["0 9 * * 1-5", "Weekdays"], ["0 9 * * 1", "Weekly"], ["0 9 1 * *", "Monthly"]];

function told(line, now) {
  if (!line.trim()) return null;
  try {
    const cron = readCron(line);
    const times = nextTimes(cron, now);
    return times.length ? { words: cronWords(cron), times } : { error: "No day is ever like that." };
  } catch (error) {
    return { error: error.message };
  }
}

export function CronField({ path, schema, label, value, onChange, isRequired, bare }) {
  const { id, errors, testId, disabled, described } = useField(path, schema, true);
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), 30_000);
    return () => clearInterval(timer);
  }, []);
  const line = value ?? "";
  const found = told(line, now);
  const shown = found?.error ? [{ message: found.error }] : errors;
  const body = (
    <>
      <input
        id={id} className="input mono" value={line} placeholder="0 9 * * 1-5" disabled={disabled} aria-label={bare ? label : undefined} aria-required={isRequired}
        aria-invalid={shown.length > 0} aria-describedby={[described, `${id}-words`].filter(Boolean).join(" ")} data-testid={testId} autoComplete="off" spellCheck={false}
        onChange={(event) => onChange(event.target.value === "" && !isRequired ? undefined : event.target.value)}
      />
      {!line && (
        <div className="cron-usual">
          {USUAL.map(([usual, word]) => <button key={usual} type="button" className="field-turn" disabled={disabled} onClick={() => onChange(usual)}>{word}</button>)}
        </div>
      )}
      <div id={`${id}-words`} className="cron-told" aria-live="polite" data-testid={`${testId}-words`}>
        {found?.words && <p>{found.words}</p>}
        {found?.times && <ol>{found.times.map((time) => <li key={time.toISOString()}><time dateTime={time.toISOString()}>{time.toLocaleString("en-GB", { timeZone: "UTC", weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" })}</time></li>)}</ol>}
      </div>
    </>
  );
  if (bare) return body;
  return <Frame {...{ id, label }} errors={shown} control={id} kind="cron" mark={isRequired ? "required" : undefined} help={schema.description}>{body}</Frame>;
}
