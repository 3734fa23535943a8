"""Who wants to hear of what: said once, repeated now and then, and forgotten when it is not."""

import time
from collections.abc import Iterable

#: So long a wish holds that nobody repeats.
KEPT_S = 60.0


class Interest:
    """What other processes want to hear of."""

    def __init__(self) -> None:
        self._until: dict[str, dict[str, float]] = {}

    def __contains__(self, topic: str) -> bool:
        return topic in self._until

    def has(self, process: str, topic: str) -> bool:
        """Whether this process wants to hear of it."""
        return process in self._until.get(topic, ())

    def add(self, process: str, topics: Iterable[str]) -> None:
        """It wants to hear of these."""
        until = time.monotonic() + KEPT_S
        for topic in topics:
            self._until.setdefault(topic, {})[process] = until

    def drop(self, process: str, topics: Iterable[str]) -> None:
        """It does not want to any more."""
        for topic in topics:
            processes = self._until.get(topic, {})
            processes.pop(process, None)
            if not processes:
                self._until.pop(topic, None)

    def expire(self) -> None:
        """Forget the wishes of those who have long been silent."""
        now = time.monotonic()
        for topic, processes in list(self._until.items()):
            for process in [process for process, until in processes.items() if until < now]:
                self.drop(process, [topic])
