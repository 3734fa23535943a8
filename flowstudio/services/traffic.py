"""What comes through the doors of this process, counted; and how late its event loop is."""

import time
from dataclasses import dataclass, field

from flowstudio.clock import Clock
from flowstudio.engine.meter import Durations

_EVERY_S = 2.0


@dataclass(slots=True)
class Traffic:
    """Counters of one process.

    Attributes:
        requests: by method, route and status; 0 is for those that were not answered.
        sockets: open now, one a tab.
        lag_s: how late the event loop was when it was last looked at.
        most_lag_s: the worst of that since the process began.
    """

    requests: dict[tuple[str, str, int], Durations] = field(default_factory=dict)
    sockets: int = 0
    lag_s: float = 0.0
    most_lag_s: float = 0.0

    def count(self, method: str, route: str, status: int, took_s: float) -> None:
        """Count a request; its route is a pattern, so that there are only so many."""
        key = (method, route, status)
        found = self.requests.get(key)
        if found is None:
            found = self.requests[key] = Durations()
        found.add(took_s)

    async def watch_loop(self, clock: Clock) -> None:
        """Until cancelled: see how late a sleep ends."""
        while True:
            began = time.perf_counter()
            await clock.sleep(_EVERY_S)
            self.lag_s = max(0.0, time.perf_counter() - began - _EVERY_S)
            self.most_lag_s = max(self.most_lag_s, self.lag_s)
