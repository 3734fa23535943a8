"""Who a request comes from: cookies, access tokens and keys, good and bad."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from flowstudio.api.app import create_api
from flowstudio.runtime import Runtime, open_runtime
from flowstudio.settings import Settings
from tests.api.toys import router
from tests.fakes.clock import TurnedClock
from tests.fakes.nodes import Bench
from tests.people import person, sign_in

BASE = "http://127.0.0.1:3000"


@pytest.fixture
async def toys(tmp_path: Path, bench: Bench, clock: TurnedClock) -> AsyncIterator[Runtime]:
    settings = Settings(data_dir=tmp_path, requests_per_minute=5)
    async with open_runtime(settings, registry=bench.registry(), clock=clock) as runtime:
        yield runtime


@pytest.fixture
async def client(toys: Runtime) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_api(lambda: toys, [router]), client=("192.0.2.9", 1))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


@pytest.fixture
def token(toys: Runtime) -> str:
    return token_of(toys, "ann@example.com")


def token_of(runtime: Runtime, email: str) -> str:
    parts = runtime.studio.parts
    return sign_in(parts, person(parts, email)).access_token


async def get(client: httpx.AsyncClient, path: str, **headers: str) -> httpx.Response:
    return await client.get(f"/api/v1{path}", headers=headers)


async def test_a_token_and_a_session_cookie_both_say_who_asks(
    client: httpx.AsyncClient, token: str
) -> None:
    for headers in ({"authorization": f"Bearer {token}"}, {"cookie": f"a=b; fs_at={token}"}):
        reply = await get(client, "/who/me", **headers)
        assert reply.json() == ["ann@example.com", "192.0.2.9"]


async def test_the_header_wins_over_the_cookie(
    client: httpx.AsyncClient, toys: Runtime, token: str
) -> None:
    other = token_of(toys, "bob@example.com")
    reply = await get(client, "/who/me", authorization=f"Bearer {token}", cookie=f"fs_at={other}")
    assert reply.json()[0] == "ann@example.com"
    bad = await get(client, "/who/me", authorization="Bearer bad", cookie=f"fs_at={other}")
    assert bad.status_code == 401


async def test_on_open_routes_an_old_cookie_is_nobody_and_a_bad_token_is_refused(
    client: httpx.AsyncClient, token: str, clock: TurnedClock
) -> None:
    clock.turn(3600)
    assert (await get(client, "/who", cookie=f"fs_at={token}")).json()[0] == "nobody"
    assert (await get(client, "/who", authorization=f"Bearer {token}")).status_code == 401
    assert (await get(client, "/who/me", cookie=f"fs_at={token}")).status_code == 401


async def test_two_authorizations_at_once_are_refused(
    client: httpx.AsyncClient, token: str
) -> None:
    headers = [("authorization", f"Bearer {token}"), ("authorization", "Bearer other")]
    reply = await client.get("/api/v1/who/me", headers=headers)
    assert reply.status_code == 401


async def test_people_have_rates_of_their_own(
    client: httpx.AsyncClient, toys: Runtime, token: str
) -> None:
    for _ in range(5):
        assert (await get(client, "/who/me", cookie=f"fs_at={token}")).status_code == 200
    refused = await get(client, "/who/me", cookie=f"fs_at={token}")
    assert (refused.status_code, refused.headers["ratelimit"]) == (429, '"minute";r=0;t=60')
    other = token_of(toys, "bob@example.com")
    assert (await get(client, "/who/me", cookie=f"fs_at={other}")).status_code == 200
    assert (await get(client, "/who")).status_code == 200


async def test_a41_guessing_tokens_is_counted_by_address(client: httpx.AsyncClient) -> None:
    statuses = [
        (await get(client, "/who/me", authorization=f"Bearer guess{number}")).status_code
        for number in range(7)
    ]
    assert statuses == [401] * 5 + [429] * 2
