"""What one node of a workflow did in its latest runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flowstudio.engine.draft import read_wish
from flowstudio.engine.events import FINISHED, StepStatus
from flowstudio.errors import NotFoundError
from flowstudio.graph.canonical import load
from flowstudio.graph.document import parse_document
from flowstudio.services.access import Actor
from flowstudio.services.draft_views import preview
from flowstudio.services.parts import RunParts
from flowstudio.services.steps import StepBook, StepView
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.workflow_access import allowed_in
from flowstudio.store.runs import RunQuery, RunRecord

#: Runs of the editor may do without the node: so many are looked through for those with it.
_MOST_LOOKED_AT = 50
#: Events that are read of a node in one run; a loop makes several a turn.
_MOST_EVENTS = 2_000
_HEAD_BYTES = 500


@dataclass(frozen=True, slots=True)
class NodeRun:
    """One node in one run.

    Attributes:
        times: how often it was begun; in a loop, once a turn.
        path: of the last time, which names the step in the run.
        is_whole: whether all of that is counted; of a long loop only the last turns are.
        preview: of what it gave last, cut.
    """

    run: RunRecord
    status: StepStatus
    times: int
    path: str
    is_whole: bool
    cost_usd: Decimal
    saved_usd: Decimal
    duration_s: float | None
    port: str | None
    error: str | None
    preview: Any


class NodeRunService:
    """Reads a node's steps out of the journals of several runs."""

    def __init__(self, parts: StudioParts, runs: RunParts) -> None:
        self._parts = parts
        self._runs = runs

    async def list_latest(
        self, actor: Actor, workflow_id: str, node_id: str, limit: int = 10
    ) -> list[NodeRun]:
        """Its latest runs, those of the editor included; where it did not begin is left out.

        Raises:
            NotFoundError: there is no such workflow or node.
        """
        stored = await self._parts.records.read(
            lambda session: allowed_in(session, actor, "run.read", workflow_id)
        )
        if node_id not in _names(stored.body):
            raise NotFoundError(f"There is no node {node_id!r}.")
        query = RunQuery(
            projects=(stored.record.project_id,), equal={"workflow_id": stored.record.id}
        )
        found: list[NodeRun] = []
        names: dict[str, Mapping[str, str]] = {}
        for record in await self._runs.store.list_runs(query, limit=_MOST_LOOKED_AT):
            one = await self._find(record, node_id, names)
            if one is not None:
                found.append(one)
            if len(found) == limit:
                break
        return found

    async def _find(
        self, record: RunRecord, node_id: str, names: dict[str, Mapping[str, str]]
    ) -> NodeRun | None:
        if record.draft and node_id in read_wish(record.draft).kept:
            return None
        document_hash = record.document_hash
        if document_hash not in names:
            names[document_hash] = _names(await self._runs.journal.document(document_hash))
        name = names[document_hash].get(node_id)
        return await self._read(record, name) if name is not None else None

    async def _read(self, record: RunRecord, name: str) -> NodeRun | None:
        events = await self._runs.journal.read_node(record.id, name, _MOST_EVENTS)
        document = await self._runs.journal.document(record.document_hash)
        book = StepBook(parse_document(load(document)))
        book.feed(events)
        steps = [step for step in book.steps.values() if not step.kept]
        if not steps:
            return None
        last = max(steps, key=lambda step: step.seq)
        head = None
        if last.seq:
            head = await self._runs.journal.output_head(record.id, last.seq, _HEAD_BYTES)
        durations = [step.duration_s for step in steps if step.duration_s is not None]
        return NodeRun(
            run=record,
            status=_status(record, steps),
            times=len(steps),
            path=last.path,
            is_whole=len(events) < _MOST_EVENTS,
            cost_usd=sum((step.cost_usd for step in steps), Decimal(0)),
            saved_usd=sum((step.saved_usd for step in steps), Decimal(0)),
            duration_s=sum(durations) if durations else None,
            port=last.port,
            error=next((step.error for step in reversed(steps) if step.error), None),
            preview=preview(head),
        )


def _names(body: bytes) -> Mapping[str, str]:
    """Names by id; reading a document for them alone need not check it."""
    return {node["id"]: node["name"] for node in load(body)["nodes"]}


def _status(record: RunRecord, steps: list[StepView]) -> StepStatus:
    statuses = [step.status for step in steps]
    for live in ("running", "waiting"):
        if live in statuses:
            # The run was stopped, or failed elsewhere, before this step had ended.
            return "cancelled" if record.status in FINISHED else live
    if "failed" in statuses:
        return "failed"
    return "cached" if all(step.cached for step in steps) else statuses[-1]
