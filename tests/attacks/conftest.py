"""A sandbox to be attacked: one worker, so that what one attack leaves is what the next finds."""

import asyncio
from collections.abc import Iterator

import pytest

from flowstudio.expressions.limits import Limits
from flowstudio.expressions.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox("run", processes=1, code_limits=Limits(time_s=1, memory_mb=64))
    yield sandbox
    asyncio.run(sandbox.close())


@pytest.fixture(scope="module")
def patient() -> Iterator[Sandbox]:
    """Waits long enough that memory is always the limit met first, however busy the machine."""
    limits = Limits(time_s=60, memory_mb=64)
    sandbox = Sandbox("run", processes=1, limits=limits, code_limits=limits)
    yield sandbox
    asyncio.run(sandbox.close())
