"""Several processes' parts on one real PostgreSQL."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from flowstudio.scale.postgres.hub import Hub


@pytest.fixture
def url(empty_postgres: str) -> str:
    """A database without tables."""
    return empty_postgres


@pytest.fixture
async def hubs(url: str) -> AsyncIterator[Callable]:
    """Makes hubs; `await hubs.open()` connects those made so far."""
    async with AsyncExitStack() as stack:

        class Hubs:
            def __init__(self) -> None:
                self.made: list[Hub] = []

            def __call__(self, name: str) -> Hub:
                self.made.append(Hub(url, name))
                return self.made[-1]

            async def open(self) -> None:
                for hub in self.made:
                    await stack.enter_async_context(hub.open())

        yield Hubs()
