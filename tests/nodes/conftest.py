"""What tests of nodes share."""

import asyncio
from collections.abc import Iterator

import pytest

from flowstudio.expressions.sandbox import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """The real evaluator; its workers keep nothing between calls."""
    sandbox = Sandbox(processes=1)
    yield sandbox
    asyncio.run(sandbox.close())
