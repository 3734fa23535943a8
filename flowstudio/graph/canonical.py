"""One JSON text per value, so that equal values have equal hashes."""

import hashlib
import json
import math
import re
from collections.abc import Iterable
from typing import Any

import orjson

from flowstudio.errors import StepError

MAX_DEPTH = 250
_PLAIN = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_SORTED = _PLAIN | orjson.OPT_SORT_KEYS
_REFUSAL = "This value cannot be kept as JSON: {}."
_NULL = b"null"
_SMALL = 4_096
#: Digits that may belong to an integer of more than 64 bits.
_LONG_NUMBER = re.compile(rb"[0-9]{19}")


def dump(value: Any) -> bytes:
    """Write a value as JSON with sorted keys and no spaces.

    Raises:
        StepError: the value is not JSON (a set, NaN, a lone surrogate …) or nested too deeply.
    """
    return _dump(value, is_sorted=True)


def dump_in_order(value: Any) -> bytes:
    """The same with keys as they stand: for what people arrange. Equal values may differ in it.

    Raises:
        StepError: as for `dump`.
    """
    return _dump(value, is_sorted=False)


def _dump(value: Any, *, is_sorted: bool) -> bytes:
    try:
        data = orjson.dumps(value, option=_SORTED if is_sorted else _PLAIN)
    except TypeError:
        return _dump_slowly(value, is_sorted=is_sorted)
    # orjson writes NaN and infinity as null, so only a text with a null in it can hide one.
    if _NULL in data and not _is_finite(value):
        raise StepError(_REFUSAL.format("NaN and infinity are no JSON numbers"))
    # orjson's text sits in a buffer of at least 4 KB; texts are kept, so they get their own.
    return bytes(memoryview(data)) if len(data) < _SMALL else data


def _dump_slowly(value: Any, *, is_sorted: bool) -> bytes:
    # orjson refuses integers beyond 64 bits, which JSON allows.
    if _is_deep(value):
        raise StepError(_REFUSAL.format(f"it is nested more than {MAX_DEPTH} levels deep"))
    try:
        return json.dumps(
            value, sort_keys=is_sorted, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        ).encode()
    except (TypeError, ValueError) as error:
        raise StepError(_REFUSAL.format(error)) from error


def _is_deep(value: Any) -> bool:
    stack = [(value, 1)]
    while stack:
        part, level = stack.pop()
        if level > MAX_DEPTH:
            return True
        stack.extend((child, level + 1) for child in _children(part))
    return False


def _is_finite(value: Any) -> bool:
    stack = [value]
    while stack:
        part = stack.pop()
        if isinstance(part, float) and not math.isfinite(part):
            return False
        stack.extend(_children(part))
    return True


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def load(data: bytes | str) -> Any:
    """Read JSON written by `dump`."""
    text = data.encode() if isinstance(data, str) else data
    # orjson reads longer integers as floats.
    return json.loads(text) if _LONG_NUMBER.search(text) else orjson.loads(text)


def content_hash(data: bytes) -> str:
    """SHA-256 of already written JSON, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def hash_value(value: Any) -> str:
    """SHA-256 of a value's canonical JSON."""
    return content_hash(dump(value))
