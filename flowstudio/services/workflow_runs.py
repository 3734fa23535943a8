"""Runs that belong to projects: of stored workflows, and of documents that are not kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from flowstudio.engine.contract import NodeType
from flowstudio.errors import InvalidDocumentError, InvalidInputError
from flowstudio.graph.canonical import content_hash, dump
from flowstudio.graph.document import Document
from flowstudio.graph.ids import new_id
from flowstudio.services.access import Actor, Target, authorize
from flowstudio.services.credentials import CredentialService
from flowstudio.services.documents import read_stored
from flowstudio.services.runs import RunService, base_of_project
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.version_choice import Chosen, VersionRef, choose
from flowstudio.services.workflow_access import NO_PROJECT, allowed_in
from flowstudio.services.workflow_checks import find_unchosen
from flowstudio.store import reservations
from flowstudio.store import workflows as store
from flowstudio.store.reservations import Reservation
from flowstudio.store.workflows import StoredWorkflow

_MOST_KEY = 200


@dataclass(frozen=True, slots=True)
class RunWish:
    """How a workflow is to be run.

    Attributes:
        idempotency_key: asking again with the same key gives the same run, for a day.
        version: what of a stored workflow is run.
        trigger: what begins it, when that is neither a person nor a program with a key.
        queue: where it waits: `interactive`, `triggered` or `batch`.
        ready_at: it does not begin before this moment.
        run_id: chosen by the caller, who has written it down; "" for a new one.
        dedup_key: while a run of the project with this key has not ended, that one is given back.
    """

    inputs: Mapping[str, Any]
    max_cost_usd: Decimal | None = None
    idempotency_key: str = ""
    use_cache: bool = True
    version: VersionRef = "draft"
    trigger: str = ""
    queue: str = "interactive"
    ready_at: datetime | None = None
    run_id: str = ""
    dedup_key: str = ""


class WorkflowRuns:
    """The way of stored workflows to their runs."""

    def __init__(
        self,
        parts: StudioParts,
        runs: RunService,
        credentials: CredentialService,
        registry: Mapping[str, NodeType[Any]],
    ) -> None:
        self._parts = parts
        self._runs = runs
        self._credentials = credentials
        self._registry = registry

    async def run(self, actor: Actor, workflow_id: str, wish: RunWish) -> str:
        """Begin a run of a stored workflow in the background; gives its id.

        Raises:
            InvalidDocumentError: with every problem of the workflow.
            InvalidInputError: with every problem of the inputs, or the key stands for another
                request.
            ConflictError: what is published is to be run, and nothing is.
            NotFoundError: there is no such workflow, or no such version of it.
        """

        def look(session: Session) -> Chosen:
            found = allowed_in(session, actor, "workflow.run", workflow_id)
            return choose(session, found, wish.version)

        chosen = await self._parts.records.read(look)
        project_id = chosen.workflow.record.project_id
        asked = [workflow_id, *_said(wish)]
        return await self._once(
            actor,
            wish.idempotency_key,
            content_hash(dump(asked)),
            Begin(project_id, workflow_id, chosen.document(), wish, chosen.number),
        )

    async def run_document(
        self, actor: Actor, project_id: str, document: Document, wish: RunWish
    ) -> str:
        """Begin a run of a document that is not kept; gives its id.

        Raises:
            InvalidDocumentError: with every problem of the document.
            InvalidInputError: with every problem of the inputs, or the key stands for another
                request.
        """
        authorize(actor, "run.document", Target("project", project_id, project_id or NO_PROJECT))
        asked = ["", project_id, document.dump(), *_said(wish)]
        return await self._once(
            actor,
            wish.idempotency_key,
            content_hash(dump(asked)),
            Begin(project_id, "", document, wish),
        )

    async def begin(
        self, actor: Actor, begin: "Begin", first: Callable[[Any], bool] | None = None
    ) -> None:
        """Make and launch a run of a document that `check_document` was asked about before.

        Args:
            actor: whose run it is.
            begin: what is run, and how; the wish names the run's id.
            first: done in the transaction that makes the run; if it gives false, none is made, and
                none may be launched.

        Raises:
            InvalidInputError: with every problem of the inputs.
        """
        target = Target("workflow", begin.workflow_id, begin.project_id)
        authorize(actor, "workflow.run", target)
        is_free = True

        def noting(connection: Any) -> bool:
            nonlocal is_free
            is_free = first is None or first(connection)
            return is_free

        await self._create(actor, begin, begin.wish.run_id, noting)
        if is_free:
            self._runs.launch(begin.wish.run_id)

    async def _once(self, actor: Actor, key: str, request_hash: str, begin: "Begin") -> str:
        """The run that the key stands for already, else a new one."""
        if not key:
            await self._check(begin)
            run_id = await self._create(actor, begin, begin.wish.run_id or new_id())
            if begin.wish.run_id:
                # Another process may have made it, and have it in hand.
                await self._runs.take_up(run_id)
            else:
                self._runs.launch(run_id)
            return run_id
        _check_key(key)
        now = self._parts.clock.now()
        found = await self._parts.records.read(
            lambda session: reservations.find_reservation(session, actor.id, key, now)
        )
        if found is not None and await self._runs.take_up(_same(found, request_hash)):
            return found.run_id
        await self._check(begin)
        # The id is promised before the run is made: a crash in between is mended by asking again.
        run_id = _same(await self._reserve(actor, key, request_hash, now), request_hash)
        await self._create(actor, begin, run_id)
        await self._runs.take_up(run_id)
        return run_id

    async def _reserve(
        self, actor: Actor, key: str, request_hash: str, now: datetime
    ) -> Reservation:
        wanted = Reservation(request_hash, new_id())
        return await self._parts.records.write(
            lambda session: reservations.reserve(session, actor.id, key, wanted, now)
        )

    async def _check(self, begin: "Begin") -> None:
        await self.check_document(begin.project_id, begin.document)
        base = base_of_project(begin.project_id)
        self._runs.check(begin.document, begin.wish.inputs, base)

    async def check_document(self, project_id: str, document: Document) -> None:
        """Find out whether a project can run a document.

        Raises:
            InvalidDocumentError: with every problem.
        """
        await self._check_credentials(project_id, document)
        if unchosen := find_unchosen(document, self._registry):
            raise InvalidDocumentError(unchosen)
        self._runs.prepare(document, base_of_project(project_id))

    async def _create(
        self,
        actor: Actor,
        begin: "Begin",
        run_id: str,
        first: Callable[[Any], bool] | None = None,
    ) -> str:
        return await self._runs.create_unchecked(
            begin.document,
            begin.wish.inputs,
            run_id=run_id,
            project_id=begin.project_id,
            workflow_id=begin.workflow_id,
            created_by=actor.id,
            version=begin.version,
            base=base_of_project(begin.project_id),
            max_cost_usd=begin.wish.max_cost_usd,
            use_cache=begin.wish.use_cache,
            trigger=begin.wish.trigger or ("api" if actor.key_id else "manual"),
            queue=begin.wish.queue,
            ready_at=begin.wish.ready_at,
            dedup_key=begin.wish.dedup_key,
            first=first,
        )

    def find_document(self, project_id: str, reference: str) -> Document | None:
        """The project's workflow that a node names, by id or name; for the finder of workflows."""
        found = self._parts.records.read_now(
            lambda session: store.find_in_project(session, project_id, reference)
        )
        return read_stored(found) if found is not None else None

    async def _allowed(self, actor: Actor, verb: str, workflow_id: str) -> StoredWorkflow:
        return await self._parts.records.read(
            lambda session: allowed_in(session, actor, verb, workflow_id)
        )

    async def _check_credentials(self, project_id: str, document: Document) -> None:
        if problems := await self._credentials.problems(project_id, document):
            raise InvalidDocumentError(problems)


@dataclass(frozen=True, slots=True)
class Begin:
    """A run about to be made; `workflow_id` is "" for a document that is not kept."""

    project_id: str
    workflow_id: str
    document: Document
    wish: RunWish
    version: int | None = None


def _said(wish: RunWish) -> list[Any]:
    cost = str(wish.max_cost_usd) if wish.max_cost_usd is not None else None
    version = [] if wish.version == "draft" else [wish.version]
    queue = [] if wish.queue == "interactive" else [wish.queue]
    return [dict(wish.inputs), cost, wish.use_cache, *version, *queue]


def _check_key(key: str) -> None:
    if len(key) > _MOST_KEY or not key.isprintable():
        problem = f"Idempotency-Key: At most {_MOST_KEY} printable characters."
        raise InvalidInputError([problem])


def _same(found: Reservation, request_hash: str) -> str:
    if found.request_hash != request_hash:
        problem = "Idempotency-Key: This key was used for another request. Choose a new one."
        raise InvalidInputError([problem])
    return found.run_id
