"""Signals to runs between processes: each is acted on once by every process that may have its run."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import Any

from flowstudio.engine.journal import Signal
from flowstudio.errors import FlowStudioError
from flowstudio.scale.background import beside
from flowstudio.services.parts import RunParts
from flowstudio.store.journal_rows import Answered
from flowstudio.store.stillness import Stillness

log = logging.getLogger(__name__)

#: How often other processes' signals are looked for where nothing tells of them, and where it does.
_EVERY_S, _TOLD_EVERY_S = 0.3, 2.0
_CHANNEL = "signals"


class Signals:
    """Stores this process's signals, and hears those of others."""

    def __init__(
        self, parts: RunParts, act: Callable[[Signal], Awaitable[None]], *, is_told: bool
    ) -> None:
        """Nothing is heard before `hear`.

        Args:
            parts: of the runs.
            act: what is to be done about one that another process has stored.
            is_told: the processes tell each other of them.
        """
        self._journal = parts.journal
        self._channels = parts.channels
        self._clock = parts.clock
        self._act = act
        self._is_told = is_told
        self._own: set[int] = set()
        self._heard = 0
        self._hearing = asyncio.Lock()

    async def store(
        self, run_id: str, kind: str, path: str, data: Mapping[str, Any], answers: Answered | None
    ) -> Signal:
        """Store one that this process acts on by itself.

        Raises:
            ConflictError: it answers a question that was answered before.
        """
        signal = await self._journal.signal(
            run_id, kind, path, dict(data), self._clock.now(), answers=answers
        )
        self.note([signal.id])
        return signal

    def note(self, signal_ids: Iterable[int]) -> None:
        """Count signals that were stored beside these as this process's own."""
        self._own.update(one for one in signal_ids if one > self._heard)

    def tell(self, signal: Signal) -> None:
        """Let the others look for it at once."""
        self._channels.publish(_CHANNEL, {"id": signal.id})

    async def hear(self) -> None:
        """Until cancelled: act on what others store, such as `flowstudio runs cancel`."""
        self._heard = await self._journal.latest_signal()
        stillness = Stillness(self._journal.database)
        async with beside(self._heed_told) if self._is_told else nullcontext():
            while True:
                await self._clock.sleep(_TOLD_EVERY_S if self._is_told else _EVERY_S)
                if not stillness.is_still() and await self._hear_new():
                    # There may be more than are given at once.
                    stillness.forget()

    async def _heed_told(self) -> None:
        with self._channels.listen(_CHANNEL) as told:
            while True:
                if (await told.get())["id"] > self._heard:
                    await self._hear_new()

    async def _hear_new(self) -> bool:
        """Act on those that nobody has heard here; whether there may be more."""
        async with self._hearing:
            try:
                signals = await self._journal.signals_since(self._heard)
                for signal in signals:
                    self._heard = signal.id
                    if signal.id in self._own:
                        self._own.discard(signal.id)
                    else:
                        await self._act(signal)
            except FlowStudioError as error:
                log.warning("Signals could not be read: %s", error)
                return True
            return bool(signals)
