import asyncio
import json
import re
from datetime import timedelta

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, expect
from sqlmodel import Session, select

from flowstudio.security.tokens import AccessTokens
from flowstudio.store import sessions
from flowstudio.store.tables.sessions import SessionRow
from tests.e2e.conftest import admin_profile, profile, watched
from tests.fakes.clock import TurnedClock
from tests.people import PASSWORD, project_of
from tests.site import ADMIN, Site, running_site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

OPEN_PAGES = ["/sign-in", "/register", "/forgot", "/reset?token=x", "/invitation?token=x"]


async def enter(page: Page, email: str, password: str = PASSWORD) -> None:
    await page.get_by_test_id("login-email").fill(email)
    await page.get_by_test_id("login-password").fill(password)
    await page.get_by_test_id("login-submit").click()


async def at_home(page: Page) -> None:
    await expect(page.locator("[data-testid^='workflow-card-']").first).to_be_visible()


def person(site: Site, email: str) -> str:
    site.person(email)
    return email


async def read_mail(site: Site, *, after: int = 0) -> str:
    """The link of the latest mail, which this server puts into a file."""
    async with asyncio.timeout(20):
        # Another process writes it, and needs the core that looking without a pause would take.
        while len(found := sorted((site.folder / "outbox").glob("*"))) <= after:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    # Quoted-printable breaks long lines with `=` and writes `=` itself as `=3D`.
    text = found[-1].read_text().replace("=\n", "").replace("=3D", "=")
    link = re.search(r"http://\S+", text.split("\n\n", 1)[1].split("\n\n", 1)[1])
    assert link is not None
    return link[0]


async def test_a_fresh_server_is_set_up_on_its_first_page(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with (
        running_site(tmp_path_factory.mktemp("fresh")) as fresh,
        profile(browser, fresh) as context,
        watched(context, fresh) as page,
    ):
        await page.goto("/runs")
        await expect(page).to_have_url(f"{fresh.url}/setup")
        assert (await Axe().run(page)).violations_count == 0
        await page.get_by_test_id("setup-email").fill("ann@example.com")
        await page.get_by_test_id("setup-password").fill("short")
        await page.get_by_test_id("setup-submit").click()
        await expect(page.get_by_test_id("error-password")).to_be_visible()
        await expect(page.get_by_test_id("setup-password")).to_be_focused()
        await page.get_by_test_id("setup-password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{fresh.url}/")
        await at_home(page)
        await page.goto("/setup")
        await expect(page).to_have_url(f"{fresh.url}/")


async def test_somebody_who_is_not_signed_in_comes_back_to_where_they_went(
    stranger: Page, site: Site
) -> None:
    await stranger.goto("/runs?x=1")
    await expect(stranger).to_have_url(re.compile(r"/sign-in\?next=/runs%3Fx%3D1$"))
    await enter(stranger, person(site, "goer@example.com"))
    await expect(stranger).to_have_url(f"{site.url}/runs?x=1")
    await expect(stranger.get_by_role("heading", name="Runs", exact=True)).to_be_visible()


async def test_a24b_a_form_waits_for_its_page_rather_than_send_a_password_in_its_address(
    browser: Browser, site: Site
) -> None:
    async with profile(browser, site, java_script_enabled=False) as context:
        page = await context.new_page()
        for path in ("/sign-in", "/register", "/reset?token=x"):
            await page.goto(path)
            for form in await page.locator("form.api-form").all():
                assert await form.get_attribute("method") == "post"
                await expect(form.locator("[type=submit]")).to_be_disabled()
                await form.locator("input").first.press("Enter")
                assert page.url.endswith(path)


async def test_a_wrong_password_is_told_without_saying_what_was_wrong(
    stranger: Page, site: Site
) -> None:
    await stranger.goto("/sign-in")
    await enter(stranger, person(site, "wrong@example.com"), "not the password")
    problem = stranger.get_by_test_id("problem-0")
    await expect(problem).to_have_text("The e-mail address or the password is wrong.")
    await expect(stranger.get_by_test_id("login-email")).to_have_value("wrong@example.com")
    assert (await Axe().run(stranger)).violations_count == 0


@pytest.mark.parametrize(
    ("path", "submit"), [("/sign-in", "login-submit"), ("/register", "register-submit")]
)
async def test_what_has_to_be_filled_in_is_told_at_its_field_before_anything_is_sent(
    stranger: Page, path: str, submit: str
) -> None:
    sent: list[str] = []
    stranger.on("request", lambda r: sent.append(r.url) if r.method == "POST" else None)
    await stranger.goto(path)
    await stranger.get_by_test_id(submit).click()
    for name in ("email", "password"):
        await expect(stranger.get_by_test_id(f"error-{name}")).to_have_text("Fill this in.")
    await expect(stranger.locator(".field-error")).to_have_count(2)
    await expect(stranger.locator("[name=email]")).to_be_focused()
    assert [url for url in sent if "/api/" in url] == []


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example", "/\\evil.example", "https:evil.example", "https://evil.example",
        "%2f%2fevil.example", "%252f%252fevil.example", "javascript:alert(1)", "/\t/evil.example",
        "\\\\evil.example", "data:text/html,x",
    ],
)  # fmt: skip
async def test_a18_signing_in_leads_nowhere_else(stranger: Page, target: str) -> None:
    await stranger.goto(f"/forgot?next={target}")
    assert await stranger.evaluate("window.flowstudio.next()") == "/"


