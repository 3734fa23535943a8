"""Prefect with the server it starts by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prefect import flow, task

from benchmarks.cases import Shape
from benchmarks.child import Job, Noop, Run, measure_engine, serve


@asynccontextmanager
async def open_engine(_: Job, noop: Noop) -> AsyncIterator[Run]:
    """Each no-op is a Prefect task, each run a Prefect flow."""

    @task
    async def step() -> dict[str, bool]:
        return await noop()

    @flow
    async def chain(steps: int) -> None:
        for _ in range(steps):
            await step()

    @flow
    async def fan(steps: int) -> None:
        await step()
        async with asyncio.TaskGroup() as group:
            for _ in range(steps - 2):
                group.create_task(step())
        await step()

    async def run(shape: Shape) -> None:
        await (chain if shape.kind == "chain" else fan)(shape.steps)

    yield run


if __name__ == "__main__":
    serve(measure_engine(open_engine))
