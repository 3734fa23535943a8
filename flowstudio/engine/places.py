"""Where in a config a fault lies."""

from collections.abc import Mapping
from typing import Any


def place_in(config: Mapping[str, Any], location: tuple[int | str, ...]) -> list[int | str]:
    """The keys that lead to a fault, from where pydantic says that it found it."""
    # In a union told apart by `mode`, pydantic puts the mode first, and in a plain union the
    # member's type last: neither is a place in the config.
    keys = list(location)
    if keys and keys[0] == config.get("mode") and not _leads_on(config, keys):
        keys = keys[1:]
    place: list[int | str] = []
    value: Any = config
    for key in keys:
        is_child = (isinstance(value, Mapping) and key in value) or (
            isinstance(value, list) and isinstance(key, int)
        )
        if not is_child and place:
            if isinstance(value, Mapping | list):
                place.append(key)
            break
        place.append(key)
        value = value[key] if is_child else None
    return place


def _leads_on(config: Mapping[str, Any], keys: list[int | str]) -> bool:
    # Whether the first key is a field of its own, as it may be called like the mode.
    first = keys[0]
    return (
        isinstance(first, str)
        and first in config
        and (len(keys) == 1 or isinstance(config[first], Mapping | list))
    )
