"""Following a run: what is stored, then what happens, in order and without gaps."""

import asyncio
from collections.abc import AsyncIterator

from flowstudio.engine.events import Event
from flowstudio.engine.journal import DamagedEvent
from flowstudio.scale.bus import Reached, Subscription
from flowstudio.services.parts import RunParts
from flowstudio.store.journal import StoredJournal

_POLL_S = 0.5
# A little more than an event takes to the disk.
_GAP_S = 0.05
# When to look for an event that another process has told of, and how much later at most.
_SOON_S = 0.005
_LATE_S = 0.6


class Watch:
    """One watcher of one run."""

    def __init__(self, parts: RunParts, run_id: str, after: int) -> None:
        self._parts = parts
        self._run_id = run_id
        self._line = _Line(after)

    async def events(self) -> AsyncIterator[Event]:
        """Events in order; ends when the run has ended or waits outside memory.

        A run in this process's hands comes over the bus. One that another process advances is read
        from the journal as the bus tells of its growth, or now and then where it cannot; live text
        comes over the bus alone.
        """
        with self._parts.bus.subscribe(self._run_id) as subscription:
            # What was on the bus before this watcher may reach the disk after its first look.
            self._line.look_again()
            while True:
                async for event in self._stored():
                    yield event
                if not self._is_here and await self._is_over():
                    async for event in self._stored():
                        yield event
                    return
                async for event in self._live(subscription):
                    yield event

    @property
    def _is_here(self) -> bool:
        return self._run_id in self._parts.engine.running

    async def _is_over(self) -> bool:
        record = await self._parts.store.find(self._run_id)
        return record is None or record.status not in ("queued", "running")

    def _stored(self) -> AsyncIterator[Event]:
        return self._line.stored(self._parts.journal, self._run_id)

    async def _live(self, subscription: Subscription) -> AsyncIterator[Event]:
        """What the bus brings, until it is time to look into the journal."""
        while not subscription.has_lost:
            try:
                async with asyncio.timeout_at(self._look_at()):
                    heard = await subscription.get()
            except TimeoutError:
                self._line.look_at = None
                return
            if heard is None:
                return
            if isinstance(heard, Reached):
                async for event in self._reach(heard.seq):
                    yield event
                continue
            for ready in self._line.order(heard):
                yield ready
        subscription.catch_up()

    async def _reach(self, seq: int) -> AsyncIterator[Event]:
        """What the journal holds up to an event, so that what comes after it follows it."""
        wait_s = _SOON_S
        while self._line.last < seq:
            async for event in self._stored():
                yield event
            if self._line.last >= seq or wait_s > _LATE_S:
                return
            await asyncio.sleep(wait_s)
            wait_s *= 2

    def _look_at(self) -> float | None:
        if self._line.look_at is not None or self._is_here:
            return self._line.look_at
        return asyncio.get_running_loop().time() + _POLL_S


class _Line:
    """Puts stored events in the order of their numbers, each once.

    Attributes:
        last: number of the last event passed on.
        look_at: when, in the event loop's time, to look into the journal for what is missing.
    """

    def __init__(self, last: int) -> None:
        self.last = last
        self._early: dict[int, Event] = {}
        self.look_at: float | None = None

    def order(self, event: Event) -> list[Event]:
        """The events that may be passed on now that this one has come."""
        if event.seq == 0:
            return [event]
        if event.seq > self.last:
            self._early[event.seq] = event
        return self._ready()

    def _ready(self) -> list[Event]:
        ready = []
        while (following := self._early.pop(self.last + 1, None)) is not None:
            self.last += 1
            ready.append(following)
        if self._early and (ready or self.look_at is None):
            self.look_again()
        elif ready and not self._early:
            self.look_at = None
        return ready

    def look_again(self) -> None:
        """Ask for a look into the journal soon."""
        self.look_at = asyncio.get_running_loop().time() + _GAP_S

    async def stored(self, journal: StoredJournal, run_id: str) -> AsyncIterator[Event]:
        """What the journal holds beyond what was passed on."""
        async for event in journal.read(run_id, self.last):
            self.last = max(self.last, event.seq)
            self._early.pop(event.seq, None)
            if not isinstance(event, DamagedEvent):
                yield event
        self._early = {seq: event for seq, event in self._early.items() if seq > self.last}
        for event in self._ready():
            yield event
