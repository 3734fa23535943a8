"""What the engine asks of storage: a journal of events per run, and a cache of outputs."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

from flowstudio.engine.costs import Usage
from flowstudio.engine.events import Event, Output, RunStatus


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run about to be made.

    Attributes:
        document_hash: of a document already stored; the run keeps to it whatever happens later.
        owner: the process that will advance it at once, or "" to leave it queued.
        project_id: whose it is; "" for what is run on this machine alone.
        workflow_id: of the stored workflow it runs, or "".
        created_by: id of the person who started it, or "".
        version: number of the version of that workflow it runs; None for a draft.
        rerun_of: id of the run whose finished steps it keeps, or "".
        draft: JSON of what the editor asked for (engine/draft.py), or "" for any other run.
        queue: where it waits; its priority, too.
        ready_at: it does not begin before this moment.
        attempt: how often it was taken up again by itself after it failed.
        dedup_key: while a run of this key has not ended, no other is made.
        trace: the span in which it was made, as a W3C `traceparent`, or "".
    """

    id: str
    document_hash: str
    workflow: str
    slug: str
    inputs: Mapping[str, Any]
    trigger: str
    created_at: datetime
    steps_total: int
    owner: str = ""
    max_cost_usd: Decimal | None = None
    use_cache: bool = True
    depth: int = 0
    base: str = ""
    project_id: str = ""
    workflow_id: str = ""
    created_by: str = ""
    version: int | None = None
    rerun_of: str = ""
    draft: str = ""
    queue: str = "interactive"
    ready_at: datetime | None = None
    attempt: int = 0
    dedup_key: str = ""
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Seed:
    """An event that a run begins with, as when some of its steps have finished elsewhere.

    Attributes:
        event: its number is not used: seeds are numbered in their order.
        source: run and number of the event whose output this one has; None when the output's body
            is in the event, or in storage under its hash.
    """

    event: Event
    source: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """A run this process alone may write to, as long as nobody claims it after.

    Attributes:
        epoch: counts claims; every write names it, so a former owner's writes are refused.
        is_new: nothing was journaled before.
    """

    run: NewRun
    epoch: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class RunUpdate:
    """The row that lists show, changed in the same transaction as the events that say why.

    Attributes:
        wake_at: when a waiting run goes on by itself.
        retry_at: when a failed run is taken up again by itself.
    """

    status: RunStatus
    cost_usd: Decimal = Decimal(0)
    saved_usd: Decimal = Decimal(0)
    usage: Usage = field(default_factory=Usage)
    steps_done: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    wake_at: datetime | None = None
    retry_at: datetime | None = None
    error: str | None = None
    error_node: str | None = None
    release: bool = False


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One paid call, for budgets after a crash and for predictions.

    Attributes:
        is_near_limit: with it, most of what the run may cost is spent.
    """

    run_id: str
    path: str
    config_key: str
    model: str
    usage: Usage
    predicted_usd: Decimal
    cost_usd: Decimal
    at: datetime
    is_near_limit: bool = False


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """An output kept under the fingerprint of the step that made it."""

    output: Output
    port: str
    cost_usd: Decimal
    model: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """A person's or program's wish concerning one run.

    Attributes:
        id: counts up over all runs; the journal remembers the last one a run received.
        path: of the waiting step an answer is for.
    """

    id: int
    run_id: str
    kind: Literal["cancel", "pause", "resume", "answer"]
    path: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DamagedEvent:
    """A stored row that no longer reads as what was written.

    `type`, `node` and `path` are None where they, too, are unreadable.
    """

    seq: int
    type: str | None
    node: str | None
    path: str | None
    reason: str


class Journal(Protocol):
    """Durable memory of runs. Methods raise `flowstudio.errors.JournalError` when storage fails."""

    async def claim(self, run_id: str, owner: str) -> ClaimedRun:
        """Take a run over: raise its epoch and set its owner.

        Raises:
            NotFoundError: no such run.
        """

    async def document(self, document_hash: str) -> bytes:
        """The stored document, as canonical JSON."""

    def read(self, run_id: str, after: int = 0) -> AsyncIterator[Event | DamagedEvent]:
        """Stored events in order of `seq`; outputs as references without their bodies."""

    async def load_output(self, run_id: str, seq: int) -> bytes:
        """The body of one event's output."""

    async def append(
        self, run_id: str, epoch: int, events: Sequence[Event], update: RunUpdate | None = None
    ) -> None:
        """Store events, and return once they are durable; deferred ones of the run go before them.

        Raises:
            StaleOwnerError: the run has been claimed since; nothing was stored.
        """

    def defer(self, run_id: str, epoch: int, event: Event) -> None:
        """Store an event with the run's next append, or within some 20 ms by itself."""

    def record_call(self, call: ModelCall) -> None:
        """Note a paid call; stored with the next commit, whatever run it belongs to."""

    async def spent(self, run_id: str) -> tuple[Decimal, Usage]:
        """What the run's calls cost and used so far."""

    async def typical_output_tokens(self, config_key: str) -> int | None:
        """Median completion tokens of the latest calls with this config, or None."""

    async def cached(self, fingerprint: str, now: datetime) -> CacheEntry | None:
        """A kept output that has not expired."""

    async def unchanged(
        self, workflow_id: str, node_id: str, fingerprint: str, now: datetime
    ) -> CacheEntry | None:
        """What a node's last run in the editor gave, if it was a success with this fingerprint.

        None also when that has expired.
        """

    def keep(self, fingerprint: str, entry: CacheEntry, now: datetime) -> None:
        """Keep an output; stored with the next commit."""

    async def signals(self, run_id: str, after: int) -> list[Signal]:
        """Signals for a run that came after the given one, in order."""


class Bus(Protocol):
    """Carries events to those who watch a run; never waits for them."""

    def publish(self, run_id: str, event: Event) -> None:
        """Hand an event to every watcher of the run."""
