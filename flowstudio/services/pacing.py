"""Work that many ask for and that need not be done for each of them."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from flowstudio.errors import FlowStudioError

log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]
_MOST_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Pace:
    """How often work is done, in seconds.

    Attributes:
        pause_s: there is at least this much between two times.
        quiet_s: and nobody has asked for so long, so that it does not get in the way of more to come;
        patience_s: but that is not waited for any longer than this.
        share: of all the time that the work may take.
    """

    pause_s: float
    quiet_s: float = 0.0
    patience_s: float = 0.0
    share: float = 0.2


class Paced:
    """Does the work of one key at once after a quiet while, and then with pauses.

    Meanwhile it is enough to do what was asked for last.
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._waiting: dict[str, tuple[Work, float]] = {}
        #: When the work was last done, and how long it is let be after that.
        self._done: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def run(self, key: str, work: Work) -> None:
        """Do the work when it is time for it, or leave it to whoever does that of this key now."""
        is_done_by_another = key in self._waiting
        self._waiting[key] = (work, asyncio.get_running_loop().time())
        if is_done_by_another:
            return
        try:
            await self._do(key)
        finally:
            del self._waiting[key]

    async def _do(self, key: str) -> None:
        now, done = asyncio.get_running_loop().time, None
        while (wanted := self._waiting[key]) is not done:
            if (wait_s := self._due(key) - now()) > 0:
                await asyncio.sleep(wait_s)
                continue
            began = now()
            try:
                await wanted[0]()
            except FlowStudioError as error:
                log.info("What follows from a change was not told: %s", error)
            self._note(key, now(), now() - began)
            done = wanted

    def _due(self, key: str) -> float:
        done_at, pause_s = self._done.get(key, (float("-inf"), 0.0))
        asked_at = self._waiting[key][1]
        quiet_at = min(asked_at + self._pace.quiet_s, done_at + self._pace.patience_s)
        return max(done_at + pause_s, quiet_at)

    def _note(self, key: str, at: float, spent_s: float) -> None:
        self._done[key] = (at, max(self._pace.pause_s, spent_s / self._pace.share - spent_s))
        self._done.move_to_end(key)
        if len(self._done) > _MOST_REMEMBERED:
            self._done.popitem(last=False)
