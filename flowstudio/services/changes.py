"""Workflows changed by several people at once: batches of operations, in one order for everybody."""

import asyncio
import functools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from flowstudio.engine.contract import NodeType
from flowstudio.errors import ConflictError
from flowstudio.graph.canonical import dump, dump_in_order, hash_value, load
from flowstudio.graph.merging import Merged, merge
from flowstudio.graph.operations import OPERATIONS, Operation
from flowstudio.services.access import Actor, Target, authorize
from flowstudio.services.checkpoints import checkpoint_if_due
from flowstudio.services.draft_rewording import keys_of_renames
from flowstudio.services.drafts import DraftService
from flowstudio.services.look_overs import LookOvers, name_of, problems_of
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.workflow_access import channel_of
from flowstudio.services.workflows import WorkflowService, written
from flowstudio.store import audit
from flowstudio.store import changes as store
from flowstudio.store import drafts as draft_store
from flowstudio.store import workflows as workflow_store
from flowstudio.store.changes import ChangeRecord
from flowstudio.store.workflows import StoredWorkflow

__all__ = ["Batch", "Change", "ChangeService", "History", "problems_of"]

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
class _Next:
    """What a batch makes of a workflow.

    Attributes:
        body: its document as it is kept.
        digest: of what the batch asked for.
        rekeyed: of nodes that renames only worded otherwise, `config_key` before and after.
    """

    merged: Merged
    body: bytes
    digest: str
    rekeyed: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class History:
    """Changes after a revision; `is_whole` says whether all of them are still kept."""

    revision: int
    changes: list[Change]
    is_whole: bool


class ChangeService(LookOvers):
    """Use cases of editing; each asks `authorize` first."""

    def __init__(
        self,
        parts: StudioParts,
        workflows: WorkflowService,
        drafts: DraftService,
        registry: Mapping[str, NodeType[Any]],
    ) -> None:
        super().__init__(parts, workflows, drafts, registry)
        self._audited: dict[tuple[str, str], datetime] = {}

    async def submit(self, actor: Actor, workflow_id: str, batch: Batch) -> Change:
        """Apply a batch to the latest revision and tell everybody; a known batch is not repeated.

        Raises:
            InvalidDocumentError: a credential is named that the project does not have, the document
                would be too large, or too many nodes are renamed; nothing was applied.
            ConflictError: the client is somebody else's, or sent other operations under the number.
        """
        async with self._parts.editing.of(workflow_id):
            # Another process may be quicker.
            while (change := await self._try(actor, workflow_id, batch)) is None:
                pass
        return change

    async def _try(self, actor: Actor, workflow_id: str, batch: Batch) -> Change | None:
        found = await self._workflows.editable(actor, workflow_id)
        wanted = await asyncio.to_thread(self._merge, found, batch.operations)
        document = wanted.merged.document
        await self._workflows.check_credentials(found.record.project_id, document)
        change = await self._parts.records.write(
            functools.partial(self._store, actor=actor, found=found, batch=batch, wanted=wanted)
        )
        if change is not None and change.operations:
            if change.revision == (before := found.record.revision) + 1:
                # Not before it is committed: what was not is nobody's document.
                self._parts.documents.keep(workflow_id, change.revision, document)
                self._note(workflow_id, before, change.revision)
            self._parts.channels.publish(channel_of(workflow_id), change.message())
        return change

    async def person(self, actor: Actor) -> str:
        """The name under which others see the actor here."""
        authorize(actor, "workflow.list")
        return await self._parts.records.read(lambda session: name_of(session, actor))

    def _merge(self, found: StoredWorkflow, operations: Sequence[Operation]) -> _Next:
        before = self._parts.documents.read(found)
        merged = merge(before, operations, self._registry)
        # Written down here, where nobody waits for it: transactions come one after another.
        body = written(merged.document) if merged.applied else b""
        rekeyed = keys_of_renames(before, merged.document, operations, self._registry)
        return _Next(merged, body, hash_value(_as_values(operations)), rekeyed)

    def _store(
        self,
        session: Session,
        *,
        actor: Actor,
        found: StoredWorkflow,
        batch: Batch,
        wanted: _Next,
    ) -> Change | None:
        """Keep the merged document; None when somebody else was quicker."""
        workflow_id, merged = found.record.id, wanted.merged
        now = self._workflows.editable_in(session, actor, workflow_id).record
        if store.is_client_of_others(session, workflow_id, batch.client, actor.id):
            # Everybody hears of it: whoever counted on under it would pass for somebody's repetition.
            message = "This client is somebody else's; send under a name of your own."
            raise ConflictError(message)
        known = store.find_change(session, workflow_id, batch.client, batch.number)
        if known is not None:
            if known.digest not in ("", wanted.digest):
                message = "Other operations came under this number; send these under a new one."
                raise ConflictError(message)
            return _told(known)
        if now.revision != found.record.revision:
            return None
        operations = _as_values(merged.applied)
        revision = now.revision
        base_revision = min(batch.base_revision, revision)
        if operations:
            at = self._parts.clock.now()
            checkpoint_if_due(session, found, at)
            revision = workflow_store.change_workflow(
                session, workflow_id, name=merged.document.name, body=wanted.body, now=at
            ).revision
            if wanted.rekeyed:
                draft_store.rekey(session, workflow_id, wanted.rekeyed)
            store.add_change(
                session,
                workflow_id=workflow_id,
                revision=revision,
                client=batch.client,
                batch=batch.number,
                base_revision=base_revision,
                user_id=actor.id or None,
                operations=dump_in_order(operations),
                digest=wanted.digest,
                refused=dump(merged.refused),
                at=at,
            )
            self._audit(session, actor, found, revision)
        return Change(
            revision,
            batch.client,
            batch.number,
            base_revision,
            actor.id,
            name_of(session, actor),
            operations,
            merged.refused,
        )

    def _audit(self, session: Session, actor: Actor, found: StoredWorkflow, revision: int) -> None:
        now, key = self._parts.clock.now(), (actor.id, found.record.id)
        recent = {one: at for one, at in self._audited.items() if now - at < _AUDIT_EVERY}
        self._audited = recent
        if key in recent:
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


def _as_values(operations: Sequence[Operation]) -> list[dict[str, Any]]:
    values = OPERATIONS.dump_python(list(operations), mode="json", exclude_defaults=True)
    return [{"op": one.op} | value for one, value in zip(operations, values, strict=True)]


def _told(record: ChangeRecord) -> Change:
    return Change(
        record.revision,
        record.client,
        record.batch,
        record.base_revision,
        record.user_id or "",
        record.name or "",
        load(record.operations),
        [(index, message) for index, message in load(record.refused or b"[]")],
    )
