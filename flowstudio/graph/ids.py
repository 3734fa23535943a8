"""Identifiers that sort by the time they were made."""

import os
import time
from uuid import UUID


def new_id() -> str:
    """A UUID version 7 as text: 48 bits of milliseconds, then random bits.

    Source: RFC 9562, section 5.7. Rows keyed by it are appended to the end of their index.
    """
    milliseconds = time.time_ns() // 1_000_000
    random_bits = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & 0xFFFFFFFFFFFF) << 80
    value |= 0x7 << 76
    value |= (random_bits >> 68 & 0xFFF) << 64
    value |= 0x2 << 62
    value |= random_bits & 0x3FFFFFFFFFFFFFFF
    return str(UUID(int=value))
