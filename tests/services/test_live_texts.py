"""What is told of the text that nodes stream."""

from typing import Any

from flowstudio.clock import utc_now
from flowstudio.engine.events import Event
from flowstudio.services.live_texts import LiveTexts


def event(kind: Any, node: str, path: str, **data: Any) -> Event:
    return Event(0, utc_now(), kind, path=path, node=node, data=data)


def started(node: str, path: str) -> Event:
    return event("step_started", node, path)


def text(node: str, path: str, words: str, **more: Any) -> Event:
    return event("step_streamed", node, path, text=words, **more)


def test_pieces_of_one_node_are_told_together_and_its_parts_apart() -> None:
    batch = [
        started("a", "a"),
        text("a", "a", "one "),
        text("b", "b", "x", part="m1"),
        text("a", "a", "two"),
        text("b", "b", "y", part="m2"),
    ]
    assert list(LiveTexts().take(batch)) == [
        {"node": "a", "text": "one two", "begins": True},
        {"node": "b", "text": "x", "part": "m1", "begins": True},
        {"node": "b", "text": "y", "part": "m2"},
    ]


def test_of_turns_at_once_only_the_latest_to_begin_is_told() -> None:
    texts = LiveTexts()
    first = [started("a", "l/0/a"), text("a", "l/0/a", "one")]
    assert list(texts.take(first)) == [{"node": "a", "text": "one", "begins": True}]
    later = [started("a", "l/1/a"), text("a", "l/0/a", " more"), text("a", "l/1/a", "two")]
    assert list(texts.take(later)) == [
        {"node": "a", "text": "", "begins": True},
        {"node": "a", "text": "two"},
    ]
    assert list(texts.take([text("a", "l/0/a", "!"), text("a", "l/1/a", "!")])) == [
        {"node": "a", "text": "!"}
    ]
