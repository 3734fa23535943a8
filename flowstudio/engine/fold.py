"""The state of a run, as a fold over its journal.

The tree mirrors the document: a scope holds steps by node name; a loop's step holds iterations, a
parallel's step holds one body. A finished iteration keeps only its output's reference, so a loop
over a hundred thousand items folds into little.
"""

from collections.abc import AsyncIterator, Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from flowstudio.engine.events import Event, RunStatus
from flowstudio.engine.journal import DamagedEvent


class OutputRef(NamedTuple):
    """Where an output is found again."""

    seq: int
    hash: str
    size: int


@dataclass(slots=True)
class ScopeRecord:
    """Steps of one scope, by node name."""

    steps: dict[str, "StepRecord"] = field(default_factory=dict)


@dataclass(slots=True)
class IterationRecord:
    """One turn of a loop: finished when it has an output, else with the steps done so far."""

    body: ScopeRecord | None = None
    output: OutputRef | None = None


@dataclass(slots=True)
class StepRecord:
    """What the journal knows of one step.

    Attributes:
        attempts: number of the latest try.
        failed_attempts: number of the latest try known to have failed.
        interruptions: executions that were cut off and begun again.
        error: what the final failure was.
        config: a container's filled-in config, kept so that a resumed loop sees the same items.
        iterations, body: what is known of a container's inside.
        waiting: data of the `step_waiting` event while it waits.
    """

    status: Literal["idle", "running", "waiting", "succeeded", "failed", "skipped"] = "idle"
    attempts: int = 0
    failed_attempts: int = 0
    interruptions: int = 0
    output: OutputRef | None = None
    port: str = ""
    config: OutputRef | None = None
    waiting: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    iterations: dict[int, IterationRecord] = field(default_factory=dict)
    body: ScopeRecord = field(default_factory=ScopeRecord)

    @property
    def has_ended(self) -> bool:
        """Whether the steps after it can go on without it being executed."""
        return self.status in ("succeeded", "skipped") or (
            self.status == "failed" and self.output is not None
        )

    @property
    def was_cut_off(self) -> bool:
        """Whether its latest execution ended without a word, as in a crash."""
        return self.status == "running" and self.attempts > self.failed_attempts


#: The record of a step the journal says nothing of. Shared: a run takes records out of the tree
#: and reads them, but only the fold writes to them.
NOTHING_KNOWN = StepRecord()


@dataclass(slots=True)
class RunState:
    """A run as its journal tells it.

    Attributes:
        signal_id: of the latest signal it received.
        wish: a signal it received and has not carried out yet.
        max_cost_usd: set by whoever resumed it, in place of all limits before.
        timed_from: when its `timeout_s` began to count: its start, or the latest resumption.
        answers: by path, those that no step has taken yet.
        repaired: paths of steps whose stored result is damaged, so they run again.
    """

    status: RunStatus = "queued"
    seq: int = 0
    signal_id: int = 0
    wish: Literal["", "cancel", "pause"] = ""
    started_at: datetime | None = None
    timed_from: datetime | None = None
    max_cost_usd: Decimal | None = None
    steps_done: int = 0
    saved_usd: Decimal = Decimal(0)
    root: ScopeRecord = field(default_factory=ScopeRecord)
    answers: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    repaired: set[str] = field(default_factory=set)


async def replay(
    events: AsyncIterator[Event | DamagedEvent], damaged: Container[int] = ()
) -> RunState:
    """The state after all events of a run.

    Args:
        events: of the run, in order.
        damaged: numbers of events whose outputs turned out to be damaged.
    """
    state = RunState()
    async for event in events:
        if isinstance(event, Event) and event.seq in damaged:
            reason = "its output is not what was written"
            apply(state, DamagedEvent(event.seq, event.type, event.node, event.path, reason))
        else:
            apply(state, event)
    return state


def find(root: ScopeRecord, path: str) -> StepRecord | None:
    """The record of one step, or None when nothing is known of it."""
    scope: ScopeRecord | None = root
    record: StepRecord | None = None
    for part in path.split("/"):
        if part.isdigit() and record is not None:
            iteration = record.iterations.get(int(part))
            scope, record = (iteration.body if iteration else None), None
        else:
            scope = record.body if record is not None else scope
            record = scope.steps.get(part) if scope is not None else None
            if record is None:
                return None
    return record


def apply(state: RunState, event: Event | DamagedEvent) -> None:
    """Add one event to the state."""
    state.seq = event.seq
    if isinstance(event, DamagedEvent):
        _forget(state, event)
    elif event.type.startswith("step_"):
        _apply_step(state, event)
    elif event.type == "run_started":
        state.status, state.started_at, state.timed_from = "running", event.at, event.at
    elif event.type == "signal_received":
        _apply_signal(state, event)
    else:
        state.status, state.wish = event.type.removeprefix("run_"), ""  # type: ignore[assignment]


