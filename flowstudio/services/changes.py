"""Workflows changed by several people at once: batches of operations, in one order for everybody."""

import asyncio
import functools
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from flowstudio.engine.contract import NodeType
from flowstudio.errors import ConflictError
from flowstudio.graph.canonical import dump_in_order, load
from flowstudio.graph.document import Document
from flowstudio.graph.merging import Merged, merge
from flowstudio.graph.operations import OPERATIONS, Operation
from flowstudio.graph.problems import Problem
from flowstudio.services.access import Actor, Target, authorize
from flowstudio.services.checkpoints import checkpoint_if_due
from flowstudio.services.drafts import DraftService
from flowstudio.services.faces import Face, faces_of
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.workflow_runs import read_stored
from flowstudio.services.workflows import Workflow, WorkflowService, written
from flowstudio.store import audit
from flowstudio.store import changes as store
from flowstudio.store import workflows as workflow_store
from flowstudio.store.changes import ChangeRecord
from flowstudio.store.projects import find_project
from flowstudio.store.users import find_user
from flowstudio.store.workflows import StoredWorkflow, WorkflowRecord

_KEPT_DOCUMENTS = 32
_MOST_CHANGES = 500
#: Somebody's changes of one workflow are one entry of the audit log for this long.
_AUDIT_EVERY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Batch:
    """Operations that one editor sends at once.

    Attributes:
        client: names the editor of one tab; number: counts its batches, so that one sent again
            after a lost connection is applied once.
        base_revision: the revision the person saw when making the change.
    """

    client: str
    number: int
    base_revision: int
    operations: Sequence[Operation]


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a batch.

    Attributes:
        operations: what everybody applies, as JSON values.
        refused: position and reason of each operation that did not fit any more.
    """

    revision: int
    client: str
    batch: int
    base_revision: int
    user_id: str
    name: str
    operations: list[dict[str, Any]]
    refused: list[tuple[int, str]]

    def message(self) -> dict[str, Any]:
        """For everybody who has the workflow open."""
        values = asdict(self)
        del values["refused"]
        return {"t": "change"} | values


@dataclass(frozen=True, slots=True)
class OpenWorkflow:
    """A workflow as the editor opens it; `project` and `person` are names."""

    workflow: Workflow
    faces: Mapping[str, Face]
    project: str
    person: str


@dataclass(frozen=True, slots=True)
class History:
    """Changes after a revision; `is_whole` says whether all of them are still kept."""

    revision: int
    changes: list[Change]
    is_whole: bool


class ChangeService:
    """Use cases of editing; each asks `authorize` first."""

    def __init__(
        self,
        parts: StudioParts,
        workflows: WorkflowService,
        drafts: DraftService,
        registry: Mapping[str, NodeType[Any]],
    ) -> None:
        self._parts = parts
        self._workflows = workflows
        self._drafts = drafts
        self._registry = registry
        self._documents: OrderedDict[str, tuple[int, Document]] = OrderedDict()
        self._told: dict[str, Mapping[str, Face]] = {}
        self._faces: dict[str, tuple[int, Mapping[str, Face]]] = {}
        self._audited: dict[tuple[str, str], datetime] = {}

    async def open(self, actor: Actor, workflow_id: str) -> OpenWorkflow:
        """A workflow with its problems and its nodes' faces."""
        found = await self._workflows.get_stored(actor, workflow_id)
        document = await asyncio.to_thread(self._document, found)
        workflow = await self._workflows.looked_over(found.record, document)
        faces = await asyncio.to_thread(self._faces_of, found.record, document)

        def names(session: Session) -> tuple[str, str]:
            project = find_project(session, workflow.record.project_id)
            return project.name if project is not None else "", _name_of(session, actor)

        project, person = await self._parts.records.read(names)
        return OpenWorkflow(workflow, faces, project, person)

    async def submit(self, actor: Actor, workflow_id: str, batch: Batch) -> Change:
        """Apply a batch to the latest revision and tell everybody; a known batch is not repeated.

        Raises:
            InvalidDocumentError: a credential is named that the project does not have, or the
                document would be too large; nothing was applied.
            ConflictError: the client is somebody else's.
        """
        while True:
            found = await self._workflows.editable(actor, workflow_id)
            merged = await asyncio.to_thread(self._merge, found, batch.operations)
            await self._workflows.check_credentials(found.record.project_id, merged.document)
            change = await self._parts.records.write(
                functools.partial(self._store, actor=actor, found=found, batch=batch, merged=merged)
            )
            if change is not None:
                break
        if change.operations:
            if change.revision == found.record.revision + 1:
                # Not before it is committed: what was not is nobody's document.
                self._remember(workflow_id, change.revision, merged.document)
            self._parts.channels.publish(f"workflow:{workflow_id}", change.message())
        return change

    async def person(self, actor: Actor) -> str:
        """The name under which others see the actor here."""
        authorize(actor, "workflow.list")
        return await self._parts.records.read(lambda session: _name_of(session, actor))

    def _merge(self, found: StoredWorkflow, operations: Sequence[Operation]) -> Merged:
        return merge(self._document(found), operations, self._registry)

    def _document(self, found: StoredWorkflow) -> Document:
        record = found.record
        revision, document = self._documents.get(record.id, (0, None))
        if document is None or revision != record.revision:
            document = read_stored(found)
            # Somebody else has changed it, and told everybody other faces than this process did.
            self._told.pop(record.id, None)
            self._remember(record.id, record.revision, document)
        return document

    def _remember(self, workflow_id: str, revision: int, document: Document) -> None:
        self._documents[workflow_id] = (revision, document)
        self._documents.move_to_end(workflow_id)
        if len(self._documents) > _KEPT_DOCUMENTS:
            forgotten, _ = self._documents.popitem(last=False)
            self._faces.pop(forgotten, None)
            self._told.pop(forgotten, None)

    def _faces_of(self, record: WorkflowRecord, document: Document) -> Mapping[str, Face]:
        revision, faces = self._faces.get(record.id, (0, None))
        if faces is None or revision != record.revision:
            faces = faces_of(document, self._registry)
            self._faces[record.id] = (record.revision, faces)
        return faces

    def _store(
        self,
        session: Session,
        *,
        actor: Actor,
        found: StoredWorkflow,
        batch: Batch,
        merged: Merged,
    ) -> Change | None:
        """Keep the merged document; None when somebody else was quicker."""
        workflow_id = found.record.id
        now = self._workflows.editable_in(session, actor, workflow_id).record
        if store.is_client_of_others(session, workflow_id, batch.client, actor.id):
            # Everybody hears of it: whoever counted on under it would pass for somebody's repetition.
            message = "This client is somebody else's; send under a name of your own."
            raise ConflictError(message)
        known = store.find_change(session, workflow_id, batch.client, batch.number)
        if known is not None:
            return _told(known)
        if now.revision != found.record.revision:
            return None
        values = OPERATIONS.dump_python(merged.applied, mode="json", exclude_defaults=True)
        operations = [
            {"op": operation.op} | value
            for operation, value in zip(merged.applied, values, strict=True)
        ]
        revision = now.revision
        if operations:
            at = self._parts.clock.now()
            checkpoint_if_due(session, found, at)
            body = written(merged.document)
            name = merged.document.name
            revision = workflow_store.change_workflow(
                session, workflow_id, name=name, body=body, now=at
            ).revision
            store.add_change(
                session,
                workflow_id=workflow_id,
                revision=revision,
                client=batch.client,
                batch=batch.number,
                base_revision=min(batch.base_revision, now.revision),
                user_id=actor.id or None,
                operations=dump_in_order(operations),
                at=at,
            )
            self._audit(session, actor, found, revision)
        return Change(
            revision,
            batch.client,
            batch.number,
            min(batch.base_revision, now.revision),
            actor.id,
            _name_of(session, actor),
            operations,
            merged.refused,
        )

    def _audit(self, session: Session, actor: Actor, found: StoredWorkflow, revision: int) -> None:
        now, key = self._parts.clock.now(), (actor.id, found.record.id)
        last = self._audited.get(key)
        if last is not None and now - last < _AUDIT_EVERY:
            return
        self._audited[key] = now
        target = Target("workflow", found.record.id, found.record.project_id)
        audit.append(
            session,
            self._parts.entry(
                actor, "workflow.edit", target, revision=revision, name=found.record.name
            ),
        )

    async def list_changes(self, actor: Actor, workflow_id: str, after: int) -> History:
        """What happened after a revision, for an editor that was away."""
        found = await self._workflows.get_stored(actor, workflow_id)
        records = await self._parts.records.read(
            lambda session: store.list_changes(session, workflow_id, after, _MOST_CHANGES + 1)
        )
        changes = [_told(record) for record in records[:_MOST_CHANGES]]
        wanted = range(after + 1, found.record.revision + 1)
        is_whole = [change.revision for change in changes][: len(wanted)] == list(wanted)
        return History(found.record.revision, changes if is_whole else [], is_whole)

    async def look_over(self, actor: Actor, workflow_id: str, revision: int) -> None:
        """Tell everybody the problems, faces and marks of a revision; older ones are let be."""
        opened = await self.open(actor, workflow_id)
        if opened.workflow.record.revision > revision:
            return
        before = self._told.get(workflow_id, {})
        self._told[workflow_id] = opened.faces
        changed = {key: face for key, face in opened.faces.items() if before.get(key) != face}
        self._parts.channels.publish(
            f"workflow:{workflow_id}",
            {
                "t": "checked",
                "revision": revision,
                "problems": problems_of(opened.workflow.problems),
                "faces": {key: asdict(face) for key, face in changed.items()},
            },
        )
        marks = await self._drafts.marks_of(workflow_id)
        told = {"t": "draft", "marks": marks, "results": {}}
        self._parts.channels.publish(f"workflow:{workflow_id}", told)


def _name_of(session: Session, actor: Actor) -> str:
    person = find_user(session, actor.id) if actor.id else None
    return person.name if person is not None else actor.name


def problems_of(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Problems as the editor shows them: not more than a person can read."""
    return [problem.as_json() for problem in problems[:200]]


def _told(record: ChangeRecord) -> Change:
    return Change(
        record.revision,
        record.client,
        record.batch,
        record.base_revision,
        record.user_id or "",
        record.name or "",
        load(record.operations),
        [],
    )
