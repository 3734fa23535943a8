"""Words and texts as they stand in a message."""

from collections.abc import Iterable


def brief(text: str) -> str:
    """The beginning of a text, to be quoted."""
    return text if len(text) <= 60 else f"{text[:57]}…"


def listed(words: Iterable[str], most: int = 8) -> str:
    """Words in quotes, cut off after a few."""
    every = list(words)
    text = ", ".join(f"'{word}'" for word in every[:most])
    return f"{text} and {len(every) - most} more" if len(every) > most else text
