"""How many requests a person, a key or an address may make a minute."""

from collections import OrderedDict
from dataclasses import dataclass

from limits import RateLimitItemPerMinute
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from flowstudio.clock import Clock
from flowstudio.errors import ThrottledError

_MOST_KEYS = 20_000


@dataclass(frozen=True, slots=True)
class Rate:
    """How a caller stands after a request."""

    quota: int
    remaining: int
    reset_s: int
    is_over: bool

    def check(self) -> None:
        """Let the request pass.

        Raises:
            ThrottledError: it was one too many.
        """
        if self.is_over:
            raise ThrottledError(
                f"{self.quota} requests a minute are allowed. Go on in {self.reset_s} seconds.",
                self.reset_s,
            )

    def headers(self) -> dict[str, str]:
        """The header fields of the IETF draft."""
        return {
            "RateLimit-Policy": f'"minute";q={self.quota};w=60',
            "RateLimit": f'"minute";r={self.remaining};t={self.reset_s}',
        }


class Rates:
    """Counts requests of each caller, in this process."""

    def __init__(self, clock: Clock, per_minute: int) -> None:
        self._clock = clock
        self._limit = RateLimitItemPerMinute(per_minute)
        self._windows = FixedWindowRateLimiter(_Windows(clock, _MOST_KEYS))

    def count(self, caller: str) -> Rate:
        """Count one request; the caller's may be over with it."""
        is_allowed = self._windows.hit(self._limit, caller)
        stats = self._windows.get_window_stats(self._limit, caller)
        wait_s = stats.reset_time - self._clock.monotonic()
        reset_s = max(1, min(60, round(wait_s)))
        return Rate(self._limit.amount, stats.remaining, reset_s, not is_allowed)


class _Windows(Storage):
    """Counts with their ends; the keys counted longest ago are forgotten first."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock, most_keys: int) -> None:
        super().__init__()
        self._clock = clock
        self._most = most_keys
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = self._clock.monotonic()
        end, count = self._counts.get(key, (0.0, 0))
        if end <= now:
            end, count = now + expiry, 0
        self._counts[key] = (end, count + amount)
        self._counts.move_to_end(key)
        while len(self._counts) > self._most:
            self._counts.popitem(last=False)
        return count + amount

    def get(self, key: str) -> int:
        end, count = self._counts.get(key, (0.0, 0))
        return count if end > self._clock.monotonic() else 0

    def get_expiry(self, key: str) -> float:
        return self._counts.get(key, (self._clock.monotonic(), 0))[0]

    def check(self) -> bool:
        return True

    def reset(self) -> int | None:
        count = len(self._counts)
        self._counts.clear()
        return count

    def clear(self, key: str) -> None:
        self._counts.pop(key, None)
