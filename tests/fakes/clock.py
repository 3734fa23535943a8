"""A clock that tests turn by hand."""

import asyncio
from datetime import UTC, datetime, timedelta


class TurnedClock:
    """Moves only when told; who sleeps on it wakes when it is turned that far.

    Attributes:
        slept: what was asked for, in seconds, in order.
    """

    def __init__(self, at: datetime = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)) -> None:
        self.at = at
        self.slept: list[float] = []
        self._sleepers: list[tuple[datetime, asyncio.Event]] = []

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        woken = asyncio.Event()
        self._sleepers.append((self.at + timedelta(seconds=seconds), woken))
        self.turn(0)
        await woken.wait()

    def turn(self, seconds: float) -> None:
        """Let that much time pass."""
        self.at += timedelta(seconds=seconds)
        for until, woken in self._sleepers:
            if until <= self.at:
                woken.set()
        self._sleepers = [sleeper for sleeper in self._sleepers if not sleeper[1].is_set()]


async def turned_until_done(clock: TurnedClock, task: "asyncio.Task[object]") -> None:
    """Let time pass for as long as a task needs some."""
    while not task.done():
        await asyncio.sleep(0)
        clock.turn(1)
