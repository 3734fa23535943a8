"""Deleting runs: their journal, calls and signals, and blobs that nothing else refers to."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from flowstudio.errors import ConflictError, InvalidInputError, NotFoundError
from flowstudio.services.access import Actor, Target, authorize
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store import audit, removal
from flowstudio.store.audit import Entry
from flowstudio.store.records import Records
from flowstudio.store.removal import Removable

#: Runs deleted by one call at most.
MOST_AT_ONCE = 200
_NO_PROJECT = "-"


@dataclass(frozen=True, slots=True)
class NotDeleted:
    """A run that was left as it is, and why."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Deleted:
    """What came of deleting several."""

    deleted: list[str]
    refused: list[NotDeleted]


class RemovalService:
    """Takes finished runs away for good; unfinished ones have to be cancelled first."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts

    async def delete(self, actor: Actor, run_id: str) -> None:
        """Delete a run that has ended, and the runs inside it.

        Raises:
            NotFoundError: no such run.
            ConflictError: it has not ended.
        """
        (found,) = await self._allowed(actor, [run_id])
        if not found.is_finished:
            raise ConflictError(_not_ended(found))
        await self._remove(actor, found)

    async def delete_several(self, actor: Actor, ids: Sequence[str]) -> Deleted:
        """Delete those that have ended; the others are named with the reason.

        Raises:
            NotFoundError: one is not there, or not the actor's to see; none is deleted then.
            AccessDeniedError: one is of a project in which the actor may not; none is deleted.
        """
        if len(ids) > MOST_AT_ONCE:
            raise InvalidInputError([f"ids: Give at most {MOST_AT_ONCE} at once."])
        found = await self._allowed(actor, list(dict.fromkeys(ids)))
        refused = [NotDeleted(run.id, _not_ended(run)) for run in found if not run.is_finished]
        deleted = []
        for run in found:
            if run.is_finished:
                await self._remove(actor, run)
                deleted.append(run.id)
        return Deleted(deleted, refused)

    async def _allowed(self, actor: Actor, ids: Sequence[str]) -> list[Removable]:
        found = {
            run.id: run
            for run in await self._parts.records.read(
                lambda session: removal.find_removable(session, ids)
            )
        }
        for run_id in ids:
            # What is not there answers as what belongs to others does.
            project_id = found[run_id].project_id if run_id in found else _NO_PROJECT
            authorize(actor, "run.delete", Target("run", run_id, project_id))
            if run_id not in found:
                raise NotFoundError(f"There is no run {run_id!r}.")
        return [found[run_id] for run_id in ids]

    async def _remove(self, actor: Actor, run: Removable) -> None:
        target = Target("run", run.id, run.project_id)
        entry = self._parts.entry(actor, "run.delete", target, workflow=run.workflow)
        await remove_run(self._parts.records, run.id, entry)


def _not_ended(run: Removable) -> str:
    return f"Run {run.id} is {run.status}. Cancel it first."


async def remove_run(records: Records, run_id: str, entry: Entry | None = None) -> None:
    """Remove a finished run and those inside it, piece by piece; the entry goes with the first."""
    for inner in await records.read(lambda session: removal.list_inside(session, run_id)):
        if inner.is_finished:
            await remove_run(records, inner.id)

    def first(session: Session) -> bool:
        if entry is not None:
            audit.append(session, entry)
        return removal.remove_piece(session, run_id)

    is_gone = await records.write(first)
    while not is_gone:
        is_gone = await records.write(lambda session: removal.remove_piece(session, run_id))
