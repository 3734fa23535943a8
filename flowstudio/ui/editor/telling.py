"""How messages of a workflow's channel travel to the page: streamed text in frames of its own.

Text comes many times a second, to everybody who watches. A frame of it says no more than which node
wrote what.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flowstudio.scale.channels import Message
from flowstudio.ui.live import Operation


def frames_of(messages: Sequence[Message]) -> Iterator[list[Operation]]:
    """The operations of each frame, in the order of the messages."""
    texts: list[Operation] = []
    others: list[Operation] = []
    for message in _with_last_presences(messages):
        is_text = message["t"] == "text"
        if is_text and others:
            yield others
            others = []
        elif not is_text and texts:
            yield from _one_by_one(texts)
            texts = []
        if is_text:
            _append(texts, message)
        else:
            others.append(("edit", "", message))
    yield from _one_by_one(texts)
    if others:
        yield others


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


def _append(texts: list[Operation], message: Message) -> None:
    node, text, part = str(message["node"]), str(message["text"]), message.get("part")
    if part:
        # A model or a branch that writes beside others is named with each piece.
        texts.append(("t", node, [text, part]))
    elif texts and texts[-1][1] == node and isinstance(texts[-1][2], str):
        texts[-1] = ("t", node, texts[-1][2] + text)
    else:
        texts.append(("t", node, text))


def _one_by_one(texts: Iterable[Operation]) -> Iterator[list[Operation]]:
    for operation in texts:
        yield [operation]
