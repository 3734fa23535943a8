"""One step in full: what it read, what it was given, what it gave, and each attempt.

The journal keeps outputs, not inputs. What a step read is therefore found as the engine found it:
the names its expressions read, looked up in the scopes around it as they stood before it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import ValidationError

from flowstudio.engine.contract import NodeType
from flowstudio.engine.events import Event, StepStatus
from flowstudio.errors import FlowStudioError, InvalidInputError, NotFoundError
from flowstudio.expressions.paths import spell, walk
from flowstudio.graph.canonical import load
from flowstudio.graph.document import Document, Node
from flowstudio.graph.references import LOOP_NAMES, Path
from flowstudio.graph.slots import find_slots
from flowstudio.services.steps import StepView
from flowstudio.services.timelines import Money, Place, Timeline
from flowstudio.store.journal import StoredJournal
from flowstudio.store.runs import RunRecord

#: Larger outputs are not fetched only to show what was read of them.
_LARGEST_READ = 20_000_000
_MOST_READS = 40


@dataclass(frozen=True, slots=True)
class Read:
    """One value an expression read.

    Attributes:
        name: as it is written, such as `search.results[0]`.
        missing: why there is no value.
    """

    name: str
    value: Any = None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One time a step was tried.

    Attributes:
        outcome: `cut` off by a crash or a pause, or going on.
        retry_in_s: how long it waited for the next.
    """

    number: int
    started_at: datetime | None
    ended_at: datetime | None
    outcome: Literal["running", "waiting", "succeeded", "cached", "failed", "cut"]
    error: str = ""
    error_type: str = ""
    retry_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class StepDetail:
    """Everything there is to know of one step, or of one turn of a loop.

    Attributes:
        step: None for a turn.
        reads: what its expressions read, or None where that cannot be told.
        given: a container's config as it was filled in, or None.
    """

    path: str
    node: Node | None
    status: StepStatus
    step: StepView | None
    place: Place
    money: Money
    attempts: list[Attempt]
    reads: list[Read] | None
    given: Any
    has_output: bool
    output: Any


class StepReader:
    """Puts a step's details together from the journal."""

    def __init__(self, journal: StoredJournal, registry: Mapping[str, NodeType[Any]]) -> None:
        self._journal = journal
        self._registry = registry

    async def read(
        self, record: RunRecord, timeline: Timeline, document: Document, path: str
    ) -> StepDetail:
        """The details of one path.

        Raises:
            NotFoundError: nothing has happened there.
        """
        place = timeline.places.get(path) if path else None
        if place is None:
            raise NotFoundError(f"Step {path!r} of run {record.id} has not begun.")
        step = timeline.book.steps.get(path)
        events = [
            event
            for event in await self._journal.read_path(record.id, path)
            if isinstance(event, Event)
        ]
        node = next((each for each in document.nodes if step and each.name == step.node), None)
        seq = next((event.seq for event in reversed(events) if _is_result(event)), 0)
        return StepDetail(
            path=path,
            node=node,
            status=timeline.turn_status(place)
            if place.is_turn
            else step.status
            if step
            else "idle",
            step=step,
            place=place,
            money=place.money,
            attempts=list(_attempts(events, step)),
            reads=await self._reads(record, node, path, events, document),
            given=await self._given(record.id, events),
            has_output=bool(seq),
            output=load(await self._journal.load_output(record.id, seq)) if seq else None,
        )

    async def _given(self, run_id: str, events: list[Event]) -> Any:
        for event in events:
            if event.type == "step_started" and event.output is not None:
                return load(await self._journal.load_output(run_id, event.seq))
        return None

    async def _reads(
        self,
        record: RunRecord,
        node: Node | None,
        path: str,
        events: list[Event],
        document: Document,
    ) -> list[Read] | None:
        if node is None or not events:
            return []
        paths = self._read_paths(node)
        if paths is None:
            return None
        scopes = _Scopes(self._journal, record, document, path, events[-1].seq)
        return [await scopes.read(read) for read in paths[:_MOST_READS]]

    def _read_paths(self, node: Node) -> list[Path] | None:
        """The paths that a node's expressions read, in the order they are written."""
        kind = self._registry.get(node.type)
        if kind is None:
            return None
        try:
            slots, _ = find_slots(kind.parse(node.config))
        except (ValidationError, InvalidInputError):
            return None
        found = (
            read
            for slot in slots
            if not slot.inner
            for expression in slot.expressions
            for read in expression.reads
            if read[0] not in slot.names
        )
        return list(dict.fromkeys(found))


def _is_result(event: Event) -> bool:
    return event.output is not None and event.type in ("step_succeeded", "step_failed")


