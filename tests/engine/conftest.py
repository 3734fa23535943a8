"""An engine over a journal of the test's choice, without the services around it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flowstudio.clock import SystemClock
from flowstudio.engine.events import Event
from flowstudio.engine.execution import EngineParts
from flowstudio.engine.journal import NewRun, RunUpdate
from flowstudio.engine.runner import Engine
from flowstudio.expressions.sandbox import Sandbox
from flowstudio.graph.canonical import content_hash, dump
from flowstudio.graph.document import Document
from flowstudio.graph.ids import new_id
from flowstudio.scale.bus import MemoryBus
from flowstudio.settings import Settings
from flowstudio.store.database import open_database
from flowstudio.store.journal import StoredJournal
from tests.fakes.nodes import Bench


class TellingJournal(StoredJournal):
    """Tells the bench when a step's result is durable."""

    bench: Bench

    async def append(
        self, run_id: str, epoch: int, events: Sequence[Event], update: RunUpdate | None = None
    ) -> None:
        await super().append(run_id, epoch, events, update)
        for event in events:
            if event.type == "step_succeeded":
                self.bench.log.append(f"stored {event.path}")


@dataclass
class Workshop:
    """An engine of one process, and its journal."""

    engine: Engine
    journal: StoredJournal
    owner: str

    async def create(self, document: Document, **fields: Any) -> str:
        """Store a run that nobody has claimed; gives its id."""
        body = dump(document.dump())
        run = NewRun(
            id=new_id(),
            document_hash=content_hash(body),
            workflow=document.name,
            slug="",
            inputs={},
            trigger="test",
            created_at=SystemClock().now(),
            steps_total=len(document.nodes),
            **fields,
        )
        assert await self.journal.create(run, body)
        return run.id

    async def types(self, run_id: str) -> list[str]:
        """Types of the stored events of a run."""
        return [event.type async for event in self.journal.read(run_id)]


OpenWorkshop = Callable[..., AbstractAsyncContextManager[Workshop]]


@pytest.fixture
def open_workshop(tmp_path: Path, bench: Bench) -> OpenWorkshop:
    """Opens a workshop; several over the same folder are several processes."""

    @asynccontextmanager
    async def opened(owner: str = "first", busy_timeout_s: float = 10.0):
        settings = Settings(data_dir=tmp_path)
        journal = TellingJournal(open_database(settings), "full", busy_timeout_s)
        journal.bench = bench
        sandbox = Sandbox(kind="run")
        parts = EngineParts(journal, MemoryBus(), sandbox, SystemClock(), {}, owner)
        try:
            yield Workshop(Engine(parts, bench.registry()), journal, owner)
        finally:
            await sandbox.close()
            await journal.close()

    return opened
