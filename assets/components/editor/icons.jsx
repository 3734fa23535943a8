// The icons of the editor, from lucide, each by one name.
import {
  AlignCenterHorizontal, AlignCenterVertical, AlignEndHorizontal, AlignEndVertical, AlignStartHorizontal, AlignStartVertical, Check,
  ChevronDown, ChevronRight, ChevronUp, Circle, CircleAlert, Clock, CloudOff, Columns2, Copy, Ellipsis, GripVertical, History, Lock,
  LockOpen, Maximize, MessageSquare, Minus, NotebookText, Pencil, Pin, PinOff, Play, Plus, Power, Redo2, RefreshCw, Rocket, Search,
  Square, StickyNote, Trash2, Undo2, WandSparkles, Workflow, X,
} from "lucide-react";

const ICONS = {
  "align-left": AlignStartVertical, "align-column": AlignCenterVertical, "align-right": AlignEndVertical,
  "align-top": AlignStartHorizontal, "align-row": AlignCenterHorizontal, "align-bottom": AlignEndHorizontal,
  alert: CircleAlert, canvas: Workflow, check: Check, clock: Clock, comment: MessageSquare, copy: Copy, down: ChevronDown, edit: Pencil,
  fresh: RefreshCw, grip: GripVertical, history: History, lock: Lock, maximize: Maximize, minus: Minus, more: Ellipsis, notebook: NotebookText, offline: CloudOff,
  pin: Pin, unpin: PinOff, play: Play, plus: Plus, power: Power, publish: Rocket, redo: Redo2, right: ChevronRight, search: Search, both: Columns2,
  square: Square, sticky: StickyNote, trash: Trash2, undo: Undo2, unlock: LockOpen, up: ChevronUp, wand: WandSparkles, x: X,
};

export const Icon = ({ name, size = 16 }) => {
  const Shape = ICONS[name] ?? Circle;
  return <Shape size={size} strokeWidth={1.75} aria-hidden="true" />;
};
