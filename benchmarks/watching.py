"""Part of the editor's benchmark: many people watch one run, each over a socket of their own.

The sockets are raw ones, without a browser: what is measured is the server. A model speaks thirty
times a second, each time a batch that the server could send on by itself.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from tests.editing import invite, keep
from tests.fakes.openrouter import say
from tests.site import Site
from tests.tab import Tab, operations, tab

WATCHERS = 20
_RATE = 30
_SECONDS = 10
#: 50 characters, so that a batch is told from what it is wrapped in.
_WORD = "x" * 50
_STATE = "reflex___state____state.flowstudio___ui___{0}___state____{0}_state"


@dataclass
class Watched:
    """What came of it.

    Attributes:
        rates: batches of text a second, by watcher, the slowest first.
        largest: bytes of the largest frame of text.
        growth_mb: of the server's resident memory, for each watcher.
    """

    rates: list[float]
    largest: int
    growth_mb: float


class _Pace(asyncio.Event):
    """Lets a model's words go at a steady rate from the moment it is set."""

    def __init__(self) -> None:
        super().__init__()
        self._next = 0.0

    async def wait(self) -> Any:
        """Wait for the moment of the next word."""
        await super().wait()
        now = time.monotonic()
        self._next = max(self._next or now, now - 0.1) + 1 / _RATE
        await asyncio.sleep(max(0.0, self._next - now))


@dataclass
class _Watcher:
    tab: Tab
    times: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    async def listen(self) -> None:
        """Note each frame of text until nothing more comes."""
        while True:
            try:
                update = await self.tab.update()
            except TimeoutError:
                return
            texts = [found for found in operations([update]) if _WORD in str(found)]
            if any(found[0] in {"t", "add"} for found in texts):
                self.times.append(time.monotonic())
                self.sizes.append(len(self.tab.frames[-1].encode()))
            self.tab.frames.clear()

    @property
    def rate(self) -> float:
        """Frames a second."""
        if len(self.times) < 2:
            return 0.0
        return (len(self.times) - 1) / (self.times[-1] - self.times[0])


def _document(page: str) -> dict[str, Any]:
    places: list[Any] = [{"x": 240 * index, "y": 0} for index in range(2)]
    return {
        "format": "flowstudio/1",
        "name": "Watched",
        "nodes": [
            {"id": "begin", "type": "start", "name": "begin", "config": {}, "position": places[0]},
            {
                "id": "speak",
                "type": "ai",
                "name": "speak",
                # Not what another run has asked already: its answer would be a kept one.
                "config": {"prompt": f"Speak for the {page}."},
                "position": places[1],
            },
        ],
        "edges": [{"id": "wire", "source": "begin", "target": "speak"}],
    }


async def measure_watching(site: Site, page: str) -> Watched:
    """Watch one run from its first word to its last.

    Args:
        site: a server that nothing else is asked meanwhile.
        page: `run`, the page of a run, or `editor`, where its draft runs.
    """
    workflow_id = keep(site, _document(page))
    async with AsyncExitStack() as stack:
        pace = _Pace()
        run_id = await _start(site, workflow_id, page, pace)
        before = _resident_mb(site.process_id)
        watchers = [
            _Watcher(await stack.enter_async_context(_open(site, page, each, workflow_id, run_id)))
            for each in range(WATCHERS)
        ]
        async with asyncio.TaskGroup() as group:
            for watcher in watchers:
                group.create_task(watcher.listen())
            pace.set()
        growth = _resident_mb(site.process_id) - before
    rates = sorted(watcher.rate for watcher in watchers)
    largest = max(max(watcher.sizes, default=0) for watcher in watchers)
    return Watched(rates, largest, growth / WATCHERS)


async def _start(site: Site, workflow_id: str, page: str, pace: _Pace) -> str:
    """Begin a run whose model is about to speak; gives its id."""
    # The model is asked once and waits before its second word.
    site.models.answer(replace(say(" ".join([_WORD] * _RATE * _SECONDS)), gate=pace))
    path = "draft/run" if page == "editor" else "runs"
    body = {"mode": "all"} if page == "editor" else {"inputs": {}}
    headers = {"Origin": site.url, "Cookie": f"fs_at={site.sign_in().access_token}"}
    async with httpx.AsyncClient(base_url=site.url, headers=headers) as client:
        reply = await client.post(f"/api/v1/workflows/{workflow_id}/{path}", json=body)
        reply.raise_for_status()
    told = reply.json()
    return str(told.get("run_id") or told["id"])


@asynccontextmanager
async def _open(
    site: Site, page: str, number: int, workflow_id: str, run_id: str
) -> AsyncIterator[Tab]:
    """A socket of somebody who may look, with the page open."""
    email = f"watcher{number}@example.com"
    invite(site, email, "viewer")
    cookie = f"fs_at={site.sign_in(email, 'user').access_token}"
    async with tab(site.port, cookie, name=f"watcher{number}{page}") as opened:
        path, query = (
            (f"/workflows/{workflow_id}", {"workflow_id": workflow_id})
            if page == "editor"
            else (f"/runs/{run_id}", {"run_id": run_id})
        )
        state = _STATE.format(page)
        if page == "editor":
            await opened.follow(state, path, **query)
        else:
            # What came before it follows is sent all the same.
            for handler in ("load", "follow"):
                await opened.send(f"{state}.{handler}", path=path, **query)
        yield opened


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kilobytes) * 1024 / 1e6
