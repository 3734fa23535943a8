import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from flowstudio.errors import JournalError
from flowstudio.store.gathered import Gathered

ROWS = {"a": 1, "b": 2}
GONE = "The disk is gone."


class Busy:
    """A thread that does nothing until it is let go, and what it was then asked to read."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self.threads, self.go = threads, threading.Event()
        self.read: list[list[str]] = []
        threads.submit(self.go.wait)
        self.gathered = Gathered(threads, self._rows)

    def _rows(self, keys):
        self.read.append(list(keys))
        if "broken" in keys:
            raise JournalError(GONE)
        if "bug" in keys:
            raise TypeError(GONE)
        return [(ROWS[key],) if key in ROWS else None for key in keys]

    async def ask(self, *keys):
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(self._find(key)) for key in keys]
            group.create_task(self._let_go())
        return [each.result() for each in asked]

    async def _find(self, key):
        try:
            return await self.gathered.find(key)
        except (JournalError, TypeError) as error:
            return str(error)

    async def _let_go(self):
        self.go.set()


@pytest.fixture
def busy() -> Iterator[Busy]:
    with ThreadPoolExecutor(1) as threads:
        yield Busy(threads)


async def test_what_is_asked_while_a_thread_is_busy_is_read_at_once(busy):
    assert await busy.ask("b", "a", "none", "b") == [(2,), (1,), None, (2,)]
    assert busy.read == [["a", "b", "none"]]
    assert await busy.ask("a") == [(1,)]
    assert busy.read[1:] == [["a"]]


@pytest.mark.parametrize("fault", ["broken", "bug"])
async def test_all_who_asked_are_told_that_it_could_not_be_read(busy, fault):
    assert await busy.ask("a", fault) == [GONE] * 2
    assert await busy.ask("a") == [(1,)]


async def test_nobody_waits_for_threads_that_are_gone(busy):
    busy.go.set()
    busy.threads.shutdown()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="shutdown"):
            await busy.gathered.find("a")


async def test_whoever_asked_and_has_gone_keeps_nobody_from_an_answer(busy):
    async with asyncio.TaskGroup() as group:
        gone = group.create_task(busy.gathered.find("a"))
        stays = group.create_task(busy.gathered.find("b"))
        await asyncio.sleep(0)
        gone.cancel()
        busy.go.set()
    assert stays.result() == (2,)
    assert busy.read == [["a", "b"]]
