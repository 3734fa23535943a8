"""How many runs go on at once, and who of those that wait is next."""

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count


class SlotsClosedError(Exception):
    """No slot is given any more."""


class JobSlots:
    """At most so many at once; the free slot goes to the highest priority, then to the first.

    Attributes:
        changed: is set whenever one has ended, or has to wait.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._busy = 0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()
        self._is_closed = False
        self.changed = asyncio.Event()

    @property
    def next_priority(self) -> int | None:
        """Of the one that is next in line; None when nobody waits."""
        while self._waiting and self._waiting[0][2].done():
            heapq.heappop(self._waiting)
        return -self._waiting[0][0] if self._waiting else None

    @asynccontextmanager
    async def taken(self, priority: int) -> AsyncIterator[None]:
        """Hold a slot for the length of the block, after waiting for one.

        Raises:
            SlotsClosedError: they were closed before there was one.
        """
        if self._is_closed:
            raise SlotsClosedError
        if self._busy < self._most:
            self._busy += 1
        else:
            await self._wait(priority)
        try:
            yield
        finally:
            self._free()

    def close(self) -> None:
        """Give no more; who holds one keeps it."""
        self._is_closed = True
        for _, _, turn in self._waiting:
            if not turn.done():
                turn.set_exception(SlotsClosedError())
        self.changed.set()

    async def _wait(self, priority: int) -> None:
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (-priority, next(self._order), turn))
        self.changed.set()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._free()
            raise

    def _free(self) -> None:
        """Hand the slot to the next in line."""
        if self.next_priority is not None:
            heapq.heappop(self._waiting)[2].set_result(None)
        else:
            self._busy -= 1
        self.changed.set()
