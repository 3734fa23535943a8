"""The event bus of one process: hands what happens in a run to those who watch it."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

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

    def catch_up(self) -> None:
        """Forget what came before losing some: the watcher reads the journal instead."""
        while not self._queue.empty():
            self._queue.get_nowait()
        self.has_lost = False


class MemoryBus:
    """An engine's `Bus` within one process."""

    def __init__(self) -> None:
        self._watchers: dict[str, set[Subscription]] = {}
        self._texts: dict[str, dict[str, list[Event]]] = {}

    def publish(self, run_id: str, event: Event) -> None:
        """Hand an event to every watcher of the run."""
        # Two events a step come here, and mostly nobody watches and no text is under way.
        if self._texts or event.type == "step_streamed":
            self._keep_text(run_id, event)
        if self._watchers:
            for watcher in self._watchers.get(run_id, ()):
                watcher.put(event)

    def close(self, run_id: str) -> None:
        """Tell the watchers that the run has ended or left this process."""
        self._texts.pop(run_id, None)
        for watcher in self._watchers.get(run_id, ()):
            watcher.put(None)

    @contextmanager
    def subscribe(self, run_id: str) -> Iterator[Subscription]:
        """Watch a run for the length of the block; text being written is given from its start."""
        subscription = Subscription()
        for pieces in self._texts.get(run_id, {}).values():
            for piece in pieces:
                subscription.put(piece)
        self._watchers.setdefault(run_id, set()).add(subscription)
        try:
            yield subscription
        finally:
            watchers = self._watchers[run_id]
            watchers.discard(subscription)
            if not watchers:
                del self._watchers[run_id]

    def _keep_text(self, run_id: str, event: Event) -> None:
        # Live text is not stored, so whoever comes later is given what the steps under way have
        # said so far, in one event for each part.
        if event.type != "step_streamed":
            self._texts.get(run_id, {}).pop(event.path, None)
        elif "text" in event.data:
            pieces = self._texts.setdefault(run_id, {}).setdefault(event.path, [])
            if pieces and pieces[-1].data.get("part") == event.data.get("part"):
                event = event._replace(data=_joined(pieces.pop().data, event.data))
            pieces.append(event)


def _joined(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    return {**after, "text": f"{before['text']}{after['text']}"}
