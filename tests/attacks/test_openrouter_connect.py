"""Connecting OpenRouter: the key arrives where it should, and by nobody else's doing."""

import logging
from contextlib import asynccontextmanager

import pytest

from flowstudio.services.access import OPERATOR
from flowstudio.services.keys import NewKey
from flowstudio.store.tables.projects import MemberRow
from tests.browsing import SITE, Browser, query_of, studio_open, told
from tests.fakes.openrouter_auth import OpenRouterAuth
from tests.people import person, project_of
from tests.providing import change_flow

START = "/api/v1/connect/openrouter/start"
CALLBACK = f"{SITE}/api/v1/connect/openrouter/callback/"


@asynccontextmanager
async def connected(folder, **options):
    """A studio, its OpenRouter, and a browser in which Ada is signed in."""
    async with (
        OpenRouterAuth() as openrouter,
        studio_open(folder, **(openrouter.settings() | options)) as studio,
        studio.browser() as browser,
    ):
        ada = person(studio.parts, "ada@example.com")
        browser.enter(ada)
        yield studio, openrouter, browser, ada


def address(actor, **more: str) -> str:
    query = "&".join(f"{name}={value}" for name, value in more.items())
    return f"{START}?project_id={project_of(actor)}&{query}"


async def returning(browser: Browser, actor) -> str:
    """Go to OpenRouter and stop at the door on the way back."""
    return told(await browser.travel(address(actor, next="/back"), until=CALLBACK))


async def stored(studio, actor) -> list:
    page = await studio.runtime.studio.credentials.list_credentials(OPERATOR, project_of(actor))
    return page.items


async def test_the_key_becomes_a_credential_of_the_project(tmp_path):
    async with connected(tmp_path) as (studio, openrouter, browser, ada):
        assert told(await browser.travel(address(ada, next="/back"))) == "/back"
        (record,) = await stored(studio, ada)
        assert (record.name, record.kind) == ("OpenRouter (ada@example.com)", "openrouter")
        assert record.created_by == ada.id
        assert ("credential.create", "done") in await studio.audit()
        key = await studio.runtime.studio.credentials.openrouter_key(project_of(ada))
        assert key == openrouter.keys[0]


async def test_connecting_again_keeps_the_key_from_before(tmp_path):
    async with connected(tmp_path) as (studio, _, browser, ada):
        for _ in range(2):
            assert told(await browser.travel(address(ada))) == "/"
        names = sorted(record.name for record in await stored(studio, ada))
        assert names[0] == "OpenRouter (ada@example.com)"
        assert names[1].startswith("OpenRouter (ada@example.com) 20")


