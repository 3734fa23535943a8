"""One sandbox for all tests: its workers keep nothing between calls."""

import asyncio
from collections.abc import Iterator

import pytest

from flowstudio.expressions.sandbox import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox("preview", processes=2)
    yield sandbox
    asyncio.run(sandbox.close())
