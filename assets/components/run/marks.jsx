// Icons and pills of steps, the same as the server's own widgets draw them.
import {
  Ban, Check, Circle, Clock, CodeXml, Flag, Hourglass, ListChecks, Loader, Minus, Network, Pause,
  Play, Plug, Puzzle, Repeat, Sparkles, Split, X, Zap, History,
} from "lucide-react";

const TYPES = {
  start: Play, end: Flag, task: ListChecks, decision: Split, ai: Sparkles, loop: Repeat,
  parallel: Network, integration: Plug, custom: CodeXml,
};
const STATES = {
  queued: Clock, running: Loader, waiting: Hourglass, paused: Pause, succeeded: Check, cached: Zap,
  failed: X, skipped: Minus, cancelled: Ban,
};

export function TypeMark({ type, category, size = 16 }) {
  const Icon = TYPES[type] ?? Puzzle;
  return (
    <span className="type-mark" data-category={category}>
      <Icon size={size} strokeWidth={1.75} aria-hidden="true" />
    </span>
  );
}

export function Pill({ status, label, kept, testId }) {
  const Icon = kept ? History : STATES[status] ?? Circle;
  return (
    <span className="pill" data-state={status} data-kept={kept || undefined} data-testid={testId}>
      <Icon size={12} strokeWidth={1.75} aria-hidden="true" />
      {label}
    </span>
  );
}
