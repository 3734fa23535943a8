"""Workflows in the editor: their nodes run a few at a time, and what they gave is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from typing import Any, Literal

from sqlmodel import Session

from flowstudio.engine.costs import CostRange
from flowstudio.engine.events import FINISHED
from flowstudio.engine.values import pack
from flowstudio.errors import (
    InvalidInputError,
    NotFoundError,
)
from flowstudio.graph.canonical import load
from flowstudio.graph.document import Document
from flowstudio.services.access import Actor, Target
from flowstudio.services.draft_plans import Ask
from flowstudio.services.draft_runs import DraftRuns, Started
from flowstudio.services.draft_standing import Standing
from flowstudio.services.draft_told import key_of
from flowstudio.services.draft_views import View, cost_view, marks_view, results_view, run_view
from flowstudio.services.workflow_access import allowed_in
from flowstudio.store import audit
from flowstudio.store import drafts as store
from flowstudio.store.runs import RunRecord
from flowstudio.store.workflows import StoredWorkflow, find_workflow

__all__ = ["Ask", "DraftService", "Pin", "Started"]


@dataclass(frozen=True, slots=True)
class Pin:
    """What a person puts in the place of a node's output.

    Attributes:
        port: the node counts as left by; "" for its first.
    """

    value: Any
    kind: Literal["pinned", "edited"] = "pinned"
    port: str = ""


class DraftService(DraftRuns):
    """Use cases of the editor's runs; each asks `authorize` first."""

    # Looking

    async def view(self, actor: Actor, workflow_id: str) -> View:
        """All the editor shows of its nodes.

        Raises:
            NotFoundError: there is no such workflow, or none that the actor may see.
        """
        await self._stored(actor, "draft.read", workflow_id)
        await self._feed.catch_up(workflow_id)

        def work(session: Session) -> tuple[Standing, View, Mapping[str, int], Decimal]:
            standing = self._feed.look(
                session, allowed_in(session, actor, "draft.read", workflow_id)
            )
            return (
                standing,
                results_view(session, standing, standing.known.nodes),
                self._costs.lengths(session, standing),
                store.saved_since(session, workflow_id, self._midnight()),
            )

        standing, results, lengths, saved_usd = await self._parts.records.read(work)
        marks = marks_view(standing.marks)
        # Others may have been told of less than this one sees now.
        self._feed.tell(standing)
        costs = await self._costs.predict(standing, lengths)
        running = await self._running(workflow_id)
        ended = await self._runs.parts.store.list_drafts(workflow_id, 1, sorted(FINISHED))
        return {
            "revision": standing.record.revision,
            "inputs": standing.given,
            "marks": marks,
            "marks_key": key_of(marks),
            "results": results,
            **_outlook(standing, costs),
            "run": self._feed.run_view(running[0]) if running else None,
            "last_run": _ended_view(ended[0]) if ended else None,
            "saved_today_usd": str(saved_usd),
        }

    def _midnight(self) -> datetime:
        now = self._parts.clock.now()
        return datetime.combine(now.date(), time(), now.tzinfo)

    async def output(
        self, actor: Actor, workflow_id: str, node_id: str, which: Literal["output", "pinned"]
    ) -> Any:
        """A node's whole output, or what a person has put in its place.

        Raises:
            NotFoundError: there is none.
        """
        await self._stored(actor, "draft.read", workflow_id)
        await self._feed.catch_up(workflow_id)
        body = await self._parts.records.read(
            lambda session: store.find_body(session, workflow_id, node_id, pinned=which == "pinned")
        )
        if body is None:
            raise NotFoundError(f"There is no {which} of node {node_id!r}.")
        return load(body)

    async def outlook(self, workflow_id: str, document: Document | None = None) -> View | None:
        """What follows for the nodes, for whoever tells of a change; None if there is no workflow.

        Of the marks those that differ from what was last told. Without a document, of the one that
        is kept.
        """

        def work(session: Session) -> tuple[Standing, Mapping[str, int]] | None:
            found = find_workflow(session, workflow_id)
            if found is None:
                return None
            standing = self._feed.look(session, found, document=document)
            return standing, self._costs.lengths(session, standing)

        if (looked := await self._parts.records.read(work)) is None:
            return None
        standing, lengths = looked
        changed = self._feed.changed(standing)
        costs = await self._costs.predict(standing, lengths)
        return {**changed, **_outlook(standing, costs)}

    def heard(self, workflow_id: str, message: Mapping[str, Any]) -> None:
        """Take into account what everybody who has the workflow open was told."""
        self._feed.heard(workflow_id, message)

    # Inputs and pins

    async def put_inputs(
        self, actor: Actor, workflow_id: str, inputs: Mapping[str, Any]
    ) -> tuple[str, ...]:
        """Keep the inputs the editor runs with, complete or not; gives what is wrong with them."""
        await self._stored(actor, "draft.edit", workflow_id)
        await self._keep_inputs(workflow_id, inputs)
        standing = await self._look(actor, "draft.edit", workflow_id)
        self._feed.tell(standing)
        return standing.input_problems

    async def pin(self, actor: Actor, workflow_id: str, node_id: str, pin: Pin) -> None:
        """Put a value in the place of a node's output: it feeds what is below in the editor.

        Raises:
            NotFoundError: there is no such node.
            InvalidInputError: it lives in a container, or has no such port.
        """
        standing = await self._look(actor, "draft.edit", workflow_id)
        port = _port(standing, node_id, pin.port)
        output = pack(pin.value, node_id)

        def work(session: Session) -> None:
            found = allowed_in(session, actor, "draft.edit", workflow_id)
            store.put_pin(
                session,
                workflow_id,
                node_id,
                output,
                port=port,
                kind=pin.kind,
                by=actor.id or None,
            )
            self._audit(session, actor, found, node_id, pin.kind)

        await self._parts.records.write(work)
        await self._feed.refresh(workflow_id, [node_id])

    async def unpin(self, actor: Actor, workflow_id: str, node_id: str) -> None:
        """Let a node's own output stand again.

        Raises:
            NotFoundError: nothing stands in its place.
        """

        def work(session: Session) -> None:
            found = allowed_in(session, actor, "draft.edit", workflow_id)
            if not store.remove_pin(session, workflow_id, node_id):
                raise NotFoundError(f"Node {node_id!r} is not pinned.")
            self._audit(session, actor, found, node_id, "unpinned")

        await self._parts.records.write(work)
        await self._feed.refresh(workflow_id, [node_id])

    def _audit(
        self, session: Session, actor: Actor, found: StoredWorkflow, node_id: str, kind: str
    ) -> None:
        target = Target("workflow", found.record.id, found.record.project_id)
        entry = self._parts.entry(actor, "draft.edit", target, node=node_id, kind=kind)
        audit.append(session, entry)


