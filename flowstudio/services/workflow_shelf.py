"""Where stored workflows stand: lists, tags, folders, and the trash."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from flowstudio.errors import InvalidInputError, StaleRevisionError
from flowstudio.services.access import OPERATOR, Actor, Target, authorize
from flowstudio.services.labels import read_folder, read_tags
from flowstudio.services.paging import Page
from flowstudio.services.workflow_access import NO_PROJECT, allowed_in, channel_of, target_of
from flowstudio.services.workflow_cursors import read_cursor, write_cursor
from flowstudio.services.workflow_runs import WorkflowRuns
from flowstudio.store import audit
from flowstudio.store import workflows as store
from flowstudio.store.workflows import Labels, Shelf, Sort, WorkflowRecord

TRASH_KEPT = timedelta(days=30)
_PURGE_EVERY_S = 3600.0


class WorkflowShelf(WorkflowRuns):
    """Use cases of lists of workflows, and of what stands around their documents."""

    # Lists

    async def list_workflows(
        self,
        actor: Actor,
        shelf: Shelf = Shelf(),  # noqa: B008 - it never changes
        *,
        project_id: str | None = None,
        sort: Sort = "-updated_at",
        limit: int = 50,
        after: str | None = None,
    ) -> Page[WorkflowRecord]:
        """Workflows of one project, or of all in which the actor may read them."""
        authorize(actor, "workflow.list")
        projects = actor.projects_with("workflow.read")
        if project_id is not None:
            authorize(actor, "workflow.read", target_in(project_id))
            projects = (project_id,)
        place = read_cursor(sort, after) if after is not None else None
        found = await self._parts.records.read(
            lambda session: store.list_workflows(
                session, projects, shelf, sort=sort, limit=limit + 1, after=place
            )
        )
        more = write_cursor(sort, found[limit - 1]) if len(found) > limit else None
        return Page(found[:limit], more)

    async def labels(self, actor: Actor, project_id: str) -> Labels:
        """The tags and folders of a project, and how many workflows each has.

        Raises:
            NotFoundError: there is no such project, or none of the actor's.
        """
        authorize(actor, "workflow.read", target_in(project_id))
        return await self._parts.records.read(
            lambda session: store.count_labels(session, project_id)
        )

    # Tags and folders

    async def set_tags(self, actor: Actor, workflow_id: str, tags: Sequence[str]) -> WorkflowRecord:
        """Give a workflow these tags and no others.

        Raises:
            InvalidInputError: one of them is no tag, or there are too many.
        """
        return await self._label(actor, workflow_id, tags=read_tags(tags))

    async def set_folder(self, actor: Actor, workflow_id: str, folder: str) -> WorkflowRecord:
        """Put a workflow into a folder, such as `Support/Mail`; "" takes it out of any.

        Raises:
            InvalidInputError: that is no path of a folder.
        """
        return await self._label(actor, workflow_id, folder=read_folder(folder))

    async def _label(self, actor: Actor, workflow_id: str, **values: Any) -> WorkflowRecord:
        def work(session: Session) -> WorkflowRecord:
            record = allowed_in(session, actor, "workflow.edit", workflow_id).record
            entry = self._parts.entry(actor, "workflow.edit", target_of(record), **values)
            audit.append(session, entry)
            return store.label_workflow(session, workflow_id, **values)

        return await self._parts.records.write(work)

    async def move_folder(self, actor: Actor, project_id: str, before: str, after: str) -> int:
        """Give a folder and those inside it another path; gives how many workflows moved.

        Raises:
            InvalidInputError: one of the two is no path, or the folder would move into itself.
        """
        target = target_in(project_id)
        authorize(actor, "workflow.edit", target)
        before, after = read_folder(before), read_folder(after)
        if not before or f"{after}/".startswith(f"{before}/"):
            problem = "folder: Choose a folder, and a place outside of it."
            raise InvalidInputError([problem])

        def work(session: Session) -> int:
            entry = self._parts.entry(actor, "workflow.edit", target, before=before, after=after)
            audit.append(session, entry)
            return store.move_folder(session, project_id, before, after)

        return await self._parts.records.write(work)

    # The trash

    async def delete(
        self,
        actor: Actor,
        workflow_id: str,
        revision: int | None = None,
        *,
        forever: bool = False,
    ) -> None:
        """Move a workflow to the trash, or remove it `forever`, from there too; its runs stay.

        Raises:
            StaleRevisionError: a revision is given and somebody changed the workflow since.
        """
        trashed = None if forever else False

        def work(session: Session) -> None:
            found = allowed_in(session, actor, "workflow.delete", workflow_id, is_trashed=trashed)
            record = found.record
            if revision is not None and record.revision != revision:
                raise stale(record)
            if forever:
                store.remove_workflow(session, workflow_id)
            else:
                now = self._parts.clock.now()
                store.label_workflow(session, workflow_id, deleted_at=now)
            entry = self._parts.entry(
                actor, "workflow.delete", target_of(record), name=record.name, forever=forever
            )
            audit.append(session, entry)

        await self._parts.records.write(work)
        # Whoever has it open finds out that it is not there any more.
        self._parts.channels.publish(channel_of(workflow_id), {"t": "reload", "revision": 0})

    async def restore(self, actor: Actor, workflow_id: str) -> WorkflowRecord:
        """Take a workflow out of the trash.

        Raises:
            NotFoundError: there is none, or none that the actor may see.
            ConflictError: it is not in the trash.
        """

        def work(session: Session) -> WorkflowRecord:
            found = allowed_in(session, actor, "workflow.restore", workflow_id, is_trashed=True)
            record = store.label_workflow(session, workflow_id, deleted_at=None)
            target = target_of(found.record)
            entry = self._parts.entry(actor, "workflow.restore", target, name=record.name)
            audit.append(session, entry)
            return record

        return await self._parts.records.write(work)

    async def purge(self, actor: Actor) -> int:
        """Remove for ever what has been in the trash for 30 days; gives how many that were."""
        before = self._parts.clock.now() - TRASH_KEPT

        def work(session: Session) -> int:
            found = store.list_trashed(session, before)
            for record in found:
                target = target_of(record)
                authorize(actor, "workflow.delete", target)
                store.remove_workflow(session, record.id)
                entry = self._parts.entry(
                    actor, "workflow.delete", target, name=record.name, forever=True
                )
                audit.append(session, entry)
            return len(found)

        return await self._parts.records.write(work)

    async def serve_trash(self) -> None:
        """Purge the trash each hour, until cancelled."""
        while True:
            while await self.purge(OPERATOR):
                pass
            await self._parts.clock.sleep(_PURGE_EVERY_S)


def target_in(project_id: str) -> Target:
    """The workflows of a project, as what a verb is asked about."""
    return Target("workflow", project_id=project_id or NO_PROJECT)


def stale(record: WorkflowRecord) -> StaleRevisionError:
    """What is said when a change is based on an older revision."""
    return StaleRevisionError(
        f"This workflow is at revision {record.revision} now: somebody changed it since you read "
        "it. Read it again, and make your change to that."
    )
