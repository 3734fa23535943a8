"""What it takes for processes on one PostgreSQL server to hear each other.

`python -m benchmarks.links` prints how long tokens take from the process that advances a run to one
that watches it; `python -m benchmarks.links jobs`, how many jobs of nothing one worker does a second.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from flowstudio.engine.contract import NodeContext, NodeType
from flowstudio.nodes.registry import Registry, load_registry
from flowstudio.runtime import open_runtime
from flowstudio.scale.postgres.job_deferral import RUNS_TOGETHER
from flowstudio.scale.postgres.jobs import Jobs
from flowstudio.services.access import OPERATOR
from flowstudio.services.batches import batches
from flowstudio.settings import Settings
from tests.builders import node, workflow
from tests.deferring import defer
from tests.postgres import cluster

_TOKENS = 1_500
_PER_S = 50
_JOBS = 2_000


class Pace(BaseModel):
    """How much it says, and how fast."""

    tokens: int
    per_s: float


class Talk(NodeType[Pace]):
    """Says the time, again and again."""

    type = title = "talk"
    summary = ""
    category = "data"
    icon = "flask"
    config_type = Pace

    async def run(self, config: Pace, context: NodeContext) -> Any:
        """Say it as often as configured."""
        for _ in range(config.tokens):
            context.stream(f"{time.time():.6f} ")
            await asyncio.sleep(1 / config.per_s)
        return "done"


def _registry() -> Registry:
    return Registry({**load_registry(), "talk": Talk()})


def _settings(folder: str, url: str) -> Settings:
    return Settings(data_dir=Path(folder), database_url=url)


async def _advance(folder: str, url: str, run_id: str) -> None:
    async with open_runtime(_settings(folder, url), registry=_registry()) as runtime:
        await runtime.runs.carry(OPERATOR, run_id)


async def _watch(folder: str, url: str) -> None:
    document = workflow(node("talk", tokens=_TOKENS, per_s=_PER_S))
    bare: list[float] = []
    on_page: list[float] = []
    async with open_runtime(_settings(folder, url), registry=_registry()) as runtime:
        run_id = await runtime.runs.create(OPERATOR, document, {})
        with _child("advance", folder, url, run_id) as worker:
            async with asyncio.TaskGroup() as group:
                group.create_task(_note(runtime, run_id, bare))

                async def page() -> None:
                    async for batch in batches(runtime.runs.watch(OPERATOR, run_id)):
                        for event in batch:
                            _take(event, on_page)

                group.create_task(page())
            worker.wait()
    _say("token to watcher", bare)
    _say("token to the page's batch of 40 ms", on_page)


async def _note(runtime: Any, run_id: str, taken: list[float]) -> None:
    async for event in runtime.runs.watch(OPERATOR, run_id):
        _take(event, taken)


def _take(event: Any, taken: list[float]) -> None:
    if event.type == "step_streamed" and "text" in event.data:
        now = time.time()
        taken += [(now - float(said)) * 1_000 for said in event.data["text"].split()]


def _say(what: str, taken: list[float]) -> None:
    cuts = statistics.quantiles(taken, n=100)
    print(  # noqa: T201
        f"{what}: {len(taken)} tokens, median {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms, "
        f"load {os.getloadavg()[0]:.1f}"
    )


def _child(*arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "benchmarks.links", *arguments])  # noqa: S603


async def _jobs(url: str, size: int) -> None:
    done, all_done = 0, asyncio.Event()

    async def advance(_run_id: str) -> None:
        nonlocal done
        done += 1
        if done == _JOBS:
            all_done.set()

    names = [f"run {number}" for number in range(_JOBS)]
    async with Jobs(url).opened() as jobs, asyncio.TaskGroup() as group:
        began = time.monotonic()
        for start in range(0, _JOBS, 500):
            part = names[start : start + 500]
            defer(url, [("batch", part[at : at + size]) for at in range(0, len(part), size)])
        deferred = time.monotonic()
        worker = group.create_task(jobs.work(advance, queues=["batch"], concurrency=64))
        await all_done.wait()
        ended = time.monotonic()
        worker.cancel()
    print(  # noqa: T201
        f"{size} to a job: {_JOBS / (deferred - began):,.0f} runs/s queued, "
        f"{_JOBS / (ended - deferred):,.0f} runs/s done, load {os.getloadavg()[0]:.1f}"
    )


def main() -> None:
    """Measure what the arguments say."""
    if sys.argv[1:2] == ["advance"]:
        asyncio.run(_advance(*sys.argv[2:]))
        return
    with tempfile.TemporaryDirectory() as folder, cluster(durable=True) as server:
        if sys.argv[1:2] == ["jobs"]:
            for size in (1, RUNS_TOGETHER):
                with server.database() as url:
                    asyncio.run(_jobs(url, size))
        else:
            with server.database() as url:
                asyncio.run(_watch(folder, url))


if __name__ == "__main__":
    main()
