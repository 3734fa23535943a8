"""The queue as people see it: what waits, what holds it back, and who works."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from sqlmodel import Session

from flowstudio.errors import InvalidInputError, NotFoundError
from flowstudio.services.access import INSTANCE, Actor, Target, authorize
from flowstudio.services.queues import QUEUES
from flowstudio.services.runs import RunService
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.workflow_access import allowed_in
from flowstudio.store import audit
from flowstudio.store import queue_controls as store
from flowstudio.store.credentials import find_credential
from flowstudio.store.queue import Depth, depths
from flowstudio.store.queue_controls import QueueState, Rate, RateKind, RunLimit, Scope, Worker
from flowstudio.store.queue_names import list_credential_names, list_names

__all__ = ["QueueService", "QueueView", "QueuesView", "Rate", "RunLimit", "WorkerView"]

#: A worker tells of itself every few seconds; one that has not for so long is shown as lost.
LOST_AFTER_S = 30
_MOST_AT_ONCE = 100_000
_MOST_PER_S = 86_400
_RECENT_S = 60


@dataclass(frozen=True, slots=True)
class QueueView:
    """One queue: what it is told, and how it stands."""

    name: str
    state: QueueState
    depth: Depth


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A worker, and whether it is still heard of."""

    worker: Worker
    is_lost: bool


@dataclass(frozen=True, slots=True)
class QueuesView:
    """All queues, the first ones first, and what concerns them.

    Attributes:
        names: of the workflows, projects and credentials that limits and rates are set for, by id.
    """

    queues: tuple[QueueView, ...]
    limits: tuple[RunLimit, ...]
    rates: tuple[Rate, ...]
    workers: tuple[WorkerView, ...]
    names: Mapping[str, str] = field(default_factory=dict)


