"""How messages of a workflow's channel travel to the page: streamed text in frames of its own.

Text comes many times a second, to everybody who watches. A frame of it says no more than which node
wrote what.
"""

from collections.abc import Iterable, Iterator, Sequence

from flowstudio.scale.channels import Message
from flowstudio.ui.live import Operation


def frames_of(messages: Sequence[Message]) -> Iterator[list[Operation]]:
    """The operations of each frame, in the order of the messages."""
    texts: list[Operation] = []
    others: list[Operation] = []
    for message in messages:
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
