"""Follows the editor's runs: writes down what they leave behind, and tells who has them open."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from flowstudio.engine.draft import read_wish
from flowstudio.engine.events import Event
from flowstudio.errors import FlowStudioError, NotFoundError
from flowstudio.graph.canonical import load
from flowstudio.graph.document import Document, parse_document
from flowstudio.services.batches import batches
from flowstudio.services.dispatch import Dispatcher
from flowstudio.services.draft_known import Registry
from flowstudio.services.draft_rewording import reworded
from flowstudio.services.draft_rows import RunRows
from flowstudio.services.draft_standing import Standing, Standings
from flowstudio.services.draft_told import ToldMarks
from flowstudio.services.draft_views import View, marks_view, results_view, run_view
from flowstudio.services.live_texts import LiveTexts
from flowstudio.services.parts import RunParts
from flowstudio.services.steps import StepBook, StepView
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.watching import Watch
from flowstudio.store import drafts as store
from flowstudio.store.drafts import Settled
from flowstudio.store.runs import RunRecord
from flowstudio.store.workflows import StoredWorkflow, find_workflow

log = logging.getLogger(__name__)

_RUNS_KEPT = 10_000
_RUNS_LOOKED_AT = 64
_LOOKED_BACK = 20
#: How much longer than the writing the pause after it is.
_PAUSES = 4
_SHORT_S = 0.1


def channel_of(workflow_id: str) -> str:
    """The channel of everybody who has a workflow open."""
    return f"workflow:{workflow_id}"


@dataclass(slots=True)
class _Followed:
    """What is known of one run, while this process follows it or as far as it has read it.

    Attributes:
        seq: of the last event that was read.
        settled: what is to be written down, by node id.
        write_at: not before this moment, in the event loop's time.
    """

    record: RunRecord
    document: Document
    rows: RunRows
    book: StepBook
    ids: Mapping[str, str]
    total: int
    seq: int = 0
    texts: LiveTexts = field(default_factory=LiveTexts)
    settled: dict[str, Settled] = field(default_factory=dict)
    write_at: float = 0.0


class DraftFeed:
    """One follower a run and process, however many people watch."""

    def __init__(
        self,
        parts: StudioParts,
        runs: RunParts,
        dispatcher: Dispatcher,
        standings: Standings,
        registry: Registry,
        ended: Callable[[str], Awaitable[None]],
    ) -> None:
        """Call `ended` with the workflow's id whenever a run of its editor has ended."""
        self._parts = parts
        self._runs = runs
        self._dispatcher = dispatcher
        self._standings = standings
        self._registry = registry
        self._ended = ended
        self._following: dict[str, bool] = {}
        self._followed: dict[str, _Followed] = {}
        self._ends: dict[str, asyncio.Event] = {}
        #: Runs of which everything is written down.
        self._settled: OrderedDict[str, None] = OrderedDict()
        #: Runs that are parked, or go on elsewhere.
        self._looked_at: OrderedDict[str, _Followed] = OrderedDict()
        self._told = ToldMarks()

    # Marks

    async def refresh(self, workflow_id: str, nodes: Iterable[str] = ()) -> None:
        """Tell what has changed of a workflow's marks, and what these nodes gave."""

        def work(session: Session) -> tuple[Standing, View] | None:
            found = find_workflow(session, workflow_id)
            if found is None:
                return None
            standing = self.look(session, found)
            return standing, results_view(session, standing, nodes)

        looked = await self._parts.records.read(work)
        if looked is not None:
            self.tell(looked[0], looked[1])

    def look(self, session: Session, found: StoredWorkflow, **other: Any) -> Standing:
        """How a workflow stands now, or would with other inputs or another document."""
        return self._standings.look(session, found, self._parts.clock.now(), **other)

    def tell(self, standing: Standing, results: View | None = None) -> None:
        """Tell everybody what of the marks has changed since they were told."""
        changed = self.changed(standing)
        if changed["marks_key"] != changed["marks_from"] or results:
            message = {"t": "draft", "results": results or {}, **changed}
            self._parts.channels.publish(channel_of(standing.record.id), message)

    def changed(self, standing: Standing) -> View:
        """What of the marks differs from what was last told, for a message that tells of it."""
        record = standing.record
        return self._told.changed(record.id, record.revision, marks_view(standing.marks))

    def heard(self, workflow_id: str, message: Mapping[str, Any]) -> None:
        """Take into account what everybody was told, by whichever process."""
        if message.get("t") == "draft":
            self._told.heard(workflow_id, message)

    # Following

    def follow(self, run_id: str) -> None:
        """Follow a run that this process begins to advance, in the background."""
        if run_id in self._following:
            # It was taken up again before its follower had noticed that it had left.
            self._following[run_id] = True
            return
        if self._dispatcher.spawn(lambda: self._follow(run_id)):
            self._following[run_id] = False
            self._ends[run_id] = asyncio.Event()

    async def _follow(self, run_id: str) -> None:
        try:
            while True:
                await self._follow_once(run_id)
                if not self._following[run_id]:
                    return
                self._following[run_id] = False
        except FlowStudioError as error:
            log.warning("Run %s of the editor could not be followed: %s", run_id, error)
        except Exception:
            # What is not written down now is when the workflow is next looked at.
            log.exception("Following run %s of the editor ended in a way nobody foresaw", run_id)
        finally:
            del self._following[run_id]
            self._followed.pop(run_id, None)
            self._ends.pop(run_id).set()

    async def _follow_once(self, run_id: str) -> None:
        followed = self._followed[run_id] = await self._begin(run_id)
        workflow_id = followed.record.workflow_id
        self._publish(followed, "run", self.run_view(followed.record))
        async for batch in batches(Watch(self._runs, run_id, 0).events()):
            await self._take(followed, batch)
        await self._write(followed)
        record = await self._runs.store.find(run_id)
        if record is None:
            return
        self._tell_run(followed, record)
        if record.finished_at is not None:
            self._note_settled(run_id)
            self._ends[run_id].set()
            await self._ended(workflow_id)

    async def _begin(self, run_id: str) -> _Followed:
        record = await self._runs.store.find(run_id)
        if record is None:
            raise NotFoundError(f"There is no run {run_id!r}.")
        body = await self._runs.journal.document(record.document_hash)
        document = parse_document(load(body))
        wish = read_wish(record.draft)
        return _Followed(
            record=record,
            document=document,
            rows=RunRows(record, document, wish, self._registry),
            book=StepBook(document),
            ids={node.name: node.id for node in document.nodes},
            total=len(wish.runs),
        )

    async def _take(self, followed: _Followed, batch: list[Event]) -> None:
        for event in batch:
            for one in followed.rows.add(event):
                followed.settled[one.row.node_id] = one
        self._tell_texts(followed, batch)
        self._tell_steps(followed, batch)
        if any(event.type == "run_started" for event in batch):
            await self._tell_progress(followed)
        wait_s = followed.write_at - asyncio.get_running_loop().time()
        if followed.settled and wait_s < _SHORT_S:
            await asyncio.sleep(max(wait_s, 0))
            await self._write(followed)

    async def _write(self, followed: _Followed) -> None:
        """Write down what was settled, and tell of it; of large workflows less often.

        Looking at all of their nodes takes a while, and the run itself writes to the same disk.
        """
        if not followed.settled:
            return
        settled, followed.settled = followed.settled, {}
        loop = asyncio.get_running_loop()
        began = loop.time()
        written = await self._settle(followed, settled.values())
        await self.refresh(followed.record.workflow_id, written)
        await self._tell_progress(followed)
        followed.write_at = loop.time() + _PAUSES * (loop.time() - began)

    async def _settle(self, followed: _Followed, settled: Iterable[Settled]) -> set[str]:
        def work(session: Session) -> set[str]:
            found = find_workflow(session, followed.record.workflow_id)
            if found is None:
                return set()
            now = self._parts.documents.read(found)
            rows = reworded(settled, followed.document, now, self._registry)
            return store.put_settled(session, found.record.id, rows)

        return await self._parts.records.write(work)

    async def _tell_progress(self, followed: _Followed) -> None:
        cost_usd, _ = await self._runs.journal.spent(followed.record.id)
        now = {"status": "running", "cost_usd": str(cost_usd), "done": len(followed.rows.ended)}
        self._publish(followed, "run", {**run_view(followed.record, 0, followed.total), **now})

    def _tell_run(self, followed: _Followed, record: RunRecord) -> None:
        self._publish(followed, "run", run_view(record, len(followed.rows.ended), followed.total))

    def _tell_steps(self, followed: _Followed, batch: list[Event]) -> None:
        changed: dict[str, StepView] = {}
        for event in batch:
            step = followed.book.apply(event)
            if step is not None and not step.kept and step.node in followed.ids:
                changed[step.node] = step
        for name, step in changed.items():
            self._publish(followed, "step", _step_view(followed.ids[name], step))

    def _tell_texts(self, followed: _Followed, batch: list[Event]) -> None:
        for message in followed.texts.take(batch):
            self._publish(followed, "text", message)

    def _publish(self, followed: _Followed, kind: str, message: View) -> None:
        channel = channel_of(followed.record.workflow_id)
        self._parts.channels.publish(channel, {"t": kind, **message})

    def run_view(self, record: RunRecord) -> View:
        """A run that goes on, as far as this process knows.

        With the nodes that are to run, and those that are at work.
        """
        wish = read_wish(record.draft)
        followed = self._followed.get(record.id) or self._looked_at.get(record.id)
        done = len(followed.rows.ended) if followed is not None else 0
        view = {**run_view(record, done, len(wish.runs)), "nodes": list(wish.runs)}
        return view | ({"steps": _live_steps(followed)} if followed is not None else {})

    # Catching up

    async def catch_up(self, workflow_id: str) -> None:
        """Write down what runs have left behind that ended while nobody followed them."""
        runs = await self._runs.store.list_drafts(workflow_id, _LOOKED_BACK)
        for record in reversed(runs):
            if record.id in self._settled:
                continue
            if (end := self._ends.get(record.id)) is not None:
                if record.finished_at is None:
                    continue
                # Its follower is about to have written everything down.
                await end.wait()
            if record.id not in self._settled:
                await self._catch_up_with(record)

    async def _catch_up_with(self, record: RunRecord) -> None:
        """Write down what a run has left behind so far; doing it again changes nothing."""
        followed = self._looked_at.pop(record.id, None) or await self._begin(record.id)
        before, settled = followed.seq, dict[str, Settled]()
        async for event in self._runs.journal.read(record.id, before):
            followed.seq = event.seq
            followed.book.apply(event)
            for one in followed.rows.add(event):
                settled[one.row.node_id] = one
        if settled:
            await self._settle(followed, settled.values())
        if record.finished_at is not None:
            self._note_settled(record.id)
            return
        self._looked_at[record.id] = followed
        if len(self._looked_at) > _RUNS_LOOKED_AT:
            self._looked_at.popitem(last=False)

    def _note_settled(self, run_id: str) -> None:
        self._looked_at.pop(run_id, None)
        self._settled[run_id] = None
        if len(self._settled) > _RUNS_KEPT:
            self._settled.popitem(last=False)


def _live_steps(followed: _Followed) -> list[View]:
    return [
        _step_view(followed.ids[step.node], step)
        for step in followed.book.steps.values()
        if step.status in ("running", "waiting") and step.node in followed.ids
    ]


def _step_view(node_id: str, step: StepView) -> View:
    view: View = {
        "node": node_id,
        "name": step.node,
        "path": step.path,
        "status": step.status,
        "cached": step.cached,
    }
    if step.status in ("running", "waiting") and step.started_at is not None:
        view["since"] = step.started_at.isoformat()
    if step.duration_s is not None:
        view["duration_s"] = step.duration_s
    if step.cost_usd:
        view["cost_usd"] = str(step.cost_usd)
    if step.saved_usd:
        view["saved_usd"] = str(step.saved_usd)
    if step.error:
        view["error"] = step.error
    return view
