"""How many steps of a run may be executed at once."""

import asyncio
from collections import deque


class Slots:
    """A fixed number of places; those who find none free get one in the order they came.

    Every step takes one. `asyncio.Semaphore` makes three calls and two coroutines of that even
    while places are free, which is a tenth of what a cheap step costs.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take(self) -> bool:
        """Take a place if one is free; else false, and the caller must `wait`."""
        # A place given back goes straight to who waits, so a free one is nobody else's turn.
        if not self._free:
            return False
        self._free -= 1
        return True

    async def wait(self) -> None:
        """Wait for a place, and take it."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                # Given a place and cancelled in the same turn of the event loop.
                self.give_back()
            raise

    def give_back(self) -> None:
        """Pass the place on to the first who still waits for one."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
