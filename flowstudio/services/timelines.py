"""A run as bars over time: its steps, nested by container and by turn, folded from its events.

Everything a row shows is kept up to date as events come, so drawing costs what is drawn and not
what the run has done.
"""

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from flowstudio.engine.events import Event, StepStatus
from flowstudio.engine.journal import DamagedEvent
from flowstudio.graph.document import Document
from flowstudio.services.steps import StepBook, StepView

#: Rows inside one part of the run that are shown until more are asked for.
SHOWN_AT_FIRST = 100
_MOST_ROWS = 1_000
_UNDERWAY = ("running", "waiting", "queued")


class Span(NamedTuple):
    """A stretch of time in which a step did one thing; `end` is None while it still does."""

    start: datetime
    end: datetime | None
    kind: Literal["run", "failed", "wait", "cut"]


@dataclass(slots=True)
class Money:
    """What was spent somewhere."""

    cost_usd: Decimal = Decimal(0)
    saved_usd: Decimal = Decimal(0)
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def add(self, other: "Money") -> None:
        """Count this in as well."""
        self.cost_usd += other.cost_usd
        self.saved_usd += other.saved_usd
        self.prompt_tokens += other.prompt_tokens
        self.completion_tokens += other.completion_tokens

    def __bool__(self) -> bool:
        return self != Money()


@dataclass(slots=True)
class Place:
    """A step, or one turn of a loop, on the timeline.

    Attributes:
        children: paths of what is inside it, in the order they began.
        own: what it spent itself; money: with everything inside it.
        ended_at: of a turn.
    """

    path: str
    spans: list[Span] = field(default_factory=list)
    children: list[str] = field(default_factory=list)
    own: Money = field(default_factory=Money)
    money: Money = field(default_factory=Money)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    is_turn: bool = False
    output_hash: str = ""


