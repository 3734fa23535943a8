"""Runs of the editor: how they begin, by themselves or not, and how they are stopped."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from flowstudio.engine.costs import CostRange
from flowstudio.engine.draft import DraftWish, read_wish
from flowstudio.engine.journal import Seed
from flowstudio.errors import (
    ConflictError,
    FlowStudioError,
    InvalidDocumentError,
    InvalidInputError,
)
from flowstudio.graph.canonical import dump
from flowstudio.graph.validate import validate
from flowstudio.services import draft_auto
from flowstudio.services.access import Actor
from flowstudio.services.credentials import CredentialService
from flowstudio.services.draft_costs import DraftCosts
from flowstudio.services.draft_feed import DraftFeed
from flowstudio.services.draft_known import Registry
from flowstudio.services.draft_plans import Ask, DraftPlan, check_part, plan_draft, seeds_of
from flowstudio.services.draft_standing import Standing, Standings
from flowstudio.services.people import find_actor
from flowstudio.services.runs import RunService, base_of_project
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.turns import Turns
from flowstudio.services.workflow_access import allowed_in
from flowstudio.services.workflow_checks import find_unchosen
from flowstudio.store import drafts as store
from flowstudio.store.jobs import Connection
from flowstudio.store.runs import UNFINISHED, RunRecord
from flowstudio.store.workflows import StoredWorkflow

_MOST_INPUTS = 1_000_000
#: So long a person's run waits for one that began by itself; that is mostly over within a moment.
_LET_PASS_S = 5
_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Started:
    """A run of the editor that was accepted, or None when nothing had to run.

    Attributes:
        runs, kept: names of nodes.
    """

    run_id: str | None
    runs: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


class _OvertakenError(Exception):
    """A run of the same workflow was begun since it was looked at, and may have run the same."""


class DraftRuns:
    """The way of a stored workflow's nodes to their runs."""

    def __init__(
        self,
        parts: StudioParts,
        runs: RunService,
        credentials: CredentialService,
        registry: Registry,
    ) -> None:
        self._parts = parts
        self._runs = runs
        self._credentials = credentials
        self._registry = registry
        self._costs = DraftCosts(runs.parts.journal, runs.resources, registry)
        self._turns = Turns()
        self._feed = DraftFeed(
            parts,
            runs.parts,
            runs.dispatcher,
            Standings(registry, parts.documents),
            registry,
            self._after,
        )

    def follow(self, run_id: str) -> None:
        """Follow a run of an editor that this process begins to advance."""
        self._feed.follow(run_id)

    async def run(self, actor: Actor, workflow_id: str, ask: Ask) -> Started:
        """Begin a run of some of a workflow's nodes in the background.

        What they depend on and does not hold any more runs first; what nothing has changed for is
        taken as it is.

        Raises:
            InvalidDocumentError: with every problem of what would run.
            InvalidInputError: a node is not there, or the inputs do not fit.
            ConflictError: some of it runs already, or is pinned or disabled.
        """
        await self._stored(actor, "draft.run", workflow_id)
        async with self._turns.of(workflow_id):
            if ask.inputs is not None:
                await self._keep_inputs(workflow_id, ask.inputs)

            async def attempt() -> Started:
                await self._let_pass(actor, workflow_id)
                latest = await self._latest(workflow_id)
                standing = await self._catch_up(actor, workflow_id)
                if ask.inputs is not None:
                    self._feed.tell(standing)
                plan = plan_draft(standing, ask, self._registry)
                if plan is None:
                    return Started(None)
                return await self._begin(actor, standing, plan, ask.max_cost_usd, latest)

            return await _until_nobody_is_quicker(attempt)

    async def _begin(
        self,
        actor: Actor,
        standing: Standing,
        plan: DraftPlan,
        max_cost_usd: Decimal | None,
        latest: str,
    ) -> Started:
        record = standing.record
        await self._check(standing, plan)
        now, taken, newer = self._parts.clock.now(), set[str](), set[str]()

        def seeds(session: Session) -> list[Seed]:
            return seeds_of(session, standing, plan, now)

        def is_free(connection: Connection) -> bool:
            # Another process may begin a run of the same nodes at this moment.
            connection.in_turn()
            for wish in store.list_wishes(connection, record.id):
                taken.update(_shared(plan.wish, read_wish(wish)))
            newer.update({store.find_latest_run(connection, record.id)} - {latest})
            return not taken and not newer

        run_id = await self._runs.create_unchecked(
            plan.document,
            standing.inputs,
            project_id=record.project_id,
            workflow_id=record.id,
            created_by=actor.id,
            base=base_of_project(record.project_id),
            max_cost_usd=max_cost_usd,
            trigger="draft",
            draft=plan.wish.as_json(),
            seeds=await self._parts.records.read(seeds),
            first=is_free,
        )
        if taken:
            raise ConflictError(_taken(taken, standing))
        if newer:
            raise _OvertakenError
        self._runs.launch(run_id)
        names = {node.id: node.name for node in plan.document.nodes}
        return Started(
            run_id,
            tuple(names[node_id] for node_id in plan.wish.runs),
            tuple(names[node_id] for node_id in plan.wish.kept),
        )

    async def _let_pass(self, actor: Actor, workflow_id: str) -> None:
        """Wait for what runs by itself: nobody asked for it, so it must refuse nobody's run."""
        for record in await self._running(workflow_id):
            if read_wish(record.draft).mode == "auto":
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LET_PASS_S):
                        async for _ in self._runs.watch(actor, record.id):
                            pass

    async def _latest(self, workflow_id: str) -> str:
        found = await self._runs.parts.store.list_drafts(workflow_id, 1)
        return found[0].id if found else ""

    async def _catch_up(self, actor: Actor, workflow_id: str) -> Standing:
        await self._feed.catch_up(workflow_id)
        return await self._look(actor, "draft.run", workflow_id)

    async def _running(self, workflow_id: str) -> list[RunRecord]:
        return await self._runs.parts.store.list_drafts(workflow_id, 100, UNFINISHED)

    async def _check(self, standing: Standing, plan: DraftPlan) -> None:
        document = standing.known.document
        found = await asyncio.to_thread(validate, document, self._registry)
        check_part(standing, plan, found)
        project_id = standing.record.project_id
        problems = [
            *await self._credentials.problems(project_id, plan.document),
            *find_unchosen(plan.document, self._registry),
        ]
        if problems:
            raise InvalidDocumentError(problems)

    async def cancel(self, actor: Actor, workflow_id: str) -> list[str]:
        """Stop the editor's runs of a workflow; gives their ids."""
        await self._stored(actor, "draft.run", workflow_id)
        await self._take_wanted(workflow_id)
        running = await self._running(workflow_id)
        for record in running:
            await self._runs.dispatcher.send(record.id, "cancel")
        return [record.id for record in running]

    async def auto(self, actor: Actor, workflow_id: str) -> Started:
        """Begin a run of what may run by itself after an edit, if there is anything.

        Those are pure nodes, and paid ones as long as they cost no more together than the workflow's
        `auto_limit_usd`. While other nodes run that it needs, the wish is kept, and whichever process
        follows them to their end sees to it.
        """
        await self._stored(actor, "draft.run", workflow_id)
        try:
            return await self._begin_auto(actor, workflow_id)
        except ConflictError:
            await self._keep_wanted(actor, workflow_id)
        if not await self._running(workflow_id):
            # It has ended meanwhile, and its end saw no wish.
            await self._after(workflow_id)
        return Started(None)

    async def _begin_auto(self, actor: Actor, workflow_id: str) -> Started:
        async def attempt() -> Started:
            latest = await self._latest(workflow_id)
            standing = await self._catch_up(actor, workflow_id)
            costs = await self._predicted(standing)
            chosen = await asyncio.to_thread(
                draft_auto.choose, standing, self._costs, costs, self._registry
            )
            ask = Ask("auto", chosen.nodes)
            plan = plan_draft(standing, ask, self._registry) if chosen.nodes else None
            if plan is None:
                return Started(None)
            return await self._begin(actor, standing, plan, chosen.limit_usd, latest)

        async with self._turns.of(workflow_id):
            return await _until_nobody_is_quicker(attempt)

    async def _predicted(self, standing: Standing) -> dict[str, CostRange]:
        lengths = await self._parts.records.read(
            lambda session: self._costs.lengths(session, standing)
        )
        return await self._costs.predict(standing, lengths)

    async def _after(self, workflow_id: str) -> None:
        """Do what could not be done while a run went on."""
        actor = await self._take_wanted(workflow_id)
        if actor is not None:
            try:
                await self.auto(actor, workflow_id)
            except FlowStudioError:
                # Whoever edits next is told; nobody waits for this.
                return

    async def _keep_wanted(self, actor: Actor, workflow_id: str) -> None:
        if actor.id:
            now = self._parts.clock.now()
            await self._parts.records.write(
                lambda session: store.put_wanted(session, workflow_id, actor.id, now)
            )

    async def _take_wanted(self, workflow_id: str) -> Actor | None:
        return await self._parts.records.write(
            lambda session: find_actor(session, store.take_wanted(session, workflow_id))
        )

    async def _keep_inputs(self, workflow_id: str, inputs: Mapping[str, Any]) -> None:
        body = dump(dict(inputs))
        if len(body) > _MOST_INPUTS:
            raise InvalidInputError([f"inputs: At most {_MOST_INPUTS:,} bytes are kept."])
        now = self._parts.clock.now()
        await self._parts.records.write(
            lambda session: store.put_inputs(session, workflow_id, body, now)
        )

    async def _look(self, actor: Actor, verb: str, workflow_id: str) -> Standing:
        return await self._parts.records.read(
            lambda session: self._feed.look(session, allowed_in(session, actor, verb, workflow_id))
        )

    async def _stored(self, actor: Actor, verb: str, workflow_id: str) -> StoredWorkflow:
        return await self._parts.records.read(
            lambda session: allowed_in(session, actor, verb, workflow_id)
        )


async def _until_nobody_is_quicker(attempt: Callable[[], Awaitable[Started]]) -> Started:
    for _ in range(_ATTEMPTS):
        with suppress(_OvertakenError):
            return await attempt()
    message = "Others begin runs of this workflow all the time. Try again in a moment."
    raise ConflictError(message)


def _shared(mine: DraftWish, theirs: DraftWish) -> set[str]:
    # What both only read does not keep them apart.
    used = {*mine.runs, *mine.kept}
    return (used & set(theirs.runs)) | (set(mine.runs) & set(theirs.kept))


def _taken(node_ids: set[str], standing: Standing) -> str:
    nodes = standing.known.nodes
    names = ", ".join(sorted(f"'{nodes[one].name}'" for one in node_ids if one in nodes))
    return f"{names} takes part in a run that goes on. Wait for it, or cancel it."
