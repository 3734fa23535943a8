"""One run while a process advances it: its events, its money, its waits and its stops."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

from flowstudio.clock import Clock
from flowstudio.engine.budget import Budget
from flowstudio.engine.contract import Evaluator, RunInfo
from flowstudio.engine.costs import Usage
from flowstudio.engine.draft import read_wish
from flowstudio.engine.events import Event, EventType, Output, RunStatus
from flowstudio.engine.flights import Flights
from flowstudio.engine.fold import RunState, ScopeRecord
from flowstudio.engine.journal import Bus, ClaimedRun, Journal, NewRun, RunUpdate, Signal
from flowstudio.engine.meter import Meter
from flowstudio.engine.names import Names
from flowstudio.engine.plan import Plan, PlannedScope
from flowstudio.engine.slots import Slots
from flowstudio.engine.values import Values
from flowstudio.errors import BudgetError, StepError

#: How far the event loop must turn without anything happening before a run counts as idle: a
#: node's end wakes its scope, the scope its container, and so on outwards, a few turns each.
_IDLE_TURNS = 40

StopReason = Literal["cancel", "park", "timeout", "leave", ""]


class StepFailed(StepError):  # noqa: N818 - an outcome that travels up the scopes
    """A node failed for good; carries its name and path up to the run.

    Attributes:
        node: its name; path: of the failed step; kind: class name of the original error.
        is_final: no `on_error` of a container around it may catch it.
    """

    def __init__(self, node: str, path: str, error: StepError | str, kind: str = "") -> None:
        super().__init__(str(error), retryable=getattr(error, "retryable", None))
        self.node = node
        self.path = path
        self.kind = kind or type(error).__name__
        self.is_final = self.kind == BudgetError.__name__


class OpenScope(Protocol):
    """A scope being executed (scope.py)."""

    names: Names

    async def execute(self) -> None:
        """Run every node that is reached."""

    async def result(self, template: str | None = None) -> Any:
        """What the scope as a whole gives."""

    async def exit_outputs(self) -> dict[str, Any]:
        """Outputs of the last nodes that were reached, by name."""


@dataclass(slots=True)
class EngineParts:
    """What all runs of one process share.

    Attributes:
        owner: names this process in claims.
        park_after_s: a run that only waits longer than this leaves memory.
        follow: told of each run of the editor as this process begins to advance it.
        began: told of every run, in the run's own task; left: of its id, once it is in hand no more.
    """

    journal: Journal
    bus: Bus
    evaluator: Evaluator
    clock: Clock
    resources: Mapping[type, Any]
    owner: str
    flights: Flights = field(default_factory=Flights)
    meter: Meter = field(default_factory=Meter)
    rng: random.Random = field(default_factory=random.Random)
    park_after_s: float = 30
    follow: Callable[[str], None] | None = None
    began: Callable[[NewRun], None] | None = None
    left: Callable[[str], None] | None = None


@dataclass(slots=True)
class _Pending:
    future: "asyncio.Future[Mapping[str, Any] | None]"
    until: datetime | None


class Execution:
    """One run being advanced.

    Attributes:
        steps_done, saved_usd, usage: counts for the row that lists show.
        answers: by path, those that no step has taken yet.
        draft: what the editor asked for; None for any other run.
        deadline: when the run's `timeout_s` is up.
        stop_reason: why the main task was cancelled from inside.
        park_until: when a run that left memory is to be taken up again.
        was_called: a signal came too late for this execution; the next one reads it.
    """

    def __init__(
        self,
        claimed: ClaimedRun,
        plan: Plan,
        state: RunState,
        parts: EngineParts,
        budget: Budget,
        open_scope: Callable[["Execution", PlannedScope, str, Names, ScopeRecord], OpenScope],
    ) -> None:
        self.run = claimed.run
        self.epoch = claimed.epoch
        self.clock = parts.clock
        self.plan = plan
        self.parts = parts
        self.budget = budget
        self.evaluator = parts.evaluator
        self.draft = read_wish(self.run.draft) if self.run.draft else None
        self.values = Values(parts.journal, self.run.id)
        self.info = RunInfo(
            id=self.run.id,
            started_at=state.started_at or self.clock.now(),
            trigger=self.run.trigger,
            depth=self.run.depth,
            base=self.run.base,
            inputs=self.run.inputs,
            project_id=self.run.project_id,
        )
        self.slots = Slots(plan.document.settings.concurrency)
        self.steps_done = state.steps_done
        self.saved_usd = state.saved_usd
        self.usage = Usage()
        self.answers = dict(state.answers)
        self.deadline: datetime | None = None
        self.stop_reason: StopReason = ""
        self.paused = state.wish == "pause"
        self.park_until: datetime | None = None
        self.was_called = False
        self._gate = asyncio.Event()
        if not self.paused:
            self._gate.set()
        self._held = 0
        self._seq = state.seq
        self._signal_id = state.signal_id
        self._busy = 0
        self._turn = 0
        self._waits: dict[str, _Pending] = {}
        self._open_scope = open_scope
        self._main = asyncio.current_task()

    def open_scope(
        self, scope: PlannedScope, path: str, names: Names, record: ScopeRecord
    ) -> OpenScope:
        """Begin executing a scope."""
        return self._open_scope(self, scope, path, names, record)

    # Events

    def event(
        self,
        event_type: EventType,
        node: str = "",
        path: str = "",
        data: dict[str, Any] | None = None,
        output: Output | None = None,
    ) -> Event:
        """The next event of the journal; it must be stored by `commit` or `defer`."""
        self._seq += 1
        return Event(self._seq, self.clock.now(), event_type, node, path, data or {}, output)

    async def commit(self, event: Event, update: RunUpdate | None = None) -> None:
        """Store an event; once this returns, it survives a crash."""
        try:
            await self.parts.journal.append(self.run.id, self.epoch, [event], update)
        except asyncio.CancelledError:
            # Only the waiting was given up: the event is on its way to the disk.
            self.parts.bus.publish(self.run.id, event)
            raise
        self.parts.bus.publish(self.run.id, event)

    def defer(self, event: Event) -> None:
        """Store an event soon; what depends on it starts after the next commit.

        Unless what it tells follows from what is stored already.
        """
        self.parts.journal.defer(self.run.id, self.epoch, event)
        self.parts.bus.publish(self.run.id, event)

    def note(self, event_type: EventType, node: str, path: str, **data: Any) -> None:
        """Store an event nobody waits for."""
        self.defer(self.event(event_type, node, path, data))

    def show(self, node: str, path: str, data: dict[str, Any]) -> None:
        """Send live text to whoever watches; it is not stored."""
        live = Event(0, self.clock.now(), "step_streamed", node, path, data)
        self.parts.bus.publish(self.run.id, live)

    def update(self, status: RunStatus, **more: Any) -> RunUpdate:
        """The row that lists show, as things stand."""
        return RunUpdate(
            status=status,
            cost_usd=self.budget.spent_usd,
            saved_usd=self.saved_usd,
            usage=self.usage,
            steps_done=self.steps_done,
            started_at=self.info.started_at,
            **more,
        )

    # Working, waiting, stopping

    def begin_work(self) -> None:
        """Count one step or evaluation as being executed."""
        self._busy += 1
        self._turn += 1

    def end_work(self) -> None:
        """Count it as ended; when nothing is left but waits, the run leaves memory."""
        self._busy -= 1
        self._turn += 1
        if self._busy == 0 and (self._waits or self._held):
            self._watch_idle(self._turn, _IDLE_TURNS)

    def _watch_idle(self, turn: int, turns_left: int) -> None:
        if turn != self._turn:
            return
        if turns_left:
            asyncio.get_running_loop().call_soon(self._watch_idle, turn, turns_left - 1)
        elif self.paused or not self._wakes_soon():
            self.park_until = self.wake_at()
            self.stop("park")

    def _wakes_soon(self) -> bool:
        wake_at = self.wake_at()
        if wake_at is None:
            return False
        return (wake_at - self.clock.now()).total_seconds() <= self.parts.park_after_s

    def wake_at(self) -> datetime | None:
        """When the first wait, or the run's time, ends by itself."""
        moments = [wait.until for wait in self._waits.values() if wait.until]
        if self.deadline is not None:
            moments.append(self.deadline)
        return min(moments, default=None)

    @property
    def is_open(self) -> bool:
        """Whether a step may begin at once; else it must pass the gate."""
        return not self.stop_reason and not self.paused

    async def pass_gate(self) -> None:
        """Return once a paused run goes on; a run that is being stopped gets no further.

        Raises:
            asyncio.CancelledError: the run is being stopped, and a node overheard that.
        """
        if self.stop_reason:
            await asyncio.sleep(0)
            raise asyncio.CancelledError
        self._held += 1
        self.begin_work()
        self.end_work()
        try:
            await self._gate.wait()
        finally:
            self._held -= 1

    async def wait(self, path: str, until: datetime | None) -> Mapping[str, Any] | None:
        """Wait for an answer to a step, or None when its time is up. Counts as no work."""
        if path in self.answers:
            return self.answers.pop(path)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Mapping[str, Any] | None] = loop.create_future()
        self._waits[path] = _Pending(future, until)
        timer = None
        if until is not None:
            left_s = (until - self.clock.now()).total_seconds()
            timer = loop.call_later(max(left_s, 0), _expire, future)
        self.end_work()
        try:
            return await future
        finally:
            self.begin_work()
            del self._waits[path]
            if timer is not None:
                timer.cancel()

    def stop(self, reason: StopReason) -> None:
        """End this execution: for good, or until the run is resumed."""
        if not self.stop_reason and self._main is not None:
            self.stop_reason = reason
            self._main.cancel()

    def close(self) -> None:
        """From here on only the run's end is written; it is too late to stop it."""
        self._main = None

    def receive(self, signal: Signal) -> None:
        """Act on a signal, once."""
        if signal.id <= self._signal_id:
            return
        if self._main is None or self.stop_reason in ("park", "timeout"):
            self.was_called = True
            return
        self._signal_id = signal.id
        data = {"signal_id": signal.id, "kind": signal.kind, "data": dict(signal.data)}
        self.note("signal_received", "", signal.path, **data)
        if signal.kind == "cancel":
            self.stop("cancel")
        elif signal.kind == "pause":
            self.paused = True
            self._gate.clear()
        elif signal.kind == "resume":
            self.paused = False
            self._gate.set()
            if "max_cost_usd" in signal.data:
                self.budget.limit_usd = Decimal(signal.data["max_cost_usd"])
        else:
            self._answer(signal.path, signal.data)
        # Whoever was about to find that nothing happens here any more looks again.
        self.begin_work()
        self.end_work()

    def _answer(self, path: str, answer: Mapping[str, Any]) -> None:
        wait = self._waits.get(path)
        if wait is None:
            self.answers[path] = answer
        elif not wait.future.done():
            wait.future.set_result(answer)


def _expire(future: "asyncio.Future[Mapping[str, Any] | None]") -> None:
    if not future.done():
        future.set_result(None)