@dataclass(slots=True)
class Tally:
    """All executions of one node, as its card shows them.

    Attributes:
        underway: paths of those that go on, in the order they began.
        last: path of the one that began last.
    """

    executions: int = 0
    turns: int = 0
    failed: int = 0
    money: Money = field(default_factory=Money)
    underway: dict[str, None] = field(default_factory=dict)
    last: str = ""

    @property
    def shown(self) -> str:
        """Path of the execution to show: the latest that goes on, else the latest."""
        return next(reversed(self.underway), self.last)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a timeline.

    Attributes:
        kind: `more` stands for `left` rows that are not shown beside `inside` that are.
        inside: how many rows there would be in it; is_open: whether they are shown.
    """

    kind: Literal["step", "turn", "more"]
    path: str
    name: str
    type: str = ""
    depth: int = 0
    status: StepStatus = "idle"
    spans: tuple[Span, ...] = ()
    money: Money = field(default_factory=Money)
    attempts: int = 0
    error: str | None = None
    inside: int = 0
    is_open: bool = False
    is_kept: bool = False
    left: int = 0


class Timeline:
    """One run's timeline; fed with its events in order, each once however often it comes."""

    def __init__(self, document: Document) -> None:
        self.book = StepBook(document)
        self.seq = 0
        self.last_at: datetime | None = None
        self.places: dict[str, Place] = {"": Place("")}
        self.tallies: dict[str, Tally] = {}
        self._types = {node.name: node.type for node in document.nodes}
        self._loops = {node.name for node in document.nodes if node.type == "loop"}

    @property
    def money(self) -> Money:
        """What the whole run spent."""
        return self.places[""].money

    def feed(self, events: Iterable[Event | DamagedEvent]) -> None:
        """Take events into account; those that were are skipped."""
        for event in events:
            if event.seq > self.seq:
                self.seq = event.seq
                if isinstance(event, Event):
                    self.last_at = event.at
                    self._apply(event)

    def _apply(self, event: Event) -> None:
        if event.type in ("run_succeeded", "run_failed", "run_cancelled"):
            self.book.apply(event)
            self._close(event.at)
        elif event.type == "signal_received":
            self.book.apply(event)
            self._recount()
        elif event.type.startswith("step_") and event.type != "step_streamed":
            self._apply_step(event)

    def _apply_step(self, event: Event) -> None:
        step = self.book.apply(event)
        if event.path.rsplit("/", 1)[-1].isdigit():
            turn = self._turn(event.path, event.at)
            turn.ended_at = event.at
            if step is not None:
                self._tally(step).turns += 1
            return
        place = self.places.get(event.path) or self._new(event.path, event.at)
        _add_span(place, event)
        if event.output is not None and event.type != "step_started":
            place.output_hash = event.output.hash
        if money := _spent(event):
            self._spend(place, money, event.node)
        if step is not None:
            self._count(step)

    def _new(self, path: str, at: datetime) -> Place:
        place = self.places[path] = Place(path, started_at=at)
        parent, _, name = path.rpartition("/")
        outside = self.places.get(parent)
        if outside is None:
            is_turn = parent.rsplit("/", 1)[-1].isdigit()
            outside = self._turn(parent, at) if is_turn else self._new(parent, at)
        outside.children.append(path)
        tally = self.tallies.setdefault(name, Tally())
        tally.executions += 1
        tally.last = path
        return place

    def _turn(self, path: str, at: datetime) -> Place:
        place = self.places.get(path)
        if place is None:
            place = self.places[path] = Place(path, started_at=at, is_turn=True)
            loop = path.rpartition("/")[0]
            outside = self.places.get(loop) or self._new(loop, at)
            # In the order of their numbers, whichever of those side by side began first.
            insort(outside.children, path, key=_number)
        return place

    def _spend(self, place: Place, money: Money, node: str) -> None:
        place.own.add(money)
        self.tallies[node].money.add(money)
        path = place.path
        while True:
            self.places[path].money.add(money)
            if not path:
                return
            path = path.rpartition("/")[0]

    def _tally(self, step: StepView) -> Tally:
        return self.tallies.setdefault(step.node, Tally())

    def _count(self, step: StepView) -> None:
        tally = self._tally(step)
        if step.status in _UNDERWAY:
            tally.underway[step.path] = None
        else:
            tally.underway.pop(step.path, None)

    def _recount(self) -> None:
        for tally in self.tallies.values():
            tally.underway.clear()
        for step in self.book.steps.values():
            self._count(step)

    def _close(self, at: datetime) -> None:
        for place in self.places.values():
            if place.spans and place.spans[-1].end is None:
                place.spans[-1] = place.spans[-1]._replace(end=at)
        self._recount()

    def rows(self, opened: Mapping[str, int]) -> list[Row]:
        """The lines to draw.

        Args:
            opened: by path, how many rows inside it are shown, 0 for none. Where it says nothing,
                loops and turns are closed and other containers open.
        """
        result: list[Row] = []
        for row in self._inside("", 0, opened):
            result.append(row)
            if len(result) >= _MOST_ROWS:
                break
        return result

    def _inside(self, path: str, depth: int, opened: Mapping[str, int]) -> Iterator[Row]:
        children = self.places[path].children
        shown = self._shown(path, opened)
        for child in children[:shown]:
            row = self._row(child, depth, opened)
            yield row
            if row.is_open:
                yield from self._inside(child, depth + 1, opened)
        if shown and len(children) > shown:
            left = len(children) - shown
            yield Row("more", path, "", depth=depth, inside=shown, left=left)

    def _shown(self, path: str, opened: Mapping[str, int]) -> int:
        if path in opened:
            return opened[path]
        name = path.rpartition("/")[2]
        is_closed = name.isdigit() or name in self._loops
        return 0 if path and is_closed else SHOWN_AT_FIRST

    def _row(self, path: str, depth: int, opened: Mapping[str, int]) -> Row:
        place, name = self.places[path], path.rpartition("/")[2]
        inside = len(place.children)
        is_open = bool(inside) and self._shown(path, opened) > 0
        if place.is_turn:
            return self._turn_row(place, depth, is_open=is_open)
        step = self.book.steps.get(path)
        return Row(
            "step",
            path,
            name,
            type=self._types.get(name, ""),
            depth=depth,
            status=step.status if step else "idle",
            spans=tuple(place.spans),
            money=place.money,
            attempts=step.attempts if step else 0,
            error=step.error if step else None,
            inside=inside,
            is_open=is_open,
            is_kept=bool(step and step.kept),
        )

    def _turn_row(self, place: Place, depth: int, *, is_open: bool) -> Row:
        status = self.turn_status(place)
        ended_at = place.ended_at
        if ended_at is None and status not in _UNDERWAY:
            ends = (_end(self.places[child]) for child in place.children)
            ended_at = max((end for end in ends if end is not None), default=None)
        start = place.started_at
        return Row(
            "turn",
            place.path,
            place.path.rpartition("/")[2],
            depth=depth,
            status=status,
            spans=(Span(start, ended_at, "run"),) if start is not None else (),
            money=place.money,
            inside=len(place.children),
            is_open=is_open,
        )

    def turn_status(self, place: Place) -> StepStatus:
        """How a turn stands: by its own end, else by what is inside it."""
        if place.ended_at is not None:
            return "succeeded"
        found = {self.book.steps[path].status for path in place.children if path in self.book.steps}
        for status in ("running", "waiting", "failed", "cancelled"):
            if status in found:
                return status
        outer = self.book.steps.get(place.path.rpartition("/")[0])
        return "running" if outer is not None and outer.status == "running" else "cancelled"


def _number(path: str) -> int:
    return int(path.rpartition("/")[2])


def _end(place: Place) -> datetime | None:
    last = place.spans[-1] if place.spans else None
    return (last.end or last.start) if last else place.started_at


def _add_span(place: Place, event: Event) -> None:
    spans = place.spans
    is_open = bool(spans) and spans[-1].end is None
    if event.type == "step_started":
        if is_open:
            # It was cut off in the middle, nobody knows when; or it waited and goes on.
            kind = "cut" if spans[-1].kind == "run" else spans[-1].kind
            spans[-1] = Span(spans[-1].start, event.at, kind)
        spans.append(Span(event.at, None, "run"))
    elif event.type == "step_waiting":
        if is_open:
            spans[-1] = spans[-1]._replace(end=event.at)
        spans.append(Span(event.at, None, "wait"))
    elif event.type == "step_failed":
        if is_open:
            spans[-1] = Span(spans[-1].start, event.at, "failed")
        else:
            spans.append(Span(event.at, event.at, "failed"))
    elif event.type == "step_succeeded":
        if is_open:
            spans[-1] = spans[-1]._replace(end=event.at)
        else:
            spans.append(Span(event.at, event.at, "run"))


def _spent(event: Event) -> Money:
    data = event.data
    usage = data.get("usage") or {}
    return Money(
        Decimal(data.get("cost_usd", "0")),
        Decimal(data.get("saved_usd", "0")),
        int(usage.get("prompt_tokens", 0)),
        int(usage.get("completion_tokens", 0)),
    )
