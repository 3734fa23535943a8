"""What a misspelt word was meant to be."""

import difflib
from collections.abc import Iterable

LONGEST_WORD = 100


class Spelling:
    """Finds near words, within a budget of comparisons so that a hostile document costs little."""

    def __init__(self, budget: int = 25_000) -> None:
        self._budget = budget

    def nearest(self, word: str, known: Iterable[str]) -> str | None:
        """The known word most like this one, or None when none is near or the budget is spent."""
        candidates = list(known)
        self._budget -= len(candidates)
        if self._budget < 0 or len(word) > LONGEST_WORD:
            return None
        found = difflib.get_close_matches(word, candidates, n=1)
        return found[0] if found else None

    def hint(self, word: str, known: Iterable[str]) -> str:
        """The question `Did you mean …?` with a space before it, or nothing."""
        near = self.nearest(word, known)
        return "" if near is None else f" Did you mean '{near}'?"
