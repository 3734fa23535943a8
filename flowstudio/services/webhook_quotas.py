"""How many requests a link takes in a minute and in a day, in all processes together.

A process takes a small share of what is left from the database, and counts that down by itself: a
request waits for the database only when a share is used up, and never when nothing is left.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from flowstudio.errors import NotFoundError, ThrottledError
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.webhook_links import NOTHING
from flowstudio.store.webhook_counts import CountKey, take_share
from flowstudio.store.webhooks import WebhookRecord

_MOST_KEPT = 10_000
#: One part of so many is a share; a process that ends loses no more than that.
_PARTS = 50


@dataclass(slots=True)
class _Share:
    """What this process may still take."""

    limit: int = 0
    left: int = 0
    ends_at: datetime | None = None
    is_last: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_good(self, limit: int, now: datetime) -> bool:
        """Whether it says all there is to say, without asking the database."""
        is_now = self.ends_at is not None and now < self.ends_at and limit == self.limit
        return is_now and (self.left > 0 or self.is_last)


class WebhookQuotas:
    """Counts requests at links."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        self._shares: OrderedDict[CountKey, _Share] = OrderedDict()

    async def take(self, record: WebhookRecord, *, is_test: bool) -> None:
        """Count a request, unless that would be one too many.

        Raises:
            ThrottledError: it would; says when the next one is taken.
            NotFoundError: the link is gone.
        """
        by_day: _Share | None = None
        if record.per_day is not None:
            by_day = await self._take(CountKey(record.id, is_test, "day"), record.per_day)
        try:
            await self._take(CountKey(record.id, is_test, "minute"), record.per_minute)
        except ThrottledError:
            # What the minute refuses must not use up the day.
            if by_day is not None:
                by_day.left += 1
            raise

    async def _take(self, key: CountKey, limit: int) -> _Share:
        share = self._shares.setdefault(key, _Share())
        self._shares.move_to_end(key)
        while len(self._shares) > _MOST_KEPT:
            self._shares.popitem(last=False)
        async with share.lock:
            now = self._parts.clock.now()
            if not share.is_good(limit, now):
                await self._refill(share, key, limit, now)
            if not share.left:
                raise _refused(share, key.window, now)
            share.left -= 1
        return share

    async def _refill(self, share: _Share, key: CountKey, limit: int, now: datetime) -> None:
        part = max(1, limit // _PARTS)
        granted = await self._parts.records.write(
            partial(take_share, key=key, limit=limit, share=part, now=now)
        )
        if granted is None:
            raise NotFoundError(NOTHING)
        share.limit, share.left = limit, granted.count
        share.ends_at, share.is_last = granted.ends_at, granted.is_last


def _refused(share: _Share, window: str, now: datetime) -> ThrottledError:
    wait_s = (share.ends_at - now).total_seconds() if share.ends_at is not None else 1.0
    message = f"This link takes {share.limit:,} requests a {window}. Try again later."
    return ThrottledError(message, max(1.0, wait_s))
