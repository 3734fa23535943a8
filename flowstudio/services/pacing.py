"""Work that many ask for and that need not be done for each of them."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from flowstudio.errors import FlowStudioError

log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]
_MOST_REMEMBERED = 256


class Paced:
    """Does the work of one key at once after a quiet while, and then with pauses.

    Meanwhile it is enough to do what was asked for last.
    """

    def __init__(self, least_s: float, share: float) -> None:
        """Pause for `least_s`, and so long that the work takes no more of the time than `share`."""
        self._least_s = least_s
        self._pauses = 1 / share - 1
        self._waiting: dict[str, Work] = {}
        self._not_before: OrderedDict[str, float] = OrderedDict()

    async def run(self, key: str, work: Work) -> None:
        """Do the work when it is time for it, or leave it to whoever does that of this key now."""
        is_done_by_another = key in self._waiting
        self._waiting[key] = work
        if is_done_by_another:
            return
        try:
            await self._do(key)
        finally:
            del self._waiting[key]

    async def _do(self, key: str) -> None:
        now, done = asyncio.get_running_loop().time, None
        while (work := self._waiting[key]) is not done:
            await asyncio.sleep(self._not_before.get(key, 0) - now())
            work, began = self._waiting[key], now()
            try:
                await work()
            except FlowStudioError as error:
                log.info("What follows from a change was not told: %s", error)
            self._pause(key, now() + max(self._least_s, self._pauses * (now() - began)))
            done = work

    def _pause(self, key: str, until: float) -> None:
        self._not_before[key] = until
        self._not_before.move_to_end(key)
        if len(self._not_before) > _MOST_REMEMBERED:
            self._not_before.popitem(last=False)
