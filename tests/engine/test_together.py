"""Several things at once, ended by the first failure."""

import asyncio

import pytest

from flowstudio.engine.together import together


async def fail(message: str) -> None:
    raise ValueError(message)


async def test_all_are_awaited():
    done = []

    async def work(name: str) -> None:
        await asyncio.sleep(0)
        done.append(name)

    await together(work(name) for name in "abc")
    assert done == ["a", "b", "c"]


async def test_nothing_to_do_is_done_at_once():
    await together([])


async def test_the_first_failure_is_raised_itself_and_ends_the_others():
    cut = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cut.append(True)

    with pytest.raises(ValueError, match="first"):
        await together([forever(), fail("first"), fail("second"), forever()])
    assert cut == [True, True]


async def test_the_caller_is_left_with_no_request_to_be_cancelled():
    task = asyncio.current_task()
    for _ in range(3):
        with pytest.raises(ValueError, match="x"):
            await together([fail("x"), fail("x")])
    assert task.cancelling() == 0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()


async def test_cancelling_the_caller_cancels_the_work():
    begun, cut = asyncio.Event(), []

    async def forever() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cut.append(True)

    task = asyncio.ensure_future(together([forever()]))
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert cut == [True]
