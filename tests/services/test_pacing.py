"""Work that is asked for often is done at once, then with pauses, and never twice at a time."""

import asyncio

from flowstudio.errors import NotFoundError
from flowstudio.services.pacing import Pace, Paced

NO_PAUSE = Pace(pause_s=0.0)


async def test_what_is_asked_for_meanwhile_is_done_once_as_it_was_asked_for_last():
    paced, done, gate = Paced(NO_PAUSE), [], asyncio.Event()

    async def work(name):
        done.append(name)
        if name == "first":
            await gate.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(paced.run("w", lambda: work("first")))
        await asyncio.sleep(0)
        for name in ("second", "third"):
            group.create_task(paced.run("w", lambda name=name: work(name)))
        await asyncio.sleep(0)
        gate.set()
    assert done == ["first", "third"]


async def test_keys_do_not_wait_for_each_other():
    paced, gate = Paced(Pace(pause_s=60.0)), asyncio.Event()

    async def wait():
        await gate.wait()

    async def open_gate():
        gate.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(paced.run("one", wait))
        await asyncio.sleep(0)
        group.create_task(paced.run("another", open_gate))


async def test_what_fails_does_not_keep_the_next_from_being_done():
    paced, done = Paced(NO_PAUSE), []

    async def fail():
        message = "Gone."
        raise NotFoundError(message)

    async def work():
        done.append("next")

    await paced.run("w", fail)
    await paced.run("w", work)
    assert done == ["next"]


async def test_nobody_who_asks_on_and_on_keeps_it_from_being_done():
    paced, done = Paced(Pace(pause_s=0.0, quiet_s=60.0, patience_s=0.01)), []

    async def work():
        done.append(1)

    await paced.run("w", work)
    async with asyncio.timeout(5):
        await paced.run("w", work)
    assert len(done) == 2


async def test_it_waits_until_nobody_has_asked_for_a_moment():
    paced, done = Paced(Pace(pause_s=0.0, quiet_s=0.05, patience_s=60.0)), []

    async def work(name):
        done.append(name)

    await paced.run("w", lambda: work("first"))
    async with asyncio.TaskGroup() as group:
        for name in ("second", "third"):
            group.create_task(paced.run("w", lambda name=name: work(name)))
    assert done == ["first", "third"]
