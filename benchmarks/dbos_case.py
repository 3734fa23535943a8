"""DBOS on SQLite, as shipped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dbos import DBOS

from benchmarks.cases import Shape
from benchmarks.child import Job, Noop, Run, measure_engine, serve


@asynccontextmanager
async def open_engine(job: Job, noop: Noop) -> AsyncIterator[Run]:
    """Each no-op is a DBOS step, each run a DBOS workflow."""
    url = f"sqlite:///{job.directory / 'dbos.db'}"
    DBOS(config={"name": "bench", "system_database_url": url, "log_level": "ERROR"})

    @DBOS.step()
    async def step() -> dict[str, bool]:
        return await noop()

    @DBOS.workflow()
    async def chain(steps: int) -> None:
        for _ in range(steps):
            await step()

    @DBOS.workflow()
    async def fan(steps: int) -> None:
        await step()
        async with asyncio.TaskGroup() as group:
            for _ in range(steps - 2):
                group.create_task(step())
        await step()

    async def run(shape: Shape) -> None:
        await (chain if shape.kind == "chain" else fan)(shape.steps)

    DBOS.launch()
    yield run


if __name__ == "__main__":
    serve(measure_engine(open_engine))