async def test_a33_neither_browser_nor_log_nor_database_ever_has_the_key(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    async with connected(tmp_path) as (_, openrouter, browser, ada):
        seen = []
        browser.event_hooks["response"] = [lambda reply: _note(reply, seen)]
        await browser.travel(address(ada))
        key = openrouter.keys[0]
        assert seen
        assert not [text for text in seen if key in text]
        assert key not in caplog.text
        for path in tmp_path.rglob("*"):
            assert not path.is_file() or key.encode() not in path.read_bytes()


async def test_a16_a_wrong_verifier_gives_no_key(tmp_path):
    async with connected(tmp_path) as (studio, openrouter, browser, ada):
        back = await returning(browser, ada)
        change_flow(studio, browser, verifier="another")
        assert told(await browser.get(back)) == "/back?error=provider_failed"
        assert openrouter.refusals == ["Invalid code or code_verifier"]
        assert await stored(studio, ada) == []


async def test_a16_a_replayed_callback_gives_no_second_key(tmp_path):
    async with connected(tmp_path) as (studio, openrouter, browser, ada):
        back = await returning(browser, ada)
        flow = browser.cookies["fs_flow"]
        assert told(await browser.get(back)) == "/back"
        assert told(await browser.get(back)) == "/sign-in?error=state"
        browser.cookies.set("fs_flow", flow)
        assert told(await browser.get(back)) == "/back?error=provider_failed"
        assert openrouter.refusals == ["Invalid code or code_verifier"]
        assert len(await stored(studio, ada)) == 1


async def test_a16_anothers_code_is_not_stored_in_my_project(tmp_path):
    async with connected(tmp_path) as (studio, _, browser, ada), studio.browser() as evil:
        mallory = person(studio.parts, "mallory@example.com")
        evil.enter(mallory)
        back = await returning(evil, mallory)
        assert told(await browser.get(back)) == "/sign-in?error=state"
        await returning(browser, ada)
        assert told(await browser.get(back)) == "/sign-in?error=state"
        assert await stored(studio, ada) == await stored(studio, mallory) == []


@pytest.mark.parametrize("state", ["x", "%00", "é", "a" * 43])
async def test_a16_a_forged_state_gives_no_key(tmp_path, state):
    async with connected(tmp_path) as (studio, openrouter, browser, ada):
        code = query_of(await returning(browser, ada))["code"]
        assert told(await browser.get(f"{CALLBACK}{state}?code={code}")) == "/sign-in?error=state"
        assert await stored(studio, ada) == []
        assert openrouter.keys == []


async def test_a16_saying_no_there_gives_no_key(tmp_path):
    async with connected(tmp_path) as (studio, openrouter, browser, ada):
        openrouter.denies = True
        assert told(await browser.travel(address(ada))) == "/?error=denied"
        assert await stored(studio, ada) == []


async def test_a18_nobody_is_sent_elsewhere_afterwards(tmp_path):
    async with connected(tmp_path) as (_, _, browser, ada):
        assert told(await browser.travel(address(ada, next="//evil.example"))) == "/"


async def test_a19_strangers_and_nobody_cannot_connect_a_project(tmp_path):
    async with connected(tmp_path) as (studio, openrouter, _, ada):
        async with studio.browser() as nobody:
            assert told(await nobody.get(address(ada))) == "/sign-in?error=signed_out"
        async with studio.browser() as stranger:
            stranger.enter(person(studio.parts, "stranger@example.com"))
            assert told(await stranger.get(address(ada))) == "/?error=project"
        assert openrouter.callbacks == []


@pytest.mark.parametrize("role", ["viewer", "runner"])
async def test_a23_who_may_not_add_credentials_cannot_connect_a_project(tmp_path, role):
    async with connected(tmp_path) as (studio, _, _, ada), studio.browser() as other:
        member = person(studio.parts, "member@example.com")
        join(studio, project_of(ada), member.id, role)
        other.enter(member)
        assert told(await other.get(address(ada))) == "/?error=project"


async def test_a23_who_lost_the_role_on_the_way_gets_no_key(tmp_path):
    async with connected(tmp_path) as (studio, openrouter, _, ada), studio.browser() as other:
        member = person(studio.parts, "member@example.com")
        join(studio, project_of(ada), member.id, "editor")
        other.enter(member)
        back = await returning(other, ada)
        join(studio, project_of(ada), member.id, "viewer")
        assert told(await other.get(back)) == "/back?error=project"
        assert openrouter.keys == []


async def test_a35_an_api_key_cannot_connect_a_project(tmp_path):
    async with connected(tmp_path) as (studio, _, _, ada):
        new = NewKey(name="a program", scopes=["credentials:write"])
        made = await studio.runtime.studio.keys.create(ada, new)
        async with studio.browser() as program:
            reply = await program.get(address(ada), headers={"Authorization": f"Bearer {made.key}"})
            assert told(reply) == "/sign-in?error=signed_out"


async def test_a_key_is_not_fetched_once_the_session_has_ended(tmp_path):
    async with connected(tmp_path) as (studio, openrouter, browser, ada):
        back = await returning(browser, ada)
        (open_session,) = await studio.runtime.studio.sessions.list_sessions(ada)
        await studio.runtime.studio.sessions.revoke(ada, open_session.id)
        assert told(await browser.get(back)) == "/back?error=signed_out"
        assert openrouter.keys == []


async def _note(reply, seen: list[str]) -> None:
    # Of OpenRouter's own page, the browser may see what it wants; the exchange is not its.
    await reply.aread()
    seen.append(f"{reply.request.url} {reply.headers} {reply.text}")


def join(studio, project_id: str, user_id: str, role: str) -> None:
    row = MemberRow(
        project_id=project_id, user_id=user_id, role=role, joined_at=studio.parts.clock.now()
    )
    studio.parts.records.write_now(lambda session: session.merge(row) and None)
