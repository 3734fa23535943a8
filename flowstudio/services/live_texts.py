"""The text that nodes stream, as everybody sees it who has the workflow open."""

from collections.abc import Iterator, Sequence
from typing import Any

from flowstudio.engine.events import Event


class LiveTexts:
    """What is told of one run; of a node that runs again and again, its latest execution."""

    def __init__(self) -> None:
        self._paths: dict[str, str] = {}
        self._written: set[str] = set()

    def take(self, batch: Sequence[Event]) -> Iterator[dict[str, Any]]:
        """Messages for these events: `begins` takes away what was there, `part` names who writes.

        What was there may come from a process that had the run before.
        """
        begun: dict[str, None] = {}
        first: set[str] = set()
        texts: dict[tuple[str, str], str] = {}
        for event in batch:
            if event.type == "step_started":
                self._paths[event.node] = event.path
                if event.node in self._written:
                    self._written.discard(event.node)
                    begun[event.node] = None
                    texts = {key: text for key, text in texts.items() if key[0] != event.node}
            elif event.type == "step_streamed" and "text" in event.data:
                if self._paths.setdefault(event.node, event.path) != event.path:
                    continue
                if event.node not in self._written and event.node not in begun:
                    first.add(event.node)
                self._written.add(event.node)
                key = (event.node, event.data.get("part") or "")
                texts[key] = texts.get(key, "") + event.data["text"]
        for name in begun:
            yield {"node": name, "text": "", "begins": True}
        for (name, part), text in texts.items():
            begins = {"begins": True} if name in first else {}
            first.discard(name)
            yield {"node": name, "text": text} | ({"part": part} if part else {}) | begins
