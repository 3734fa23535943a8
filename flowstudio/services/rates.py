"""Waiting for one's turn with a model or a credential that may be used only so often."""

import asyncio

from sqlmodel import Session

from flowstudio.services.studio_parts import StudioParts
from flowstudio.store.queue_controls import Rate, RateKind, list_rates, take_turn

#: What an admin has set is known to every process after so long.
_KNOWN_FOR_S = 5.0


class RateService:
    """Gives turns to the steps of all processes together; within one, in the order they ask.

    Whoever waits has reserved nothing, so one that is cancelled or runs out of time costs the others
    nothing.
    """

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        self._rates: dict[tuple[str, str], Rate] = {}
        self._lines: dict[tuple[str, str], asyncio.Lock] = {}
        self._known_until = 0.0

    async def has(self, kind: RateKind) -> bool:
        """Whether anything of a kind is limited."""
        await self._refresh()
        return any(rate.kind == kind for rate in self._rates.values())

    async def wait(self, kind: str, key: str) -> None:
        """Return when it is the caller's turn to use something; at once if nothing limits it."""
        await self._refresh()
        if (rate := self._rates.get((kind, key))) is None:
            return
        clock = self._parts.clock

        def work(session: Session) -> float:
            return take_turn(session, rate, clock.now().timestamp())

        async with self._lines.setdefault((kind, key), asyncio.Lock()):
            while (wait_s := await self._parts.records.write(work)) > 0:
                await clock.sleep(wait_s)

    async def _refresh(self) -> None:
        if self._parts.clock.monotonic() >= self._known_until:
            await self._read()

    async def _read(self) -> None:
        self._known_until = self._parts.clock.monotonic() + _KNOWN_FOR_S
        rates = await self._parts.records.read(list_rates)
        self._rates = {(rate.kind, rate.key): rate for rate in rates}
