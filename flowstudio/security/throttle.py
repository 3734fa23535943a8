"""How often something may be tried, for each account and for each address.

The moving windows are those of `limits`; what they remember lives here, because it must stay
bounded however many names and addresses are tried.
"""

from collections import OrderedDict, deque
from ipaddress import IPv6Address, IPv6Network, ip_address

from limits import RateLimitItemPerMinute
from limits.storage import MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter

from flowstudio.clock import Clock
from flowstudio.errors import ThrottledError

_MOST_KEYS = 20_000
_PER_ACCOUNT = 5
_PER_ADDRESS = 20


class Throttle:
    """Counts attempts over the last minute, in this process."""

    def __init__(
        self, clock: Clock, *, per_account: int = _PER_ACCOUNT, per_address: int = _PER_ADDRESS
    ) -> None:
        self._clock = clock
        self._windows = moving_windows(clock)
        self._limits = {
            "account": RateLimitItemPerMinute(per_account),
            "address": RateLimitItemPerMinute(per_address),
        }

    def attempt(self, action: str, *, account: str = "", address: str = "") -> None:
        """Count an attempt; an empty account or address is not counted.

        Raises:
            ThrottledError: there were too many; this one does not count.
        """
        for kind, key in _keys(account, address):
            limit = self._limits[kind]
            if not self._windows.hit(limit, action, kind, key):
                reset = self._windows.get_window_stats(limit, action, kind, key).reset_time
                wait_s = max(1.0, reset - self._clock.monotonic())
                raise ThrottledError(
                    f"Too many attempts. Try again in {wait_s:.0f} seconds.", wait_s
                )

    def limits_of(
        self, action: str, *, account: str = "", address: str = ""
    ) -> list[tuple[str, int]]:
        """What an attempt counts for, by name, each with how many a minute has."""
        return [
            (f"{action} {kind} {key}", self._limits[kind].amount)
            for kind, key in _keys(account, address)
        ]


def _keys(account: str, address: str) -> list[tuple[str, str]]:
    # An address that is refused costs those whose accounts it tries nothing.
    keys = (("address", _network(address)), ("account", account))
    return [(kind, key) for kind, key in keys if key]


def moving_windows(clock: Clock) -> MovingWindowRateLimiter:
    """Windows that remember a bounded number of keys."""
    return MovingWindowRateLimiter(_Windows(clock, _MOST_KEYS))


class _Windows(Storage, MovingWindowSupport):
    """When each key was hit, the newest last; the keys hit longest ago are forgotten first."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock, most_keys: int) -> None:
        super().__init__()
        self._clock = clock
        self._most = most_keys
        self._hits: OrderedDict[str, deque[float]] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        now = self._clock.monotonic()
        hits = self._hits.setdefault(key, deque())
        self._hits.move_to_end(key)
        while hits and hits[0] <= now - expiry:
            hits.popleft()
        while len(self._hits) > self._most:
            self._hits.popitem(last=False)
        if len(hits) + amount > limit:
            return False
        hits.extend([now] * amount)
        return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:  # noqa: ARG002 - shape of `limits`
        now = self._clock.monotonic()
        hits = self._hits.get(key) or deque()
        while hits and hits[0] <= now - expiry:
            hits.popleft()
        return (hits[0] if hits else now), len(hits)

    def clear(self, key: str) -> None:
        self._hits.pop(key, None)

    def reset(self) -> int | None:
        count = len(self._hits)
        self._hits.clear()
        return count

    def check(self) -> bool:
        return True

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError

    def get(self, key: str) -> int:
        return len(self._hits.get(key, ()))

    def get_expiry(self, key: str) -> float:
        raise NotImplementedError


def _network(address: str) -> str:
    """What one person has of addresses: with IPv6 that is a network of 64 bits."""
    try:
        read = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(read, IPv6Address):
        if read.ipv4_mapped:
            return str(read.ipv4_mapped)
        return str(IPv6Network((int(read), 64), strict=False))
    return str(read)
