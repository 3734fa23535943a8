"""The processes that webhooks are measured with: the one that is called, workers, and PostgreSQL."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.process import scratch_directory
from benchmarks.usage import tree
from tests.postgres import Cluster, cluster


@dataclass
class Processes:
    """What is running.

    Attributes:
        told: by the process that is called: its address, and a link for each case.
        workers: processes that do nothing but advance runs.
        server: the database server's process id, 0 for SQLite.
    """

    web: Process
    told: dict[str, Any]
    workers: list[Process] = field(default_factory=list)
    server: int = 0

    async def ended(self) -> int:
        """How many runs have succeeded, by the database."""
        found: int = (await _ask(self.web))["ended"]
        return found

    def cpu_s(self) -> tuple[float, float, float]:
        """Used by the process that is called, by the workers and by the database server so far."""
        return (
            _cpu_s(self.web.pid),
            sum(_cpu_s(worker.pid) for worker in self.workers),
            _cpu_s(self.server) if self.server else 0.0,
        )


def _cpu_s(process_id: int) -> float:
    return sum(each.cpu_s for each in tree(process_id).values())


@asynccontextmanager
async def running(workers: int, profile: str = "") -> AsyncIterator[Processes]:
    """All of them for the length of the block.

    Args:
        workers: how many beside the process that is called; with none it is alone, on SQLite.
        profile: where the profile of that process is to be written.
    """
    async with AsyncExitStack() as stack:
        directory = stack.enter_context(scratch_directory())
        if not workers:
            yield await stack.enter_async_context(_web(directory, profile, {}))
            return
        server = stack.enter_context(cluster(durable=True))
        url = stack.enter_context(server.database())
        more = {"FLOWSTUDIO_DATABASE_URL": url, "FLOWSTUDIO_RUN_IN_WEB": "false"}
        found = await stack.enter_async_context(_web(directory, profile, more))
        found.server = _process_id(server)
        for number in range(workers):
            path = f"{profile}.worker{number}" if profile else ""
            worker = await stack.enter_async_context(_worker(directory, path, more))
            found.workers.append(worker)
        yield found


def _process_id(server: Cluster) -> int:
    return int((server.folder / "data" / "postmaster.pid").read_text().split()[0])


@asynccontextmanager
async def _web(directory: Path, profile: str, more: dict[str, str]) -> AsyncIterator[Processes]:
    command = [sys.executable, "-m", "benchmarks.webhooks_server", str(directory)]
    command += [profile] if profile else []
    process = await asyncio.create_subprocess_exec(*_with(more), *command, stdin=PIPE, stdout=PIPE)
    try:
        yield Processes(process, await _line(process))
    finally:
        if process.stdin:
            process.stdin.close()
        await process.wait()


@asynccontextmanager
async def _worker(directory: Path, profile: str, more: dict[str, str]) -> AsyncIterator[Process]:
    command = [sys.executable, *(["-m", "cProfile", "-o", profile] if profile else [])]
    command += ["-m", "flowstudio.cli", "worker", "--grace", "1"]
    settings = {**more, "FLOWSTUDIO_DATA_DIR": str(directory)}
    process = await asyncio.create_subprocess_exec(*_with(settings), *command, stderr=PIPE)
    try:
        if process.stderr is not None:
            await process.stderr.readline()
        yield process
    finally:
        process.terminate()
        await process.communicate()


def _with(settings: dict[str, str]) -> list[str]:
    return ["env", *(f"{name}={value}" for name, value in settings.items())]


async def _ask(web: Process) -> dict[str, Any]:
    if web.stdin is None:
        raise RuntimeError
    web.stdin.write(b"how far\n")
    return await _line(web)


async def _line(web: Process) -> dict[str, Any]:
    if web.stdout is None:
        raise RuntimeError
    found: dict[str, Any] = json.loads(await web.stdout.readline())
    return found
