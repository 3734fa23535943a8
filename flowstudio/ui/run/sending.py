"""What goes to the browser beside the page's state: only what it has not got yet."""

import json
from typing import Any

from flowstudio.ui.live import Operation


class Sender:
    """Remembers, by key, what the browser holds; `seen` outlives the sender."""

    def __init__(self, seen: dict[str, int]) -> None:
        self._seen = seen
        self.operations: list[Operation] = []

    def put(self, key: str, value: Any) -> None:
        """Send a value unless the browser has an equal one."""
        mark = hash(json.dumps(value, sort_keys=True, default=str))
        if self._seen.get(key) != mark:
            self._seen[key] = mark
            self.operations.append(("put", key, value))

    def forget(self, key: str) -> None:
        """Have what stands under a key count as new again."""
        self._seen.pop(key, None)

    def is_new(self, key: str, mark: str) -> bool:
        """Whether a mark differs from the one given last under that key."""
        found = hash(mark)
        if self._seen.get(key) == found:
            return False
        self._seen[key] = found
        return True
