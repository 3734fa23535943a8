from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from flowstudio.llm.gateway import Gateway
from flowstudio.llm.install import install_model
from flowstudio.settings import Settings
from tests.fakes.context import StoppedClock
from tests.fakes.openrouter import KEY, FakeOpenRouter


@pytest.fixture
async def server() -> AsyncIterator[FakeOpenRouter]:
    async with FakeOpenRouter() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def make_gateway(
    http: httpx.AsyncClient, server: FakeOpenRouter, tmp_path: Path, clock: StoppedClock
) -> Callable[..., Gateway]:
    def make(silence_s: float = 30, **settings: object) -> Gateway:
        values = {
            "openrouter_api_key": KEY,
            "openrouter_base_url": server.url,
            "data_dir": tmp_path,
        }
        return Gateway(Settings(**values | settings), http, clock, silence_s)

    return make


@pytest.fixture
def gateway(make_gateway: Callable[..., Gateway]) -> Gateway:
    return make_gateway()


@pytest.fixture(scope="session")
def weights_dir() -> Path:
    """The data directory of this machine, with the built-in model in it."""
    data_dir = Settings().data_dir
    install_model(data_dir, lambda _: None)
    return data_dir