async def test_a18_a_foreign_next_leads_to_the_first_page(stranger: Page, site: Site) -> None:
    await stranger.goto("/sign-in?next=//evil.example/x")
    await enter(stranger, person(site, "lured@example.com"))
    await expect(stranger).to_have_url(f"{site.url}/")


async def test_signing_out_ends_the_session(page: Page, site: Site) -> None:
    await page.goto("/")
    await at_home(page)
    await page.get_by_test_id("account-menu").click()
    await expect(page.get_by_test_id("account-name")).to_have_text(ADMIN)
    await page.get_by_test_id("sign-out").click()
    await expect(page).to_have_url(f"{site.url}/sign-in")
    assert [c["name"] for c in await page.context.cookies() if c["name"].startswith("fs_")] == []
    await page.goto("/")
    await expect(page).to_have_url(f"{site.url}/sign-in")


# Staying signed in


async def signed_in(site: Site, context: BrowserContext, email: str, *, minutes: int = 0) -> None:
    """A browser that signed in some minutes ago, with all its cookies."""
    tokens = site.sign_in(email, "user")
    at = site.parts.clock.now() - timedelta(minutes=minutes)
    user = site.person(email)
    session_id = site.parts.records.read_now(
        lambda s: sessions.list_sessions(s, user.id, now=at, idle_since=at - timedelta(days=1))
    )[0].id
    access = AccessTokens(site.parts.ring, TurnedClock(at)).make(user.id, session_id, 0)
    until = str(int((at + timedelta(minutes=10)).timestamp()))
    place = {"domain": "127.0.0.1", "path": "/"}
    await context.add_cookies(
        [
            {"name": "fs_at", "value": access, "httpOnly": True, "sameSite": "Lax", **place},
            {"name": "fs_until", "value": until, "sameSite": "Lax", **place},
            {
                "name": "fs_rt",
                "value": tokens.refresh_token,
                "httpOnly": True,
                "sameSite": "Strict",
                "domain": "127.0.0.1",
                "path": "/api/v1/auth/refresh",
            },
        ]
    )


async def access_of(context: BrowserContext) -> str:
    return next(c["value"] for c in await context.cookies() if c["name"] == "fs_at")


async def test_a_returning_person_is_not_asked_again(browser: Browser, site: Site) -> None:
    async with profile(browser, site) as context:
        await signed_in(site, context, "back@example.com", minutes=30)
        old = await access_of(context)
        async with watched(context, site) as page:
            await page.goto("/runs")
            await expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
            await expect(page).to_have_url(f"{site.url}/runs")
        assert await access_of(context) != old


async def test_a_page_told_twice_to_sign_in_stays_where_it_is(browser: Browser, site: Site) -> None:
    async with profile(browser, site) as context:
        await signed_in(site, context, "twice@example.com")
        async with watched(context, site) as page:
            await page.goto("/runs")
            await expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
            async with page.expect_navigation():
                await page.evaluate("{ flowstudio.signIn().then(() => flowstudio.signIn()); }")
            await expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
            await expect(page).to_have_url(f"{site.url}/runs")


async def test_a_page_renews_its_session_before_it_ends(browser: Browser, site: Site) -> None:
    async with profile(browser, site) as context:
        await signed_in(site, context, "stays@example.com", minutes=9)
        old = await access_of(context)
        async with watched(context, site) as page:
            async with page.expect_response("**/auth/refresh") as reply:
                await page.goto("/")
            assert (await reply.value).status == 200
            await at_home(page)
        assert await access_of(context) != old


async def test_a_page_left_open_renews_its_session_in_time(browser: Browser, site: Site) -> None:
    async with profile(browser, site) as context:
        await signed_in(site, context, "open@example.com")
        async with watched(context, site) as page:
            await page.clock.install()
            await page.goto("/")
            await at_home(page)
            await page.clock.fast_forward("08:00")
            async with page.expect_response("**/auth/refresh") as reply:
                await page.clock.fast_forward("01:30")
            assert (await reply.value).status == 200


