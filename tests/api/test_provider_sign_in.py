"""Signing in by accounts elsewhere: who they make, who they find, and who is turned away."""

import re

import pytest

from flowstudio.services.access import OPERATOR
from flowstudio.store import users
from tests.browsing import query_of, start, studio_open, told
from tests.fakes.github import Account, Email
from tests.people import actor_of, person, project_of
from tests.providing import with_github, with_google

LINKED = "/api/v1/me/identities"


async def test_the_first_time_makes_a_person_with_a_verified_address_and_a_project(tmp_path):
    async with with_github(tmp_path) as (studio, github), studio.browser() as browser:
        github.account = Account(7, "ada", "Ada Lovelace", [Email("Ada@Example.com")])
        assert told(await browser.sign_in_with("github", next="/workflows")) == "/workflows"
        user = await studio.parts.records.read(
            lambda session: users.find_user_by_email(session, "ada@example.com")
        )
        assert (user.name, user.role, user.password_hash) == ("Ada Lovelace", "user", None)
        assert user.email_verified_at is not None
        linked = (await browser.get(LINKED)).json()["items"]
        assert [(one["provider"], one["label"]) for one in linked] == [("github", "ada")]
        assert ("identity.link", "done") in await studio.audit()
        assert (await studio.audit())[-1] == ("session.open", "done")


async def test_the_next_times_find_the_same_person(tmp_path):
    async with with_github(tmp_path) as (studio, _):
        for _ in range(3):
            async with studio.browser() as browser:
                assert told(await browser.sign_in_with("github")) == "/"
        count = await _people(studio)
        assert count == 2  # with the admin
        assert await studio.sessions() == ["github"] * 3


async def test_the_provider_is_asked_for_no_more_than_it_takes(tmp_path):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        away = query_of((await browser.get(start("github"))).headers["location"])
        assert away["scope"] == "read:user user:email"
        assert away["code_challenge_method"] == "S256"
        assert len(away["state"]) >= 22


async def test_only_providers_with_an_id_and_a_secret_are_offered(tmp_path):
    half = {"google_client_id": "x"}
    async with with_github(tmp_path, **half) as (studio, _), studio.browser() as browser:
        offered = (await browser.get("/api/v1/auth/providers")).json()
        assert offered == {"items": [{"id": "github", "name": "GitHub"}]}
        for other in ("google", "facebook", "openrouter"):
            reply = await browser.get(start(other))
            assert told(reply) == "/sign-in?error=provider_unknown"


async def test_a_provider_that_cannot_be_reached_is_told_on_the_page(tmp_path):
    dead = {"google_issuer": "http://127.0.0.1:9", "google_client_id": "x"}
    settings = dead | {"google_client_secret": "y"}
    async with studio_open(tmp_path, **settings) as studio, studio.browser() as browser:
        assert told(await browser.get(start("google"))) == "/sign-in?error=provider_failed"


async def test_before_setup_no_provider_makes_an_account(tmp_path):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        root = await studio.parts.records.read(
            lambda session: users.find_user_by_email(session, "root@example.com")
        )
        await studio.parts.records.write(lambda session: users.remove_user(session, root.id))
        assert told(await browser.sign_in_with("github")) == "/sign-in?error=setup_first"
        assert await _people(studio) == 0


@pytest.mark.parametrize("rule", ["closed", "invitation"])
async def test_without_an_invitation_nobody_new_gets_in_unless_registration_is_open(tmp_path, rule):
    options = {"registration": rule}
    async with with_github(tmp_path, **options) as (studio, _), studio.browser() as browser:
        assert told(await browser.sign_in_with("github")) == "/sign-in?error=registration_closed"
        assert await _people(studio) == 1


async def test_an_invitation_lets_somebody_new_in_and_into_the_project(tmp_path):
    options = {"registration": "invitation"}
    async with with_github(tmp_path, **options) as (studio, _), studio.browser() as browser:
        host = person(studio.parts, "host@example.com")
        made = await studio.runtime.studio.invitations.create(host, project_of(host), "runner")
        token = query_of(made.link)["token"]
        reply = await browser.sign_in_with("github", invitation=token, next="/workflows")
        assert told(reply) == "/workflows"
        user = await studio.parts.records.read(
            lambda session: users.find_user_by_email(session, "ada@example.com")
        )
        assert actor_of(studio.parts, user.id).role_in(project_of(host)) == "runner"
        assert ("invitation.accept", "done") in await studio.audit()


