"""Identifiers that sort by the time they were made."""

import os
import threading
import time
from uuid import UUID

_COUNTER_BITS = 12
_lock = threading.Lock()
_last = 0
_BYTES, _POOLED = 9, 256
_pool: list[bytes] = []


def new_id() -> str:
    """A UUID version 7 as text: 48 bits of milliseconds, a counter of 12 bits, then random bits.

    Those of one process sort in the order they were made: within a millisecond the counter goes on,
    and when it is full, into the next one. Rows keyed by it are appended to the end of their index.

    Source: RFC 9562, sections 5.7 and 6.2 (method 1).
    """
    milliseconds = time.time_ns() // 1_000_000 & 0xFFFFFFFFFFFF
    with _lock:
        random_bits = _take_bits()
        # The counter begins in its lower half, so that it rarely runs over.
        made = _later_than_all(milliseconds << _COUNTER_BITS | random_bits >> 61)
    value = (made >> _COUNTER_BITS) << 80
    value |= 0x7 << 76
    value |= (made & 0xFFF) << 64
    return str(UUID(int=value | 0x2 << 62 | random_bits & 0x3FFFFFFFFFFFFFFF))


def _later_than_all(now: int) -> int:
    global _last  # noqa: PLW0603 - one clock for the process
    _last = max(now, _last + 1)
    return _last


def _take_bits() -> int:
    """72 random bits; the system is asked for many at once, since asking costs more than they do."""
    if not _pool:
        fresh = os.urandom(_BYTES * _POOLED)
        _pool.extend(fresh[at : at + _BYTES] for at in range(0, len(fresh), _BYTES))
    return int.from_bytes(_pool.pop(), "big")


os.register_at_fork(after_in_child=_pool.clear)
