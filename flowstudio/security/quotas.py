"""How many requests each link takes in a minute and in a day, in this process."""

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute

from flowstudio.clock import Clock
from flowstudio.errors import ThrottledError
from flowstudio.security.throttle import moving_windows


class Quotas:
    """Counts over moving windows."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows = moving_windows(clock)

    def take(self, key: str, per_minute: int, per_day: int | None) -> None:
        """Count a request, unless that would be one too many.

        Raises:
            ThrottledError: it would; says when the next one is taken.
        """
        # The longer window first: what it refuses must not use up the shorter one.
        if per_day is not None:
            self._hit(RateLimitItemPerDay(per_day), key, "day")
        self._hit(RateLimitItemPerMinute(per_minute), key, "minute")

    def _hit(self, limit: RateLimitItem, key: str, window: str) -> None:
        if self._windows.hit(limit, key):
            return
        reset = self._windows.get_window_stats(limit, key).reset_time
        wait_s = max(1.0, reset - self._clock.monotonic())
        message = f"This link takes {limit.amount} requests a {window}. Try again later."
        raise ThrottledError(message, wait_s)
