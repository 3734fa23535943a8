"""Identifiers that sort by the time they were made."""

import os
import threading
import time
from uuid import UUID

_COUNTER_BITS = 12
_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A UUID version 7 as text: 48 bits of milliseconds, a counter of 12 bits, then random bits.

    Those of one process sort in the order they were made: within a millisecond the counter goes on,
    and when it is full, into the next one. Rows keyed by it are appended to the end of their index.

    Source: RFC 9562, sections 5.7 and 6.2 (method 1).
    """
    random_bits = int.from_bytes(os.urandom(9), "big")
    # The counter begins in its lower half, so that it rarely runs over.
    now = (time.time_ns() // 1_000_000 & 0xFFFFFFFFFFFF) << _COUNTER_BITS | random_bits >> 61
    made = _later_than_all(now)
    value = (made >> _COUNTER_BITS) << 80
    value |= 0x7 << 76
    value |= (made & 0xFFF) << 64
    return str(UUID(int=value | 0x2 << 62 | random_bits & 0x3FFFFFFFFFFFFFFF))


def _later_than_all(now: int) -> int:
    global _last  # noqa: PLW0603 - one clock for the process
    with _lock:
        _last = max(now, _last + 1)
        return _last
