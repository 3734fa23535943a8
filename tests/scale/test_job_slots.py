import asyncio

import pytest

from flowstudio.scale.postgres.job_slots import JobSlots, SlotsClosedError
from tests.processes import until


async def test_a_free_slot_goes_to_the_highest_priority_then_to_the_first():
    slots, order = JobSlots(1), []

    async def work(name, priority):
        async with slots.taken(priority):
            order.append(name)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for name, priority in (("a", 0), ("b", 0), ("c", 5), ("d", 0), ("e", 9)):
            group.create_task(work(name, priority))
    assert order == ["a", "e", "c", "b", "d"]


async def test_one_who_gives_up_waiting_takes_no_slot():
    slots = JobSlots(1)

    async def work():
        async with slots.taken(0):
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        async with slots.taken(0):
            tasks = [group.create_task(work()) for _ in range(3)]
            await asyncio.sleep(0)
            tasks[0].cancel()
        # The second has been given the slot, and is cancelled before it notices.
        tasks[1].cancel()
    assert slots.next_priority is None
    async with asyncio.timeout(5), slots.taken(0):
        pass


async def test_who_waits_when_slots_are_closed_gets_none_and_who_has_one_keeps_it():
    slots, closed = JobSlots(1), []

    async def work():
        try:
            async with slots.taken(0):
                pytest.fail("There was a slot.")
        except SlotsClosedError:
            closed.append(True)

    async with asyncio.TaskGroup() as group, slots.taken(0):
        group.create_task(work())
        await asyncio.sleep(0)
        slots.close()
        group.create_task(work())
        await until(lambda: len(closed) == 2)
    assert slots.next_priority is None
