"""The pages a person can go to from anywhere, and the keys that lead there."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the rail, of the command palette and of the list of keys."""

    name: str
    label: str
    href: str
    icon: str
    keys: str


PLACES = (
    Place("home", "Home", "/", "house", "g h"),
    Place("runs", "Runs", "/runs", "history", "g r"),
)
