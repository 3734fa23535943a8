"""Accounts over REST: signing in and out, cookies, and what is refused."""

from http.cookies import SimpleCookie

import httpx
import pytest

from flowstudio.api.app import create_api
from flowstudio.runtime import open_runtime
from flowstudio.settings import Settings
from tests.people import PASSWORD, person, sign_in

ANN = {"email": "ann@example.com", "name": "Ann", "password": PASSWORD}
LOG_IN = {"email": "ann@example.com", "password": PASSWORD}
BETTER = "a short way up the hill"


@pytest.fixture
def parts(studio_runtime):
    return studio_runtime.studio.parts


@pytest.fixture
async def secure(tmp_path, bench):
    """Nobody, at an installation that is reached by HTTPS."""
    settings = Settings(data_dir=tmp_path / "s", public_url="https://flows.example.com")
    async with open_runtime(settings, registry=bench.registry()) as runtime:
        transport = httpx.ASGITransport(create_api(lambda: runtime))
        async with httpx.AsyncClient(
            transport=transport, base_url="https://flows.example.com"
        ) as client:
            client.runtime = runtime
            yield client


def cookies_of(reply) -> dict:
    """The cookies a reply sets, by name."""
    return {
        name: morsel
        for text in reply.headers.get_list("set-cookie")
        for name, morsel in SimpleCookie(text).items()
    }


def signed(parts, role="user", email="ann@example.com"):
    """Headers of somebody with a session."""
    tokens = sign_in(parts, person(parts, email, role))
    return {"authorization": f"Bearer {tokens.access_token}"}


async def test_a_new_server_is_set_up_once_and_its_admin_is_signed_in(client):
    assert (await client.get("/api/v1/setup")).json() == {"needed": True, "token_needed": False}
    made = await client.post("/api/v1/setup", json=ANN)
    assert made.status_code == 201
    assert made.json()["expires_in"] == 600
    assert (await client.get("/api/v1/me")).json()["role"] == "admin"
    assert (await client.get("/api/v1/setup")).json()["needed"] is False


async def test_a24_a_second_setup_is_refused(client):
    await client.post("/api/v1/setup", json=ANN)
    again = await client.post("/api/v1/setup", json=ANN | {"email": "eve@example.com"})
    assert again.status_code == 409


async def test_a24_a_server_others_can_reach_asks_for_the_token_it_printed(secure):
    assert (await secure.get("/api/v1/setup")).json() == {"needed": True, "token_needed": True}
    assert (await secure.post("/api/v1/setup", json=ANN)).status_code == 403
    token = secure.runtime.studio.accounts.setup_token()
    assert (await secure.post("/api/v1/setup", json=ANN | {"token": token})).status_code == 201


async def test_a24_without_an_account_nothing_of_one_can_be_seen(client):
    for method, path in [
        ("GET", "/me"),
        ("PATCH", "/me"),
        ("DELETE", "/me"),
        ("POST", "/me/password"),
        ("GET", "/me/export"),
        ("GET", "/me/sessions"),
        ("POST", "/me/sessions/revoke-others"),
        ("POST", "/auth/prove"),
        ("GET", "/users"),
        ("GET", "/instance/registration"),
        ("PUT", "/instance/registration"),
    ]:
        assert (await client.request(method, f"/api/v1{path}")).status_code == 401, path


async def test_signing_in_staying_signed_in_and_signing_out(client, parts):
    person(parts)
    reply = await client.post("/api/v1/auth/login", json=LOG_IN)
    assert reply.status_code == 200
    assert set(reply.json()) == {"access_token", "expires_in", "token_type"}
    assert (await client.get("/api/v1/me")).json()["email"] == "ann@example.com"
    renewed = await client.post("/api/v1/auth/refresh")
    assert renewed.status_code == 200
    assert (await client.get("/api/v1/me")).status_code == 200
    assert (await client.post("/api/v1/auth/logout")).status_code == 204
    assert (await client.get("/api/v1/me")).status_code == 401
    bearer = {"authorization": f"Bearer {renewed.json()['access_token']}"}
    assert (await client.get("/api/v1/me", headers=bearer)).status_code == 401
    assert (await client.post("/api/v1/auth/refresh")).status_code == 401
    assert (await client.post("/api/v1/auth/logout")).status_code == 204


async def test_a15_a_refresh_token_used_twice_at_once_answers_409(client, parts):
    person(parts)
    await client.post("/api/v1/auth/login", json=LOG_IN)
    old = client.cookies.get("fs_rt")
    await client.post("/api/v1/auth/refresh")
    client.cookies.clear()
    again = await client.post("/api/v1/auth/refresh", headers={"cookie": f"fs_rt={old}"})
    assert again.status_code == 409
    assert "set-cookie" not in again.headers


