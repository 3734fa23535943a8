"""A raw websocket client against the whole server: what it sends is what an attacker sends."""

import asyncio
import inspect
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from flowstudio.security.tokens import AccessTokens
from flowstudio.services.access import RULES
from flowstudio.store import members, sessions, users
from flowstudio.ui.guard import guard_of
from tests.editing import chain, invite, keep
from tests.fakes.clock import TurnedClock
from tests.fakes.openrouter import KEY as MODEL_KEY
from tests.fakes.openrouter import stall
from tests.parts import KEY
from tests.people import project_of, sign_in
from tests.site import ADMIN, Site, running_site
from tests.tab import ClosedError, RefusedError, Tab, operations, tab
from tests.ui.handlers import registered_handlers, short

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

HANDLERS = {short(name): name for name in sorted(registered_handlers())}
OURS = "reflex___state____state.flowstudio___"
HOME = HANDLERS["home_state.load"]
#: Nothing that it begins goes on in the background and asks, too.
PROJECTS = HANDLERS["projects_state.load"]
EVIL = ["https://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1.evil.example"]
#: Arguments of every sort, by the names handlers give them.
PLAUSIBLE: dict[type, Any] = {str: "running", int: 1, bool: True, dict: {"question": "Why?"}}
WRONG: list[Any] = [{"a": 1}, None, [[]], -1, "\x00", True]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_site(tmp_path_factory.mktemp("attacked")) as site:
        site.sign_in()
        yield site


def cookie(site: Site, email: str, role: str = "user") -> str:
    return f"fs_at={site.sign_in(email, role).access_token}"


def ours(updates: list[dict[str, Any]]) -> dict[str, Any]:
    """What the updates say of our own states."""
    found: dict[str, Any] = {}
    for update in updates:
        for name, values in (update.get("delta") or {}).items():
            if name.startswith(OURS):
                found |= values
    return found


def arguments(name: str) -> list[str]:
    return list(inspect.signature(registered_handlers()[name]).parameters)[1:]


def plausible(name: str) -> dict[str, Any]:
    hints = inspect.get_annotations(registered_handlers()[name], eval_str=True)
    return {
        argument: PLAUSIBLE.get(getattr(hints.get(argument), "__origin__", hints.get(argument)), "")
        for argument in arguments(name)
    }


def is_public(name: str) -> bool:
    return RULES[guard_of(registered_handlers()[name]).verb].level == "anyone"


# Where it comes from


@pytest.mark.parametrize("origin", EVIL)
async def test_a32_a_page_of_another_origin_gets_no_socket(site: Site, origin: str) -> None:
    with pytest.raises(RefusedError):
        async with tab(site.port, cookie(site, "ann@example.com"), origin=origin):
            pass


async def test_there_is_no_way_in_but_the_websocket(site: Site) -> None:
    async with httpx.AsyncClient(base_url=site.url, trust_env=False) as client:
        for method in ("GET", "POST"):
            reply = await client.request(method, "/_event/?EIO=4&transport=polling&token=t")
            assert reply.status_code == 400
        for path in ("/_upload", "/_upload/x", "/_all_routes", "/auth-codespace"):
            assert (await client.post(path)).status_code in {404, 405}
            assert "text/html" in (await client.get(path)).headers["content-type"]


# Nobody


@pytest.mark.parametrize("handler", HANDLERS)
async def test_a24_nobody_gets_nothing_from_any_handler(site: Site, handler: str) -> None:
    name = HANDLERS[handler]
    payloads = [plausible(name), {}, {"extra": 1}]
    payloads += [dict.fromkeys(arguments(name), wrong) for wrong in WRONG]
    async with tab(site.port, name=f"nobody-{handler}") as nobody:
        for payload in payloads:
            updates = await nobody.call(name, payload, path="/runs/x")
            told = ours(updates)
            if is_public(name):
                assert not told.get("person_rx_state_")
                assert {row[0] for row in operations(updates)} <= {"leave", "toast"}
            else:
                assert told == {}
                assert [row[0] for row in operations(updates)] == ["sign_in"]


