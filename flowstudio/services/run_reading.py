"""One run as people and programs read it: whole, by step, as it happens, and over time."""

import asyncio
import copy
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flowstudio.engine.events import Event
from flowstudio.engine.journal import DamagedEvent
from flowstudio.errors import NotFoundError
from flowstudio.graph.canonical import load
from flowstudio.graph.diff import diff
from flowstudio.graph.document import Document, parse_document
from flowstudio.services.access import Actor
from flowstudio.services.comparing import (
    Comparison,
    StepComparison,
    comparable,
    compare_steps,
    diff_values,
    pair_nodes,
)
from flowstudio.services.dispatch import Dispatcher
from flowstudio.services.parts import RunParts
from flowstudio.services.run_lists import RunLists
from flowstudio.services.step_details import StepDetail, StepReader
from flowstudio.services.steps import StepView
from flowstudio.services.timelines import Timeline
from flowstudio.services.watching import Watch
from flowstudio.store.runs import RunRecord

#: Steps of folded runs kept at hand, so that a page that asks again reads only what is new.
_STEPS_KEPT = 50_000
# Inside the class below, `list` is a method of its base.
_Steps = list[StepView]
_Events = list[Event | DamagedEvent]


@dataclass(frozen=True, slots=True)
class RunView:
    """A whole run but for its steps."""

    record: RunRecord
    document: Document
    outputs: dict[str, Any] | None

    def __getattr__(self, name: str) -> Any:
        """The record's fields, as if they were this view's own."""
        return getattr(self.record, name)

    @property
    def duration_s(self) -> float | None:
        """Seconds from start to end, or None before either."""
        return duration_s(self.record)


def _compared(runs: tuple[RunView, RunView], lines: tuple[Timeline, Timeline]) -> Comparison:
    before, after = runs
    return Comparison(
        before=before.record,
        after=after.record,
        before_money=lines[0].money,
        after_money=lines[1].money,
        document=diff(
            *comparable((before.record, before.document), (after.record, after.document))
        ),
        inputs=diff_values(before.record.inputs, after.record.inputs),
        outputs=diff_values(before.outputs, after.outputs),
        pairs=pair_nodes((before.document, after.document), lines),
    )


def duration_s(record: RunRecord, now: datetime | None = None) -> float | None:
    """Seconds from a run's start to its end, or to `now` while it goes on."""
    end = record.finished_at or now
    if record.started_at is None or end is None:
        return None
    return (end - record.started_at).total_seconds()


class RunReading(RunLists):
    """Use cases of one run that is only read; each asks `authorize` first."""

    def __init__(self, parts: RunParts, dispatcher: Dispatcher) -> None:
        super().__init__(parts, dispatcher)
        self._timelines: OrderedDict[str, Timeline] = OrderedDict()

    async def get(self, actor: Actor, run_id: str) -> RunView:
        """One run with its document and outputs.

        Raises:
            NotFoundError: no such run.
        """
        record = await self.find(actor, run_id)
        document = await self._document(record)
        outputs = await self._journal.outputs(run_id) if record.status == "succeeded" else None
        return RunView(record, document, load(outputs) if outputs is not None else None)

    async def _document(self, record: RunRecord) -> Document:
        return parse_document(load(await self._journal.document(record.document_hash)))

    async def steps(self, actor: Actor, run_id: str) -> _Steps:
        """All steps that began or were skipped, in the order they did."""
        return [copy.copy(step) for step in await self._steps(await self.find(actor, run_id))]

    async def _steps(self, record: RunRecord | None) -> _Steps:
        if record is None:
            return []
        return [*(await self._timeline(record)).book.steps.values()]

    async def timeline(self, actor: Actor, run_id: str) -> Timeline:
        """The run's steps over time, up to what is stored now.

        It is shared by all who read the run: feed it what `watch` brings, and change nothing else.

        Raises:
            NotFoundError: no such run.
        """
        return await self._timeline(await self.find(actor, run_id))

    async def _timeline(self, record: RunRecord) -> Timeline:
        found = self._timelines.get(record.id)
        if found is None:
            found = Timeline(await self._document(record))
            self._timelines[record.id] = found
        self._timelines.move_to_end(record.id)
        async for events in self._journal.pages(record.id, found.seq):
            found.feed(events)
        self._make_room(record.id)
        return found

    def _make_room(self, but: str) -> None:
        steps = sum(len(each.places) for each in self._timelines.values())
        for run_id in list(self._timelines):
            if steps <= _STEPS_KEPT:
                return
            if run_id != but:
                steps -= len(self._timelines.pop(run_id).places)

    async def step(self, actor: Actor, run_id: str, path: str) -> StepDetail:
        """One step with what it read, what it gave, and each time it was tried.

        Raises:
            NotFoundError: no such run, or the step has not begun.
        """
        record = await self.find(actor, run_id)
        timeline = await self._timeline(record)
        reader = StepReader(self._journal, self._parts.engine.registry)
        return await reader.read(record, timeline, await self._document(record), path)

    async def compare(self, actor: Actor, before_id: str, after_id: str) -> Comparison:
        """Two runs side by side, of one workflow or of two.

        Raises:
            NotFoundError: one of them is not there.
        """
        before, after = await self.get(actor, before_id), await self.get(actor, after_id)
        lines = (await self._timeline(before.record), await self._timeline(after.record))
        # Long outputs take a while to compare.
        return await asyncio.to_thread(_compared, (before, after), lines)

    async def compare_step(
        self, actor: Actor, before_id: str, after_id: str, path: str
    ) -> StepComparison:
        """What one step read and gave in two runs; where it did not begin, nothing.

        Raises:
            NotFoundError: one of the runs is not there.
        """
        for run_id in (before_id, after_id):
            await self.find(actor, run_id)
        sides = [await self._try_step(actor, run_id, path) for run_id in (before_id, after_id)]
        return await asyncio.to_thread(compare_steps, path, *sides)

    async def _try_step(self, actor: Actor, run_id: str, path: str) -> StepDetail | None:
        try:
            return await self.step(actor, run_id, path)
        except NotFoundError:
            return None

    async def output(self, actor: Actor, run_id: str, path: str) -> Any:
        """The output of one step, or of one turn of a loop.

        Raises:
            NotFoundError: the step has none.
        """
        await self.find(actor, run_id)
        seq = await self._journal.output_seq(run_id, path)
        if seq is None:
            raise NotFoundError(f"Step {path!r} of run {run_id} has no output.")
        return load(await self._journal.load_output(run_id, seq))

    async def events(
        self, actor: Actor, run_id: str, after: int = 0
    ) -> AsyncIterator[Event | DamagedEvent]:
        """Stored events after that number, in order; outputs as references."""
        await self.find(actor, run_id)
        async for event in self._journal.read(run_id, after):
            yield event

    async def latest_events(
        self, actor: Actor, run_id: str, *, before: int | None = None, limit: int = 200
    ) -> _Events:
        """The last stored events, or those before a number, in order."""
        await self.find(actor, run_id)
        return await self._journal.read_back(run_id, before, limit)

    async def watch(self, actor: Actor, run_id: str, after: int = 0) -> AsyncIterator[Event]:
        """Stored events after that number, then live ones; ends when the run ends or parks."""
        await self.find(actor, run_id)
        async for event in Watch(self._parts, run_id, after).events():
            yield event
