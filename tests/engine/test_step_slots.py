"""The places of a run's steps: who gets the next one, and what a cancelled wait leaves behind."""

import asyncio

import pytest

from flowstudio.engine.slots import Slots


async def waiter(slots: Slots, name: str, log: list[str]) -> None:
    if not slots.take():
        await slots.wait()
    log.append(name)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_no_more_places_are_taken_than_there_are():
    slots = Slots(2)
    assert [slots.take() for _ in range(3)] == [True, True, False]
    slots.give_back()
    assert [slots.take() for _ in range(2)] == [True, False]


async def test_a_place_goes_to_who_has_waited_longest_and_to_nobody_who_comes_between():
    slots, log = Slots(1), list[str]()
    assert slots.take()
    async with asyncio.TaskGroup() as group:
        for name in ("a", "b"):
            group.create_task(waiter(slots, name, log))
        await settle()
        slots.give_back()
        assert not slots.take()
        await settle()
        assert log == ["a"]
        slots.give_back()
    assert log == ["a", "b"]
    slots.give_back()
    assert slots.take()


@pytest.mark.parametrize("is_given", [False, True])
async def test_a_place_is_not_lost_when_who_waits_for_it_is_cancelled(is_given):
    slots, log = Slots(1), list[str]()
    assert slots.take()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(waiter(slots, "first", log))
        group.create_task(waiter(slots, "second", log))
        await settle()
        if is_given:
            slots.give_back()
        first.cancel()
        await settle()
        if not is_given:
            slots.give_back()
    assert log == ["second"]
    assert first.cancelled()
    slots.give_back()
    assert [slots.take(), slots.take()] == [True, False]