class QueueService:
    """Use cases of the queue; each asks `authorize` first."""

    def __init__(self, parts: StudioParts, runs: RunService) -> None:
        self._parts = parts
        self._records = parts.records
        self._runs = runs

    async def look(self, actor: Actor) -> QueuesView:
        """Everything about the queue, as it stands."""
        authorize(actor, "queue.read")
        now = self._parts.clock.now()
        since = now - timedelta(seconds=_RECENT_S)
        found = await depths(self._runs.parts.journal, QUEUES, since)

        def work(session: Session) -> QueuesView:
            states = store.list_states(session)
            lost = now - timedelta(seconds=LOST_AFTER_S)
            limits, rates = store.list_limits(session), store.list_rates(session)
            ids = {each.object_id for each in limits} | {each.key for each in rates}
            return QueuesView(
                tuple(
                    QueueView(depth.queue, states.get(depth.queue, QueueState()), depth)
                    for depth in found
                ),
                tuple(limits),
                tuple(rates),
                tuple(
                    WorkerView(worker, worker.seen_at < lost)
                    for worker in store.list_workers(session)
                ),
                list_names(session, ids),
            )

        return await self._records.read(work)

    async def list_credentials(self, actor: Actor) -> Sequence[tuple[str, str]]:
        """Ids and names of the credentials a rate may be set for, of all projects."""
        authorize(actor, "queue.edit")
        return await self._records.read(list_credential_names)

    async def tell(
        self,
        actor: Actor,
        name: str,
        *,
        is_paused: bool | None = None,
        is_draining: bool | None = None,
    ) -> QueueState:
        """Hold a queue, have it take nothing new, or let it go on; None leaves a wish as it is.

        Raises:
            NotFoundError: there is no such queue.
        """
        authorize(actor, "queue.edit")
        if name not in QUEUES:
            raise NotFoundError(f"There is no queue {name!r}. Queues: {', '.join(QUEUES)}.")

        def work(session: Session) -> QueueState:
            state = store.list_states(session).get(name, QueueState())
            if is_paused is not None:
                state = replace(state, is_paused=is_paused)
            if is_draining is not None:
                state = replace(state, is_draining=is_draining)
            store.put_state(session, name, state)
            told = {"paused": state.is_paused, "draining": state.is_draining}
            entry = self._parts.entry(actor, "queue.edit", Target("queue", name), **told)
            audit.append(session, entry)
            return state

        state = await self._records.write(work)
        await self._heed()
        return state

    async def limit(
        self, actor: Actor, scope: Scope, object_id: str, most_at_once: int | None
    ) -> None:
        """Set how many runs of a workflow, a project or in all go on at once; None for no limit.

        Raises:
            NotFoundError: there is no such workflow or project.
            InvalidInputError: not between 1 and 100,000.
        """
        if most_at_once is not None and not 1 <= most_at_once <= _MOST_AT_ONCE:
            raise InvalidInputError([f"most_at_once: From 1 to {_MOST_AT_ONCE:,}."])
        if scope == "instance":
            authorize(actor, "queue.edit")
        if scope == "project":
            authorize(actor, "project.edit", Target("project", object_id, object_id))

        def work(session: Session) -> None:
            target = INSTANCE
            if scope == "workflow":
                found = allowed_in(session, actor, "workflow.edit", object_id)
                target = Target("workflow", object_id, found.record.project_id)
            elif scope == "project":
                target = Target("project", object_id, object_id)
            store.put_limit(session, scope, object_id, most_at_once)
            verb = {"instance": "queue.edit", "project": "project.edit"}.get(scope, "workflow.edit")
            audit.append(session, self._parts.entry(actor, verb, target, most_at_once=most_at_once))

        await self._records.write(work)
        await self._heed()

    async def project_limit(self, actor: Actor, project_id: str) -> int | None:
        """How many runs of a project go on at once; None for as many as there is room for."""
        authorize(actor, "project.read", Target("project", project_id, project_id))
        limits = await self._records.read(store.list_limits)
        return next((each.most_at_once for each in limits if each.object_id == project_id), None)

    async def workflow_limit(self, actor: Actor, workflow_id: str) -> int | None:
        """How many runs of a workflow go on at once; None for as many as there is room for.

        Raises:
            NotFoundError: there is no such workflow, or none that the actor may see.
        """

        def work(session: Session) -> int | None:
            allowed_in(session, actor, "workflow.read", workflow_id)
            limits = store.list_limits(session)
            return next(
                (each.most_at_once for each in limits if each.object_id == workflow_id), None
            )

        return await self._records.read(work)

    async def rate(self, actor: Actor, kind: RateKind, key: str, calls: int, per_s: float) -> None:
        """Set how often a model or a credential may be used; steps wait for their turn.

        Raises:
            InvalidInputError: with every problem.
        """
        authorize(actor, "queue.edit")
        rate = Rate(kind, key, calls, per_s)
        problems = []
        if not rate.key:
            problems.append("key: Name a model, or a credential by its id.")
        if not 1 <= rate.calls <= _MOST_AT_ONCE:
            problems.append(f"calls: From 1 to {_MOST_AT_ONCE:,}.")
        if not 0 < rate.per_s <= _MOST_PER_S:
            problems.append(f"per_s: More than 0, and at most {_MOST_PER_S:,} seconds.")
        if problems:
            raise InvalidInputError(problems)

        def work(session: Session) -> None:
            if kind == "credential" and find_credential(session, key) is None:
                raise InvalidInputError([f"key: There is no credential with the id {key!r}."])
            store.put_rate(session, rate)
            told = {rate.kind: rate.key, "calls": rate.calls, "per_s": rate.per_s}
            audit.append(session, self._parts.entry(actor, "queue.edit", INSTANCE, **told))

        await self._records.write(work)

    async def unlimited(self, actor: Actor, kind: RateKind, key: str) -> None:
        """Let a model or a credential be used as often as anybody wants."""
        authorize(actor, "queue.edit")

        def work(session: Session) -> None:
            store.remove_rate(session, kind, key)
            told = {kind: key, "calls": None}
            audit.append(session, self._parts.entry(actor, "queue.edit", INSTANCE, **told))

        await self._records.write(work)

    async def _heed(self) -> None:
        """Act on what was just told; other processes do so within seconds."""
        admission = self._runs.dispatcher.admission
        await admission.refresh()
        admission.wake()
