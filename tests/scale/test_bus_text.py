from datetime import UTC, datetime
from typing import Any

from flowstudio.engine.events import Event
from flowstudio.scale.bus import MemoryBus, Reached


def event(kind: Any, path: str, **data: Any) -> Event:
    return Event(0, datetime(2026, 11, 22, tzinfo=UTC), kind, path, path, data)


def say(bus: MemoryBus, text: str, path: str = "write", part: str = "") -> None:
    bus.publish("run", event("step_streamed", path, text=text, part=part))


async def heard(bus: MemoryBus) -> list[tuple[str, str]]:
    with bus.subscribe("run") as subscription:
        bus.close("run")
        texts = []
        while (found := await subscription.get()) is not None:
            texts.append((found.data["part"], found.data["text"]))
        return texts


async def test_who_comes_late_is_given_the_text_so_far() -> None:
    bus = MemoryBus()
    say(bus, "one ", part="draft")
    say(bus, "two", part="draft")
    say(bus, "three", part="critique")
    assert await heard(bus) == [("draft", "one two"), ("critique", "three")]


async def test_the_text_of_a_step_that_has_ended_is_forgotten() -> None:
    bus = MemoryBus()
    say(bus, "done")
    say(bus, "still going", path="other")
    bus.publish("run", event("step_succeeded", "write"))
    assert await heard(bus) == [("", "still going")]


async def test_the_text_of_a_run_that_has_ended_is_forgotten() -> None:
    bus = MemoryBus()
    say(bus, "done")
    bus.close("run")
    assert await heard(bus) == []


async def test_who_comes_late_is_told_how_far_the_journal_gets_before_any_text() -> None:
    bus = MemoryBus()
    bus.publish("run", event("step_started", "write")._replace(seq=7))
    say(bus, "one")
    with bus.subscribe("run") as subscription:
        assert await subscription.get() == Reached(7)
        assert isinstance(await subscription.get(), Event)


async def test_who_comes_between_the_start_of_a_step_and_its_text_is_told_so_too() -> None:
    bus = MemoryBus()
    bus.publish("run", event("step_started", "write")._replace(seq=7))
    with bus.subscribe("run") as subscription:
        say(bus, "one")
        assert await subscription.get() == Reached(7)
        assert isinstance(await subscription.get(), Event)
