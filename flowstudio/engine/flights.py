"""Two identical calls in flight are one call."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Flights:
    """Lets one of several holders of the same key go ahead, and the others wait for it to end."""

    def __init__(self) -> None:
        self._aloft: dict[str, asyncio.Event] = {}

    @asynccontextmanager
    async def board(self, key: str) -> AsyncIterator[None]:
        """Wait until nobody else holds the key, then hold it for the length of the block."""
        while (landed := self._aloft.get(key)) is not None:
            await landed.wait()
        landed = self._aloft[key] = asyncio.Event()
        try:
            yield
        finally:
            del self._aloft[key]
            landed.set()
