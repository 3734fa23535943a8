"""Plain paths such as `search.results[0].title`, walked in this process over JSON values."""

from collections.abc import Mapping
from typing import Any

from flowstudio.errors import ExpressionError
from flowstudio.graph.references import Path

SHOWN_KEYS = 20


def walk(path: Path, names: Mapping[str, Any]) -> Any:
    """The value a path leads to; an attribute of an object is its key.

    Raises:
        ExpressionError: a name, key or entry on the way is missing; the message says what exists.
    """
    root = path[0]
    if root not in names:
        raise unknown_name(str(root))
    value = names[str(root)]
    for position, key in enumerate(path[1:], start=1):
        try:
            value = _step(value, key)
        except (KeyError, IndexError, TypeError):
            so_far = spell(path[:position])
            reason = _missing(value, key, so_far)
            raise ExpressionError(f"`{spell(path)}`: {reason}") from None
    return value


def _step(value: Any, key: str | int) -> Any:
    if isinstance(value, Mapping):
        return value[key]
    if isinstance(key, int):
        return value[key]
    raise TypeError


def _missing(value: Any, key: str | int, of: str) -> str:
    shown = f"[{key}]" if isinstance(key, int) else f"'{key}'"
    if isinstance(value, Mapping):
        return f"'{of}' has no {shown}; it has: {_listed(value)}."
    if value is None:
        return f"'{of}' is null, so it has no {shown}."
    if isinstance(value, list):
        if isinstance(key, int):
            return f"'{of}' has {len(value)} entries, so there is no {shown}."
        return f"'{of}' is a list, so it has no {shown}; pick an entry, such as [0]."
    return f"'{of}' is {_kind(value)}, so it has no {shown}."


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "text" if isinstance(value, str) else "a number"


def spell(path: Path) -> str:
    """A path as it is written."""
    text = str(path[0])
    for key in path[1:]:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            text += f".{key}" if key.isidentifier() else f"[{key!r}]"
    return text


def _listed(value: Mapping[str, Any]) -> str:
    found = [str(key) for key in value]
    more = ", …" if len(found) > SHOWN_KEYS else ""
    return ", ".join(found[:SHOWN_KEYS]) + more or "nothing"


def unknown_name(name: str) -> ExpressionError:
    """The error for a name that is not in scope."""
    return ExpressionError(
        f"'{name}' is not known here; check its spelling, and that its node comes before this one."
    )
