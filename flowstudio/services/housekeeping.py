"""Clearing away what nothing needs any more, once an hour; runs have rules of their own.

The audit log is never shortened: its chain of hashes would have no beginning.
"""

import asyncio
import logging
from collections import Counter
from datetime import datetime, timedelta
from functools import partial

from flowstudio.errors import FlowStudioError
from flowstudio.scale.owners import FileOwners
from flowstudio.services.access import OPERATOR, Actor, authorize
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store import leftovers
from flowstudio.store.leftovers import Cutoffs

log = logging.getLogger(__name__)

_EVERY_S = 3600.0
#: Between two pieces, so that runs have the database to themselves most of the time.
_PAUSE_S = 0.05
#: Requests sent again are known for this long (store/reservations.py).
_ASKED = timedelta(days=1)


class HousekeepingService:
    """Removes what has ended, expired or grown old."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        self._settings = parts.settings

    async def serve(self) -> None:
        """Until cancelled: do it every hour."""
        while True:
            try:
                removed = await self.tidy(OPERATOR)
            except FlowStudioError as error:
                log.warning("Leftovers could not be cleared away: %s", error)
            else:
                if removed:
                    log.info("Leftovers were cleared away", extra={"fields": {"removed": removed}})
            await self._parts.clock.sleep(_EVERY_S)

    async def tidy(self, actor: Actor) -> dict[str, int]:
        """Do it once; gives how many of each kind went."""
        authorize(actor, "leftover.remove")
        cutoffs = self._cutoffs(self._parts.clock.now())
        removed: Counter[str] = Counter()
        write = self._parts.records.write
        while piece := await write(partial(leftovers.remove_some, cutoffs=cutoffs)):
            removed.update(piece)
            await self._parts.clock.sleep(_PAUSE_S)
        removed["requests"] = await write(partial(leftovers.remove_requests, before=cutoffs.asked))
        removed["mail files"] = await asyncio.to_thread(self._remove_mails, cutoffs.now)
        removed["locks"] = await asyncio.to_thread(self._remove_locks, cutoffs.asked)
        return dict(+removed)

    def _cutoffs(self, now: datetime) -> Cutoffs:
        cache_days = self._settings.cache_days
        return Cutoffs(
            now=now,
            ended=now - timedelta(days=self._settings.ended_days),
            asked=now - _ASKED,
            cached=now - timedelta(days=cache_days) if cache_days else None,
        )

    def _remove_mails(self, now: datetime) -> int:
        """Mail that was written to files because there is no mail server."""
        before = (now - timedelta(days=self._settings.ended_days)).timestamp()
        old = [
            path
            for path in (self._settings.data_dir / "outbox").glob("*.eml")
            if path.stat().st_mtime < before
        ]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _remove_locks(self, before: datetime) -> int:
        """Files of processes that are gone; a young one may be of a process that just begins."""
        folder = self._settings.data_dir / "owners"
        old = [path for path in folder.glob("*.lock") if path.stat().st_mtime < before.timestamp()]
        living = set(FileOwners.living(folder)) if old else set()
        dead = [path for path in old if path.stem not in living]
        for path in dead:
            path.unlink(missing_ok=True)
        return len(dead)
