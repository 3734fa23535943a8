"""Work on the same thing, one after another in the order in which it was asked for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class Turns:
    """Whoever waits is next in turn: a slow work is not overtaken again and again by quick ones."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, key: str) -> AsyncIterator[None]:
        """Hold the turn for one thing; others work meanwhile."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            yield