def _port(standing: Standing, node_id: str, wanted: str) -> str:
    node = standing.known.nodes.get(node_id)
    if node is None:
        raise NotFoundError(f"There is no node {node_id!r}.")
    if node.parent is not None:
        raise InvalidInputError([f"'{node.name}' lives in a container; pin that instead."])
    checked = standing.known.checked.get(node_id)
    ports = (*(checked.ports.outputs if checked is not None else ("out",)),)
    if node.on_error == "branch":
        ports = (*ports, "error")
    if wanted and wanted not in ports:
        raise InvalidInputError([f"port: '{node.name}' has the ports {', '.join(ports)}."])
    return wanted or (ports[0] if ports else "out")


def _outlook(standing: Standing, costs: Mapping[str, CostRange]) -> View:
    return {
        "input_problems": list(standing.input_problems),
        "costs": {node_id: cost_view(cost) for node_id, cost in costs.items()},
        "stale": _stale(standing, costs),
    }


def _stale(standing: Standing, costs: Mapping[str, CostRange]) -> View:
    at_root = [node for node in standing.known.document.nodes if node.parent is None]
    stale = [node.id for node in at_root if standing.mark(node.id).state != "fresh"]
    total = sum((costs.get(node_id, CostRange()) for node_id in stale), CostRange())
    return {
        "nodes": len(stale),
        "calls": total.calls,
        "typical_usd": str(total.typical_usd),
        "is_open": total.is_open,
    }


def _ended_view(record: RunRecord) -> View:
    return run_view(record, record.steps_done, record.steps_total)
