"""Several web processes and workers over one PostgreSQL database, as on machines of their own.

`python -m tests.several` starts PostgreSQL, two web processes that advance no runs and two workers,
prints the addresses, and stops everything with Ctrl+C.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from flowstudio.cli.serve import build_frontend
from flowstudio.services.studio_parts import StudioParts
from tests.fakes.openrouter import KEY as MODEL_KEY
from tests.fakes.openrouter import FakeOpenRouter
from tests.parts import KEY, studio_parts
from tests.postgres import cluster
from tests.site import Site, free_port


@dataclass
class Several:
    """The web processes, the process of each worker, and what they share."""

    sites: list[Site]
    workers: dict[int, asyncio.subprocess.Process]
    models: FakeOpenRouter
    parts: StudioParts


@asynccontextmanager
async def several(
    folder: Path, url: str, *, webs: int = 2, workers: int = 2
) -> AsyncIterator[Several]:
    """Start them, each with a data directory of its own; stop what still runs at the end."""
    await asyncio.to_thread(build_frontend)
    async with FakeOpenRouter() as models:
        with studio_parts(folder / "test", database_url=url) as parts:
            shared = {
                "DATABASE_URL": url,
                "SECRET_KEY": KEY,
                "REQUESTS_PER_MINUTE": "100000",
                "RUN_IN_WEB": "false",
                "OPENROUTER_BASE_URL": models.url,
                "OPENROUTER_API_KEY": MODEL_KEY,
                "MODEL_PATH": str(folder / "none.gguf"),
            }
            made = Several([], {}, models, parts)
            try:
                for number in range(webs):
                    made.sites.append(await _web(folder / f"web{number}", shared, made))
                for number in range(workers):
                    worker = await _begin("worker", folder / f"worker{number}", shared)
                    made.workers[worker.pid] = worker
                yield made
            finally:
                await _stop(made)


async def _begin(command: str, folder: Path, settings: dict[str, str]) -> Any:
    named = {f"FLOWSTUDIO_{name}": value for name, value in settings.items()}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "flowstudio.cli", command),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | named | {"FLOWSTUDIO_DATA_DIR": str(folder)},  # noqa: TID251 - of another process
    )


async def _web(folder: Path, shared: dict[str, str], made: Several) -> Site:
    port = free_port()
    process = await _begin("start", folder, shared | {"PORT": str(port)})
    async with asyncio.timeout(180):
        line = (await process.stdout.readline()).decode()
    assert line == f"FlowStudio is ready at http://127.0.0.1:{port}\n"
    made.workers[process.pid] = process
    return Site(f"http://127.0.0.1:{port}", port, made.models, made.parts, folder, process.pid)


async def _stop(made: Several) -> None:
    for process in made.workers.values():
        if process.returncode is None:
            process.terminate()
    for process in made.workers.values():
        await process.wait()


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder, cluster(durable=True) as server:
        async with several(Path(folder), server.url()) as made:
            for site in made.sites:
                click.echo(site.url)
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
