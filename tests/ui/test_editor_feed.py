"""What the editor's feed passes on of what it hears."""

import asyncio

import pytest

from flowstudio.scale.channels import MemoryChannels
from flowstudio.ui.editor import state
from flowstudio.ui.editor.state import Gathering


async def test_messages_of_a_moment_come_together() -> None:
    channels = MemoryChannels()
    with channels.listen("here") as listener:
        for number in range(3):
            channels.publish("here", {"t": "change", "number": number})
        assert [one["number"] for one in await Gathering(listener).next()] == [0, 1, 2]


async def test_what_follows_soon_is_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "_WINDOW_S", 0.5)
    channels = MemoryChannels()
    loop = asyncio.get_running_loop()
    with channels.listen("here") as listener:
        gathering = Gathering(listener)
        channels.publish("here", {"t": "change", "number": 0})
        assert [one["number"] for one in await gathering.next()] == [0]
        for number in (1, 2):
            loop.call_later(0.001 * number, channels.publish, "here", {"t": "x", "number": number})
        assert [one["number"] for one in await gathering.next()] == [1, 2]


async def test_a_page_hears_of_a_loss_even_when_nothing_is_said_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(state, "_IDLE_S", 0.01)
    channels = MemoryChannels()
    with channels.listen("here") as listener:
        gathering = Gathering(listener)
        channels.lose()
        assert await gathering.next() == [{"t": "lost"}]
        assert await gathering.next() == []
