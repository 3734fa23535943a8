"""A server killed while requests come in: each key has one run, and no answer was in vain."""

import asyncio
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import httpx
import pytest

from flowstudio.runtime import open_runtime
from flowstudio.settings import Settings
from tests.hooking import linked, path_of
from tests.people import person
from tests.running import ended

ROOT = Path(__file__).parents[2]
KEYS = 60
#: How many answers have come when the server is killed, and started again.
KILLS = (5, 90, 220)


class Server:
    """A server that its senders find again after each kill."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._ready = asyncio.Condition()
        self._process: subprocess.Popen[str] | None = None
        self._address = ""
        self.starts = 0

    async def start(self) -> None:
        address = await asyncio.to_thread(self._launched)
        async with self._ready:
            self._address, self.starts = address.strip(), self.starts + 1
            self._ready.notify_all()

    def _launched(self) -> str:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.webhook_worker", self._data],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    async def address(self, after: int) -> tuple[str, int]:
        """Where it is, once it was started more often than that."""
        async with self._ready:
            await self._ready.wait_for(lambda: self.starts > after)
            return self._address, self.starts

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()


class Senders:
    """Send each key five times, again and again until it is answered."""

    def __init__(self, server: Server, path: str) -> None:
        self._server = server
        self._path = path
        self._left = sorted(KILLS)
        self._gate = asyncio.Semaphore(20)
        self._count = 0
        self.given: dict[str, set[str]] = defaultdict(set)
        self.firsts: dict[str, int] = defaultdict(int)

    async def send(self, client: httpx.AsyncClient, key: str) -> None:
        async with self._gate:
            reply = await self._answered(client, key)
            assert reply.status_code in (200, 202), reply.text
            self.given[key].add(reply.json()["run_id"])
            self.firsts[key] += reply.status_code == 202
            self._count += 1
            if self._left and self._count >= self._left[0]:
                self._left.pop(0)
                self._server.kill()
                await self._server.start()

    async def _answered(self, client: httpx.AsyncClient, key: str) -> httpx.Response:
        starts = 0
        while True:
            address, starts = await self._server.address(starts)
            try:
                return await client.post(
                    address + self._path, json={"n": 1}, headers={"idempotency-key": key}
                )
            except httpx.TransportError:
                continue


@pytest.mark.usefixtures("either_database")
async def test_a36c_each_key_has_one_run_however_often_the_server_is_killed(tmp_path):
    settings = Settings(data_dir=tmp_path)
    async with open_runtime(settings) as runtime:
        owner = person(runtime.studio.parts, "owner@example.com")
        path = path_of(await linked(runtime, owner))
    server = Server(tmp_path)
    senders = Senders(server, path)
    await server.start()
    keys = [f"order-{number}" for number in range(KEYS)] * 5
    try:
        async with httpx.AsyncClient(timeout=30) as client, asyncio.TaskGroup() as group:
            for key in keys:
                group.create_task(senders.send(client, key))
    finally:
        server.kill()
    assert server.starts == len(KILLS) + 1
    assert {key: len(found) for key, found in senders.given.items()} == dict.fromkeys(keys, 1)
    assert max(senders.firsts.values()) == 1
    answered = {run_id for found in senders.given.values() for run_id in found}
    async with open_runtime(settings) as runtime, asyncio.TaskGroup() as group:
        serving = group.create_task(runtime.dispatcher.serve())
        stored = {row[0] for row in await runtime.parts.journal.query("SELECT id FROM run")}
        assert stored == answered
        for run_id in answered:
            assert (await ended(runtime, run_id)).status == "succeeded"
        serving.cancel()
