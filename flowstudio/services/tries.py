"""How often secrets may be tried, over all processes of an installation.

Each process counts by itself, in memory. That alone would give whoever guesses as many tries again
with each further process, so with a database server they count together in it as well. A process
that has had enough says so without asking.
"""

from functools import partial

from flowstudio.errors import ThrottledError
from flowstudio.security.throttle import Throttle
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store.tries import count_try


class Tries:
    """Counts them. It is counted before it is known whether a secret is right.

    Otherwise many tries at once, through several processes, would all find that there is room.
    """

    def __init__(self, parts: StudioParts, throttle: Throttle) -> None:
        self._parts = parts
        self._throttle = throttle
        self._is_shared = parts.records.database.file is None

    async def attempt(self, action: str, *, account: str = "", address: str = "") -> None:
        """Count an attempt; an empty account or address is not counted.

        Raises:
            ThrottledError: there were too many.
        """
        self._throttle.attempt(action, account=account, address=address)
        if not self._is_shared:
            return
        limits = self._throttle.limits_of(action, account=account, address=address)
        work = partial(count_try, limits=limits, now=self._parts.clock.now())
        if wait_s := await self._parts.records.count(work):
            raise ThrottledError(f"Too many attempts. Try again in {wait_s:.0f} seconds.", wait_s)
