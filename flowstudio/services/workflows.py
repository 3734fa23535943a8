"""Stored workflows: kept, changed, checked, taken along, and run."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from flowstudio.engine.contract import NodeType
from flowstudio.errors import InvalidDocumentError, NotFoundError
from flowstudio.graph.canonical import dump_in_order, load
from flowstudio.graph.document import MAX_BYTES, Document, parse_document
from flowstudio.graph.layout import laid_out
from flowstudio.graph.operations import Operation, apply
from flowstudio.graph.problems import Problem
from flowstudio.graph.validate import validate
from flowstudio.services.access import Actor, authorize
from flowstudio.services.checkpoints import checkpoint_if_due
from flowstudio.services.credentials import CredentialService
from flowstudio.services.documents import read_stored
from flowstudio.services.labels import read_folder, read_tags
from flowstudio.services.runs import RunService, base_of_project
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.subworkflows import WorkflowFinder
from flowstudio.services.version_choice import Chosen, VersionRef, choose
from flowstudio.services.workflow_access import allowed_in, target_of
from flowstudio.services.workflow_checks import KeptProblems, find_unchosen
from flowstudio.services.workflow_runs import RunWish
from flowstudio.services.workflow_shelf import TRASH_KEPT, WorkflowShelf, stale, target_in
from flowstudio.store import audit
from flowstudio.store import workflows as store
from flowstudio.store.projects import find_project
from flowstudio.store.workflows import Labels, Shelf, Sort, StoredWorkflow, WorkflowRecord

__all__ = [
    "TRASH_KEPT",
    "Labels",
    "RunWish",
    "Shelf",
    "Sort",
    "VersionRef",
    "Workflow",
    "WorkflowRecord",
    "WorkflowService",
]


@dataclass(frozen=True, slots=True)
class Workflow:
    """A stored workflow with its document, and what keeps it from running."""

    record: WorkflowRecord
    document: Document
    problems: Sequence[Problem]


class WorkflowService(WorkflowShelf):
    """Use cases of stored workflows; each asks `authorize` first.

    A document is kept as soon as its form is right; what else is wrong with it is told, and keeps it
    from running. Naming a credential of another project is refused at once.
    """

    def __init__(
        self,
        parts: StudioParts,
        runs: RunService,
        finder: WorkflowFinder,
        credentials: CredentialService,
        registry: Mapping[str, NodeType[Any]],
    ) -> None:
        super().__init__(parts, runs, credentials, registry)
        self._finder = finder
        self._kept_problems = KeptProblems()

    # Keeping

    async def create(
        self,
        actor: Actor,
        project_id: str,
        document: Document,
        *,
        folder: str = "",
        tags: Sequence[str] = (),
    ) -> Workflow:
        """Keep a new workflow.

        Raises:
            InvalidDocumentError: it names a credential the project does not have, or is too large.
            InvalidInputError: the folder or a tag is none.
        """
        authorize(actor, "workflow.create", target_in(project_id))
        folder, tags = read_folder(folder), read_tags(tags)
        await self._check_credentials(project_id, document)
        document = await asyncio.to_thread(laid_out, document)
        body, now = written(document), self._parts.clock.now()

        def work(session: Session) -> WorkflowRecord:
            if find_project(session, project_id) is None:
                message = "There is no such project."
                raise NotFoundError(message)
            record = store.add_workflow(
                session,
                body=body,
                project_id=project_id,
                name=document.name,
                folder=folder,
                tags=tags,
                created_by=actor.id or None,
                created_at=now,
                updated_at=now,
            )
            entry = self._parts.entry(actor, "workflow.create", target_of(record), name=record.name)
            audit.append(session, entry)
            return record

        return await self._with_problems(await self._parts.records.write(work), document)

    async def create_from_template(self, actor: Actor, project_id: str, slug: str) -> Workflow:
        """Keep a copy of a shipped example.

        Raises:
            NotFoundError: there is no such example.
        """
        return await self.create(actor, project_id, self._finder.template(actor, slug))

    async def duplicate(
        self, actor: Actor, workflow_id: str, version: VersionRef = "draft"
    ) -> Workflow:
        """Keep a copy of the draft, or of a version, in the same project and folder.

        Raises:
            ConflictError: what is published is to be copied, and nothing is.
            NotFoundError: there is no such workflow, or no such version of it.
        """

        def look(session: Session) -> Chosen:
            found = allowed_in(session, actor, "workflow.read", workflow_id)
            return choose(session, found, version)

        chosen = await self._parts.records.read(look)
        record, document = chosen.workflow.record, chosen.document()
        name = f"Copy of {document.name}"[:200]
        copy = document.model_copy(update={"name": name})
        return await self.create(
            actor, record.project_id, copy, folder=record.folder, tags=record.tags
        )

    async def replace(
        self, actor: Actor, workflow_id: str, document: Document, revision: int
    ) -> Workflow:
        """Put another document in the place of the one with that revision.

        Raises:
            StaleRevisionError: somebody changed the workflow since.
            InvalidDocumentError: it names a credential the project does not have, or is too large.
        """
        return await self._change(actor, workflow_id, lambda _: laid_out(document), revision)

    async def patch(
        self,
        actor: Actor,
        workflow_id: str,
        operations: Sequence[Operation],
        revision: int | None = None,
    ) -> Workflow:
        """Apply operations in order, all or none.

        Raises:
            StaleRevisionError: a revision is given and somebody changed the workflow since.
            InvalidDocumentError: an operation does not fit, or names a foreign credential.
        """

        def change(document: Document) -> Document:
            return apply(document, operations, self._registry)

        return await self._change(actor, workflow_id, change, revision)

    async def _change(
        self,
        actor: Actor,
        workflow_id: str,
        change: Callable[[Document], Document],
        revision: int | None,
    ) -> Workflow:
        async with self._parts.editing.of(workflow_id):
            # Another process may be quicker.
            while True:
                found = await self._allowed(actor, "workflow.edit", workflow_id)
                record = found.record
                if revision is not None and record.revision != revision:
                    raise stale(record)
                document = await asyncio.to_thread(_changed, found, change)
                await self._check_credentials(record.project_id, document)
                if (changed := await self._put(actor, record, document)) is not None:
                    break
            reload = {"t": "reload", "revision": changed.revision}
            self._parts.channels.publish(f"workflow:{workflow_id}", reload)
        return await self._with_problems(changed, document)

    async def editable(self, actor: Actor, workflow_id: str) -> StoredWorkflow:
        """A workflow that the actor may change, its document unread.

        Raises:
            NotFoundError: there is none, or none that the actor may see.
        """
        return await self._allowed(actor, "workflow.edit", workflow_id)

    def editable_in(self, session: Session, actor: Actor, workflow_id: str) -> StoredWorkflow:
        """As `editable`, inside a transaction."""
        return allowed_in(session, actor, "workflow.edit", workflow_id)

    async def check_credentials(self, project_id: str, document: Document) -> None:
        """Find out whether a document names only credentials of its project.

        Raises:
            InvalidDocumentError: it names others.
        """
        await self._check_credentials(project_id, document)

    async def _put(
        self, actor: Actor, record: WorkflowRecord, document: Document
    ) -> WorkflowRecord | None:
        """The changed record, or None when somebody else was quicker."""
        body = written(document)
        return await self._parts.records.write(
            lambda session: self._put_in(session, actor, record, (document.name, body))
        )

    def _put_in(
        self, session: Session, actor: Actor, record: WorkflowRecord, written: tuple[str, bytes]
    ) -> WorkflowRecord | None:
        found = allowed_in(session, actor, "workflow.edit", record.id)
        if found.record.revision != record.revision:
            return None
        now = self._parts.clock.now()
        checkpoint_if_due(session, found, now)
        name, body = written
        changed = store.change_workflow(session, record.id, name=name, body=body, now=now)
        entry = self._parts.entry(
            actor, "workflow.edit", target_of(changed), revision=changed.revision, name=changed.name
        )
        audit.append(session, entry)
        return changed

    # Reading

    async def get(self, actor: Actor, workflow_id: str) -> Workflow:
        """A workflow with its document, and what keeps it from running.

        Raises:
            NotFoundError: there is none, or none that the actor may see.
        """
        found = await self._allowed(actor, "workflow.read", workflow_id)
        return await self._with_problems(found.record, read_stored(found))

    async def get_many(
        self, actor: Actor, records: Sequence[WorkflowRecord]
    ) -> dict[str, Document]:
        """The documents of workflows that a list has shown the actor, by id; unreadable ones are not in it."""
        ids = tuple(record.id for record in records)
        for record in records:
            authorize(actor, "workflow.read", target_of(record))
        bodies = await self._parts.records.read(lambda session: store.list_bodies(session, ids))
        documents: dict[str, Document] = {}
        for workflow_id, body in bodies.items():
            # Whoever opens it is told what is wrong; the list it stands in is of use without it.
            with suppress(InvalidDocumentError):
                documents[workflow_id] = parse_document(load(body))
        return documents

    async def get_stored(self, actor: Actor, workflow_id: str) -> StoredWorkflow:
        """A workflow as it is kept, its document unread: the quickest way to it.

        Raises:
            NotFoundError: there is none, or none that the actor may see.
        """
        return await self._allowed(actor, "workflow.read", workflow_id)

    async def check(
        self, actor: Actor, workflow_id: str, document: Document | None = None
    ) -> list[Problem]:
        """Every problem of a workflow, or of another document in its place; nothing is kept."""
        found = await self._allowed(actor, "workflow.check", workflow_id)
        return await self.find_problems(found.record, document or read_stored(found))

    async def find_problems(self, record: WorkflowRecord, document: Document) -> list[Problem]:
        """As `check`, for whoever has asked `authorize` already."""
        unknown = await self._credentials.problems(record.project_id, document)
        own, _ = await asyncio.to_thread(self._problems, record.project_id, document, record.id)
        return [*own, *unknown]

    async def export(self, actor: Actor, workflow_id: str) -> Document:
        """The document to take along: the credentials it names are left out."""
        found = await self._allowed(actor, "workflow.export", workflow_id)
        target = target_of(found.record)
        await self._parts.records.write(
            lambda session: audit.append(
                session, self._parts.entry(actor, "workflow.export", target)
            )
        )
        return self._credentials.without(read_stored(found))

    async def looked_over(self, record: WorkflowRecord, document: Document) -> Workflow:
        """A stored document with its problems, for whoever has asked `authorize` already."""
        return await self._with_problems(record, document)

    async def _with_problems(self, record: WorkflowRecord, document: Document) -> Workflow:
        known = self._kept_problems.find(record.id, record.revision)
        if known is not None:
            return Workflow(record, document, known)
        # Thousands of nodes take a while, in which others want to be answered.
        problems, stands_alone = await asyncio.to_thread(
            self._problems, record.project_id, document, record.id
        )
        if stands_alone:
            self._kept_problems.keep(record.id, record.revision, problems)
        return Workflow(record, document, problems)

    def _problems(
        self, project_id: str, document: Document, workflow_id: str
    ) -> tuple[list[Problem], bool]:
        """What is wrong, and whether no other workflow had to be looked at for that."""
        find = self._finder.within(base_of_project(project_id))
        asked: list[str] = []

        def find_here(reference: str) -> Document | None:
            # What is not kept yet must recognise itself, or it could run itself without end.
            if reference in (workflow_id, document.name):
                return document
            asked.append(reference)
            return find(reference)

        found = validate(document, self._registry, find_here)
        return [*found, *find_unchosen(document, self._registry)], not asked


def _changed(found: StoredWorkflow, change: Callable[[Document], Document]) -> Document:
    return change(read_stored(found))


def written(document: Document) -> bytes:
    """The document as it is kept.

    Raises:
        InvalidDocumentError: it is too large.
    """
    # Rows of inputs, fields or headers stay as somebody has put them.
    body = dump_in_order(document.dump())
    if len(body) > MAX_BYTES:
        message = f"The document has {len(body):,} bytes; at most {MAX_BYTES:,} are kept."
        raise InvalidDocumentError([Problem("too_large", message)])
    return body