@pytest.mark.parametrize(
    "token", ["", "x", "e30.e30.", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.", "a" * 5000]
)
async def test_a14_a_forged_cookie_makes_nobody_of_the_socket(site: Site, token: str) -> None:
    async with tab(site.port, f"fs_at={token}") as forged:
        assert operations(await forged.call(HOME))[0][0] == "sign_in"


async def test_a_handshake_with_an_expired_cookie_is_nobodys(site: Site) -> None:
    ann = site.person("ann@example.com")
    tokens = sign_in(site.parts, ann)
    session_id = site.parts.records.read_now(
        lambda s: sessions.list_sessions(
            s,
            ann.id,
            now=site.parts.clock.now(),
            idle_since=site.parts.clock.now() - timedelta(days=1),
        )
    )[0].id
    clock = TurnedClock(site.parts.clock.now() - timedelta(minutes=11))
    old = AccessTokens(site.parts.ring, clock).make(ann.id, session_id, 0)
    async with tab(site.port, f"fs_at={old}") as late:
        assert operations(await late.call(HOME))[0][0] == "sign_in"
    async with tab(site.port, f"fs_at={tokens.access_token}") as in_time:
        assert ours(await in_time.call(HOME))


# Somebody else


async def test_a44_a_stolen_tab_token_gives_nothing_of_its_tab(site: Site) -> None:
    async with tab(site.port, cookie(site, "ann@example.com"), name="victim") as victim:
        assert ours(await victim.call(HOME))["cards_rx_state_"]
        bound = json.loads(victim.frames[-1].partition(",")[2])[1]["delta"][
            "reflex___state____state"
        ]["rx_router_session_rx_state_"]["client_token"]
    for token in ("victim", bound):
        for thief in (cookie(site, "mallory@example.com"), ""):
            async with tab(site.port, thief, name=token) as stolen:
                assert await state_of(stolen, "home_state", "cards") == []


async def test_the_own_state_is_there_again_after_a_short_loss_of_the_line(site: Site) -> None:
    own = cookie(site, "ann@example.com")
    async with tab(site.port, own, name="mine") as first:
        await first.call(HOME)
    async with tab(site.port, own, name="mine") as again:
        assert await state_of(again, "home_state", "cards")


async def test_signing_in_anew_begins_with_an_empty_state(site: Site) -> None:
    async with tab(site.port, cookie(site, "ann@example.com"), name="tab") as first:
        await first.call(HOME)
    async with tab(site.port, cookie(site, "ann@example.com"), name="tab") as second:
        assert await state_of(second, "home_state", "cards") == []


async def state_of(opened: Tab, state: str, name: str) -> Any:
    """A var as the server would send it to this tab now."""
    whole = await opened.hydrated()
    values = next(v for key, v in whole.items() if key.endswith(f"____{state}"))
    return values[f"{name}_rx_state_"]


async def start_run(site: Site, owner: str) -> tuple[str, str]:
    """Have somebody start an example that goes on for long; gives the run and its project."""
    site.models.answer(*[stall("This goes on and on")] * 9)
    async with tab(site.port, cookie(site, owner)) as page:
        form = {"question": f"What does {owner} ask?"}
        updates = await page.call(
            HANDLERS["template_state.start"], {"form": form}, **at("/w/compare-prompts")
        )
    (kind, address, _), *_ = operations(updates)
    assert kind == "redirect", updates
    return address.removeprefix("/runs/"), project_of(site.person(owner))


def at(path: str) -> dict[str, str]:
    """The page an event comes from."""
    kind, _, name = path.removeprefix("/").partition("/")
    return {"path": path, {"w": "slug", "runs": "run_id"}[kind]: name}


STEERING = ["run_state.cancel", "run_state.pause", "run_state.resume", "run_state.load"]


async def test_a23_a_viewer_sees_a_run_and_steers_nothing(site: Site) -> None:
    run_id, project_id = await start_run(site, "owner@example.com")
    viewer = site.person("viewer@example.com")
    now = site.parts.clock.now()
    site.parts.records.write_now(
        lambda s: members.put_member(s, project_id, viewer.id, "viewer", now)
    )
    async with tab(site.port, cookie(site, "viewer@example.com")) as page:
        shown = ours(await page.call(HANDLERS["run_state.load"], **at(f"/runs/{run_id}")))
        assert shown["title_rx_state_"]
        for handler in STEERING[:3]:
            updates = await page.call(HANDLERS[handler], **at(f"/runs/{run_id}"))
            assert told(updates, "toast")[0][1] == "error"
            assert "runner" in told(updates, "toast")[0][2]
        answer = {"path": "plain", "approved": True, "comment": ""}
        updates = await page.call(HANDLERS["run_state.decide"], answer, **at(f"/runs/{run_id}"))
        assert "runner" in told(updates, "toast")[0][2]
    async with tab(site.port, cookie(site, "owner@example.com")) as page:
        shown = ours(await page.call(HANDLERS["run_state.load"], **at(f"/runs/{run_id}")))
        assert shown["status_rx_state_"] in {"queued", "running"}


def told(updates: list[dict[str, Any]], kind: str) -> list[list[Any]]:
    return [row for row in operations(updates) if row[0] == kind]


async def test_a19_the_run_of_others_is_not_there_at_all(site: Site) -> None:
    run_id, _ = await start_run(site, "owner@example.com")
    async with tab(site.port, cookie(site, "mallory@example.com")) as page:
        for handler in STEERING:
            updates = await page.call(HANDLERS[handler], **at(f"/runs/{run_id}"))
            assert "title_rx_state_" not in ours(updates)
            assert "steps_rx_state_" not in ours(updates)
            told_off = told(updates, "toast")
            assert handler == "run_state.load" or "no" in told_off[0][2]
        await page.send(HANDLERS["run_state.follow"], **at(f"/runs/{run_id}"))
        kind, tone, _ = await page.until("toast")
        assert (kind, tone) == ("toast", "error")
        frames = "".join(page.frames)
        assert "goes on and on" not in frames
        assert "owner@example.com" not in frames


async def test_a23_a_guest_runs_nothing(site: Site) -> None:
    async with tab(site.port, cookie(site, "guest@example.com", "guest")) as page:
        updates = await page.call(
            HANDLERS["template_state.start"],
            {"form": {"question": "May I?"}},
            **at("/w/compare-prompts"),
        )
        assert told(updates, "redirect") == []
        assert told(updates, "toast")[0][1] == "error"


ADMIN_ONLY = [
    name
    for name in HANDLERS.values()
    if RULES[guard_of(registered_handlers()[name]).verb].level == "instance"
]


@pytest.mark.parametrize("role", ["user", "guest"])
async def test_a23_handlers_of_the_admin_are_closed_to_others(site: Site, role: str) -> None:
    async with tab(site.port, cookie(site, f"{role}@example.com", role)) as page:
        for name in ADMIN_ONLY:
            if name.endswith(".follow"):
                # In the background: what it says comes when it comes.
                await page.send(name, plausible(name))
                kind, tone, _ = await page.until("toast")
                assert (kind, tone) == ("toast", "error")
                continue
            updates = await page.call(name, plausible(name))
            assert ours(updates) == {}
            # Of a page that is not theirs to see, they are sent away as well.
            answer = ["toast", "redirect"] if name.endswith(".load") else ["toast"]
            assert [row[0] for row in operations(updates)] == answer


# The session ends


async def test_a_revoked_session_ends_at_the_next_event_of_an_open_socket(site: Site) -> None:
    ann = site.person("revoked@example.com")
    async with tab(site.port, cookie(site, "revoked@example.com")) as page:
        assert ours(await page.call(PROJECTS))
        now = site.parts.clock.now()
        site.parts.records.write_now(lambda s: sessions.revoke_sessions(s, ann.id, now))
        updates = await page.call(PROJECTS)
        assert ours(updates) == {}
        assert [row[0] for row in operations(updates)] == ["sign_in"]


@pytest.mark.parametrize("end", ["deactivate", "delete", "version"])
async def test_an_account_that_ends_takes_its_open_sockets_along(site: Site, end: str) -> None:
    email = f"{end}@example.com"
    user = site.person(email)
    ends = {
        "deactivate": lambda s: users.change_user(s, user.id, is_active=False),
        "delete": lambda s: users.remove_user(s, user.id),
        "version": lambda s: users.change_user(s, user.id, version=7),
    }
    async with tab(site.port, cookie(site, email)) as page:
        assert ours(await page.call(HOME))
        site.parts.records.write_now(ends[end])
        updates = await page.call(HOME)
        assert ours(updates) == {}
        # Once for the event, and once more if what runs in the background has looked, too.
        assert [row[0] for row in operations(updates)] in (["sign_in"], ["sign_in"] * 2)


async def test_a_member_who_was_removed_sees_the_run_no_more(site: Site) -> None:
    run_id, project_id = await start_run(site, "owner@example.com")
    member = site.person("member@example.com")
    now = site.parts.clock.now()
    site.parts.records.write_now(
        lambda s: members.put_member(s, project_id, member.id, "runner", now)
    )
    async with tab(site.port, cookie(site, "member@example.com")) as page:
        load = HANDLERS["run_state.load"]
        assert ours(await page.call(load, **at(f"/runs/{run_id}")))["title_rx_state_"]
        site.parts.records.write_now(lambda s: members.remove_member(s, project_id, member.id))
        assert ours(await page.call(load, **at(f"/runs/{run_id}")))["missing_rx_state_"]


# Forged events


@pytest.mark.parametrize("handler", [name for name in HANDLERS if arguments(HANDLERS[name])])
async def test_a44_arguments_of_wrong_types_never_reach_a_handler(site: Site, handler: str) -> None:
    name = HANDLERS[handler]
    async with tab(site.port, cookie(site, "root@example.com", "admin")) as page:
        for wrong in ({"a": 1}, [[1]]):
            first = arguments(name)[0]
            if first == "form" and isinstance(wrong, dict):
                continue
            payload = {**plausible(name), first: wrong}
            assert told(await page.call(name, payload), "toast")[0][1] == "error"
        for payload in ({**plausible(name), "more": 1}, {}, {"self": 1}):
            assert told(await page.call(name, payload), "toast")[0][1] == "error"


async def test_a44_a_text_of_nearly_a_megabyte_is_refused_by_the_guard(site: Site) -> None:
    async with tab(site.port, cookie(site, "ann@example.com")) as page:
        updates = await page.call(HANDLERS["project_state.choose"], {"project_id": "x" * 900_000})
        assert "does not understand" in told(updates, "toast")[0][2]


async def test_a44_a_message_above_a_megabyte_ends_the_socket(site: Site) -> None:
    async with tab(site.port, cookie(site, "ann@example.com")) as page:
        await page.send(HANDLERS["project_state.choose"], {"project_id": "x" * 1_100_000})
        assert await page.is_closed()


@pytest.mark.parametrize("depth", [500, 100_000])
async def test_a28e_a_deep_argument_harms_nobody(site: Site, depth: int) -> None:
    own = cookie(site, "ann@example.com")
    async with tab(site.port, own) as page:
        name = HANDLERS["project_state.choose"]
        deep = "[" * depth + "]" * depth
        await page.raw(f'42/_event,["event",{{"name":"{name}","payload":{{"project_id":{deep}}}}}]')
        assert ours(await page.call(HOME, path="/"))


@pytest.mark.parametrize(
    "name",
    [
        "_list_runs", "load.__wrapped__", "__init__", "__class__", "get_state", "reset", "dict",
        "_refresh", "_id", "_answer", "set_person", "set_is_admin", "router", "get_value",
    ],
)  # fmt: skip
async def test_a44_what_is_no_handler_cannot_be_called(site: Site, name: str) -> None:
    async with tab(site.port, cookie(site, "ann@example.com"), name=name) as page:
        for state in {full.rpartition(".")[0] for full in HANDLERS.values()}:
            assert ours(await page.call(f"{state}.{name}")) == {}


@pytest.mark.parametrize(
    ("var", "value"), [("person", "root@example.com"), ("is_admin", True), ("current_id", "x")]
)
async def test_a44_the_handlers_of_reflex_set_no_var(site: Site, var: str, value: Any) -> None:
    state = HANDLERS["project_state.load"].rpartition(".")[0]
    async with tab(site.port, cookie(site, "ann@example.com"), name=var) as page:
        await page.call(HANDLERS["project_state.load"])
        before = await state_of(page, "project_state", var)
        await page.call(f"{state}.setvar", {"var_name": var, "value": value})
        update = "reflex___state____state.reflex___state____update_vars_internal_state"
        for full in (f"{state}.{var}", f"{state}.{var}_rx_state_"):
            await page.call(f"{update}.update_vars_internal", {"vars": {full: value}})
        assert await state_of(page, "project_state", var) == before


async def test_a_remembered_project_of_others_is_not_chosen(site: Site) -> None:
    foreign = project_of(site.person("owner@example.com"))
    ann = site.person("ann@example.com")
    state = HANDLERS["project_state.load"].rpartition(".")[0]
    async with tab(site.port, cookie(site, "ann@example.com"), name="hint") as page:
        update = "reflex___state____state.reflex___state____update_vars_internal_state"
        for wished in (foreign, {"a": 1}, None, 7):
            vars_ = {f"{state}.wished_rx_state_": wished}
            await page.call(f"{update}.update_vars_internal", {"vars": vars_})
            await page.call(HANDLERS["project_state.load"])
            assert await state_of(page, "project_state", "current_id") == project_of(ann)
        await page.call(HANDLERS["project_state.choose"], {"project_id": foreign})
        assert await state_of(page, "project_state", "current_id") == project_of(ann)


async def test_headers_and_identity_in_an_event_count_for_nothing(site: Site) -> None:
    admin = cookie(site, "root@example.com", "admin")
    forged = {"cookie": admin, "x-flowstudio-address": "203.0.113.9"}
    async with tab(site.port, headers={"X-Flowstudio-Address": "203.0.113.9"}) as page:
        route = {"pathname": "/", "query": {}, "asPath": "/", "headers": forged, "token": "t"}
        event = {"name": HOME, "payload": {}, "router_data": route, "token": "victim"}
        await page.say("event", event)
        assert [row[0] for row in operations(await page.settled())] == ["sign_in"]


@pytest.mark.parametrize(
    "frame",
    ["", "9", "42", "42/_event", '42/_event,["event"]', '42/_event,["event",7]', "40/other,",
     '42/_event,["event",{"name":7}]', '42/_event,["event",{"name":"x","payload":[]}]', "4" * 5000],
)  # fmt: skip
async def test_a_damaged_frame_leaves_the_server_to_others(site: Site, frame: str) -> None:
    own = cookie(site, "ann@example.com")
    async with tab(site.port, own, name="damaged") as page:
        await page.raw(frame)
        async with tab(site.port, own, name="whole") as other:
            assert ours(await other.call(HOME))


# Working together


EDITOR = HANDLERS["editor_state.load"].rpartition(".")[0]


def listening(workflow_id: str) -> dict[str, str]:
    """Where an editor's events come from."""
    return {"path": f"/workflows/{workflow_id}", "workflow_id": workflow_id}


def people(frames: list[str]) -> list[dict[str, Any]]:
    """What was told of people."""
    updates = [json.loads(frame.partition(",")[2])[1] for frame in frames if frame.startswith("42")]
    updates = [each if isinstance(each, dict) else json.loads(each) for each in updates]
    said = [value for _, _, value in operations(updates) if isinstance(value, dict)]
    return [each for each in said if each.get("t") == "people"]


async def test_a65_a_stranger_neither_hears_a_workflow_nor_is_seen_there(site: Site) -> None:
    workflow_id = keep(site, chain("One"))
    async with (
        tab(site.port, cookie(site, "root@example.com", "admin"), name="owner") as owner,
        tab(site.port, cookie(site, "mallory@example.com"), name="mallory") as mallory,
    ):
        await owner.follow(EDITOR, **listening(workflow_id))
        for event, payload in (("load", {}), ("follow", {}), ("present", {"presence": HERE})):
            told = await mallory.call(f"{EDITOR}.{event}", payload, **listening(workflow_id))
            assert [row[0] for row in operations(told)] in ([], ["toast"])
        await owner.call(f"{EDITOR}.present", {"presence": HERE}, **listening(workflow_id))
        await mallory.settled()
    assert people(mallory.frames) == []
    assert {each["user_id"] for each in people(owner.frames)} == {site.person(ADMIN).id}


HERE: dict[str, Any] = {"tab": "here"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"tab": "x" * 17}, {"tab": "<b>"}, {"name": "root"}, {"user_id": "x"}, {"colour": "red"},
        {"cursor": {"x": 1e300, "y": 0}}, {"cursor": {"x": "NaN", "y": 0}}, {"cursor": {"x": 1}},
        {"selection": ["x"] * 51}, {"selection": ["x" * 101]}, {"field": "x" * 101}, {"t": "change"},
        {"gone": True},
    ],
)  # fmt: skip
async def test_a66_presence_says_no_more_than_it_may(site: Site, wrong: dict[str, Any]) -> None:
    where = listening(keep(site, chain("One")))
    async with tab(site.port, cookie(site, "root@example.com", "admin"), name="wrong") as page:
        told = await page.call(f"{EDITOR}.present", {"presence": HERE | wrong}, **where)
        assert [row[:2] for row in operations(told)] == [["toast", "error"]]


