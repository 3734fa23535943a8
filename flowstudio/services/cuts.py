"""Values cut down to what somebody wants to see of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

TypeWord = Literal["text", "number", "boolean", "list", "object", "null"]
_MORE = "…"


@dataclass(slots=True)
class Cut:
    """Bounds of what is kept of a value, and whether something was left out.

    Attributes:
        text: characters of one string.
        entries: of one list or object.
        depth: of lists and objects inside each other.
        left: parts in all; counts down.
    """

    text: int
    entries: int
    depth: int
    left: int
    is_cut: bool = False

    def apply(self, value: Any, depth: int = 0) -> Any:
        """The value, shortened."""
        self.left -= 1
        if isinstance(value, str):
            return self._cut_text(value)
        if not isinstance(value, Mapping | list):
            return value
        if depth >= self.depth or self.left <= 0:
            self.is_cut = self.is_cut or bool(value)
            return {} if isinstance(value, Mapping) else []
        if isinstance(value, Mapping):
            return {
                self._cut_text(str(key)): self.apply(part, depth + 1)
                for key, part in self._first(list(value.items()))
            }
        return [self.apply(part, depth + 1) for part in self._first(value)]

    def _first(self, parts: list[Any]) -> list[Any]:
        most = min(self.entries, max(self.left, 0))
        self.is_cut = self.is_cut or len(parts) > most
        return parts[:most]

    def _cut_text(self, text: str) -> str:
        if len(text) <= self.text:
            return text
        self.is_cut = True
        return text[: self.text] + _MORE


def for_preview() -> Cut:
    """What stands under a field."""
    return Cut(text=2_000, entries=30, depth=5, left=300)


def for_sample() -> Cut:
    """What completion needs to know of a value: its keys, and a little of what is in them."""
    return Cut(text=80, entries=60, depth=5, left=250)


def type_word(value: Any) -> TypeWord:
    """What kind of value it is."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    return "list" if isinstance(value, list) else "object"
