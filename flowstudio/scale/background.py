"""Work that goes on beside the rest for as long as something is open."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def beside(*works: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Do these until the end of the block, and cancel them then; they must not raise."""
    failure: BaseException | None = None
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work()) for work in works]
        try:
            yield
        except BaseException as error:  # noqa: BLE001 - raised again, outside the group
            failure = error
        for task in tasks:
            task.cancel()
    if failure is not None:
        raise failure


def heed_cancelling() -> None:
    """End this task if it was cancelled: a library may have made an error or a result of that.

    psycopg makes another error of it when its connection breaks while it withdraws the query, and
    Python 3.11's `asyncio.wait_for`, which it uses, gives the result that comes at the same moment.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
