// The icons of the editor, from lucide, each by one name.
import {
  AlignCenterHorizontal, AlignCenterVertical, AlignEndHorizontal, AlignEndVertical, AlignStartHorizontal, AlignStartVertical,
  Ban, Check, ChevronDown, ChevronRight, ChevronUp, Circle, CircleAlert, Clock, CloudOff, CodeXml, Columns2, Copy, Ellipsis, Flag, GripVertical,
  History, Hourglass, ListChecks, Loader, Lock, LockOpen, Maximize, MessageSquare, Minus, Network, NotebookText, Pencil, Pin, PinOff, Play, Plug,
  Plus, Power, Puzzle, RefreshCw, Redo2, Repeat, Rocket, Search, Sparkles, Split, Square, StickyNote, Trash2, Undo2, WandSparkles,
  Workflow, X, Zap,
} from "lucide-react";

const ICONS = {
  "align-left": AlignStartVertical, "align-column": AlignCenterVertical, "align-right": AlignEndVertical,
  "align-top": AlignStartHorizontal, "align-row": AlignCenterHorizontal, "align-bottom": AlignEndHorizontal,
  alert: CircleAlert, canvas: Workflow, check: Check, clock: Clock, comment: MessageSquare, copy: Copy, down: ChevronDown, edit: Pencil,
  fresh: RefreshCw, grip: GripVertical, history: History, lock: Lock, maximize: Maximize, minus: Minus, more: Ellipsis, notebook: NotebookText, offline: CloudOff,
  pin: Pin, unpin: PinOff, play: Play, plus: Plus, power: Power, publish: Rocket, redo: Redo2, right: ChevronRight, search: Search, both: Columns2,
  square: Square, sticky: StickyNote, trash: Trash2, undo: Undo2, unlock: LockOpen, up: ChevronUp, wand: WandSparkles, x: X,
};
const TYPES = {
  start: Play, end: Flag, task: ListChecks, decision: Split, ai: Sparkles, loop: Repeat, parallel: Network, integration: Plug, custom: CodeXml,
};
const STATES = {
  queued: Clock, running: Loader, waiting: Hourglass, succeeded: Check, cached: Zap, failed: X, skipped: Minus, cancelled: Ban, stale: CircleAlert,
};

const draw = (Shape, size) => <Shape size={size} strokeWidth={1.75} aria-hidden="true" />;
export const Icon = ({ name, size = 16 }) => draw(ICONS[name] ?? Circle, size);
const TypeIcon = ({ type, size = 15 }) => draw(TYPES[type] ?? Puzzle, size);
const StateIcon = ({ state, size = 12 }) => draw(STATES[state] ?? Circle, size);

export const TypeMark = ({ type, category }) => (
  <span className="type-mark" data-category={category}><TypeIcon type={type} /></span>
);

export const StatePill = ({ now, testId }) => (
  <span className="pill" data-state={now.state} data-maybe={now.isMaybe || undefined} data-testid={testId}>
    <StateIcon state={now.state} />{now.label}
  </span>
);
