"""Every route there is, walked from the route table: who may call it, and who learns nothing."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from flowstudio.api.app import ROUTERS, create_api
from flowstudio.api.openapi import build_document, operations
from flowstudio.services.access import RULES
from flowstudio.settings import Settings
from tests.api.world import ROLES, Beginning, Call, World, calls_of, open_world
from tests.fakes.nodes import Bench

API = create_api(lambda: None)  # type: ignore[arg-type, return-value] - only its routes are read
DOCUMENT = build_document(API)
CALLS = calls_of(API)
#: Verbs for anyone: a new one has to be written down here as well.
PUBLIC = {
    "instance.look",
    "instance.setup",
    "account.register",
    "account.recover",
    "session.close",
    "session.open",
    "session.refresh",
    "invitation.look",
    "health.look",
    # Whoever holds the link; it is the proof itself.
    "answer_link.look",
    "answer_link.answer",
    "webhook.call",
}
CLOSED = [call for call in CALLS if call.route.verb not in PUBLIC]
OWNED = [call for call in CLOSED if call.objects and call.rule.level in {"project", "own"}]
OF_PROJECT = [call for call in CLOSED if call.rule.level == "project"]
SOMEWHERE = "0193e0aa-7b1c-7c4e-9d5e-0f6a1b2c3d4e"


@pytest.fixture
async def world(beginning: Beginning, tmp_path: Path, bench: Bench) -> AsyncIterator[World]:
    settings = Settings(data_dir=tmp_path, requests_per_minute=100_000)
    async with open_world(beginning, settings, DOCUMENT, bench.registry()) as world:
        yield world


def each(calls: list[Call]) -> Any:
    return pytest.mark.parametrize("call", calls, ids=str)


async def ask(world: World, who: str, call: Call, path: str, body: Any = None) -> httpx.Response:
    headers: dict[str, str] = (
        {"if_match": '"1"'} if call.method in {"PUT", "PATCH", "DELETE"} else {}
    )
    async with asyncio.timeout(20):
        return await world.ask(who, call.method, path, body, **headers)


def test_every_router_is_of_this_house_and_every_route_names_its_verb() -> None:
    routes = [route for router in ROUTERS for route in router.routes]
    assert len(CALLS) == len(routes), [route for route in routes if not hasattr(route, "verb")]
    assert {call.route.verb for call in CALLS} <= set(RULES)


def test_only_verbs_written_down_here_are_for_anyone() -> None:
    assert {name for name, rule in RULES.items() if rule.level == "anyone"} <= PUBLIC


@pytest.mark.parametrize("operation", [entry[2] for entry in operations(DOCUMENT)])
def test_every_operation_says_what_it_is(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    noun, _, verb = operation["operationId"].partition("_")
    assert noun.isidentifier()
    assert verb.isidentifier()


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for _, _, operation in operations(DOCUMENT)]
    assert len(ids) == len(set(ids))


@each(CLOSED)
async def test_a24_a_closed_route_asks_who_shows_nothing_or_rubbish_to_sign_in(
    client: httpx.AsyncClient, call: Call
) -> None:
    path = call.route.path
    for name in call.names:
        path = path.replace(f"{{{name}}}", SOMEWHERE)
    for headers in (
        {},
        {"authorization": "Bearer rubbish"},
        {"authorization": "Bearer fsk_0123456789_rubbish"},
        {"cookie": "fs_at=rubbish"},
    ):
        reply = await client.request(call.method, path, headers=headers)
        assert reply.status_code == 401, headers
        assert reply.headers["www-authenticate"]


@each(OWNED)
async def test_a19_who_has_no_part_in_an_object_learns_nothing_of_it(
    world: World, call: Call
) -> None:
    path = await world.fill(call)
    body = world.body(call)
    invented = path
    for name in call.objects:
        invented = invented.replace(world.ids[name], SOMEWHERE)
    before = world.contents()
    for who in ("outsider", "guest", "removed"):
        reply = await ask(world, who, call, path, body)
        # Some verbs no guest has, whatever the object.
        never = call.rule.level == "own" and call.rule.least == "user" and who == "guest"
        assert reply.status_code == (403 if never else 404), f"{who}: {reply.text}"
        other = await ask(world, who, call, invented, body)
        assert (other.status_code, told(other)) == (reply.status_code, told(reply))
    assert world.contents() == before


def told(reply: httpx.Response) -> dict[str, Any]:
    return {key: value for key, value in reply.json().items() if key != "request_id"}


@each(OWNED)
async def test_a19_deleted_and_deactivated_people_are_nobody(world: World, call: Call) -> None:
    path = await world.fill(call)
    world.add_person("away", member="owner")
    world.add_person("gone", member="owner")
    world.change_user("away", is_active=False)
    world.delete_user("gone")
    before = world.contents()
    for who in ("away", "gone"):
        reply = await ask(world, who, call, path, world.body(call))
        assert reply.status_code == 401, f"{who}: {reply.text}"
    assert world.contents() == before


@each(OF_PROJECT)
async def test_a23_a_role_may_do_what_the_rules_say_and_no_more(world: World, call: Call) -> None:
    least = ROLES.index(call.rule.least)
    for number, role in enumerate(ROLES):
        path = await world.fill(call)
        before = world.contents()
        reply = await ask(world, role, call, path, world.body(call))
        if number < least:
            assert reply.status_code == 403, f"{role}: {reply.text}"
            assert world.contents() == before
        else:
            # A conflict or a missing revision is told only to who may do it.
            assert reply.status_code < 300 or reply.status_code in {409, 412, 428}, reply.text
        if call.method == "DELETE" and number >= least:
            return


@each([call for call in OF_PROJECT if "project_id" not in call.names])
async def test_a20_a_guest_who_was_given_a_role_is_a_viewer_at_most(
    world: World, call: Call
) -> None:
    world.add_person("invited", role="guest", member="owner")
    path = await world.fill(call)
    reply = await ask(world, "invited", call, path, world.body(call))
    allowed = call.rule.least == "viewer"
    assert (reply.status_code != 403) == allowed, reply.text


@each([call for call in CLOSED if call.rule.level == "instance"])
async def test_only_admins_act_on_the_installation(world: World, call: Call) -> None:
    path = await world.fill(call)
    before = world.contents()
    for who in ("owner", "guest"):
        reply = await ask(world, who, call, path, world.body(call))
        assert reply.status_code == 403, f"{who}: {reply.text}"
    assert world.contents() == before


@each([call for call in CLOSED if call.is_unsafe])
async def test_a35_a_key_for_reading_changes_nothing(world: World, call: Call) -> None:
    scopes = ["workflows:read", "runs:read", "projects:read", "credentials:read", "account:read"]
    made = await world.made("owner", "/keys", {"name": "reader", "scopes": scopes})
    world.tokens["reader"] = made["key"]
    path = await world.fill(call)
    before = world.contents()
    reply = await ask(world, "reader", call, path, world.body(call))
    if call.rule.scope in scopes:
        assert reply.status_code not in {401, 403}
    else:
        assert reply.status_code == 403, reply.text
        assert world.contents() == before


@each([call for call in CALLS if call.is_unsafe])
async def test_a21_a22_fields_that_nobody_asked_for_are_refused(world: World, call: Call) -> None:
    path = await world.fill(call)
    body = world.body(call)
    if body is None:
        return
    assert isinstance(body, dict)
    for extra in (
        {"id": SOMEWHERE},
        {"role_": "admin"},
        {"is_admin": True},
        {"owner_id": SOMEWHERE},
        {"email_verified_at": "2026-01-01T00:00:00Z"},
    ):
        reply = await ask(world, "owner", call, path, body | extra)
        assert reply.status_code == 422, reply.text
        codes = {found.get("code") for found in reply.json()["problems"]}
        assert "extra_forbidden" in codes
