"""Running workflows in tests, to their end or up to where a test cuts them off."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowstudio.clock import Clock
from flowstudio.engine.events import Event
from flowstudio.engine.journal import DamagedEvent
from flowstudio.engine.runner import Broken, Ended, Outcome, Parked
from flowstudio.graph.document import Document
from flowstudio.runtime import Runtime, open_runtime
from flowstudio.services.access import OPERATOR
from flowstudio.services.runs import RunView
from flowstudio.services.steps import StepView
from flowstudio.settings import Settings
from tests.fakes.nodes import Bench


@asynccontextmanager
async def opened(folder: Path, bench: Bench, clock: Clock | None = None) -> AsyncIterator[Runtime]:
    """A process's runtime over a data directory; opening it again is a restart."""
    async with open_runtime(
        Settings(data_dir=folder), clock=clock, registry=bench.registry()
    ) as runtime:
        yield runtime


@dataclass
class Told:
    """A run, as its services tell of it."""

    id: str
    outcome: Outcome
    view: RunView
    steps: dict[str, StepView]
    events: list[Event | DamagedEvent]

    @property
    def status(self) -> str:
        return str(self.view.record.status)

    @property
    def outputs(self) -> Any:
        return self.view.outputs

    @property
    def statuses(self) -> dict[str, str]:
        """Status of each step by its path."""
        return {path: step.status for path, step in self.steps.items()}

    def types(self, path: str = "") -> list[str]:
        """Types of the events of one path, in order."""
        return [event.type for event in self.events if event.path == path]


async def create(
    runtime: Runtime, document: Document, given: Mapping[str, Any] | None = None, **options: Any
) -> str:
    """Make a run; gives its id."""
    return await runtime.runs.create(OPERATOR, document, given or {}, **options)


async def tell(runtime: Runtime, run_id: str, outcome: Outcome) -> Told:
    """All there is to know of a run."""
    steps = await runtime.runs.steps(OPERATOR, run_id)
    return Told(
        id=run_id,
        outcome=outcome,
        view=await runtime.runs.get(OPERATOR, run_id),
        steps={step.path: step for step in steps},
        events=[event async for event in runtime.runs.events(OPERATOR, run_id)],
    )


async def carry(runtime: Runtime, run_id: str) -> Told:
    """Advance a run as far as it goes."""
    async with asyncio.timeout(60):
        outcome = await runtime.runs.carry(OPERATOR, run_id)
    return await tell(runtime, run_id, outcome)


async def run(
    runtime: Runtime, document: Document, given: Mapping[str, Any] | None = None, **options: Any
) -> Told:
    """Make a run and advance it as far as it goes."""
    return await carry(runtime, await create(runtime, document, given, **options))


async def succeed(
    runtime: Runtime, document: Document, given: Mapping[str, Any] | None = None, **options: Any
) -> Told:
    """Make a run that succeeds."""
    told = await run(runtime, document, given, **options)
    assert told.outcome == Ended("succeeded"), told.view.record.error
    return told


async def resume(runtime: Runtime, run_id: str) -> Told:
    """Resume a run as a person does, and advance it as far as it goes."""
    await runtime.runs.resume(OPERATOR, run_id, launch=False)
    return await carry(runtime, run_id)


async def answer(runtime: Runtime, run_id: str, path: str, **given: Any) -> None:
    """Answer a waiting step without taking the run up."""
    await runtime.runs.answer(OPERATOR, run_id, path, given, launch=False)


async def cut_off(runtime: Runtime, run_id: str, *begun: asyncio.Event) -> None:
    """Advance a run until those steps have begun, and stop there as a dying process does."""
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        advancing = group.create_task(runtime.runs.carry(OPERATOR, run_id))
        for event in begun:
            await event.wait()
        advancing.cancel()


@asynccontextmanager
async def advancing(runtime: Runtime, run_id: str) -> AsyncIterator["asyncio.Task[Outcome]"]:
    """Advance a run beside the block, and wait for its outcome after it."""
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        task = group.create_task(runtime.runs.carry(OPERATOR, run_id))
        yield task


async def ended(runtime: Runtime, run_id: str) -> Told:
    """Wait for a run that is advanced in the background to end or park."""
    async with asyncio.timeout(60):
        async for _ in runtime.runs.watch(OPERATOR, run_id):
            pass
    record = await runtime.runs.find(OPERATOR, run_id)
    if record.status in ("waiting", "paused"):
        return await tell(runtime, run_id, Parked(record.status))
    if record.status == "running":
        return await tell(runtime, run_id, Broken("it left this process"))
    return await tell(runtime, run_id, Ended(record.status))


async def seen(runtime: Runtime, run_id: str, event_type: str, path: str = "") -> None:
    """Wait until a run that is being advanced tells of an event."""
    async with asyncio.timeout(60):
        async for event in runtime.runs.watch(OPERATOR, run_id):
            if (event.type, event.path) == (event_type, path):
                return
    message = f"The run left without {event_type} at {path!r}."
    raise AssertionError(message)


async def reached(runtime: Runtime, run_id: str, status: str) -> Told:
    """Wait until a run that others carry on stands so."""
    async with asyncio.timeout(60):
        while (await runtime.runs.find(OPERATOR, run_id)).status != status:  # noqa: ASYNC110
            # Without a pause, this would keep a core from whoever carries it on.
            await asyncio.sleep(0.005)
    return await ended(runtime, run_id)
