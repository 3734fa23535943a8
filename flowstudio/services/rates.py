"""Waiting for one's turn with a model or a credential that may be used only so often."""

from sqlmodel import Session

from flowstudio.services.studio_parts import StudioParts
from flowstudio.store.queue_controls import Rate, list_rates, take_turn

#: What an admin has set is known to every process after so long.
_KNOWN_FOR_S = 5.0


class RateService:
    """Gives turns, to the steps of all processes together, in the order they ask."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        self._rates: dict[tuple[str, str], Rate] = {}
        self._known_until = 0.0

    async def wait(self, kind: str, key: str) -> None:
        """Return when it is the caller's turn to use something; at once if nothing limits it."""
        clock = self._parts.clock
        if clock.monotonic() >= self._known_until:
            await self._read()
        rate = self._rates.get((kind, key))
        if rate is None:
            return

        def work(session: Session) -> float:
            return take_turn(session, rate, clock.now().timestamp())

        wait_s = await self._parts.records.write(work)
        if wait_s > 0:
            await clock.sleep(wait_s)

    async def _read(self) -> None:
        self._known_until = self._parts.clock.monotonic() + _KNOWN_FOR_S
        rates = await self._parts.records.read(list_rates)
        self._rates = {(rate.kind, rate.key): rate for rate in rates}
