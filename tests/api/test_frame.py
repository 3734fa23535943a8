"""What holds for every route: errors, bodies, origins, ids and rates; on routes of the test's own."""

import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from flowstudio.api.app import create_api
from flowstudio.api.problems import KINDS
from flowstudio.runtime import Runtime, open_runtime
from flowstudio.services.log_lines import JsonLines
from flowstudio.settings import Settings
from tests.api.toys import RAISED, router
from tests.fakes.clock import TurnedClock
from tests.fakes.nodes import Bench
from tests.serving import served

BASE = "http://127.0.0.1:3000"
GIVEN = "correct horse battery staple"


@pytest.fixture
async def toys(tmp_path: Path, bench: Bench, clock: TurnedClock) -> AsyncIterator[Runtime]:
    settings = Settings(data_dir=tmp_path, requests_per_minute=3, trusted_proxies=("10.0.0.0/8",))
    async with open_runtime(settings, registry=bench.registry(), clock=clock) as runtime:
        yield runtime


@pytest.fixture
async def client(toys: Runtime, clock: TurnedClock) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_api(lambda: toys, [router]))

    async def turn(_: httpx.Request) -> None:
        clock.turn(61)

    hooks = {"request": [turn]}
    async with httpx.AsyncClient(transport=transport, base_url=BASE, event_hooks=hooks) as client:
        yield client


async def post(client: httpx.AsyncClient, body: str | bytes, **headers: str) -> httpx.Response:
    sent = {"content-type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return await client.post("/api/v1/toys", content=body, headers=sent)


@pytest.mark.parametrize("kind", RAISED)
async def test_every_error_becomes_the_problem_of_its_class(
    client: httpx.AsyncClient, kind: str
) -> None:
    reply = await client.post(f"/api/v1/toys/{kind}/raise")
    told = reply.json()
    expected = next(KINDS[base] for base in type(RAISED[kind]).__mro__ if base in KINDS)
    assert reply.status_code == told["status"] == expected.status
    assert reply.headers["content-type"] == "application/problem+json"
    assert told["type"] == f"/api/docs#{expected.slug}"
    assert told["request_id"] == reply.headers["x-request-id"]


async def test_a_problem_carries_all_that_is_wrong_and_when_to_try_again(
    client: httpx.AsyncClient,
) -> None:
    document = (await client.post("/api/v1/toys/document/raise")).json()
    found = document["problems"][0]
    assert (found["where"], found["what"], found["code"]) == (
        "a.type",
        "No such type.",
        "unknown_type",
    )
    given = (await client.post("/api/v1/toys/input/raise")).json()
    assert [one["what"] for one in given["problems"]] == ["'a' is missing.", "'b' is not a number."]
    throttled = await client.post("/api/v1/toys/throttled/raise")
    assert throttled.headers["retry-after"] == "8"
    closed = await client.post("/api/v1/toys/closed/raise")
    assert closed.headers["retry-after"] == "60"
    signed_out = await client.post("/api/v1/toys/signed_out/raise")
    assert signed_out.headers["www-authenticate"].startswith("Bearer")


async def test_an_unforeseen_error_tells_its_id_and_nothing_else(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    reply = await client.post("/api/v1/toys/nothing/raise")
    assert reply.status_code == 500
    assert "KeyError" not in reply.text
    assert "nothing" not in reply.text
    assert reply.json()["request_id"] in caplog.text


async def test_a22_every_problem_of_an_input_is_told_and_no_value_repeated(
    client: httpx.AsyncClient,
) -> None:
    reply = await post(client, json.dumps({"count": GIVEN, "role": "ADMIN", "name": 7}))
    assert reply.status_code == 422
    problems = {found["where"]: found["code"] for found in reply.json()["problems"]}
    assert problems == {
        "body.count": "int_parsing",
        "body.role": "extra_forbidden",
        "body.name": "string_type",
    }
    assert GIVEN not in reply.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"name": "a", "name": "b"}',
        b'{"name": "a", "more": NaN}',
        b'{"name": "a", "more": 1e999}',
        b'{"name": "a", "more": ' + b"9" * 5000 + b"}",
        b'{"name": "a", "more": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"name": "a", "more": ' + b"[" * 80 + b"]" * 80 + b"}",
        b'{"name": "\\ud800"}',
        b'{"name": "\xff"}',
        '{"name": "é"}'.encode("utf-16"),
    ],
    ids=range(12),
)
async def test_a28e_json_that_programs_read_differently_is_refused(
    client: httpx.AsyncClient, body: bytes
) -> None:
    reply = await post(client, body)
    assert reply.status_code == 422
    assert reply.headers["content-type"] == "application/problem+json"


async def test_a_body_that_is_too_large_is_refused_before_it_is_read_and_while(
    client: httpx.AsyncClient,
) -> None:
    assert (await post(client, b" " * 6_000_001)).status_code == 413

    async def stream() -> AsyncIterator[bytes]:
        for _ in range(70):
            yield b" " * 100_000

    headers = {"content-type": "application/json"}
    reply = await client.post("/api/v1/toys", content=stream(), headers=headers)
    assert reply.status_code == 413


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/jsonp",
        "",
    ],
)
async def test_a32_only_json_is_taken(client: httpx.AsyncClient, kind: str) -> None:
    assert (await post(client, b'{"name": "a"}', content_type=kind)).status_code == 415


