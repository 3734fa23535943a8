"""Attacks by accounts elsewhere that are not what they seem, and on where browsers end."""

import pytest

from flowstudio.store import users
from tests.browsing import SITE, start, studio_open, told
from tests.fakes.github import Account, Email, GitHubProvider
from tests.people import person
from tests.providing import GITHUB, linked, nobody_got_in, with_github, with_google


async def test_a17_an_unverified_primary_address_at_github_is_no_way_in(tmp_path):
    async with with_github(tmp_path) as (studio, github), studio.browser() as browser:
        person(studio.parts, "alice@example.com")
        github.account = Account(66, "mallory", emails=[Email("alice@example.com", verified=False)])
        assert told(await browser.sign_in_with("github")) == "/sign-in?error=email_unverified"
        await nobody_got_in(studio, browser)


async def test_a17_another_verified_address_does_not_stand_in_for_the_primary_one(tmp_path):
    async with with_github(tmp_path) as (studio, github), studio.browser() as browser:
        github.account = Account(
            66,
            "mallory",
            emails=[
                Email("alice@example.com", primary=True, verified=False),
                Email("mallory@example.com", primary=False),
            ],
        )
        assert told(await browser.sign_in_with("github")) == "/sign-in?error=email_unverified"
        await nobody_got_in(studio, browser)


async def test_a17_a_verified_address_is_no_way_into_an_account_that_exists(tmp_path):
    async with with_github(tmp_path) as (studio, github), studio.browser() as browser:
        alice = person(studio.parts, "alice@example.com")
        github.account = Account(66, "mallory", emails=[Email("Alice@Example.com")])
        assert told(await browser.sign_in_with("github")) == "/sign-in?error=email_taken"
        await nobody_got_in(studio, browser)
        assert await linked(studio, alice.id) == []
        assert (await studio.audit())[-1] == ("session.open", "refused")


async def test_a17_an_account_is_known_by_its_number_and_not_by_name_or_address(tmp_path):
    async with with_github(tmp_path) as (studio, github), studio.browser() as browser:
        github.account = Account(1, "ada", emails=[Email("ada@example.com")])
        assert told(await browser.sign_in_with("github")) == "/"
        # The login name and the address went to somebody else, as they may at GitHub.
        github.account = Account(2, "ada", emails=[Email("ada@example.com")])
        async with studio.browser() as other:
            assert told(await other.sign_in_with("github")) == "/sign-in?error=email_taken"
        github.account = Account(1, "countess", emails=[Email("new@example.com", verified=False)])
        async with studio.browser() as again:
            assert told(await again.sign_in_with("github")) == "/"
        assert await studio.sessions() == ["github", "github"]


async def test_a17_an_unverified_address_is_not_linked(tmp_path):
    async with with_github(tmp_path) as (studio, github), studio.browser() as browser:
        ada = person(studio.parts, "ada@example.com")
        browser.enter(ada)
        github.account = Account(66, "mallory", emails=[Email("m@example.com", verified=False)])
        url = (await browser.post("/api/v1/auth/oauth/github/link", json={})).json()["url"]
        assert told(await browser.travel(url)) == "/account?error=email_unverified"
        assert await linked(studio, ada.id) == []


async def test_a17_google_accounts_with_an_unverified_address_are_no_way_in(tmp_path):
    async with with_google(tmp_path) as (studio, google):
        person(studio.parts, "alice@example.com")
        for verified in (False, "true", "false", 1, None):
            await google.choose(sub="66", email="alice@example.com", email_verified=verified)
            async with studio.browser() as browser:
                reply = await browser.sign_in_with("google")
                assert told(reply) == "/sign-in?error=email_unverified"
                await nobody_got_in(studio, browser)


async def test_a17b_who_signed_up_with_somebody_elses_address_loses_every_way_in(tmp_path):
    async with (
        with_github(tmp_path) as (studio, github),
        studio.browser() as mallory,
        studio.browser() as alice,
    ):
        squatted = person(studio.parts, "alice@example.com", is_verified=False)
        mallory.enter(squatted)
        assert await mallory.me() == 200
        github.account = Account(7, "alice", emails=[Email("alice@example.com")])
        assert told(await alice.sign_in_with("github")) == "/"
        assert await alice.me() == 200
        assert await mallory.me() == 401
        user = await studio.parts.records.read(lambda s: users.get_user(s, squatted.id))
        assert user.password_hash is None
        assert user.email_verified_at is not None
        assert [known.subject for known in await linked(studio, user.id)] == ["7"]


async def test_a17b_an_account_linked_to_a_squatted_address_is_unlinked(tmp_path):
    async with (
        with_github(tmp_path) as (studio, github),
        studio.browser() as mallory,
        studio.browser() as alice,
    ):
        squatted = person(studio.parts, "alice@example.com", is_verified=False)
        mallory.enter(squatted)
        github.account = Account(66, "mallory", emails=[Email("mallory@example.com")])
        url = (await mallory.post("/api/v1/auth/oauth/github/link", json={})).json()["url"]
        assert told(await mallory.travel(url)) == "/account"
        github.account = Account(7, "alice", emails=[Email("alice@example.com")])
        assert told(await alice.sign_in_with("github")) == "/"
        assert [known.subject for known in await linked(studio, squatted.id)] == ["7"]


EVIL = [
    "//evil.example",
    "/\\evil.example",
    "https:evil.example",
    "https://evil.example/",
    "%2f%2fevil.example",
    "/%2fevil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/\r\nSet-Cookie: fs_at=x",
    "/api/v1/auth/oauth/github/start",
]


@pytest.mark.parametrize("address", EVIL)
async def test_a18_after_signing_in_nobody_is_sent_elsewhere(tmp_path, address):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        reply = await browser.sign_in_with("github", next=address)
        assert told(reply) == "/"
        assert "Set-Cookie: fs_at=x" not in str(reply.headers)


async def test_a18_after_signing_in_a_page_of_ours_is_gone_on_with(tmp_path):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        assert told(await browser.sign_in_with("github", next="/runs?tab=mine")) == "/runs?tab=mine"


async def test_a31_the_cookie_of_a_flow_is_hidden_from_scripts_and_dies_soon(tmp_path):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        sent = (await browser.get(start("github"))).headers["set-cookie"]
        assert {"HttpOnly", "Max-Age=600", "Path=/", "SameSite=lax"} <= set(sent.split("; "))


async def test_a31_on_https_every_cookie_insists_on_it(tmp_path):
    site = "https://studio.test"
    callback = GITHUB.replace(SITE, site)
    async with (
        GitHubProvider(callback) as github,
        studio_open(tmp_path, public_url=site, **github.settings()) as studio,
        studio.browser() as browser,
    ):
        flow = (await browser.get(start("github"))).headers["set-cookie"]
        assert flow.startswith("__Host-fs_flow=")
        assert "; Secure" in flow
        reply = await browser.sign_in_with("github")
        cookies = reply.headers.get_list("set-cookie")
        assert any(cookie.startswith("__Host-fs_at=") for cookie in cookies)
        for cookie in cookies:
            assert "; Secure" in cookie
            assert "domain" not in cookie.lower()


async def test_a33_secrets_of_a_flow_stay_out_of_the_log(tmp_path, caplog):
    caplog.set_level("DEBUG")
    async with with_github(tmp_path) as (studio, github), studio.browser() as browser:
        await browser.sign_in_with("github")
        secrets = [*github._tokens, github.settings()["github_client_secret"]]
        secrets.append(browser.cookies["fs_at"])
        assert not [secret for secret in secrets if secret in caplog.text]
        assert "code_verifier" not in caplog.text
