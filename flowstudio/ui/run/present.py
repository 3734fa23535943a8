"""What the page shows of a run: one row for each node, and outputs cut to a readable size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flowstudio.engine.contract import NodeType
from flowstudio.graph.document import Document, Node
from flowstudio.services.runs import RunView
from flowstudio.services.steps import StepView
from flowstudio.services.timelines import Tally, Timeline
from flowstudio.ui.run.bars import tokens
from flowstudio.ui.widgets import words
from flowstudio.ui.widgets.fields import Field, fields_of
from flowstudio.ui.widgets.layout import LARGE, arrange
from flowstudio.ui.widgets.pill import LABELS

_MAX_TEXT = 20_000
_MAX_ITEMS = 200
_MAX_DEPTH = 12
_MOST_QUESTIONS = 20
_NO_QUESTION = {"timer", "retry", "workflow"}
_NOTHING = Tally()
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


def node_names(document: Document) -> list[str]:
    """Every node, in the order it is drawn."""
    return [box.node.name for box in arrange(document, LARGE).boxes]


def step_rows(
    document: Document,
    names: Sequence[str],
    timeline: Timeline,
    types: Mapping[str, NodeType[Any]],
) -> list[StepRow]:
    """The nodes of these names, each with the state of its latest execution."""
    nodes = {node.name: node for node in document.nodes}
    depth = _depths(document)
    return [
        _step_row(nodes[name], depth[nodes[name].id], timeline, types)
        for name in names
        if name in nodes
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
    node: Node, depth: int, timeline: Timeline, types: Mapping[str, NodeType[Any]]
) -> StepRow:
    kind, tally = types.get(node.type), timeline.tallies.get(node.name, _NOTHING)
    step = timeline.book.steps.get(tally.shown)
    status = step.status if step else "idle"
    mode = str(node.config.get("mode") or node.config.get("strategy") or "").replace("_", " ")
    title = kind.title if kind else node.type
    is_running = step is not None and step.started_at is not None and status == "running"
    return StepRow(
        name=node.name,
        path=step.path if step else "",
        type=node.type,
        title=f"{title} · {mode}" if mode else title,
        category=kind.category if kind else "flow",
        depth=depth,
        status=status,
        label=_label(step),
        since=step.started_at.isoformat() if step and step.started_at and is_running else "",
        duration=words.duration(step.duration_s) if step and status not in _UNDERWAY else "",
        cost=words.money(tally.money.cost_usd) if tally.money.cost_usd else "",
        saved=f"saved {words.money(tally.money.saved_usd)}" if tally.money.saved_usd else "",
        tokens=tokens(tally.money),
        model=(step.model or "") if step else "",
        times=_times(tally),
        attempts=f"{step.attempts} attempts" if step and step.attempts > 1 else "",
        error=(step.error or "") if step else "",
        has_output=bool(step and status in {"succeeded", "cached"}),
    )


def _label(step: StepView | None) -> str:
    if step is None:
        return LABELS["idle"]
    if step.status == "waiting" and step.waiting and step.waiting.kind == "timer":
        return LABELS["sleeping"]
    if step.kept:
        return "Kept"
    return LABELS.get(step.status, step.status)


def _times(tally: Tally) -> str:
    if tally.turns:
        return words.count(tally.turns, "turn")
    return words.count(tally.executions, "time") if tally.executions > 1 else ""


def progress(document: Document, timeline: Timeline) -> tuple[int, int]:
    """How many nodes are done with, and how many there are."""
    states = node_states(document, timeline).values()
    return sum(state in _DONE for state in states), len(document.nodes)


def node_states(document: Document, timeline: Timeline) -> dict[str, str]:
    """State by node name, of those that began."""
    steps = timeline.book.steps
    return {
        node.name: steps[tally.shown].status
        for node in document.nodes
        if (tally := timeline.tallies.get(node.name)) is not None and tally.shown in steps
    }


def questions(timeline: Timeline) -> list[Question]:
    """What a person has to answer before the run goes on."""
    steps = [
        timeline.book.steps[path] for tally in timeline.tallies.values() for path in tally.underway
    ]
    asking = [
        (step, step.waiting)
        for step in steps
        if step.status == "waiting" and step.waiting and step.waiting.kind not in _NO_QUESTION
    ]
    return [
        Question(
            path=step.path,
            name=step.node,
            kind=waiting.kind,
            message=waiting.message,
            until=f"{waiting.until:%d %b %H:%M} UTC" if waiting.until else "",
            fields=fields_of(waiting.fields or {}),
        )
        for step, waiting in asking[:_MOST_QUESTIONS]
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
