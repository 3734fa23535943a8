"""Lists of runs: filtered, newest first, and those that will not come to their end by themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypedDict, Unpack

from flowstudio.errors import NotFoundError
from flowstudio.services.access import Actor, Target, authorize
from flowstudio.services.dispatch import Dispatcher
from flowstudio.services.parts import RunParts
from flowstudio.store.runs import UNFINISHED, RunQuery, RunRecord

#: Of no project: whoever is asked about it is a stranger there.
_NO_PROJECT = "-"
_MOST_UNFINISHED = 1_000
_COLUMNS: tuple[Literal["project_id", "workflow_id", "slug"], ...] = (
    "project_id",
    "workflow_id",
    "slug",
)
_GONE = (
    "The process that had it is gone. It goes on when FlowStudio next looks for such runs, "
    "or by Resume."
)
_STUCK = "It could not be carried on here; the server's log says why. Resume tries again."


class RunFilter(TypedDict, total=False):
    """What runs of a list have in common.

    Attributes:
        trigger: an `engine.events.Trigger`.
        text: a part of the workflow's name, the error, the inputs or the id.
        since, until: made from the one on and before the other.
        drafts: with runs that the editor makes of drafts; without, unless asked for.
        steerable: those alone that the actor may steer.
    """

    project_id: str
    workflow_id: str
    slug: str
    trigger: str
    text: str
    since: datetime
    until: datetime
    drafts: bool
    steerable: bool


@dataclass(frozen=True, slots=True)
class DeadRun:
    """A run that needs somebody, and why.

    Attributes:
        kind: it failed; a step of it may or may not have been done; or nobody carries it on.
    """

    record: RunRecord
    kind: Literal["failed", "unknown", "abandoned"]
    reason: str


@dataclass(frozen=True, slots=True)
class DeadCounts:
    """How many runs need somebody, by why."""

    failed: int
    unknown: int
    abandoned: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.failed + self.unknown + self.abandoned


# Inside the class below, `list` is its method.
_Records = list[RunRecord]
_Dead = list[DeadRun]
_Pairs = list[tuple[str, str]]


class RunLists:
    """Use cases of lists of runs; each asks `authorize` first."""

    def __init__(self, parts: RunParts, dispatcher: Dispatcher) -> None:
        self._parts = parts
        self._journal = parts.journal
        self._store = parts.store
        self._dispatcher = dispatcher

    async def find(self, actor: Actor, run_id: str) -> RunRecord:
        """One run as lists show it.

        Raises:
            NotFoundError: no such run, or none that the actor may see.
        """
        return await self._allowed(actor, "run.read", run_id)

    async def _allowed(self, actor: Actor, verb: str, run_id: str) -> RunRecord:
        record = await self._store.find(run_id)
        # What is not there answers as what belongs to others does.
        project_id = record.project_id if record is not None else _NO_PROJECT
        authorize(actor, verb, Target("run", run_id, project_id))
        if record is None:
            raise NotFoundError(f"There is no run {run_id!r}.")
        return record

    async def list(
        self,
        actor: Actor,
        *,
        status: str | None = None,
        limit: int = 50,
        before: str | None = None,
        **only: Unpack[RunFilter],
    ) -> _Records:
        """The latest of the runs the actor may see, newest first.

        Args:
            actor: who asks.
            status: one, or `unfinished`.
            limit: how many at most.
            before: the last id seen.
            only: what else they have in common.
        """
        query = _query(actor, only, status)
        return await self._store.list_runs(query, limit=limit, before=before)

    async def list_dead(
        self,
        actor: Actor,
        *,
        limit: int = 50,
        before: str | None = None,
        **only: Unpack[RunFilter],
    ) -> _Dead:
        """Runs that need somebody, newest first.

        Those are failed ones that no other run took the place of, those that wait for a word on
        what became of a step, and those that nobody carries on.
        """
        query = _query(actor, only, None)
        failed = replace(query, statuses=("failed",), is_left=True)
        found = [
            DeadRun(record, "failed", record.error or "It failed without saying why.")
            for record in await self._store.list_runs(failed, limit=limit, before=before)
        ]
        found += await self._unknown(query, limit, before)
        found += await self._abandoned(query, before)
        found.sort(key=lambda dead: (dead.record.created_at, dead.record.id), reverse=True)
        return found[:limit]

    async def count_dead(self, actor: Actor, most: int = 100, **only: Unpack[RunFilter]) -> int:
        """How many there are of those; counting ends at `most`."""
        return min(most, (await self.count_dead_by_kind(actor, most, **only)).total)

    async def count_dead_by_kind(
        self, actor: Actor, most: int = 100, **only: Unpack[RunFilter]
    ) -> DeadCounts:
        """How many there are of each kind; counting one ends at `most`."""
        query = _query(actor, only, None)
        failed = replace(query, statuses=("failed",), is_left=True)
        return DeadCounts(
            await self._store.count_runs(failed, most),
            await self._store.count_runs(_asking(query), most),
            len(await self._abandoned(query, None)),
        )

    async def list_left(
        self, projects: Sequence[str] | None, run_ids: Sequence[str] | None
    ) -> _Dead:
        """Dead runs that have not ended, for whoever has asked `authorize` already.

        Args:
            projects: of these; None for all there are.
            run_ids: of these runs alone.
        """
        query = RunQuery(projects=projects, ids=run_ids, without=("draft",))
        unknown = await self._unknown(query, _MOST_UNFINISHED, None)
        return unknown + await self._abandoned(query, None)

    async def _unknown(self, query: RunQuery, limit: int, before: str | None) -> _Dead:
        asked = _asking(query)
        records = await self._store.list_runs(asked, limit=limit, before=before)
        asking = await self._store.list_unknown([record.id for record in records])
        return [
            DeadRun(record, "unknown", asking.get(record.id, "A step asks what became of it."))
            for record in records
        ]

    async def _abandoned(self, query: RunQuery, before: str | None) -> _Dead:
        # However many wait their turn, they are not looked through.
        query = replace(query, is_kept=True)
        wanted = [
            replace(query, statuses=("running",)),
            replace(query, statuses=("queued",), is_in_hand=True),
        ]
        stuck = [each for each in self._dispatcher.stuck if query.ids is None or each in query.ids]
        if stuck:
            wanted.append(replace(query, statuses=("queued",), ids=stuck))
        records = {
            record.id: record
            for each in wanted
            for record in await self._store.list_runs(each, limit=_MOST_UNFINISHED, before=before)
        }
        found = []
        for record in records.values():
            if self._dispatcher.is_stuck(record.id):
                found.append(DeadRun(record, "abandoned", _STUCK))
            elif not record.waits_its_turn and not self._dispatcher.is_in_hand(
                record.id, record.owner
            ):
                found.append(DeadRun(record, "abandoned", _GONE))
        return found

    async def list_workflows(self, actor: Actor, project_id: str | None = None) -> _Pairs:
        """Ids and names of the stored workflows that have runs, to choose from."""
        return await self._store.list_workflows(_seen_projects(actor, project_id))

    async def latest(self, actor: Actor, workflow_ids: Sequence[str]) -> dict[str, RunRecord]:
        """The latest run of each of these workflows that the actor may see, by workflow."""
        projects = _seen_projects(actor, None)
        found = await self._store.list_latest(workflow_ids)
        return {
            record.workflow_id: record
            for record in found
            if projects is None or record.project_id in projects
        }


def _asking(query: RunQuery) -> RunQuery:
    return replace(query, statuses=("waiting",), has_unknown=True, is_kept=True)


def _query(actor: Actor, only: RunFilter, status: str | None) -> RunQuery:
    statuses: tuple[str, ...] = (status,) if status else ()
    if status == "unfinished":
        statuses = UNFINISHED
    trigger = only.get("trigger", "")
    hides_drafts = not only.get("drafts") and trigger != "draft"
    equal: Mapping[str, str] = {name: only[name] for name in _COLUMNS if name in only}
    return RunQuery(
        statuses=statuses,
        projects=_seen_projects(
            actor, only.get("project_id"), "run.steer" if only.get("steerable") else "run.read"
        ),
        equal=equal,
        triggers=(trigger,) if trigger else (),
        without=("draft",) if hides_drafts else (),
        text=only.get("text", "").strip(),
        since=only.get("since"),
        until=only.get("until"),
    )


def _seen_projects(
    actor: Actor, project_id: str | None, verb: str = "run.read"
) -> tuple[str, ...] | None:
    """The projects whose runs the actor may list and has the verb for; None for all there are."""
    if project_id is not None:
        authorize(actor, verb, Target("project", project_id, project_id))
        return (project_id,)
    if actor.role == "operator":
        return None
    # Asks for an account, and of a key for its scope; what is seen are the projects below.
    authorize(actor, "run.list")
    return projects_of(actor, verb)


def projects_of(actor: Actor, verb: str) -> tuple[str, ...]:
    """The projects in whose runs the actor has a verb; "" of what belongs to none, for admins."""
    alone = ("",) if actor.role == "admin" and not actor.project_id else ()
    return (*actor.projects_with(verb), *alone)
