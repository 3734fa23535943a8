"""Credentials over REST: a secret goes in and is in no reply."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from flowstudio.api.app import create_api
from flowstudio.runtime import Runtime
from tests.api.world import BASE
from tests.people import person, project_of, sign_in

CANARY = "sk-CANARY-over-rest"
GIVEN: dict[str, dict[str, Any]] = {
    "bearer": {"kind": "bearer", "token": CANARY, "hosts": ["a.test"]},
    "header": {"kind": "header", "header": "X-Key", "value": CANARY, "hosts": ["a.test"]},
    "basic": {"kind": "basic", "username": "ada", "password": CANARY, "hosts": ["a.test"]},
    "smtp": {"kind": "smtp", "host": "mail.test", "username": "ada", "password": CANARY},
    "openrouter": {"kind": "openrouter", "key": CANARY},
}
SECRET = {
    "bearer": "token",
    "header": "value",
    "basic": "password",
    "smtp": "password",
    "openrouter": "key",
}
PATH = "/api/v1/credentials"


class Person:
    """Somebody with a session, and every reply they were given."""

    def __init__(self, runtime: Runtime, client: httpx.AsyncClient, email: str) -> None:
        parts = runtime.studio.parts
        actor = person(parts, email)
        self.project_id = project_of(actor)
        self._client = client
        self._headers = {"authorization": f"Bearer {sign_in(parts, actor).access_token}"}
        self.heard = ""

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        reply = await self._client.request(method, path, headers=self._headers, **more)
        self.heard += f"{reply.headers} {reply.text}"
        return reply

    async def create(self, kind: str, /, **more: Any) -> httpx.Response:
        body = {"project_id": self.project_id, "name": kind, **GIVEN[kind], **more}
        return await self.ask("POST", PATH, json=body)


@pytest.fixture
async def client(studio_runtime: Runtime) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_api(lambda: studio_runtime))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


@pytest.fixture
def ann(studio_runtime: Runtime, client: httpx.AsyncClient) -> Person:
    return Person(studio_runtime, client, "ann@example.com")


@pytest.fixture
def bob(studio_runtime: Runtime, client: httpx.AsyncClient) -> Person:
    return Person(studio_runtime, client, "bob@example.com")


@pytest.mark.parametrize("kind", GIVEN)
async def test_a33_a_credential_lives_and_dies_without_its_secret_in_a_reply(
    ann: Person, kind: str
) -> None:
    made = await ann.create(kind)
    assert made.status_code == 201
    path = f"{PATH}/{made.json()['id']}"
    assert (await ann.ask("GET", path)).json() == made.json()
    listed = await ann.ask("GET", PATH, params={"project_id": ann.project_id})
    assert listed.json() == {"items": [made.json()], "next": None}
    renamed = await ann.ask("PATCH", path, json={"name": "two"})
    assert renamed.json()["name"] == "two"
    replaced = await ann.ask("PATCH", path, json={SECRET[kind]: f"{CANARY}-two"})
    assert replaced.status_code == 200
    assert (await ann.create(kind, name="two")).status_code == 409
    assert (await ann.ask("DELETE", path)).status_code == 204
    assert (await ann.ask("GET", path)).status_code == 404
    assert "CANARY" not in ann.heard


@pytest.mark.parametrize(
    "more",
    [
        {"id": "0190b0f4-8a11-7c7e-9c52-0242ac120002"},
        {"created_by": "somebody"},
        {"secret": CANARY},
        {"header": CANARY},
        {"kind": CANARY},
        {"kind": ["bearer"]},
        {"hosts": [f"https://{CANARY}/"]},
        {"hosts": CANARY},
        {"token": {"token": CANARY}},
        {"token": f"{CANARY}\r\n"},
        {"token": CANARY * 1000},
        {"name": f"{CANARY}\nx"},
        {"name": None},
        {"project_id": None},
    ],
    ids=str,
)
async def test_a21_a33_what_does_not_fit_is_refused_without_repeating_the_secret(
    ann: Person, more: dict[str, Any]
) -> None:
    reply = await ann.create("bearer", **more)
    assert reply.status_code == 422
    told = json.loads(reply.text)
    given_openly = {"kind", "hosts"} & more.keys()
    assert given_openly or "CANARY" not in json.dumps(told)


async def test_a19_a_stranger_finds_nothing_and_changes_nothing(ann: Person, bob: Person) -> None:
    made = (await ann.create("bearer")).json()
    path = f"{PATH}/{made['id']}"
    replies = [
        await bob.ask("GET", PATH, params={"project_id": ann.project_id}),
        await bob.create("bearer", project_id=ann.project_id),
        await bob.ask("GET", path),
        await bob.ask("PATCH", path, json={"name": "mine"}),
        await bob.ask("DELETE", path, params={"force": "true"}),
    ]
    assert {reply.status_code for reply in replies} == {404}
    assert (await ann.ask("GET", path)).json() == made


async def test_a34_hosts_are_added_only_with_the_secret(ann: Person) -> None:
    path = f"{PATH}/{(await ann.create('bearer')).json()['id']}"
    refused = await ann.ask("PATCH", path, json={"hosts": ["evil.example"]})
    assert refused.status_code == 422
    allowed = await ann.ask("PATCH", path, json={"hosts": ["b.test"], "token": CANARY})
    assert allowed.json()["hosts"] == ["b.test"]