@pytest.mark.parametrize("hours", [-5, 5])
async def test_a_wrong_clock_on_the_desk_does_no_harm(
    browser: Browser, site: Site, hours: int
) -> None:
    async with profile(browser, site) as context:
        await signed_in(site, context, f"clock{hours + 5}@example.com")
        asked: list[str] = []
        context.on("request", lambda r: asked.append(r.url) if r.url.endswith("/refresh") else None)
        async with watched(context, site) as page:
            await page.clock.install(time=site.parts.clock.now() + timedelta(hours=hours))
            for _ in range(3):
                await page.goto("/")
                await at_home(page)
                await page.clock.fast_forward("02:00")
        assert len(asked) == 1


async def test_two_tabs_renew_once(browser: Browser, site: Site) -> None:
    async with profile(browser, site) as context:
        await signed_in(site, context, "tabs@example.com")
        statuses: list[int] = []
        context.on(
            "response",
            lambda r: statuses.append(r.status) if r.url.endswith("/auth/refresh") else None,
        )
        async with watched(context, site) as one, watched(context, site) as two:
            for page in (one, two):
                await page.goto("/")
                await at_home(page)
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(p.evaluate("flowstudio.refresh()")) for p in (one, two)]
            assert [task.result() for task in tasks] == ["kept", "kept"]
            await two.reload()
            await at_home(two)
        assert statuses.count(200) <= 2
        assert set(statuses) <= {200, 409}


async def test_a_session_that_was_ended_elsewhere_leads_to_sign_in(
    browser: Browser, site: Site
) -> None:
    async with profile(browser, site) as context, watched(context, site) as page:
        await signed_in(site, context, "ended@example.com")
        await page.goto("/")
        await at_home(page)
        user = site.person("ended@example.com")
        now = site.parts.clock.now()
        site.parts.records.write_now(lambda s: sessions.revoke_sessions(s, user.id, now))
        await page.get_by_test_id("nav-runs").click()
        await expect(page).to_have_url(re.compile(r"/sign-in\?next="))
        await expect(page.get_by_test_id("login-email")).to_be_visible()


def forget_proof(site: Site, email: str) -> None:
    """Let it be an hour ago that somebody gave their password."""
    user, hour = site.person(email), timedelta(hours=1)
    before = site.parts.clock.now() - hour

    def work(session: Session) -> None:
        for row in session.exec(select(SessionRow).where(SessionRow.user_id == user.id)):
            row.authenticated_at = before
            session.add(row)

    site.parts.records.write_now(work)


async def test_what_needs_a_fresh_password_asks_for_it_and_goes_on(
    browser: Browser, site: Site
) -> None:
    async with profile(browser, site) as context, watched(context, site) as page:
        await signed_in(site, context, "prover@example.com")
        forget_proof(site, "prover@example.com")
        frames: list[str] = []
        page.on("websocket", lambda ws: ws.on("framesent", lambda f: frames.append(str(f))))
        await page.goto("/account")
        form = page.get_by_test_id("profile-form")
        await form.get_by_test_id("account-email").fill("prover2@example.com")
        await form.get_by_role("button").click()
        await page.get_by_test_id("proof-password").fill("not the password")
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("proof").get_by_role("alert")).to_be_visible()
        assert (await Axe().run(page)).violations_count == 0
        await page.get_by_test_id("proof-password").fill(PASSWORD)
        await page.get_by_test_id("proof-submit").click()
        await expect(page.get_by_test_id("proof")).to_be_hidden()
        await expect(form.get_by_role("status")).to_have_text("Saved.")
        assert frames
        assert not any(PASSWORD in frame for frame in frames)


# Links in mail


async def test_a_password_is_reset_by_the_link_in_the_mail(stranger: Page, site: Site) -> None:
    email = person(site, "forgetful@example.com")
    before = len(list((site.folder / "outbox").glob("*")))
    await stranger.goto("/forgot")
    await expect(stranger.get_by_text("This server sends no mail")).to_be_visible()
    await stranger.get_by_test_id("field-email").fill(email)
    await stranger.get_by_test_id("forgot-submit").click()
    await expect(stranger.get_by_text("the link is on its way")).to_be_visible()
    link = await read_mail(site, after=before)
    seen: list[str] = []
    stranger.on("websocket", lambda ws: ws.on("framesent", lambda f: seen.append(str(f))))
    await stranger.goto(link)
    secret = link.partition("token=")[2]
    await expect(stranger).to_have_url(f"{site.url}/reset")
    await stranger.get_by_test_id("field-password").fill("quite another long password")
    await stranger.get_by_test_id("reset-submit").click()
    await stranger.wait_for_url("**/sign-in")
    assert seen
    assert not any(secret in frame or "another long" in frame for frame in seen)
    await enter(stranger, email, "quite another long password")
    await at_home(stranger)
    await stranger.goto(link)
    await stranger.get_by_test_id("field-password").fill("a third long password here")
    await stranger.get_by_test_id("reset-submit").click()
    await expect(stranger.get_by_test_id("problem-0")).to_contain_text("not valid any more")


