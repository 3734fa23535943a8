"""What happens in a run: the events of its journal, and of its live stream."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

EventType = Literal[
    "run_started",
    "step_started",
    "step_streamed",
    "step_succeeded",
    "step_failed",
    "step_skipped",
    "step_waiting",
    "signal_received",
    "run_succeeded",
    "run_failed",
    "run_cancelled",
]

RunStatus = Literal["queued", "running", "waiting", "paused", "succeeded", "failed", "cancelled"]
#: What begins runs; `workflow` those inside of others, which say also what they are inside of.
Trigger = Literal["manual", "api", "schedule", "webhook", "form", "workflow", "draft"]
FINISHED: frozenset[RunStatus] = frozenset({"succeeded", "failed", "cancelled"})

StepStatus = Literal[
    "idle", "queued", "running", "waiting", "succeeded", "cached", "failed", "skipped", "cancelled"
]


class Output(NamedTuple):
    """A value as the journal keeps it.

    Attributes:
        body: canonical JSON, or b"" when only the reference is at hand.
        hash: SHA-256 of the JSON.
        size: its length in bytes.
    """

    hash: str
    size: int
    body: bytes = b""


class Event(NamedTuple):
    """One entry of a run's journal; a tuple, since every step makes two.

    Attributes:
        seq: counts from 1 in each run; 0 for events that are not stored.
        node: name of the node, or "" for the run itself.
        path: of the step, such as `sections/3/summarise`; an iteration's own is `sections/3`.
        data: small JSON values whose keys depend on the type; see docs/architecture.md.
        output: of a step that succeeded or a run's outputs.
    """

    seq: int
    at: datetime
    type: EventType
    node: str = ""
    path: str = ""
    data: Mapping[str, Any] = MappingProxyType({})
    output: Output | None = None
