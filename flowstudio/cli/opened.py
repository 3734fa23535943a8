"""Commands that need the services of this machine."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import NoReturn

from flowstudio.runtime import Runtime, open_runtime
from flowstudio.settings import Settings


def with_runtime(work: Callable[[Runtime], Awaitable[int]]) -> NoReturn:
    """Open the services, do the work, and exit with the code it gives."""

    async def opened() -> int:
        async with open_runtime(Settings()) as runtime:
            return await work(runtime)

    sys.exit(asyncio.run(opened()))
