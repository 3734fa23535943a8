"""Doing several things at once, so that the first failure ends them all and is raised itself."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any


async def together(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Await all; the first to fail cancels the others.

    A failure never reaches the task group, whose host would then be left with a request to be
    cancelled that nobody made (Python 3.11), and take a later timeout for one.

    Raises:
        Exception: the first failure, as it was raised.
    """
    failures: list[Exception] = []
    settled = asyncio.Event()
    left = 0

    async def guarded(work: Coroutine[Any, Any, None]) -> None:
        nonlocal left
        try:
            await work
        except Exception as error:  # noqa: BLE001 - raised again by the host
            failures.append(error)
        finally:
            left -= 1
            if failures or not left:
                settled.set()

    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                left += 1
                group.create_task(guarded(work))
            if left:
                await settled.wait()
            if failures:
                raise failures[0]
    except BaseExceptionGroup:
        raise failures[0] from None