async def test_a31_on_https_the_cookies_carry_the_prefixes_that_bind_them(secure):
    person(secure.runtime.studio.parts)
    found = cookies_of(await secure.post("/api/v1/auth/login", json=LOG_IN))
    assert set(found) == {"__Host-fs_at", "__Secure-fs_rt", "fs_until"}
    access, refresh, until = (
        found[name] for name in ("__Host-fs_at", "__Secure-fs_rt", "fs_until")
    )
    for morsel in (access, refresh):
        assert morsel["httponly"]
    for morsel in found.values():
        assert morsel["secure"]
        assert morsel["domain"] == ""
    assert (access["path"], access["samesite"]) == ("/", "lax")
    assert (refresh["path"], refresh["samesite"]) == ("/api/v1/auth/refresh", "strict")
    assert not until["httponly"]
    assert until.value.isdecimal()


async def test_a31_the_time_scripts_may_read_is_when_access_ends(client, parts):
    person(parts)
    found = cookies_of(await client.post("/api/v1/auth/login", json=LOG_IN))
    assert set(found) == {"fs_at", "fs_rt", "fs_until"}
    left = int(found["fs_until"].value) - parts.clock.now().timestamp()
    assert 590 < left <= 600


async def test_a31_tokens_are_in_no_log(client, parts, caplog):
    caplog.set_level("DEBUG")
    person(parts)
    reply = await client.post("/api/v1/auth/login", json=LOG_IN)
    tokens = [morsel.value for name, morsel in cookies_of(reply).items() if name != "fs_until"]
    await client.get("/api/v1/me")
    await client.post("/api/v1/auth/refresh")
    assert len(tokens) == 2
    for secret in (*tokens, PASSWORD):
        assert secret not in caplog.text


async def test_signing_out_takes_every_cookie_away_also_after_access_has_expired(client, parts):
    person(parts)
    await client.post("/api/v1/auth/login", json=LOG_IN)
    reply = await client.post("/api/v1/auth/logout")
    assert {name: morsel["max-age"] for name, morsel in cookies_of(reply).items()} == {
        "fs_at": "0",
        "fs_rt": "0",
        "fs_until": "0",
    }
    assert client.cookies.get("fs_at") is None


@pytest.mark.parametrize(
    "extra",
    [
        {"role": "ADMIN"},
        {"is_active": True},
        {"workspace_id": "x"},
        {"email_verified": True},
        {"email_verified_at": "2026-01-01T00:00:00Z"},
        {"id": "x"},
        {"version": 0},
        {"password_hash": "x"},
    ],
)
async def test_a22_fields_nobody_asked_for_are_refused(client, parts, extra):
    headers = signed(parts)
    reply = await client.patch("/api/v1/me", headers=headers, json={"name": "Ann"} | extra)
    assert reply.status_code == 422
    assert reply.json()["problems"][0]["code"] == "extra_forbidden"
    for path, body in (("/auth/register", ANN), ("/setup", ANN), ("/auth/login", LOG_IN)):
        assert (await client.post(f"/api/v1{path}", json=body | extra)).status_code == 422
    assert (await client.get("/api/v1/me", headers=headers)).json()["role"] == "user"


@pytest.mark.parametrize("value", [None, "", 0, [], {}, "x" * 201, "unknown"])
async def test_a29_a_reset_needs_the_secret_of_a_mail(client, parts, value):
    person(parts)
    body = {"token": value, "password": BETTER}
    assert (await client.post("/api/v1/auth/reset", json=body)).status_code == 422
    assert (await client.post("/api/v1/auth/login", json=LOG_IN)).status_code == 200


async def test_a29_the_reply_to_a_forgotten_password_is_the_same_for_every_address(client, parts):
    person(parts)
    replies = [
        await client.post(
            "/api/v1/auth/forgot", json={"email": email}, headers={"host": "evil.example"}
        )
        for email in ("ann@example.com", "nobody@example.com")
    ]
    assert [reply.status_code for reply in replies] == [202, 202]
    assert replies[0].content == replies[1].content
    assert b"token" not in replies[0].content


async def test_a30_unknown_address_and_wrong_password_are_refused_alike(client, parts):
    person(parts)
    told = []
    for email in ("ann@example.com", "nobody@example.com"):
        body = {"email": email, "password": "a wrong password"}
        reply = await client.post("/api/v1/auth/login", json=body)
        problem = reply.json()
        problem.pop("request_id")
        told.append((reply.status_code, problem, sorted(reply.headers)))
        assert "set-cookie" not in reply.headers
    assert told[0] == told[1]
    assert told[0][0] == 401


