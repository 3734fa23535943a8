"""The event bus: hands what happens in a run to those who watch it."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple, Protocol

from flowstudio.engine.events import Event
from flowstudio.scale.texts import Text, Texts

_MOST_WAITING = 5_000


class Reached(NamedTuple):
    """The journal of a run that another process advances holds, or soon will, events up to here."""

    seq: int


#: None: look into the journal; the run has left a process, or something may have been missed.
Heard = Event | Reached | None


class Subscription:
    """One watcher's queue. A watcher that falls behind loses events and is told so."""

    def __init__(self, kinds: frozenset[str] | None = None) -> None:
        self._kinds = kinds
        self._queue: asyncio.Queue[Heard] = asyncio.Queue(_MOST_WAITING)
        self.has_lost = False

    def put(self, heard: Heard) -> None:
        """Hand something over."""
        kinds = self._kinds
        if kinds is not None and heard is not None and not _is_of(heard, kinds):
            return
        try:
            self._queue.put_nowait(heard)
        except asyncio.QueueFull:
            self.has_lost = True

    async def get(self) -> Heard:
        """What comes next."""
        return await self._queue.get()

    def catch_up(self) -> None:
        """Forget what came before losing some: the watcher reads the journal instead."""
        while not self._queue.empty():
            self._queue.get_nowait()
        self.has_lost = False


def _is_of(heard: Event | Reached, kinds: frozenset[str]) -> bool:
    return isinstance(heard, Event) and heard.type in kinds


class WatchedBus(Protocol):
    """An engine's `Bus` that runs can be watched by."""

    def publish(self, run_id: str, event: Event) -> None:
        """Hand an event of a run that this process advances to every watcher, wherever it is."""

    def close(self, run_id: str) -> None:
        """Tell the watchers that the run has ended or left this process."""

    def subscribe(
        self, run_id: str, kinds: frozenset[str] | None = None
    ) -> AbstractContextManager[Subscription]:
        """Watch a run for the length of the block; text being written is given from its start.

        With `kinds`, only events of these types wake the watcher, and its leaving; of a run that
        another process advances only that.
        """


class MemoryBus:
    """A `WatchedBus` within one process."""

    def __init__(self) -> None:
        self._watchers: dict[str, set[Subscription]] = {}
        self._reached: dict[str, int] = {}
        self.texts = Texts()

    def publish(self, run_id: str, event: Event) -> None:
        """Hand an event to every watcher of the run."""
        self.pass_on(run_id, event)

    def pass_on(self, run_id: str, event: Event) -> Text | None:
        """Hand an event to every watcher of the run; gives the text that it adds to."""
        text = None
        if event.seq:
            self._reached[run_id] = event.seq
        # Two events a step come here, and mostly nobody watches and no text is under way.
        if event.type == "step_streamed":
            if "text" in event.data:
                text = self.texts.add(run_id, event)
        elif self.texts:
            self.texts.end(run_id, event.path)
        if self._watchers:
            self.hand(run_id, event)
        return text

    def reach(self, run_id: str, seq: int) -> None:
        """Tell the watchers how far the journal of a run is that another process advances."""
        self._reached[run_id] = seq
        self.hand(run_id, Reached(seq))

    def close(self, run_id: str) -> None:
        """Tell the watchers that the run has ended or left this process."""
        self.texts.forget(run_id)
        self._reached.pop(run_id, None)
        self.hand(run_id, None)

    def hand(self, run_id: str, heard: Heard) -> None:
        """Hand something to every watcher of the run."""
        for watcher in self._watchers.get(run_id, ()):
            watcher.put(heard)

    @property
    def watched(self) -> Iterable[str]:
        """The runs that somebody watches here."""
        return self._watchers.keys()

    @contextmanager
    def subscribe(self, run_id: str, kinds: frozenset[str] | None = None) -> Iterator[Subscription]:
        """Watch a run for the length of the block; text being written is given from its start.

        With `kinds`, only events of these types wake the watcher.
        """
        subscription = Subscription(kinds)
        if run_id in self._reached:
            # The starts of steps may be on their way to the disk still, and go before their texts.
            subscription.put(Reached(self._reached[run_id]))
        for text in self.texts.of(run_id):
            subscription.put(text.whole())
        self._watchers.setdefault(run_id, set()).add(subscription)
        try:
            yield subscription
        finally:
            watchers = self._watchers[run_id]
            watchers.discard(subscription)
            if not watchers:
                del self._watchers[run_id]
