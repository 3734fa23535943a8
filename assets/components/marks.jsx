// Marks of node types and pills of states, the same as the server's own widgets draw them (ui/widgets/icons.py).
import {
  Ban, Check, Circle, CircleAlert, Clock, CodeXml, Flag, History, Hourglass, ListChecks, Loader, Minus, Network, Pause, Play, Plug, Puzzle, Repeat,
  Sparkles, Split, X, Zap,
} from "lucide-react";

const TYPES = {
  start: Play, end: Flag, task: ListChecks, decision: Split, ai: Sparkles, loop: Repeat, parallel: Network, integration: Plug, custom: CodeXml,
};
const STATES = {
  queued: Clock, running: Loader, waiting: Hourglass, paused: Pause, succeeded: Check, cached: Zap, failed: X, skipped: Minus, cancelled: Ban,
  stale: CircleAlert,
};

// Types from other packages share one.
export function TypeMark({ type, category, size = 15 }) {
  const Icon = TYPES[type] ?? Puzzle;
  return <span className="type-mark" data-category={category}><Icon size={size} strokeWidth={1.75} aria-hidden="true" /></span>;
}

// `isMaybe`: it may be another once what is above has run; `isKept`: it was taken over from an earlier run.
export function Pill({ state, label, isMaybe, isKept, testId }) {
  const Icon = isKept ? History : STATES[state] ?? Circle;
  return (
    <span className="pill" data-state={state} data-maybe={isMaybe || undefined} data-kept={isKept || undefined} data-testid={testId}>
      <Icon size={12} strokeWidth={1.75} aria-hidden="true" />{label}
    </span>
  );
}
