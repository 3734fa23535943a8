"""Values written as text, in a query or a form, read as the kind that a schema wants."""

import math
import re
from collections.abc import Mapping
from typing import Any

_WHOLE = re.compile(r"[+-]?\d{1,300}", re.ASCII)
_YES = frozenset({"true", "on", "yes", "1"})
_NO = frozenset({"false", "off", "no", "0", ""})


def value_of(schema: Any, text: str) -> Any:
    """What the text says; left as it is when it does not read so, for the schema to refuse it."""
    part = schema if isinstance(schema, Mapping) else {}
    for option in part.get("enum", ()):
        if not isinstance(option, str) and _written(option) == text:
            return option
    kind = part.get("type")
    kinds = (kind,) if isinstance(kind, str) else tuple(kind or ())
    if "string" in kinds or not kinds:
        return text
    word = text.strip()
    if "integer" in kinds and _WHOLE.fullmatch(word):
        return int(word)
    if "number" in kinds and (number := _number(word)) is not None:
        return number
    if "boolean" in kinds and word.lower() in _YES | _NO:
        return word.lower() in _YES
    return text


def _number(word: str) -> float | int | None:
    if _WHOLE.fullmatch(word):
        return int(word)
    try:
        number = float(word)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _written(option: Any) -> str:
    if isinstance(option, bool):
        return "true" if option else "false"
    return "" if option is None else str(option)
