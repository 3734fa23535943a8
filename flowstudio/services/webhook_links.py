"""Webhooks as requests find them: with their secret, their person and what they run.

All of that is kept in memory for a few seconds. Whatever this process commits makes it look again
at once; what another process changed is seen when the seconds are over.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlmodel import Session

from flowstudio.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidDocumentError,
    NotFoundError,
    SecretKeyError,
)
from flowstudio.graph.document import Document
from flowstudio.nodes.inputs import inputs_schema
from flowstudio.services.access import NOBODY, Actor, Target, authorize
from flowstudio.services.people import find_actor
from flowstudio.services.sealing import Sealing, identity_of_webhook
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.version_choice import choose
from flowstudio.services.workflow_runs import WorkflowRuns
from flowstudio.store import webhooks as store
from flowstudio.store import workflows as workflow_store
from flowstudio.store.webhooks import WebhookRecord
from flowstudio.store.workflows import StoredWorkflow

_KEPT = 1_000
_KEPT_S = 3.0
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_NO_MAKER = "Who made this link may not run this workflow any more. Make a new link."
_NO_SECRET = "It is to be signed but has no secret. Make a new secret."  # noqa: S105 - a sentence
_UNOPENED = "Its secret does not open. Make a new secret."


@dataclass(frozen=True, slots=True)
class Link:
    """A webhook, and what it runs.

    Attributes:
        secret: "" when it has none.
        actor: whose runs these are.
        document: what is run; None when it runs nothing, and `trouble` says why.
        schema: of its inputs.
    """

    record: WebhookRecord
    project_id: str
    workflow: str
    secret: str = field(default="", repr=False)
    actor: Actor = NOBODY
    document: Document | None = None
    version: int | None = None
    schema: Mapping[str, Any] = field(default_factory=dict)
    trouble: str = ""
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class _Kept:
    link: Link
    revision: int
    until: float


class WebhookLinks:
    """The links of this process."""

    def __init__(self, parts: StudioParts, workflows: WorkflowRuns) -> None:
        self._parts = parts
        self._workflows = workflows
        self._sealing = Sealing(parts)
        self._kept: OrderedDict[tuple[str, bool], _Kept] = OrderedDict()
        self._looking: dict[tuple[str, bool], asyncio.Lock] = {}

    async def find(self, token: str, *, is_test: bool) -> Link:
        """The link at an address; a test runs the draft instead of what is published.

        Raises:
            NotFoundError: there is none.
        """
        key = (token, is_test)
        if (link := self._fresh(key)) is not None:
            return link
        if not _TOKEN.fullmatch(token):
            raise NotFoundError(NOTHING)
        lock = self._looking.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                # Of many requests that find it old, one looks.
                return self._fresh(key) or await self._look(key)
        finally:
            if not lock.locked():
                self._looking.pop(key, None)

    def _fresh(self, key: tuple[str, bool]) -> Link | None:
        kept = self._kept.get(key)
        if kept is None or kept.revision != self._parts.records.revision:
            return None
        return kept.link if self._parts.clock.monotonic() < kept.until else None

    async def _look(self, key: tuple[str, bool]) -> Link:
        revision = self._parts.records.revision
        until = self._parts.clock.monotonic() + _KEPT_S
        token, is_test = key
        before = self._kept.pop(key, None)
        found = await self._parts.records.read(
            lambda session: self._read(session, token, is_test=is_test)
        )
        link = await self._ready(found, before.link if before is not None else None)
        self._kept[key] = _Kept(link, revision, until)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return link

    def _read(self, session: Session, token: str, *, is_test: bool) -> Link:
        found = store.find_by_token(session, token)
        if found is None:
            raise NotFoundError(NOTHING)
        stored = workflow_store.find_workflow(session, found.record.workflow_id)
        if stored is None or stored.record.deleted_at is not None:
            raise NotFoundError(NOTHING)
        link = Link(found.record, stored.record.project_id, stored.record.name)
        try:
            if found.sealed is not None:
                identity = identity_of_webhook(found.record.id)
                plain = self._sealing.open(found.sealed, identity).decode()
                link = replace(link, secret=plain)
        except SecretKeyError:
            return replace(link, trouble=_UNOPENED)
        return _with_maker(session, stored, link, is_test=is_test)

    async def _ready(self, link: Link, before: Link | None) -> Link:
        """The link with its document read and checked, which is kept while it stays the same."""
        if link.trouble:
            return link
        is_same = before is not None and before.body == link.body and before.document is not None
        document = before.document if is_same and before is not None else link.document
        if document is None:
            return link
        try:
            await self._workflows.check_document(link.project_id, document)
        except InvalidDocumentError as error:
            return replace(link, document=None, trouble=f"The workflow has problems: {error}")
        return replace(link, document=document, schema=inputs_schema(document))


NOTHING = "There is no such link."


def _with_maker(session: Session, stored: StoredWorkflow, link: Link, *, is_test: bool) -> Link:
    record = link.record
    if record.auth != "none" and not link.secret:
        return replace(link, trouble=_NO_SECRET)
    actor = find_actor(session, record.created_by or "")
    if actor is None:
        return replace(link, trouble=_NO_MAKER)
    target = Target("workflow", record.workflow_id, link.project_id)
    try:
        authorize(actor, "workflow.run", target)
        chosen = choose(session, stored, "draft" if is_test else "published")
    except (NotFoundError, AccessDeniedError):
        return replace(link, trouble=_NO_MAKER)
    except ConflictError as error:
        return replace(link, actor=actor, trouble=str(error))
    return replace(
        link,
        actor=actor,
        document=chosen.document(),
        version=chosen.number,
        body=chosen.body,
    )
