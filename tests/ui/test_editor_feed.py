"""What the editor's feed passes on of what it hears."""

from flowstudio.scale.channels import MemoryChannels
from flowstudio.ui.editor import state


async def test_messages_of_a_moment_come_together(monkeypatch):
    monkeypatch.setattr(state, "_WINDOW_S", 0.01)
    channels = MemoryChannels()
    with channels.listen("here") as listener:
        for number in range(3):
            channels.publish("here", {"t": "change", "number": number})
        assert [one["number"] for one in await state._together(listener)] == [0, 1, 2]


async def test_a_page_hears_of_a_loss_even_when_nothing_is_said_after_it(monkeypatch):
    monkeypatch.setattr(state, "_IDLE_S", 0.01)
    channels = MemoryChannels()
    with channels.listen("here") as listener:
        channels.lose()
        assert await state._together(listener) == [{"t": "lost"}]
        assert await state._together(listener) == []
