"""Linking accounts elsewhere, and unlinking them."""

from flowstudio.store import users
from tests.browsing import Browser, told
from tests.fakes.clock import TurnedClock
from tests.fakes.github import Account, Email
from tests.people import HERE, person, sign_in
from tests.providing import linked, with_github

LINK = "/api/v1/auth/oauth/github/link"
LINKED = "/api/v1/me/identities"


async def link(browser: Browser, **given: str) -> str:
    """Link an account; gives the page the browser ends on."""
    reply = await browser.post(LINK, json=given)
    assert reply.status_code == 200, reply.text
    return told(await browser.travel(reply.json()["url"]))


async def test_a_person_links_and_then_signs_in_with_it(tmp_path):
    async with with_github(tmp_path) as (studio, github):
        ada = person(studio.parts, "ada@example.com")
        async with studio.browser() as browser:
            browser.enter(ada)
            # Another address than the account's own is fine: the person is signed in.
            github.account = Account(7, "ada", emails=[Email("countess@example.org")])
            assert await link(browser) == "/account"
            assert await link(browser, next="/runs?a=b") == "/runs?a=b"
            assert len((await browser.get(LINKED)).json()["items"]) == 1
        async with studio.browser() as another:
            assert told(await another.sign_in_with("github")) == "/"
            assert len((await another.get(LINKED)).json()["items"]) == 1
        user = await studio.parts.records.read(lambda session: users.get_user(session, ada.id))
        assert user.email == "ada@example.com"
        assert user.password_hash is not None


async def test_linking_needs_a_session(tmp_path):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        assert (await browser.post(LINK, json={})).status_code == 401


async def test_linking_needs_a_recent_proof(tmp_path):
    clock = TurnedClock()
    async with with_github(tmp_path, clock=clock) as (studio, _), studio.browser() as browser:
        ada = person(studio.parts, "ada@example.com")
        tokens = sign_in(studio.parts, ada)
        clock.turn(16 * 60)
        later = await studio.runtime.studio.sessions.refresh(tokens.refresh_token, HERE)
        browser.cookies.set("fs_at", later.access_token)
        assert await browser.me() == 200
        reply = await browser.post(LINK, json={})
        assert reply.status_code == 403
        assert reply.json()["type"].endswith("#proof-needed")


async def test_an_unknown_provider_cannot_belinked(tmp_path):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        browser.enter(person(studio.parts))
        reply = await browser.post("/api/v1/auth/oauth/facebook/link", json={})
        assert reply.status_code == 404
        assert (await browser.post(LINK, json={"user_id": "x"})).status_code == 422


async def test_somebody_elses_outside_account_is_notlinked(tmp_path):
    async with with_github(tmp_path) as (studio, _):
        for email, page in (("a@example.com", ""), ("b@example.com", "?error=identity_taken")):
            async with studio.browser() as browser:
                browser.enter(person(studio.parts, email))
                assert await link(browser) == f"/account{page}"
        assert ("identity.link", "refused") in await studio.audit()


async def test_a_link_begun_in_a_session_that_ended_is_refused(tmp_path):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        ada = person(studio.parts, "ada@example.com")
        browser.enter(ada)
        url = (await browser.post(LINK, json={})).json()["url"]
        session = (await studio.runtime.studio.sessions.list_sessions(ada))[0]
        await studio.runtime.studio.sessions.revoke(ada, session.id)
        assert told(await browser.travel(url)) == "/account?error=signed_out"
        assert await linked(studio, ada.id) == []


async def test_a_link_is_refused_once_somebody_else_has_signed_in_in_the_browser(tmp_path):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        ada, bob = person(studio.parts, "a@example.com"), person(studio.parts, "b@example.com")
        browser.enter(ada)
        url = (await browser.post(LINK, json={})).json()["url"]
        browser.enter(bob)
        assert told(await browser.travel(url)) == "/account?error=signed_out"
        assert await linked(studio, ada.id) == await linked(studio, bob.id) == []


async def test_a_link_survives_the_end_of_the_access_token_meanwhile(tmp_path):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        ada = person(studio.parts, "ada@example.com")
        browser.enter(ada)
        url = (await browser.post(LINK, json={})).json()["url"]
        browser.cookies.delete("fs_at")
        assert told(await browser.travel(url)) == "/account"
        assert len(await linked(studio, ada.id)) == 1


async def test_who_has_a_password_unlinks(tmp_path):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        ada = person(studio.parts, "ada@example.com")
        browser.enter(ada)
        await link(browser)
        identity = (await browser.get(LINKED)).json()["items"][0]["id"]
        assert (await browser.delete(f"{LINKED}/{identity}")).status_code == 204
        assert (await browser.delete(f"{LINKED}/{identity}")).status_code == 404
        assert await linked(studio, ada.id) == []
        assert ("identity.unlink", "done") in await studio.audit()


async def test_the_last_way_in_cannot_be_unlinked(tmp_path):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        await browser.sign_in_with("github")
        identity = (await browser.get(LINKED)).json()["items"][0]["id"]
        assert (await browser.delete(f"{LINKED}/{identity}")).status_code == 409
        assert len((await browser.get(LINKED)).json()["items"]) == 1


async def test_a19_somebody_elses_identity_is_not_there(tmp_path):
    async with with_github(tmp_path) as (studio, _):
        async with studio.browser() as browser:
            await browser.sign_in_with("github")
            identity = (await browser.get(LINKED)).json()["items"][0]["id"]
        async with studio.browser() as other:
            other.enter(person(studio.parts, "other@example.com"))
            assert (await other.delete(f"{LINKED}/{identity}")).status_code == 404
            assert (await other.get(LINKED)).json()["items"] == []