async def invite(site: Site, context: BrowserContext, email: str | None) -> str:
    """The link of a new invitation to the admin's project."""
    project_id = project_of(site.person(ADMIN))
    reply = await context.request.post(
        f"/api/v1/projects/{project_id}/invitations",
        data=json.dumps({"role": "runner", "email": email} if email else {"role": "runner"}),
        headers={"content-type": "application/json", "origin": site.url},
    )
    assert reply.status == 201, await reply.text()
    return str((await reply.json())["link"])


async def test_an_invitation_brings_a_new_person_into_the_project(
    browser: Browser, stranger: Page, site: Site
) -> None:
    async with admin_profile(browser, site) as context:
        link = await invite(site, context, None)
    await stranger.goto(link)
    await expect(stranger).to_have_url(f"{site.url}/invitation")
    await expect(stranger.get_by_test_id("invitation-role")).to_have_text("runner")
    assert (await Axe().run(stranger)).violations_count == 0
    await stranger.get_by_test_id("invitation-register").click()
    await stranger.get_by_test_id("field-email").fill("newcomer@example.com")
    await stranger.get_by_test_id("field-password").fill(PASSWORD)
    await stranger.get_by_test_id("register-submit").click()
    await stranger.wait_for_url(f"{site.url}/")
    await at_home(stranger)
    project_id = project_of(site.person(ADMIN))
    assert site.person("newcomer@example.com").memberships[project_id] == "runner"
    switcher = stranger.get_by_test_id("project-switcher")
    await expect(switcher.locator("option")).to_have_count(2)
    await switcher.select_option(project_id)
    await stranger.wait_for_function("id => localStorage.getItem('project') === id", arg=project_id)
    await stranger.reload()
    await expect(switcher).to_have_value(project_id)


async def test_somebody_who_is_signed_in_accepts_an_invitation(
    browser: Browser, site: Site
) -> None:
    async with admin_profile(browser, site) as context:
        link = await invite(site, context, None)
    async with profile(browser, site) as context, watched(context, site) as page:
        await signed_in(site, context, "invited@example.com")
        await page.goto(link)
        await page.get_by_test_id("invitation-accept").click()
        await page.wait_for_url(f"{site.url}/")
        project_id = project_of(site.person(ADMIN))
        await expect(page.get_by_test_id("project-switcher")).to_have_value(project_id)


async def test_an_invitation_can_be_declined_after_signing_in(
    browser: Browser, stranger: Page, site: Site
) -> None:
    email = person(site, "decliner@example.com")
    async with admin_profile(browser, site) as context:
        link = await invite(site, context, None)
    await stranger.goto(link)
    await stranger.get_by_test_id("invitation-sign-in").click()
    await enter(stranger, email)
    await stranger.get_by_test_id("invitation-decline").click()
    await expect(stranger.get_by_text("You declined.")).to_be_visible()
    await stranger.reload()
    await expect(stranger.get_by_role("alert").first).to_contain_text("invitation")


@pytest.mark.parametrize(
    ("path", "onward"),
    [("/invitation", "/"), ("/reset", "/forgot"), ("/verify", "/")],
)
async def test_a_link_that_is_incomplete_is_no_dead_end(
    stranger: Page, path: str, onward: str
) -> None:
    await stranger.goto(path)
    await expect(stranger.get_by_text("This link is incomplete.")).to_be_visible()
    await expect(stranger.locator(f"main a.button[href='{onward}']")).to_be_visible()
    await expect(stranger.locator("form")).to_have_count(0)
    assert (await Axe().run(stranger)).violations_count == 0


async def test_without_an_invitation_registering_says_why_it_is_refused(
    stranger: Page,
) -> None:
    await stranger.goto("/register")
    await stranger.get_by_test_id("field-email").fill("uninvited@example.com")
    await stranger.get_by_test_id("field-password").fill(PASSWORD)
    await stranger.get_by_test_id("register-submit").click()
    await expect(stranger.get_by_test_id("problem-0")).to_contain_text("invitation")


# Looks


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", OPEN_PAGES)
async def test_axe_finds_nothing_on_open_pages(
    browser: Browser, site: Site, path: str, theme: str
) -> None:
    async with profile(browser, site, color_scheme=theme) as context:
        page = await context.new_page()
        await page.goto(path)
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        results = await Axe().run(page)
        assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("path", OPEN_PAGES)
async def test_open_pages_fit_a_telephone(browser: Browser, site: Site, path: str) -> None:
    async with profile(browser, site, viewport={"width": 390, "height": 844}) as context:
        page = await context.new_page()
        await page.goto(path)
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") == 390
