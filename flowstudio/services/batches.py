"""Events gathered over short moments, so that a fast run sends few messages."""

import asyncio
from collections.abc import AsyncIterator

from flowstudio.engine.events import Event

_WINDOW_S = 0.03
_HEARTBEAT_S = 1.0
_MAX_BATCH = 500


async def batches(events: AsyncIterator[Event]) -> AsyncIterator[list[Event]]:
    """Events in the order they came, in batches at least 30 ms apart; an empty list each idle second.

    What comes after a quiet moment is passed on at once. The idle ones let the reader notice that nobody watches any more.
    """
    loop = asyncio.get_running_loop()
    pending = asyncio.ensure_future(anext(events, None))
    batch: list[Event] = []
    closes_at = passed_at = 0.0
    try:
        while True:
            wait_s = closes_at - loop.time() if batch else _HEARTBEAT_S
            done, _ = await asyncio.wait({pending}, timeout=max(0.0, wait_s))
            if not done or len(batch) >= _MAX_BATCH:
                passed_at = loop.time()
                yield batch
                batch = []
            if not done:
                continue
            event = pending.result()
            if event is None:
                break
            if not batch:
                closes_at = passed_at + _WINDOW_S
            batch.append(event)
            pending = asyncio.ensure_future(anext(events, None))
        if batch:
            yield batch
    finally:
        pending.cancel()
