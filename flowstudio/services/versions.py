"""Versions of workflows: kept, compared, brought back, and published."""

import asyncio
from dataclasses import dataclass

from sqlmodel import Session

from flowstudio.errors import ConflictError, InvalidDocumentError, InvalidInputError
from flowstudio.graph.catalogue import Catalogue
from flowstudio.graph.comparison import Comparison, compare
from flowstudio.graph.document import Document
from flowstudio.services.access import Actor
from flowstudio.services.checkpoints import checkpoint, checkpoint_if_due
from flowstudio.services.paging import Page
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.version_choice import Chosen, VersionRef, choose
from flowstudio.services.workflow_access import allowed_in, channel_of, target_of
from flowstudio.services.workflows import WorkflowService
from flowstudio.store import audit
from flowstudio.store import versions as store
from flowstudio.store import workflows as workflow_store
from flowstudio.store.versions import Kind, VersionRecord
from flowstudio.store.workflows import WorkflowRecord

__all__ = ["Kind", "VersionRecord", "VersionRef", "VersionService", "checkpoint_if_due"]

_MOST_NAME = 200
_MOST_NOTE = 2_000
_CHANGED = "Others have changed the workflow since. Bring a version back among the versions."


@dataclass(frozen=True, slots=True)
class Versions:
    """Versions of a workflow, and how it stands."""

    workflow: WorkflowRecord
    page: Page[VersionRecord]


@dataclass(frozen=True, slots=True)
class Version:
    """A version with its document."""

    record: VersionRecord
    document: Document


@dataclass(frozen=True, slots=True)
class Side:
    """One of two documents compared; `record` is None for the draft."""

    wanted: VersionRef
    document: Document
    record: VersionRecord | None
    revision: int


@dataclass(frozen=True, slots=True)
class Compared:
    """Two documents of a workflow, and how they differ."""

    before: Side
    after: Side
    diff: Comparison


@dataclass(frozen=True, slots=True)
class Restored:
    """A draft that says again what a version says.

    Attributes:
        undo: number of the version that holds what the draft said before; None if nothing changed.
    """

    workflow: WorkflowRecord
    undo: int | None