async def test_a66_nobody_passes_for_somebody_elses_tab(site: Site) -> None:
    workflow_id = keep(site, chain("One"))
    where = listening(workflow_id)
    invite(site, "mallory@example.com", "viewer")
    async with tab(site.port, cookie(site, "root@example.com", "admin"), name="owner") as owner:
        await owner.follow(EDITOR, **where)
        async with tab(site.port, cookie(site, "mallory@example.com"), name="m") as mallory:
            await mallory.follow(EDITOR, **where)
            await mallory.call(f"{EDITOR}.present", {"presence": {"tab": "raw"}}, **where)
        # Gone, and not the owner whose tab has that name, too.
        while not (gone := [each for each in people(owner.frames) if each.get("gone")]):
            await owner.update()
    assert {each["user_id"] for each in gone} == {site.person("mallory@example.com").id}


async def test_a67_a_flood_of_presence_reaches_others_as_a_trickle(site: Site) -> None:
    workflow_id = keep(site, chain("One"))
    where = listening(workflow_id)
    root = cookie(site, "root@example.com", "admin")
    async with tab(site.port, root, name="calm") as calm, tab(site.port, root, name="mad") as mad:
        await calm.follow(EDITOR, **where)
        before = len(calm.frames)
        for x in range(150):
            flood = {"presence": {"tab": "mad", "cursor": {"x": x, "y": 0}}}
            await mad.send(f"{EDITOR}.present", flood, **where)
        while not any(told.get("cursor") == {"x": 149, "y": 0} for told in people(calm.frames)):
            await calm.update()
        assert len(calm.frames) - before < 150


