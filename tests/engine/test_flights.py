"""One of several holders of a key goes ahead; the others wait."""

import asyncio

import pytest

from flowstudio.engine.flights import Flights


async def boarding(flights: Flights, key: str, log: list[str], name: str, go: asyncio.Event):
    async with flights.board(key):
        log.append(f"{name} up")
        await go.wait()
        log.append(f"{name} down")


async def test_only_one_holds_a_key_at_a_time():
    flights, log, go = Flights(), [], asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for name in "abc":
            group.create_task(boarding(flights, "k", log, name, go))
        await asyncio.sleep(0)
        assert log == ["a up"]
        go.set()
    assert log == ["a up", "a down", "b up", "b down", "c up", "c down"]


async def test_other_keys_do_not_wait():
    flights, log, go = Flights(), [], asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(boarding(flights, "k", log, "a", go))
        group.create_task(boarding(flights, "other", log, "b", go))
        await asyncio.sleep(0)
        assert log == ["a up", "b up"]
        go.set()


async def test_a_holder_that_fails_or_is_cancelled_lets_go():
    flights = Flights()
    with pytest.raises(ZeroDivisionError):
        async with flights.board("k"):
            raise ZeroDivisionError
    task = asyncio.ensure_future(boarding(flights, "k", [], "a", asyncio.Event()))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    async with asyncio.timeout(5), flights.board("k"):
        pass


async def test_a_waiter_that_is_cancelled_leaves_the_others_alone():
    flights, log, go = Flights(), [], asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(boarding(flights, "k", log, "a", go))
        waiter = group.create_task(boarding(flights, "k", log, "b", go))
        group.create_task(boarding(flights, "k", log, "c", go))
        await asyncio.sleep(0)
        waiter.cancel()
        await asyncio.sleep(0)
        go.set()
    assert log == ["a up", "a down", "c up", "c down"]
