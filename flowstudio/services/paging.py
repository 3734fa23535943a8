"""Lists in pieces."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A piece of a list.

    Attributes:
        next: what to give as `after` for the next piece, or None at the end.
    """

    items: list[T]
    next: str | None = None