# What leaves the server


async def test_a33_no_frame_holds_a_secret_or_a_cookie(site: Site) -> None:
    tokens = site.sign_in()
    refresh = f"fs_rt={tokens.refresh_token}"
    async with tab(site.port, f"{refresh}; fs_at={tokens.access_token}; other=CANARY-7") as page:
        for name in HANDLERS.values():
            if name.endswith((".load", ".look")):
                await page.call(name, path="/")
        frames = "".join(page.frames)
    assert "root@example.com" in frames
    for secret in (tokens.access_token, tokens.refresh_token, KEY, MODEL_KEY, "CANARY-7", "argon2"):
        assert secret not in frames


# Too many


async def test_a45_a_person_has_fifty_sockets_and_no_more(site: Site) -> None:
    own = cookie(site, "greedy@example.com")
    async with AsyncExitStack() as stack:
        for number in range(50):
            await stack.enter_async_context(tab(site.port, own, name=f"t{number}"))
        with pytest.raises(RefusedError):
            await stack.enter_async_context(tab(site.port, own, name="one_more"))
        async with tab(site.port, cookie(site, "ann@example.com")) as other:
            assert ours(await other.call(HOME))
    async with asyncio.timeout(20):
        while True:
            try:
                async with tab(site.port, own, name="again") as freed:
                    assert ours(await freed.call(HOME))
                    return
            except (RefusedError, ClosedError):
                continue
