"""Steps as people and programs see them, folded from a run's events."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from flowstudio.engine.events import Event, StepStatus
from flowstudio.engine.journal import DamagedEvent
from flowstudio.graph.document import Document


@dataclass(frozen=True, slots=True)
class WaitView:
    """What a waiting step waits for.

    Attributes:
        assignees: who is asked, by e-mail address or role; empty for anyone who may run the
            workflow.
        seq: of the event that says so.
    """

    kind: str
    message: str
    fields: Mapping[str, Any] | None
    until: datetime | None
    assignees: tuple[str, ...] = ()
    escalate_to: tuple[str, ...] = ()
    seq: int = 0


@dataclass(slots=True)
class StepView:
    """One step.

    Attributes:
        seq: of the event that holds its output.
        kept: it was not executed but taken over from another run.
    """

    path: str
    node: str
    type: str
    status: StepStatus = "idle"
    started_at: datetime | None = None
    duration_s: float | None = None
    cost_usd: Decimal = Decimal(0)
    saved_usd: Decimal = Decimal(0)
    cached: bool = False
    model: str | None = None
    usage: dict[str, int] | None = None
    attempts: int = 0
    error: str | None = None
    output_size: int | None = None
    seq: int = 0
    waiting: WaitView | None = None
    port: str | None = None
    kept: bool = False


@dataclass(slots=True)
class StepBook:
    """Steps by path, in the order they began; fed with events."""

    document: Document
    steps: dict[str, StepView] = field(default_factory=dict)
    _types: dict[str, str] = field(default_factory=dict)
    _shelved: dict[str, WaitView] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._types = {node.name: node.type for node in self.document.nodes}

    def feed(self, events: Iterable[Event | DamagedEvent]) -> None:
        """Take several events into account."""
        for event in events:
            self.apply(event)

    def apply(self, event: Event | DamagedEvent) -> StepView | None:
        """Take one event into account; gives the step it changed, if one."""
        if isinstance(event, DamagedEvent):
            return None
        if event.type in ("run_succeeded", "run_failed", "run_cancelled"):
            self._close(event.type)
            return None
        if event.type == "signal_received" and event.data.get("kind") == "resume":
            self._reopen()
        if not event.type.startswith("step_") or event.type == "step_streamed":
            return None
        above, _, last = event.path.rpartition("/")
        if last.isdigit():
            # A turn changes its loop.
            return self.steps.get(above)
        step = self.steps.get(event.path)
        if step is None:
            step = StepView(event.path, event.node, self._types.get(event.node, ""))
            self.steps[event.path] = step
        _apply(step, event)
        return step

    def _close(self, how: str) -> None:
        for step in self.steps.values():
            if step.status in ("running", "waiting", "queued"):
                step.status = "idle" if how == "run_succeeded" else "cancelled"
                if step.waiting is not None:
                    self._shelved[step.path] = step.waiting
                step.waiting = None

    def _reopen(self) -> None:
        # A step that waited when the run failed goes on waiting, without asking anew.
        for path, waiting in self._shelved.items():
            self.steps[path].status, self.steps[path].waiting = "waiting", waiting
        self._shelved.clear()


def _apply(step: StepView, event: Event) -> None:
    data = event.data
    step.attempts = max(step.attempts, int(data.get("attempt", 1)))
    step.waiting, step.kept = None, bool(data.get("kept"))
    if event.type == "step_started":
        step.status, step.error = "running", None
        step.started_at = step.started_at or event.at
        return
    if event.type == "step_skipped":
        step.status, step.attempts = "skipped", 0
        return
    if event.type == "step_waiting":
        step.status, step.waiting = "waiting", wait_view(event)
        step.started_at = step.started_at or event.at
        return
    _apply_end(step, event)


def _apply_end(step: StepView, event: Event) -> None:
    data = event.data
    step.started_at = step.started_at or event.at
    step.cost_usd += Decimal(data.get("cost_usd", "0"))
    step.model = data.get("model") or step.model
    step.usage = data.get("usage") or step.usage
    if event.type == "step_succeeded":
        step.cached = bool(data.get("cached"))
        step.status = "cached" if step.cached else "succeeded"
        step.error = None
        step.saved_usd = Decimal(data.get("saved_usd", "0"))
    elif "retry_in_s" not in data:
        step.status = "failed"
    if "error" in data:
        step.error = data["error"].get("message")
    step.duration_s = data.get("duration_s", step.duration_s)
    step.port = data.get("port", step.port)
    if event.output is not None:
        step.output_size, step.seq = event.output.size, event.seq


def wait_view(event: Event) -> WaitView:
    """What a step waits for, from the event that says so."""
    data = event.data
    until = data.get("until")
    return WaitView(
        kind=data.get("kind", ""),
        message=data.get("message", ""),
        fields=data.get("fields"),
        until=datetime.fromisoformat(until) if until else None,
        assignees=tuple(data.get("assignees") or ()),
        escalate_to=tuple(data.get("escalate_to") or ()),
        seq=event.seq,
    )