class VersionService:
    """Use cases of versions; each asks `authorize` first."""

    def __init__(self, parts: StudioParts, workflows: WorkflowService, registry: Catalogue) -> None:
        self._parts = parts
        self._workflows = workflows
        self._registry = registry

    # Reading

    async def list_versions(
        self,
        actor: Actor,
        workflow_id: str,
        *,
        kind: Kind | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> Versions:
        """The versions of a workflow, the newest first.

        Raises:
            NotFoundError: there is no such workflow, or none that the actor may see.
            InvalidInputError: `after` is not where such a list ended.
        """
        before = _number(after) if after is not None else None

        def look(session: Session) -> tuple[WorkflowRecord, list[VersionRecord]]:
            found = allowed_in(session, actor, "version.read", workflow_id)
            versions = store.list_versions(
                session, workflow_id, kind=kind, limit=limit + 1, before=before
            )
            return found.record, versions

        record, found = await self._parts.records.read(look)
        more = str(found[limit - 1].number) if len(found) > limit else None
        return Versions(record, Page(found[:limit], more))

    async def get(self, actor: Actor, workflow_id: str, number: int) -> Version:
        """One version with its document.

        Raises:
            NotFoundError: there is none of that number.
        """
        chosen = await self._choose(actor, "version.read", workflow_id, number)
        assert chosen.version is not None  # noqa: S101 - a number chooses a version
        return Version(chosen.version, chosen.document())

    async def compare(
        self, actor: Actor, workflow_id: str, before: VersionRef, after: VersionRef
    ) -> Compared:
        """How two documents of a workflow differ.

        Raises:
            ConflictError: what is published is meant, and nothing is.
            NotFoundError: there is no version of that number.
        """

        def look(session: Session) -> tuple[Chosen, Chosen]:
            found = allowed_in(session, actor, "version.read", workflow_id)
            return choose(session, found, before), choose(session, found, after)

        old, new = await self._parts.records.read(look)
        sides = (_side(before, old), _side(after, new))
        pair = (sides[0].document, sides[1].document)
        # Thousands of nodes take a while, in which others want to be answered.
        return Compared(*sides, await asyncio.to_thread(compare, *pair, self._registry))

    # Keeping

    async def create(
        self, actor: Actor, workflow_id: str, name: str, note: str = ""
    ) -> VersionRecord:
        """Keep what the draft says under a name, for ever.

        Raises:
            InvalidInputError: the name is empty, or it or the note is too long.
        """
        name, note = _checked(name, note, is_needed=True)

        def work(session: Session) -> VersionRecord:
            found = allowed_in(session, actor, "version.create", workflow_id)
            newest = store.find_newest(session, workflow_id)
            is_kept = newest is not None and newest.revision == found.record.revision
            if newest is not None and is_kept and newest.kind == "checkpoint":
                made = store.name_version(session, workflow_id, newest.number, name=name, note=note)
            else:
                made = self._add(session, actor, Chosen(found, found.body), name, note)
            self._log(session, actor, "version.create", found.record, number=made.number, name=name)
            return made

        made = await self._parts.records.write(work)
        self._tell(workflow_id, made.number)
        return made

    async def rename(
        self, actor: Actor, workflow_id: str, number: int, name: str, note: str = ""
    ) -> VersionRecord:
        """Give a version another name and note; a checkpoint is kept for ever from then on.

        Raises:
            NotFoundError: there is none of that number.
            InvalidInputError: the name is empty, or it or the note is too long.
        """
        name, note = _checked(name, note, is_needed=True)

        def work(session: Session) -> VersionRecord:
            found = allowed_in(session, actor, "version.create", workflow_id)
            choose(session, found, number)
            self._log(session, actor, "version.create", found.record, number=number, name=name)
            return store.name_version(session, workflow_id, number, name=name, note=note)

        made = await self._parts.records.write(work)
        self._tell(workflow_id, number)
        return made

    # Bringing back

    async def restore(
        self,
        actor: Actor,
        workflow_id: str,
        version: VersionRef,
        *,
        revision: int | None = None,
    ) -> Restored:
        """Make the draft say what a version says, as a new change; what it said is kept.

        With a `revision`, only if the draft still has that.

        Raises:
            ConflictError: what is published is meant, and nothing is; or the draft has changed.
            NotFoundError: there is no version of that number.
        """

        def work(session: Session) -> Restored:
            found = allowed_in(session, actor, "version.restore", workflow_id)
            if revision not in (None, found.record.revision):
                raise ConflictError(_CHANGED)
            chosen = choose(session, found, version)
            if chosen.body == found.body:
                return Restored(found.record, None)
            now = self._parts.clock.now()
            checkpoint(session, found, now)
            undo = store.find_newest(session, workflow_id)
            changed = workflow_store.change_workflow(
                session,
                workflow_id,
                name=chosen.document().name,
                body=chosen.body,
                now=now,
            )
            self._log(session, actor, "version.restore", changed, number=chosen.number or 0)
            return Restored(changed, undo.number if undo is not None else None)

        restored = await self._parts.records.write(work)
        if restored.undo is not None:
            message = {"t": "reload", "revision": restored.workflow.revision}
            self._parts.channels.publish(channel_of(workflow_id), message)
        return restored

    # Publishing

    async def publish(
        self,
        actor: Actor,
        workflow_id: str,
        version: VersionRef = "draft",
        *,
        name: str = "",
        note: str = "",
    ) -> WorkflowRecord:
        """Let schedules, webhooks and forms run the draft, or a version; it is named from then on.

        Raises:
            InvalidDocumentError: with every problem of the document.
            NotFoundError: there is no version of that number.
            InvalidInputError: the name or note is too long.
        """
        name, note = _checked(name, note, is_needed=False)
        chosen = await self._choose(actor, "workflow.publish", workflow_id, version)
        problems = await self._workflows.find_problems(chosen.workflow.record, chosen.document())
        if problems:
            raise InvalidDocumentError(problems)

        def work(session: Session) -> tuple[WorkflowRecord, int]:
            found = allowed_in(session, actor, "workflow.publish", workflow_id)
            # A checkpoint may have been cleared away meanwhile.
            choose(session, found, chosen.number or "draft")
            number = self._keep(session, actor, chosen, name, note).number
            record = workflow_store.label_workflow(session, workflow_id, published_version=number)
            self._log(session, actor, "workflow.publish", record, number=number)
            return record, number

        record, number = await self._parts.records.write(work)
        self._tell(workflow_id, number)
        return record

    async def unpublish(self, actor: Actor, workflow_id: str) -> WorkflowRecord:
        """Let schedules, webhooks and forms run nothing any more; the versions stay."""

        def work(session: Session) -> WorkflowRecord:
            allowed_in(session, actor, "workflow.publish", workflow_id)
            record = workflow_store.label_workflow(session, workflow_id, published_version=None)
            self._log(session, actor, "workflow.publish", record, number=0)
            return record

        record = await self._parts.records.write(work)
        self._tell(workflow_id, None)
        return record

    def _keep(
        self, session: Session, actor: Actor, chosen: Chosen, name: str, note: str
    ) -> VersionRecord:
        """The version that holds what was chosen; made or named if need be."""
        record = chosen.version or store.find_newest(session, chosen.workflow.record.id)
        if record is None or record.revision != _revision(chosen):
            return self._add(session, actor, chosen, name or "Published", note)
        if record.kind == "named" and not name and not note:
            return record
        return store.name_version(
            session,
            record.workflow_id,
            record.number,
            name=name or record.name or "Published",
            note=note or record.note,
        )

    def _add(
        self, session: Session, actor: Actor, chosen: Chosen, name: str, note: str
    ) -> VersionRecord:
        return store.add_version(
            session,
            body=chosen.body,
            workflow_id=chosen.workflow.record.id,
            kind="named",
            name=name,
            note=note,
            revision=chosen.workflow.record.revision,
            created_by=actor.id or None,
            created_at=self._parts.clock.now(),
        )

    async def _choose(
        self, actor: Actor, verb: str, workflow_id: str, wanted: VersionRef
    ) -> Chosen:
        def look(session: Session) -> Chosen:
            return choose(session, allowed_in(session, actor, verb, workflow_id), wanted)

        return await self._parts.records.read(look)

    def _log(
        self, session: Session, actor: Actor, verb: str, record: WorkflowRecord, **details: object
    ) -> None:
        audit.append(session, self._parts.entry(actor, verb, target_of(record), **details))

    def _tell(self, workflow_id: str, number: int | None) -> None:
        message = {"t": "version", "number": number}
        self._parts.channels.publish(channel_of(workflow_id), message)


def _revision(chosen: Chosen) -> int:
    version = chosen.version
    return version.revision if version is not None else chosen.workflow.record.revision


def _side(wanted: VersionRef, chosen: Chosen) -> Side:
    return Side(wanted, chosen.document(), chosen.version, _revision(chosen))


def _number(after: str) -> int:
    if not after.isascii() or not after.isdecimal() or len(after) > 9:
        problem = "after: This is not where a list of versions ended."
        raise InvalidInputError([problem])
    return int(after)


def _checked(name: str, note: str, *, is_needed: bool) -> tuple[str, str]:
    name, note = " ".join(name.split()), note.strip()
    problems = []
    if (is_needed and not name) or len(name) > _MOST_NAME or not name.isprintable():
        problems.append(f"name: Give a name of at most {_MOST_NAME} printable characters.")
    if len(note) > _MOST_NOTE:
        problems.append(f"note: Use at most {_MOST_NOTE:,} characters.")
    if problems:
        raise InvalidInputError(problems)
    return name, note
