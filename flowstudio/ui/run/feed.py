"""Turns a run's events into operations on the browser's live values."""

from collections.abc import Sequence

from flowstudio.engine.events import Event
from flowstudio.ui.live import Operation

_STEP_ENDS = {"step_succeeded", "step_failed", "step_skipped", "step_waiting"}


class TextFeed:
    """Follows the text each node streams; of a loop's body, that of its latest execution."""

    def __init__(self) -> None:
        self._paths: dict[str, str] = {}
        self._parts: dict[str, str] = {}

    def operations(self, events: Sequence[Event]) -> list[Operation]:
        """What to send for these events, with neighbouring pieces of text joined."""
        result: list[Operation] = []
        for event in events:
            key = text_key(event.node)
            if event.type == "step_started":
                self._paths[event.node] = event.path
                self._parts.pop(event.node, None)
                result.append(("put", key, ""))
            elif event.type == "step_streamed":
                _append(result, event.node, self._text(event))
            elif event.type in _STEP_ENDS and self._paths.get(event.node) == event.path:
                result.append(("put", key, ""))
        return result

    def _text(self, event: Event) -> str:
        if self._paths.setdefault(event.node, event.path) != event.path:
            return ""
        text, part = str(event.data.get("text", "")), str(event.data.get("part", ""))
        before = self._parts.get(event.node)
        self._parts[event.node] = part
        if part == before or not part:
            return text
        return f"{part}\n{text}" if before is None else f"\n\n{part}\n{text}"


def text_key(node: str) -> str:
    """Name of the live value that holds a node's streamed text."""
    return f"text:{node}"


def output_key(node: str) -> str:
    """Name of the live value that holds a node's output."""
    return f"output:{node}"


def _append(operations: list[Operation], node: str, text: str) -> None:
    if not text:
        return
    if operations and operations[-1][:2] == ("t", node):
        operations[-1] = ("t", node, operations[-1][2] + text)
    else:
        operations.append(("t", node, text))