async def test_a32_a_body_without_a_type_is_refused(client: httpx.AsyncClient) -> None:
    reply = await client.post("/api/v1/toys", content=b'{"name": "a"}')
    assert reply.status_code == 415


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:3001"},
        {"origin": "http://127.0.0.1:3000.evil.example"},
        {"sec_fetch_site": "cross-site"},
    ],
)
async def test_a32_a_foreign_page_may_not_write(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    reply = await post(client, b'{"name": "a"}', **headers)
    assert reply.status_code == 403
    assert reply.json()["type"] == "/api/docs#foreign-origin"
    assert "access-control-allow-origin" not in reply.headers


async def test_a_page_of_this_site_may_write(client: httpx.AsyncClient) -> None:
    sent = {"origin": BASE, "sec_fetch_site": "same-origin"}
    assert (await post(client, b'{"name": "a"}', **sent)).json() == {"name": "a"}


async def test_an_unknown_path_or_method_is_a_problem_too(client: httpx.AsyncClient) -> None:
    missing = await client.get("/api/v1/nothing")
    assert (missing.status_code, missing.json()["type"]) == (404, "/api/docs#no-such-path")
    wrong = await client.put("/api/v1/toys")
    assert (wrong.status_code, wrong.json()["type"]) == (405, "/api/docs#no-such-method")
    assert wrong.headers["allow"]


async def test_a_sane_request_id_is_kept_and_another_replaced(client: httpx.AsyncClient) -> None:
    kept = await client.get("/api/v1/toys", headers={"x-request-id": "abc-123-def"})
    assert kept.headers["x-request-id"] == "abc-123-def"
    for bad in ("short", "a" * 65, "a b c d e f", 'x"}{"x":"yyyyyy'):
        made = await client.get("/api/v1/toys", headers={"x-request-id": bad})
        assert made.headers["x-request-id"] != bad


async def test_replies_are_compressed_and_not_kept(client: httpx.AsyncClient) -> None:
    reply = await client.get("/api/v1/toys")
    assert reply.headers["content-encoding"] == "gzip"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-content-type-options"] == "nosniff"


async def test_a41_too_many_requests_are_refused_until_the_minute_is_over(toys: Runtime) -> None:
    transport = httpx.ASGITransport(create_api(lambda: toys, [router]), client=("10.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        near = {"x-forwarded-for": "198.51.100.9, 203.0.113.7"}
        told = [await client.get("/api/v1/toys", headers=near) for _ in range(4)]
        assert [reply.status_code for reply in told] == [200, 200, 200, 429]
        assert told[0].headers["ratelimit-policy"] == '"minute";q=3;w=60'
        assert told[0].headers["ratelimit"] == '"minute";r=2;t=60'
        assert 1 <= int(told[3].headers["retry-after"]) <= 60
        # The address that a client invents left of the proxy's does not make it another one.
        invented = {"x-forwarded-for": "192.0.2.55, 203.0.113.7"}
        assert (await client.get("/api/v1/toys", headers=invented)).status_code == 429
        other = {"x-forwarded-for": "203.0.113.8"}
        assert (await client.get("/api/v1/toys", headers=other)).status_code == 200


async def test_a42_the_log_has_one_clean_line_a_request_without_query_or_secret(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "flowstudio.api.access_log")
    agent = "x\x1b[31m" + "y" * 1_000_000
    headers = {"user-agent": agent, "authorization": "Bearer fsk_secret"}
    await client.get("/api/v1/toys/a%0d%0a2026 ERROR?q=hidden", headers=headers)
    lines = [JsonLines().format(one) for one in caplog.records if one.name.endswith("access_log")]
    assert len(lines) == 1
    line = json.loads(lines[0])
    assert line["path"] == "/api/v1/toys/{toy_id}"
    assert line["ids"] == {"toy_id": "a\ufffd\ufffd2026 ERROR"}
    assert len(lines[0]) < 1000
    for hidden in ("hidden", "fsk_secret", "\x1b", "\r", "\n"):
        assert hidden not in lines[0]


async def test_a35_a_key_in_the_address_is_refused(client: httpx.AsyncClient) -> None:
    for query in ("api_key=x", "access_token=x", "q=fsk_0123456789_abc"):
        assert (await client.get(f"/api/v1/toys?{query}")).status_code == 401


async def test_a24_who_shows_nothing_is_asked_to_sign_in_before_anything_is_read(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get("/api/v1/toys/1")).status_code == 401
    for sent in ("Bearer", "Basic YTpi", "Bearer a.b.c", "Bearer  ", "bearer x y"):
        reply = await client.get("/api/v1/toys/1", headers={"authorization": sent})
        assert reply.status_code == 401, sent


async def test_the_document_is_openapi_3_1_and_says_who_may_call(
    client: httpx.AsyncClient,
) -> None:
    reply = await client.get("/api/openapi.json")
    document = reply.json()
    assert document["openapi"] == "3.1.0"
    read = document["paths"]["/api/v1/toys/{toy_id}"]["get"]
    assert (read["x-level"], read["x-least-role"], read["x-scope"]) == (
        "project",
        "viewer",
        "workflows:read",
    )
    assert {"401", "403", "404", "422", "429"} <= set(read["responses"])
    again = await client.get("/api/openapi.json", headers={"if-none-match": reply.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_a38_the_page_of_the_api_runs_no_script_but_its_own(
    client: httpx.AsyncClient,
) -> None:
    reply = await client.get("/api/docs")
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert reply.text.count("<script") == 1
    assert "//cdn" not in reply.text
    assert "toys/<wbr>{toy_id}" in reply.text


async def test_the_api_answers_on_a_real_socket(toys: Runtime) -> None:
    async with (
        served(create_api(lambda: toys, [router])) as address,
        httpx.AsyncClient(base_url=address) as client,
    ):
        reply = await client.get("/api/v1/toys")
        assert reply.json() == ["toy"] * 1000