async def test_a30b_the_sixth_attempt_on_an_account_is_told_when_to_come_back(client, parts):
    person(parts)
    body = LOG_IN | {"password": "a wrong password"}
    codes = [(await client.post("/api/v1/auth/login", json=body)).status_code for _ in range(5)]
    assert codes == [401] * 5
    reply = await client.post("/api/v1/auth/login", json=LOG_IN)
    assert reply.status_code == 429
    assert 0 < int(reply.headers["retry-after"]) <= 60


async def test_passwords_are_never_repeated_in_a_reply(client, parts):
    person(parts)
    for body in (
        {"email": "ann@example.com", "password": ["sk-CANARY"]},
        {"email": "ann@example.com", "password": "sk-CANARY"},
        {"email": "ann@example.com", "password": "sk-CANARY" * 1000},
    ):
        reply = await client.post("/api/v1/auth/login", json=body)
        assert "CANARY" not in reply.text


async def test_one_changes_ones_name_password_and_sessions(client, parts):
    headers = signed(parts)
    assert (await client.patch("/api/v1/me", headers=headers, json={"name": "A"})).json()[
        "name"
    ] == "A"
    sign_in(parts, person(parts, "bob@example.com"))
    body = {"password": PASSWORD, "new_password": BETTER}
    reply = await client.post("/api/v1/me/password", headers=headers, json=body)
    assert reply.status_code == 200
    client.cookies.clear()
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 401
    fresh = {"authorization": f"Bearer {reply.json()['access_token']}"}
    (session,) = (await client.get("/api/v1/me/sessions", headers=fresh)).json()["items"]
    assert session["is_current"]
    assert "token" not in str(session)
    others = await client.post("/api/v1/me/sessions/revoke-others", headers=fresh)
    assert others.json() == {"ended": 0}
    gone = await client.delete(f"/api/v1/me/sessions/{session['id']}", headers=fresh)
    assert gone.status_code == 204
    assert (await client.get("/api/v1/me", headers=fresh)).status_code == 401


async def test_one_takes_ones_data_along_and_leaves(client, parts):
    person(parts, "admin@example.com", "admin")
    headers = signed(parts)
    told = await client.get("/api/v1/me/export", headers=headers)
    assert told.json()["profile"]["email"] == "ann@example.com"
    assert "$argon2" not in told.text
    for password, status in (("wrong", 403), (PASSWORD, 204)):
        reply = await client.request(
            "DELETE", "/api/v1/me", headers=headers, json={"password": password}
        )
        assert reply.status_code == status
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 401


async def test_admins_see_and_change_people_and_registration(client, parts):
    admin = signed(parts, "admin", "admin@example.com")
    ann = person(parts)
    listed = (await client.get("/api/v1/users?search=ann&limit=1", headers=admin)).json()
    assert [user["email"] for user in listed["items"]] == ["ann@example.com"]
    assert "password_hash" not in listed["items"][0]
    changed = await client.patch(f"/api/v1/users/{ann.id}", headers=admin, json={"role": "guest"})
    assert changed.json()["role"] == "guest"
    path = "/api/v1/instance/registration"
    assert (await client.put(path, headers=admin, json={"registration": "open"})).json() == {
        "registration": "open"
    }
    assert (await client.get("/api/v1/instance")).json() == {
        "needs_setup": False,
        "registration": "open",
        "mail": "file",
    }
    bob = await client.post("/api/v1/auth/register", json=ANN | {"email": "bob@example.com"})
    assert bob.status_code == 201
    assert (await client.delete(f"/api/v1/users/{ann.id}", headers=admin)).status_code == 204
    assert (await client.get(f"/api/v1/users/{ann.id}", headers=admin)).status_code == 404


async def test_a23_users_and_guests_are_refused_what_admins_may(client, parts):
    other = person(parts)
    for role in ("guest", "user"):
        headers = signed(parts, role, f"{role}@example.com")
        for method, path, body in [
            ("GET", "/users", None),
            ("GET", f"/users/{other.id}", None),
            ("PATCH", f"/users/{other.id}", {"role": "admin"}),
            ("DELETE", f"/users/{other.id}", None),
            ("PUT", "/instance/registration", {"registration": "open"}),
        ]:
            reply = await client.request(method, f"/api/v1{path}", headers=headers, json=body)
            assert reply.status_code == 403, path
