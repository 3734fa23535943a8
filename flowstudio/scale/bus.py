"""The event bus of one process: hands what happens in a run to those who watch it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from flowstudio.engine.events import Event

_MOST_WAITING = 5_000


class Subscription:
    """One watcher's queue. A watcher that falls behind loses events and is told so."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue(_MOST_WAITING)
        self.has_lost = False

    def put(self, event: Event | None) -> None:
        """Hand over an event, or None when the run has left this process."""
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            self.has_lost = True

    async def get(self) -> Event | None:
        """The next event; None when the run has left this process."""
        return await self._queue.get()


class MemoryBus:
    """An engine's `Bus` within one process."""

    def __init__(self) -> None:
        self._watchers: dict[str, set[Subscription]] = {}

    def publish(self, run_id: str, event: Event) -> None:
        """Hand an event to every watcher of the run."""
        for watcher in self._watchers.get(run_id, ()):
            watcher.put(event)

    def close(self, run_id: str) -> None:
        """Tell the watchers that the run has ended or left this process."""
        for watcher in self._watchers.get(run_id, ()):
            watcher.put(None)

    @contextmanager
    def subscribe(self, run_id: str) -> Iterator[Subscription]:
        """Watch a run for the length of the block."""
        subscription = Subscription()
        self._watchers.setdefault(run_id, set()).add(subscription)
        try:
            yield subscription
        finally:
            watchers = self._watchers[run_id]
            watchers.discard(subscription)
            if not watchers:
                del self._watchers[run_id]
