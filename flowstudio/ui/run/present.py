"""What the page shows of a run: one row for each node, and outputs cut to a readable size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flowstudio.engine.contract import NodeType
from flowstudio.graph.document import Document, Node
from flowstudio.services.runs import RunView
from flowstudio.services.steps import StepView
from flowstudio.ui.widgets import words
from flowstudio.ui.widgets.fields import Field, fields_of
from flowstudio.ui.widgets.layout import LARGE, arrange
from flowstudio.ui.widgets.pill import LABELS

_MAX_TEXT = 20_000
_MAX_ITEMS = 200
_MAX_DEPTH = 12
_UNDERWAY = {"running", "waiting", "queued"}
_DONE = {"succeeded", "cached", "failed", "skipped"}


@dataclass(frozen=True, slots=True)
class StepRow:
    """One node of the run; inside a loop, its latest execution.

    Attributes:
        path: of the execution shown, "" before the first.
        since: ISO start of a running step, else "".
        times: `8 times` when it was executed more than once.
    """

    name: str
    path: str
    type: str
    title: str
    category: str
    depth: int
    status: str
    label: str
    since: str
    duration: str
    cost: str
    saved: str
    tokens: str
    model: str
    times: str
    attempts: str
    error: str
    has_output: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A step that waits for a person."""

    path: str
    name: str
    kind: str
    message: str
    until: str
    fields: list[Field]


def step_rows(
    document: Document, steps: Sequence[StepView], types: Mapping[str, NodeType[Any]]
) -> list[StepRow]:
    """Every node in the order it is drawn, with the state of its latest execution."""
    executions: dict[str, list[StepView]] = {}
    for step in steps:
        executions.setdefault(step.node, []).append(step)
    depth = _depths(document)
    return [
        _step_row(box.node, depth[box.node.id], executions.get(box.node.name, []), types)
        for box in arrange(document, LARGE).boxes
    ]


def _depths(document: Document) -> dict[str, int]:
    parents = {node.id: node.parent for node in document.nodes}
    depths: dict[str, int] = {}
    for name, parent in parents.items():
        level, at = 0, parent
        while at is not None and level < len(parents):
            level, at = level + 1, parents.get(at)
        depths[name] = level
    return depths


def _step_row(
    node: Node, depth: int, executions: Sequence[StepView], types: Mapping[str, NodeType[Any]]
) -> StepRow:
    kind = types.get(node.type)
    step = _latest(executions)
    status = step.status if step else "idle"
    mode = str(node.config.get("mode") or node.config.get("strategy") or "").replace("_", " ")
    title = kind.title if kind else node.type
    return StepRow(
        name=node.name,
        path=step.path if step else "",
        type=node.type,
        title=f"{title} · {mode}" if mode else title,
        category=kind.category if kind else "flow",
        depth=depth,
        status=status,
        label=_label(step),
        since=step.started_at.isoformat()
        if step and step.started_at and status == "running"
        else "",
        duration=words.duration(step.duration_s) if step and status not in _UNDERWAY else "",
        cost=_cost(executions),
        saved=_saved(executions),
        tokens=_tokens(executions),
        model=(step.model or "") if step else "",
        times=_times(executions),
        attempts=f"{step.attempts} attempts" if step and step.attempts > 1 else "",
        error=(step.error or "") if step else "",
        has_output=bool(step and status in {"succeeded", "cached"}),
    )


def _latest(executions: Sequence[StepView]) -> StepView | None:
    underway = [step for step in executions if step.status in _UNDERWAY]
    shown_first = underway or executions
    return shown_first[-1] if shown_first else None


def _label(step: StepView | None) -> str:
    if step is None:
        return LABELS["idle"]
    if step.status == "waiting" and step.waiting and step.waiting.kind == "timer":
        return LABELS["sleeping"]
    return LABELS.get(step.status, step.status)


def _times(executions: Sequence[StepView]) -> str:
    turns = sum(step.turns_done for step in executions)
    if turns:
        return words.count(turns, "turn")
    return words.count(len(executions), "time") if len(executions) > 1 else ""


def _cost(executions: Sequence[StepView]) -> str:
    total = sum(step.cost_usd for step in executions)
    return words.money(total) if total else ""


def _saved(executions: Sequence[StepView]) -> str:
    total = sum(step.saved_usd for step in executions)
    return f"saved {words.money(total)}" if total else ""


def _tokens(executions: Sequence[StepView]) -> str:
    total = sum(sum((step.usage or {}).values()) for step in executions)
    return words.count(total, "token") if total else ""


def progress(rows: Sequence[StepRow]) -> tuple[int, int]:
    """How many nodes are done with, and how many there are."""
    return sum(row.status in _DONE for row in rows), len(rows)


def node_states(rows: Sequence[StepRow]) -> dict[str, str]:
    """State by node name, for the picture."""
    return {row.name: row.status for row in rows if row.status != "idle"}


def questions(steps: Sequence[StepView]) -> list[Question]:
    """What a person has to answer before the run goes on."""
    return [
        Question(
            path=step.path,
            name=step.node,
            kind=step.waiting.kind,
            message=step.waiting.message,
            until=f"{step.waiting.until:%d %b %H:%M} UTC" if step.waiting.until else "",
            fields=fields_of(step.waiting.fields or {}),
        )
        for step in steps
        if step.status == "waiting" and step.waiting and step.waiting.kind != "timer"
    ]


def tokens_of(run: RunView) -> str:
    """Tokens of the whole run, in words."""
    total = run.usage.prompt_tokens + run.usage.completion_tokens
    return words.count(total, "token") if total else ""


def shown(value: Any, node_type: str = "") -> dict[str, Any]:
    """A value as the browser is given it: in named sections, cut to a readable size."""
    cutter = _Cutter()
    sections = [
        {"name": name, "value": cutter.cut(part)} for name, part in _sections(value, node_type)
    ]
    note = "Shortened here; the run keeps the whole value." if cutter.has_cut else ""
    is_plain = node_type in {"start", "inputs"}
    return {"sections": sections, "note": note, "plain": is_plain}


def _sections(value: Any, node_type: str) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        if node_type == "ai":
            return [("", value["json"] if value.get("json") is not None else value.get("text"))]
        if node_type == "decision":
            return [("", {key: part for key, part in value.items() if key in {"port", "value"}})]
        if node_type == "loop" and "items" in value:
            return [("", value["items"])]
        if node_type in {"start", "inputs", "end", "parallel", "outputs"}:
            return list(value.items()) if value else [("", value)]
    return [("", value)]


class _Cutter:
    """Cuts values; remembers whether it did."""

    def __init__(self) -> None:
        self.has_cut = False
        self._left = _MAX_TEXT * 2

    def cut(self, value: Any, depth: int = 0) -> Any:
        """The value, or as much of it as fits."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict | list) and (depth >= _MAX_DEPTH or self._left <= 0):
            self.has_cut = True
            return "…"
        if isinstance(value, dict):
            kept = list(value.items())[:_MAX_ITEMS]
            self.has_cut |= len(kept) < len(value)
            return {str(key): self.cut(part, depth + 1) for key, part in kept}
        if isinstance(value, list):
            self.has_cut |= len(value) > _MAX_ITEMS
            return [self.cut(part, depth + 1) for part in value[:_MAX_ITEMS]]
        return value

    def _text(self, text: str) -> str:
        room = max(0, min(_MAX_TEXT, self._left))
        self._left -= len(text)
        if len(text) <= room:
            return text
        self.has_cut = True
        return f"{text[:room]}…"