def _attempts(events: list[Event], step: StepView | None) -> Iterator[Attempt]:
    """The attempts that a step's events tell of, in order."""
    number, started = 0, None
    waits = False
    for event in events:
        data = event.data
        if event.type == "step_started":
            if started is not None and not waits:
                yield Attempt(number, started, None, "cut")
            number, started, waits = int(data.get("attempt", 1)), event.at, False
        elif event.type == "step_waiting":
            waits = data.get("kind") != "retry"
            number, started = int(data.get("attempt", number or 1)), started or event.at
        elif event.type == "step_failed":
            error = data.get("error") or {}
            yield Attempt(
                int(data.get("attempt", number or 1)),
                started,
                event.at,
                "failed",
                str(error.get("message", "")),
                str(error.get("type", "")),
                data.get("retry_in_s"),
            )
            number, started, waits = number + 1, None, False
        elif event.type == "step_succeeded":
            how: Literal["cached", "succeeded"] = "cached" if data.get("cached") else "succeeded"
            yield Attempt(int(data.get("attempt", number or 1)), started, event.at, how)
            started, waits = None, False
    if started is not None:
        if step is not None and step.status in ("running", "waiting"):
            yield Attempt(number, started, None, "waiting" if waits else "running")
        else:
            yield Attempt(number, started, None, "cut")


class _Scopes:
    """Looks names up as a step saw them: in its turn, then in each scope around that."""

    def __init__(
        self, journal: StoredJournal, record: RunRecord, document: Document, path: str, before: int
    ) -> None:
        self._journal = journal
        self._record = record
        self._names = {node.name: node for node in document.nodes}
        self._scopes = list(_scopes_around(path))
        self._before = before
        self._values: dict[str, Any] = {}

    async def read(self, path: Path) -> Read:
        """The value at a path, or why there is none."""
        root = str(path[0])
        try:
            if root not in self._values:
                self._values[root] = await self._find(root)
            return Read(spell(path), walk(path, self._values))
        except (FlowStudioError, LookupError) as error:
            return Read(spell(path), missing=str(error).strip("'\""))

    async def _find(self, root: str) -> Any:
        if root == "inputs":
            return self._record.inputs
        if root == "run":
            started = self._record.started_at
            return {
                "id": self._record.id,
                "started_at": started.isoformat() if started else None,
                "trigger": self._record.trigger,
            }
        if root in LOOP_NAMES:
            return await self._of_turn(root)
        if root not in self._names:
            message = "a function or a module"
            raise LookupError(message)
        for scope in self._scopes:
            place = f"{scope}/{root}" if scope else root
            found = await self._journal.result_before(self._record.id, place, self._before)
            if found is not None:
                return await self._load(*found)
        message = "it had no output then"
        raise LookupError(message)

    async def _load(self, seq: int, size: int | None) -> Any:
        if size is None:
            return None
        if size > _LARGEST_READ:
            raise LookupError(f"its {size / 1e6:,.0f} MB are too much to show here")
        return load(await self._journal.load_output(self._record.id, seq))

    async def _of_turn(self, name: str) -> Any:
        turn = next((scope for scope in self._scopes if scope.rpartition("/")[2].isdigit()), "")
        loop, _, number = turn.rpartition("/")
        if not loop:
            message = "there is no loop around this step"
            raise LookupError(message)
        if name == "index":
            return int(number)
        config = await self._loop_config(loop)
        if name == "item":
            return _item(config, int(number))
        if config.get("mode") != "while" and config.get("concurrency", 1) != 1:
            return None
        before = await self._journal.result_before(
            self._record.id, f"{loop}/{int(number) - 1}", self._before
        )
        return await self._load(*before) if before is not None else None

    async def _loop_config(self, loop: str) -> Mapping[str, Any]:
        for event in await self._journal.read_path(self._record.id, loop):
            if (
                isinstance(event, Event)
                and event.type == "step_started"
                and event.output is not None
            ):
                config: Mapping[str, Any] = load(
                    await self._journal.load_output(self._record.id, event.seq)
                )
                return config
        node = self._names.get(loop.rpartition("/")[2])
        return node.config if node is not None else {}


def _item(config: Mapping[str, Any], number: int) -> Any:
    items = config.get("items")
    if isinstance(items, list):
        if number < len(items):
            return items[number]
        message = "the loop has no such item"
        raise LookupError(message)
    return number if config.get("mode") == "times" else None


def _scopes_around(path: str) -> Iterator[str]:
    while path:
        path = path.rpartition("/")[0]
        # A loop's own path is no scope: what is in it is in its turns.
        yield path
