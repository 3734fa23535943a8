"""What lists of JSON values can be put through, their keys already worked out."""

from collections.abc import Mapping, Sequence
from typing import Any

from flowstudio.errors import StepError
from flowstudio.graph.canonical import dump

MAX_JOINED = 1_000_000


def sort(items: Sequence[Any], keys: Sequence[Any], *, descending: bool = False) -> list[Any]:
    """Items in the order of their keys, equal ones as they stood, those without a key last.

    Raises:
        StepError: two keys cannot be compared.
    """
    keyed = [index for index, key in enumerate(keys) if key is not None]
    try:
        keyed.sort(key=keys.__getitem__, reverse=descending)
    except TypeError as error:
        kinds = sorted({_kind(key) for key in keys if key is not None})
        message = (
            f"These items cannot be put in order: 'by' gives {' and '.join(kinds)}. "
            "Let it give numbers only, or text only."
        )
        raise StepError(message, retryable=False) from error
    without = [index for index, key in enumerate(keys) if key is None]
    return [items[index] for index in (*keyed, *without)]


def dedupe(items: Sequence[Any], keys: Sequence[Any]) -> list[Any]:
    """The first item of each key."""
    first: dict[bytes, Any] = {}
    for item, key in zip(items, keys, strict=True):
        first.setdefault(dump(key), item)
    return list(first.values())


def group(items: Sequence[Any], keys: Sequence[Any]) -> dict[str, list[Any]]:
    """Lists of items by key; keys that are not text become their JSON text.

    Raises:
        StepError: a key is a list or an object.
    """
    groups: dict[str, list[Any]] = {}
    for index, (item, key) in enumerate(zip(items, keys, strict=True)):
        if isinstance(key, list | dict):
            message = (
                f"'by' gives {_kind(key)} for item {index}; "
                "let it give text, a number, true, false or null."
            )
            raise StepError(message, retryable=False)
        groups.setdefault(key if isinstance(key, str) else dump(key).decode(), []).append(item)
    return groups


def join(
    left: Sequence[Any],
    right: Sequence[Any],
    keys: tuple[Sequence[Any], Sequence[Any]],
    *,
    keep_left: bool,
) -> list[dict[str, Any]]:
    """Objects merged where their keys are equal, one for each pair; the right one's fields win.

    Args:
        left: objects, whose order the result keeps.
        right: objects.
        keys: of the left and of the right ones.
        keep_left: whether objects on the left without a partner stay.

    Raises:
        StepError: an item is not an object, or the result would be too long.
    """
    partners: dict[bytes, list[Mapping[str, Any]]] = {}
    for item, key in zip(_objects(right, "right"), keys[1], strict=True):
        partners.setdefault(dump(key), []).append(item)
    joined: list[dict[str, Any]] = []
    for item, key in zip(_objects(left, "left"), keys[0], strict=True):
        matches = partners.get(dump(key), [{}] if keep_left else [])
        if len(joined) + len(matches) > MAX_JOINED:
            message = (
                f"The join gives more than {MAX_JOINED:,} objects; "
                "choose keys that fewer items share."
            )
            raise StepError(message, retryable=False)
        joined.extend({**item, **match} for match in matches)
    return joined


def _objects(items: Sequence[Any], side: str) -> Sequence[Mapping[str, Any]]:
    for index, item in enumerate(items):
        if not isinstance(item, Mapping):
            message = f"Item {index} of '{side}' is {_kind(item)}; join merges objects only."
            raise StepError(message, retryable=False)
    return items


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    kinds = {bool: "true or false", int: "numbers", float: "numbers", str: "text", list: "lists"}
    return kinds.get(type(value), "objects")
