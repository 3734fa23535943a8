"""The processes of a farm: those that take webhooks and run schedules, and those that advance runs.

They come from a server of forks that has imported everything, so that one that was killed is back
within a moment.
"""

import asyncio
import signal
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from threading import Lock

from starlette.responses import PlainTextResponse

import flowstudio.services.studio
from flowstudio.api.hooks import Hooks
from flowstudio.nodes.registry import Registry
from flowstudio.runtime import open_runtime
from flowstudio.settings import Settings
from tests.faults.ledger import Effect
from tests.serving import served

__all__ = ["REGISTRY", "Worker", "flowstudio", "settings_of"]

REGISTRY = Registry({"effect": Effect()})
_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload([__name__])


def settings_of(data: Path, url: str) -> Settings:
    """Of every process of a farm; without an address on a SQLite file in the data directory."""
    return Settings(data_dir=data, database_url=url, max_concurrent_runs=16)


class Worker:
    """One process; it is begun when made, and `address` is "" until it is ready."""

    def __init__(self, task: str, settings: Settings) -> None:
        self.task = task
        self._heard, said = _FORKS.Pipe(duplex=False)
        self._address = ""
        # Many ask at once, and what one has heard the others would wait for.
        self._hearing = Lock()
        self.process: ForkServerProcess = _FORKS.Process(target=_serve, args=(task, settings, said))
        self.process.start()
        said.close()

    @property
    def address(self) -> str:
        """What it said once it was ready: where it listens, or that it works."""
        with self._hearing:
            try:
                if not self._address and self._heard.poll():
                    self._address = self._heard.recv()
            except (EOFError, OSError):
                # It was killed before it had said all of it.
                return ""
            return self._address

    def kill(self) -> None:
        """End it without warning."""
        self.process.kill()
        self.process.join()


def _serve(task: str, settings: Settings, told: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run((_web if task == "web" else _work)(settings, told))


async def _web(settings: Settings, told: Connection) -> None:
    async with (
        open_runtime(settings, registry=REGISTRY) as runtime,
        asyncio.TaskGroup() as group,
        served(Hooks(PlainTextResponse(""), lambda: runtime)) as address,
    ):
        group.create_task(runtime.dispatcher.serve(works=False))
        group.create_task(runtime.studio.schedules.serve())
        group.create_task(runtime.studio.webhook_requests.serve())
        told.send(address)
        await asyncio.Event().wait()


async def _work(settings: Settings, told: Connection) -> None:
    async with open_runtime(settings, registry=REGISTRY) as runtime, asyncio.TaskGroup() as group:
        group.create_task(runtime.dispatcher.serve())
        group.create_task(runtime.studio.workers.serve("worker"))
        told.send("works")
