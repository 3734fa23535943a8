"""The whole API over real services in a folder of the test's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from schemathesis.pytest.plugin import SchemathesisFunction

from flowstudio.api.app import create_api
from flowstudio.runtime import Runtime, open_runtime
from flowstudio.settings import Settings
from tests.api.world import Beginning
from tests.fakes.nodes import Bench
from tests.serving import served

BASE = "http://127.0.0.1:3000"


def pytest_itemcollected(item: pytest.Item) -> None:
    # Several processes know tests by their ids, and of those schemathesis gives one to all operations.
    if isinstance(item, SchemathesisFunction) and item.parent is not None:
        item._id = item.parent.id.child(item.originalname).with_params(item.operation_label)


@pytest.fixture(scope="session")
def beginning(tmp_path_factory: pytest.TempPathFactory) -> Beginning:
    return Beginning(tmp_path_factory.mktemp("beginning"))


@pytest.fixture
async def studio_runtime(tmp_path: Path, bench: Bench) -> AsyncIterator[Runtime]:
    settings = Settings(data_dir=tmp_path, requests_per_minute=100_000)
    async with open_runtime(settings, registry=bench.registry()) as runtime:
        yield runtime


@pytest.fixture
async def client(studio_runtime: Runtime) -> AsyncIterator[httpx.AsyncClient]:
    """Nobody, at the API in this process."""
    transport = httpx.ASGITransport(create_api(lambda: studio_runtime))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


@pytest.fixture
async def address(studio_runtime: Runtime) -> AsyncIterator[str]:
    """Where the API is served over a real socket."""
    async with served(create_api(lambda: studio_runtime)) as address:
        yield address
