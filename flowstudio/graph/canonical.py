"""One JSON text per value, so that equal values have equal hashes."""

import hashlib
import json
from typing import Any

import orjson

from flowstudio.errors import StepError

MAX_DEPTH = 200


def dump(value: Any) -> bytes:
    """Write a value as JSON with sorted keys and no spaces.

    Raises:
        StepError: the value is not JSON (a set, NaN, a lone surrogate …) or nested too deeply.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return _dump_slowly(value)


def _dump_slowly(value: Any) -> bytes:
    # orjson refuses integers beyond 64 bits, which JSON allows.
    try:
        return json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        ).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise StepError(f"This value cannot be kept as JSON: {error}") from error


def load(data: bytes | str) -> Any:
    """Read JSON written by `dump`."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return json.loads(data)


def content_hash(data: bytes) -> str:
    """SHA-256 of already written JSON, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def hash_value(value: Any) -> str:
    """SHA-256 of a value's canonical JSON."""
    return content_hash(dump(value))
