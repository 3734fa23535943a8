"""What the steps under way have written so far: live text is not stored anywhere else."""

from dataclasses import dataclass, field
from itertools import count

from flowstudio.engine.events import Event


@dataclass(slots=True)
class Text:
    """What one part of one step has written.

    Attributes:
        number: differs from that of every other text of this process.
        size: characters so far.
    """

    number: int
    last: Event
    pieces: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, event: Event) -> None:
        """Keep another piece."""
        self.last = event
        piece = str(event.data["text"])
        self.pieces.append(piece)
        self.size += len(piece)

    def whole(self) -> Event:
        """All of it, as one event."""
        self.pieces = ["".join(self.pieces)]
        return self.last._replace(data={**self.last.data, "text": self.pieces[0]})


class Texts:
    """The texts of all runs, until their steps end."""

    def __init__(self) -> None:
        self._runs: dict[str, dict[str, dict[str, Text]]] = {}
        self._numbers = count(1)

    def __bool__(self) -> bool:
        return bool(self._runs)

    def add(self, run_id: str, event: Event) -> Text:
        """Keep a piece; gives the text it belongs to."""
        part = str(event.data.get("part") or "")
        parts = self._runs.setdefault(run_id, {}).setdefault(event.path, {})
        if part not in parts:
            parts[part] = Text(next(self._numbers), event)
        parts[part].add(event)
        return parts[part]

    def has(self, run_id: str, path: str) -> bool:
        """Whether a step has written something."""
        return path in self._runs.get(run_id, ())

    def end(self, run_id: str, path: str) -> bool:
        """Forget what a step has written; says whether there was anything."""
        paths = self._runs.get(run_id)
        if paths is None or paths.pop(path, None) is None:
            return False
        if not paths:
            del self._runs[run_id]
        return True

    def forget(self, run_id: str) -> None:
        """Forget what a run has written."""
        self._runs.pop(run_id, None)

    def of(self, run_id: str) -> list[Text]:
        """What a run has written so far."""
        paths = self._runs.get(run_id, {})
        return [text for parts in paths.values() for text in parts.values()]
