"""Rows that many ask for one by one, read in one go."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any

Row = tuple[Any, ...]
_Asked = tuple[str, "asyncio.Future[Row | None]"]


class Gathered:
    """Those who ask while a thread is on its way are answered together, not by a trip each."""

    def __init__(
        self, threads: Executor, read: Callable[[Sequence[str]], list[Row | None]]
    ) -> None:
        """`read` gives what there is of each key; it is called in one of the threads."""
        self._threads = threads
        self._read = read
        self._lock = threading.Lock()
        self._asked: list[_Asked] = []

    async def find(self, key: str) -> Row | None:
        """The row of a key, or None when there is none.

        Raises:
            Exception: whatever `read` raised.
        """
        asked: asyncio.Future[Row | None] = asyncio.get_running_loop().create_future()
        with self._lock:
            if not self._asked:
                self._threads.submit(self._answer)
            self._asked.append((key, asked))
        return await asked

    def _answer(self) -> None:
        with self._lock:
            asked, self._asked = self._asked, []
        keys = sorted({key for key, _ in asked})
        found: dict[str, Row | None] | Exception
        try:
            found = dict(zip(keys, self._read(keys), strict=True))
        except Exception as error:  # noqa: BLE001 - raised again where it was asked for
            found = error
        by_loop: dict[asyncio.AbstractEventLoop, list[_Asked]] = defaultdict(list)
        for each in asked:
            by_loop[each[1].get_loop()].append(each)
        for loop, waiting in by_loop.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(_tell, waiting, found)


def _tell(waiting: Sequence[_Asked], found: "dict[str, Row | None] | Exception") -> None:
    for key, asked in waiting:
        # Whoever asked may have gone meanwhile.
        if asked.done():
            continue
        if isinstance(found, Exception):
            asked.set_exception(found)
        else:
            asked.set_result(found[key])
