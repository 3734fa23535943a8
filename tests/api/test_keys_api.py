"""API keys over REST: what a program may do with one, and when it is refused."""

from datetime import timedelta

import httpx
import pytest

from flowstudio.api.app import create_api
from flowstudio.services.access import SCOPES
from tests.people import person, project_of, sign_in


@pytest.fixture
def parts(studio_runtime):
    return studio_runtime.studio.parts


@pytest.fixture
def ann(parts):
    return person(parts)


@pytest.fixture
def session(parts, ann):
    return {"authorization": f"Bearer {sign_in(parts, ann).access_token}"}


async def made(client, session, *scopes, **more):
    body = {"name": "program", "scopes": list(scopes), **more}
    reply = await client.post("/api/v1/keys", headers=session, json=body)
    assert reply.status_code == 201, reply.text
    return reply.json()


def bearer(key):
    return {"authorization": f"Bearer {key['key']}"}


async def status(client, method, path, headers, body=None):
    reply = await client.request(method, f"/api/v1{path}", headers=headers, json=body)
    return reply.status_code


async def test_a35_a_key_is_shown_in_full_once(client, session):
    key = await made(client, session, "runs:read", "projects:read")
    assert key["key"].startswith(f"fsk_{key['id']}_")
    assert key["scopes"] == ["projects:read", "runs:read"]
    listed = await client.get("/api/v1/keys", headers=session)
    assert listed.json()["items"] == [{name: key[name] for name in key if name != "key"}]
    assert key["key"][15:] not in listed.text


async def test_a35_a_key_does_what_its_scopes_say_and_no_more(client, session):
    reader = bearer(await made(client, session, "projects:read"))
    assert await status(client, "GET", "/projects", reader) == 200
    assert await status(client, "POST", "/projects", reader, {"name": "Mine"}) == 403
    assert await status(client, "GET", "/me", reader) == 403
    assert await status(client, "GET", "/audit", reader) == 403
    writer = bearer(await made(client, session, "projects:write"))
    assert await status(client, "POST", "/projects", writer, {"name": "Mine"}) == 201
    assert await status(client, "GET", "/projects", writer) == 403


async def test_a35_no_key_makes_replaces_or_revokes_keys(client, session):
    key = await made(client, session, *SCOPES)
    for method, path, body in (
        ("POST", "/keys", {"name": "another", "scopes": ["runs:read"]}),
        ("POST", f"/keys/{key['id']}/rotate", {}),
        ("DELETE", f"/keys/{key['id']}", None),
    ):
        assert await status(client, method, path, bearer(key), body) == 403


async def test_a35_a_key_of_one_project_finds_no_other(client, session, ann):
    own = project_of(ann)
    other = (await client.post("/api/v1/projects", headers=session, json={"name": "Other"})).json()[
        "id"
    ]
    key = bearer(await made(client, session, *SCOPES, project_id=own))
    assert await status(client, "GET", f"/projects/{own}", key) == 200
    for method, path, body in (
        ("GET", f"/projects/{other}", None),
        ("PATCH", f"/projects/{other}", {"name": "Mine"}),
        ("DELETE", f"/projects/{other}", None),
        ("GET", f"/projects/{other}/members", None),
        ("GET", f"/projects/{other}/audit", None),
    ):
        assert await status(client, method, path, key, body) == 404
    assert await status(client, "POST", "/projects", key, {"name": "Third"}) == 403
    listed = await client.get("/api/v1/projects", headers=key)
    assert [item["id"] for item in listed.json()["items"]] == [own]


async def test_a35_a_key_in_the_address_is_refused_and_so_is_one_with_a_wrong_letter(
    client, session
):
    key = await made(client, session, "projects:read")
    for name in ("key", "api_key", "access_token", "anything"):
        assert await status(client, "GET", f"/projects?{name}={key['key']}", {}) == 401
        assert await status(client, "GET", f"/projects?{name}={key['key']}", bearer(key)) == 401
    text = key["key"]
    for wrong in (text[:-1], f"{text}a", text.upper(), f"{text[:30]}~{text[31:]}"):
        assert await status(client, "GET", "/projects", {"authorization": f"Bearer {wrong}"}) == 401
    assert await status(client, "GET", "/projects", {"cookie": f"fs_at={text}"}) == 401


async def test_a35_a_revoked_or_replaced_key_is_refused(client, session):
    key = await made(client, session, "projects:read")
    reply = await client.post(
        f"/api/v1/keys/{key['id']}/rotate", headers=session, json={"overlap_minutes": 5}
    )
    assert reply.status_code == 201
    new = reply.json()
    for one in (key, new):
        assert await status(client, "GET", "/projects", bearer(one)) == 200
    for one in (key, new):
        assert await status(client, "DELETE", f"/keys/{one['id']}", session) == 204
        assert await status(client, "GET", "/projects", bearer(one)) == 401
    path = f"/keys/{key['id']}/rotate"
    assert await status(client, "POST", path, session, {}) == 409
    for minutes in (-1, 1441, "x", None):
        assert await status(client, "POST", path, session, {"overlap_minutes": minutes}) == 422


async def test_a35_an_expired_key_is_refused_and_the_last_use_is_noted(timed, clock):
    parts = timed.studio.parts
    session = {"authorization": f"Bearer {sign_in(parts, person(parts)).access_token}"}
    ends = (clock.now() + timedelta(minutes=5)).isoformat()
    transport = httpx.ASGITransport(create_api(lambda: timed))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:3000") as client:
        key = await made(client, session, "projects:read", expires_at=ends)
        assert key["last_used_at"] is None
        clock.turn(120)
        assert await status(client, "GET", "/projects", bearer(key)) == 200
        listed = await client.get("/api/v1/keys", headers=session)
        assert listed.json()["items"][0]["last_used_at"] == clock.now().isoformat().replace(
            "+00:00", "Z"
        )
        clock.turn(180)
        assert await status(client, "GET", "/projects", bearer(key)) == 401


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"scopes": "runs:read"},
        {"project_id": "0193e0aa-7b1c-7c4e-9d5e-0f6a1b2c3d4e"},
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"expires_at": "2100-01-01T00:00:00Z"},
        {"expires_at": "2027-01-01T00:00:00"},
        {"user_id": "x"},
        {"id": "0123456789"},
    ],
)
async def test_a_key_that_does_not_read_is_refused(client, session, change):
    body = {"name": "program", "scopes": ["runs:read"]} | change
    assert await status(client, "POST", "/keys", session, body) == 422
    listed = await client.get("/api/v1/keys", headers=session)
    assert listed.json()["items"] == []
