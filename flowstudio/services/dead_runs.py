"""Dead runs: which there are, taken up again, and dismissed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from flowstudio.errors import ConflictError
from flowstudio.services.access import Actor, Target, authorize
from flowstudio.services.run_lists import DeadCounts, DeadRun, projects_of
from flowstudio.services.runs import RunService
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store import audit
from flowstudio.store import queue_controls as store

#: Ids of runs that an entry of the audit log names; of more it tells how many.
_NAMED = 50


@dataclass(frozen=True, slots=True)
class DeadView:
    """The dead runs that somebody may steer.

    Attributes:
        latest: the newest few.
    """

    counts: DeadCounts
    latest: tuple[DeadRun, ...]


class DeadRunService:
    """Use cases of runs that need somebody; each asks `authorize` first."""

    def __init__(self, parts: StudioParts, runs: RunService) -> None:
        self._parts = parts
        self._runs = runs

    async def look(self, actor: Actor, *, most: int, latest: int = 10) -> DeadView:
        """How many there are that the actor may steer, and the latest; counting ends at `most`."""
        counts = await self._runs.count_dead_by_kind(actor, most, steerable=True)
        found = await self._runs.list_dead(actor, limit=latest, steerable=True)
        return DeadView(counts, tuple(found))

    async def requeue(
        self, actor: Actor, run_ids: Sequence[str] | None = None, project_id: str | None = None
    ) -> int:
        """Have dead runs taken up again, from where they stopped; gives how many.

        Runs that ask what became of a step are left alone: what may be done already must not be
        done twice because somebody takes up everything.

        Args:
            actor: who asks.
            run_ids: which; None for all that the actor may steer.
            project_id: of those, the runs of this project alone.
        """
        projects = self._projects(actor, project_id)
        left = await self._runs.list_left(projects, run_ids)
        abandoned = [each.record for each in left if each.kind == "abandoned"]

        def work(session: Session) -> int:
            now = self._parts.clock.now()
            done = store.retry_dead(session, run_ids, projects, now)
            done += [(record.id, record.project_id) for record in abandoned]
            return self._note(session, actor, "dead_run.requeue", done)

        number = await self._parts.records.write(work)
        for record in abandoned:
            try:
                await self._runs.resume(actor, record.id)
            except ConflictError:
                # It has come to its end meanwhile.
                number -= 1
        return number

    async def dismiss(
        self, actor: Actor, run_ids: Sequence[str] | None = None, project_id: str | None = None
    ) -> int:
        """Take dead runs off the list, until something new becomes of them; they stay as they are.

        Arguments as of `requeue`.
        """
        projects = self._projects(actor, project_id)
        left = [each.record.id for each in await self._runs.list_left(projects, run_ids)]

        def work(session: Session) -> int:
            done = store.dismiss_dead(session, run_ids, projects, left)
            return self._note(session, actor, "dead_run.dismiss", done)

        return await self._parts.records.write(work)

    def _projects(self, actor: Actor, project_id: str | None) -> Sequence[str] | None:
        if project_id is not None:
            authorize(actor, "run.steer", Target("project", project_id, project_id))
            return (project_id,)
        if actor.role == "operator":
            return None
        # Asks for an account, and of a key for its scope.
        authorize(actor, "dead_run.steer")
        return projects_of(actor, "run.steer")

    def _note(
        self, session: Session, actor: Actor, verb: str, done: Iterable[tuple[str, str]]
    ) -> int:
        """Tell the audit log of each project what was done there; gives how many runs there are."""
        by_project = defaultdict[str, list[str]](list)
        for run_id, project_id in done:
            by_project[project_id].append(run_id)
        for project_id, ids in by_project.items():
            target = Target("run", ids[0] if len(ids) == 1 else "", project_id)
            entry = self._parts.entry(actor, verb, target, runs=len(ids), run_ids=ids[:_NAMED])
            audit.append(session, entry)
        return sum(len(ids) for ids in by_project.values())