def _apply_signal(state: RunState, event: Event) -> None:
    kind = event.data.get("kind")
    state.signal_id = max(state.signal_id, event.data.get("signal_id", 0))
    if kind == "answer":
        state.answers[event.path] = event.data.get("data", {})
    elif kind == "resume":
        resume(state, event.data.get("data", {}), event.at)
    elif kind in ("cancel", "pause"):
        state.wish = kind


def resume(state: RunState, wish: Mapping[str, Any], at: datetime) -> None:
    """Let a run go on: its failed steps are tried anew, and its time begins to count anew."""
    state.timed_from = at
    if state.status != "queued":
        state.status = "running"
    if state.wish == "pause":
        state.wish = ""
    if "max_cost_usd" in wish:
        state.max_cost_usd = Decimal(wish["max_cost_usd"])
    reopen_failed(state.root)


def reopen_failed(scope: ScopeRecord) -> None:
    """Let the failed steps of a scope be tried anew, with fresh attempts; finished ones stay."""
    for record in scope.steps.values():
        if record.status == "failed" and record.output is None:
            record.status = "idle"
            record.attempts = record.failed_attempts = record.interruptions = 0
        _reopen_inside(record)


def _reopen_inside(record: StepRecord) -> None:
    for iteration in record.iterations.values():
        if iteration.body is not None:
            reopen_failed(iteration.body)
    reopen_failed(record.body)


def _apply_step(state: RunState, event: Event) -> None:
    found = _locate(state, event.path, event.node)
    if found is None:
        return
    if isinstance(found, IterationRecord):
        found.output, found.body = _ref(event), None
        return
    record = found
    # An answer is for the question asked before it, and for no later one.
    state.answers.pop(event.path, None)
    if event.type == "step_started":
        _start(record, event)
    elif event.type == "step_waiting":
        record.status, record.waiting = "waiting", event.data
    elif event.type == "step_skipped":
        record.status = "skipped"
    elif event.type == "step_succeeded":
        record.status, record.output = "succeeded", _ref(event)
        record.port = event.data.get("port", "out")
        state.steps_done += 1
        state.saved_usd += Decimal(event.data.get("saved_usd", "0"))
        state.repaired.discard(event.path)
        _close(record)
    elif event.type == "step_failed":
        _fail(record, event)


def _start(record: StepRecord, event: Event) -> None:
    attempt = event.data.get("attempt", 1)
    if record.was_cut_off:
        record.interruptions += 1
    record.status, record.attempts, record.waiting = "running", attempt, None
    record.failed_attempts = attempt - 1
    if event.output is not None:
        record.config = _ref(event)


def _fail(record: StepRecord, event: Event) -> None:
    record.failed_attempts = max(record.attempts, event.data.get("attempt", 1))
    if "retry_in_s" in event.data:
        _reopen_inside(record)
        return
    record.status, record.output = "failed", _ref(event)
    record.port, record.error = event.data.get("port", ""), event.data.get("error")
    if record.output is not None:
        _close(record)


def _close(record: StepRecord) -> None:
    record.iterations, record.body, record.waiting = {}, ScopeRecord(), None


def _ref(event: Event) -> OutputRef | None:
    if event.output is None:
        return None
    return OutputRef(event.seq, event.output.hash, event.output.size)


def _locate(state: RunState, path: str, node: str) -> StepRecord | IterationRecord | None:
    """Walk `loop/3/inner` down the tree, making what is not there yet."""
    scope, record = state.root, None
    parts = path.split("/")
    for index, part in enumerate(parts):
        if part.isdigit() and record is not None:
            iteration = record.iterations.setdefault(int(part), IterationRecord())
            if index == len(parts) - 1:
                return iteration
            if iteration.output is not None:
                return None
            iteration.body = scope = iteration.body or ScopeRecord()
            record = None
            continue
        if record is not None:
            scope = record.body
        record = scope.steps.setdefault(part, StepRecord())
    return record if record is not None and parts[-1] == node else None


def _forget(state: RunState, event: DamagedEvent) -> None:
    # The result is lost but the fact that the step ran is not: it counts as cut off.
    if event.path and event.node and event.type in {"step_succeeded", "step_failed"}:
        found = _locate(state, event.path, event.node)
        if isinstance(found, StepRecord):
            found.status, found.attempts = "running", max(found.attempts, 1)
            state.repaired.add(event.path)
