"""How messages of a workflow's channel travel to the page: streamed text in frames of its own.

Text comes many times a second, to everybody who watches. A frame of it says no more than which node
wrote what.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from flowstudio.scale.channels import Message
from flowstudio.ui import live
from flowstudio.ui.live import Operation


def frames_of(messages: Sequence[Message]) -> Iterator[list[Operation]]:
    """The operations of each frame, in the order of the messages."""
    operations: list[Operation] = []
    for message in _with_last_presences(messages):
        if message["t"] == "text":
            _append(operations, message)
        else:
            operations.append(("edit", "", message))
    return live.frames_of(operations)


def _with_last_presences(messages: Sequence[Message]) -> Iterator[Message]:
    """All messages, but of what a tab says of its person only the last: however much one may say."""
    last: dict[tuple[Any, Any], Message] = {}
    for message in messages:
        if message["t"] == "people":
            who = (message["user_id"], message["tab"])
            before = last.get(who, message)
            # Somebody's first word asks the others for theirs, also when more was said since.
            asks = not (before.get("answer", True) and message.get("answer", True))
            last[who] = {**message, "answer": not asks}
        else:
            yield message
    yield from last.values()


def _append(operations: list[Operation], message: Message) -> None:
    node, text, part = str(message["node"]), str(message["text"]), message.get("part")
    if message.get("begins"):
        operations.append(("t", node, None))
    last = operations[-1] if operations else None
    if not text:
        return
    if part:
        # A model or a branch that writes beside others is named with each piece.
        operations.append(("t", node, [text, part]))
    elif last and last[:2] == ("t", node) and isinstance(last[2], str):
        operations[-1] = ("t", node, last[2] + text)
    else:
        operations.append(("t", node, text))
