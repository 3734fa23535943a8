"""Documents of older formats, brought to the present one by pure functions."""

from collections.abc import Callable, Mapping
from typing import Any

from flowstudio.errors import InvalidDocumentError
from flowstudio.graph.problems import Problem

FORMAT = "flowstudio/1"

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]

#: From the format a function reads to that function; it returns the next format.
UPGRADES: Mapping[str, Upgrade] = {}


def upgrade(
    value: dict[str, Any], upgrades: Mapping[str, Upgrade] = UPGRADES, target: str = FORMAT
) -> dict[str, Any]:
    """Apply upgrades until the document has the target format; the given value is not changed.

    Raises:
        InvalidDocumentError: the format is missing, from the future, or leads nowhere.
    """
    seen: set[Any] = set()
    while (found := value.get("format")) != target:
        step = upgrades.get(found) if isinstance(found, str) else None
        if step is None or found in seen:
            message = (
                f"Unknown format {found!r}; this version reads {target!r}."
                if found is not None
                else f'The key "format" is missing; write "format": "{target}".'
            )
            raise InvalidDocumentError([Problem("unknown_format", message, path="format")])
        seen.add(found)
        value = step(dict(value))
    return value
