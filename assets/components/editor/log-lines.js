// What the events of a run say, a line for each.
import { money, seconds } from "./faces.js";

const RUN = { run_started: "The run began.", run_succeeded: "The run succeeded.", run_cancelled: "The run was cancelled." };
const SIGNALS = { cancel: "Somebody asked to cancel the run.", pause: "Somebody asked to pause the run.", resume: "The run was resumed.", answer: "An answer came." };

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 };

function succeeded({ path, data }) {
  if (data.kept) return "was taken as it stood";
  if (/\/\d+$/.test(path)) return "turn done";
  const time = seconds(data.duration_s);
  const cost = money(data.cost_usd);
  const saved = money(data.saved_usd);
  return [data.cached ? "was taken from the cache" : "succeeded", time && `in ${time}`, cost && `for ${cost}`, saved && `and saved ${saved}`].filter(Boolean).join(" ");
}

const STEP = {
  step_started: ({ data }) => [data.attempt > 1 ? `began attempt ${data.attempt}` : "began", "faint"],
  step_skipped: ({ data }) => [data.disabled ? "is disabled" : "was skipped", "faint"],
  step_waiting: ({ data }) => [`waits: ${data.message || data.kind || ""}`, "plain"],
  step_failed: ({ data }) => [`failed: ${data.error?.message ?? ""}${data.retry_in_s == null ? "" : ` Tries again in ${seconds(data.retry_in_s)}.`}`, "bad"],
  step_succeeded: (event) => [succeeded(event), "good"],
  // Text that a model writes shows on its node; what code prints is told here.
  step_streamed: ({ data }) => data.log && [data.log, "said"],
  run_failed: ({ data }) => [`The run failed: ${data.error?.message ?? ""}`, "bad"],
  signal_received: ({ data }) => [SIGNALS[data.kind] ?? "A signal came.", "plain"],
};
export const EVENTS = [...Object.keys(RUN), ...Object.keys(STEP)];

// {at, path, text, tone}, or null for what says nothing.
export function lineOf(event) {
  const said = STEP[event.type]?.(event) ?? (RUN[event.type] && [RUN[event.type], event.type === "run_succeeded" ? "good" : "plain"]);
  if (!said) return null;
  const [text, tone] = said;
  return { at: new Date(event.at).toLocaleTimeString("en-GB", CLOCK), path: event.path, text: String(text).slice(0, 2000), tone };
}