@pytest.mark.parametrize("rule", ["invitation", "open"])
async def test_an_invitation_that_is_no_good_makes_no_account(tmp_path, rule):
    options = {"registration": rule}
    async with with_github(tmp_path, **options) as (studio, github), studio.browser() as browser:
        host = person(studio.parts, "host@example.com")
        made = await studio.runtime.studio.invitations.create(host, project_of(host), "owner")
        token = query_of(made.link)["token"]
        reply = await browser.sign_in_with("github", invitation=token[:-1])
        assert told(reply) == "/sign-in?error=invitation"
        assert told(await browser.sign_in_with("github", invitation=token)) == "/"
        async with studio.browser() as late:
            github.account = Account(8, "bob", emails=[Email("bob@example.com")])
            reply = await late.sign_in_with("github", invitation=token)
            assert told(reply) == "/sign-in?error=invitation"
        assert await _people(studio) == 3


async def test_an_invitation_for_another_address_makes_no_account(tmp_path):
    options = {"registration": "invitation"}
    async with with_github(tmp_path, **options) as (studio, github), studio.browser() as browser:
        host = person(studio.parts, "host@example.com")
        service = studio.runtime.studio.invitations
        await service.create(host, project_of(host), "owner", email="alice@example.com")
        studio.runtime.studio.mail.flush()
        (letter,) = tmp_path.rglob("*.eml")
        token = re.search(r"token=([\w-]+)", letter.read_text())[1]
        reply = await browser.sign_in_with("github", invitation=token)
        assert told(reply) == "/sign-in?error=invitation"
        github.account = Account(8, "alice", emails=[Email("alice@example.com")])
        assert told(await browser.sign_in_with("github", invitation=token)) == "/"


async def test_what_an_admin_chose_about_registration_counts(tmp_path):
    async with with_github(tmp_path) as (studio, _), studio.browser() as browser:
        await studio.runtime.studio.instance.set_registration(OPERATOR, "closed")
        assert told(await browser.sign_in_with("github")) == "/sign-in?error=registration_closed"


async def test_a_deactivated_person_does_not_get_in(tmp_path):
    async with with_github(tmp_path) as (studio, _):
        async with studio.browser() as browser:
            await browser.sign_in_with("github")
        user = await studio.parts.records.read(
            lambda session: users.find_user_by_email(session, "ada@example.com")
        )
        await studio.parts.records.write(
            lambda session: users.change_user(session, user.id, is_active=False)
        )
        async with studio.browser() as browser:
            assert told(await browser.sign_in_with("github")) == "/sign-in?error=inactive"
            assert "fs_at" not in browser.cookies


async def test_names_nobody_can_print_are_replaced(tmp_path):
    async with with_github(tmp_path) as (studio, github), studio.browser() as browser:
        github.account = Account(7, "ada", "A\u202e\nda " + "x" * 200)
        await browser.sign_in_with("github")
        user = await studio.parts.records.read(
            lambda session: users.find_user_by_email(session, "ada@example.com")
        )
        assert user.name == ("Ada " + "x" * 200)[:100]


async def test_a_whole_flow_against_oidc_provider_signs_in(tmp_path):
    async with (
        with_google(tmp_path) as (studio, google),
        studio.browser() as browser,
        studio.browser() as again,
    ):
        await google.choose(sub="7", email="ada@example.com", email_verified=True, name="Ada")
        assert told(await browser.sign_in_with("google", next="/runs")) == "/runs"
        linked = (await browser.get(LINKED)).json()["items"]
        assert [(one["provider"], one["label"]) for one in linked] == [
            ("google", "ada@example.com")
        ]
        await google.choose(sub="7", email="new@example.com", email_verified=True, name="Ada")
        assert told(await again.sign_in_with("google")) == "/"
        assert await studio.sessions() == ["google", "google"]


async def test_the_page_of_the_provider_asks_before_anything_is_told(tmp_path):
    async with with_github(tmp_path) as (studio, github):
        github.answers_itself = False
        for answer, end in (("yes", "/"), ("no", "/sign-in?error=denied")):
            async with studio.browser() as browser:
                page = await browser.sign_in_with("github")
                assert ">Authorize</button>" in page.text
                said = await browser.post(page.url, data={"answer": answer})
                assert told(await browser.get(said.headers["location"])) == end


async def test_the_page_of_oidc_provider_asks_before_anything_is_told(tmp_path):
    async with with_google(tmp_path) as (studio, google):
        for answer, end in (("yes", "/"), ("no", "/sign-in?error=denied")):
            await google.choose(
                sub="7", email="ada@example.com", email_verified=True, answers_itself=False
            )
            async with studio.browser() as browser:
                page = await browser.sign_in_with("google")
                assert ">Continue</button>" in page.text
                said = await browser.post(page.url, data={"answer": answer})
                assert told(await browser.travel(said.headers["location"])) == end


async def _people(studio) -> int:
    found = await studio.parts.records.read(lambda session: users.list_users(session, limit=9))
    return len(found)
