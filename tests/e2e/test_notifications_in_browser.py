"""The bell, the inbox and the preferences, in a browser."""

import os
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from flowstudio.graph.ids import new_id
from flowstudio.store import notices
from flowstudio.store.notices import Notice, People
from tests.e2e.conftest import admin_profile
from tests.people import project_of
from tests.site import ADMIN, Site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ASKING = {
    "format": "flowstudio/1",
    "name": "Pay bills",
    "nodes": [
        {"id": "s", "type": "start", "name": "start"},
        {
            "id": "a",
            "type": "task",
            "name": "ask",
            "config": {"mode": "approval", "message": "Pay **3 bills** of 120 €?"},
        },
    ],
    "edges": [{"id": "1", "source": "s", "target": "a"}],
}


def tell(site: Site, title: str, **more: str) -> None:
    """Tell the admin something, as another process would."""
    me = site.person(ADMIN)
    values = {"type": "mention", "body": "Could you look at the second step?"} | more
    notice = Notice(
        to=People([me.id]), key=new_id(), title=title, at=site.parts.clock.now(), **values
    )
    site.parts.records.write_now(lambda session: notices.add(session, notice))


async def picture(page: Page, name: str) -> None:
    """Keep a picture for whoever wants to look."""
    if folder := os.environ.get("FLOWSTUDIO_PICTURES"):  # noqa: TID251 - of the test alone
        await page.screenshot(path=Path(folder) / f"{name}.png")


async def started(page: Page, site: Site) -> None:
    """Keep the workflow that asks, and run it."""
    body = {"project_id": project_of(site.person(ADMIN)), "document": ASKING}
    headers = {"Authorization": f"Bearer {site.sign_in().access_token}"}
    made = await page.request.post("/api/v1/workflows", data=body, headers=headers)
    assert made.ok, await made.text()
    path = f"/api/v1/workflows/{(await made.json())['id']}/runs"
    run = await page.request.post(path, data={"inputs": {}}, headers=headers)
    assert run.ok, await run.text()


async def test_the_bell_counts_what_happens_without_loading_and_leads_to_where_it_is_answered(
    browser: Browser, site: Site
) -> None:
    async with admin_profile(browser, site) as context:
        page = await context.new_page()
        await page.goto("/runs")
        bell = page.get_by_test_id("nav-notifications")
        await expect(bell).to_be_visible()
        await started(page, site)
        await expect(page.get_by_test_id("notifications-count")).to_be_visible(timeout=15_000)
        await bell.click()
        menu = page.get_by_role("region", name="Latest notifications")
        await expect(menu).to_contain_text("“Pay bills” asks for your approval")
        await picture(page, "bell")
        await page.get_by_test_id("notifications-all").click()
        row = page.get_by_test_id("inbox-row").filter(has_text="Pay bills").first
        await row.get_by_test_id("inbox-answer").click()
        await expect(page.get_by_test_id("inbox-question")).to_contain_text("3 bills")
        results = await Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        await picture(page, "question")
        await page.get_by_label("Comment").fill("Fine.")
        await page.get_by_test_id("answer-approve").click()
        await expect(page.get_by_test_id("inbox-row").first).to_contain_text("answered by")
        await expect(page.get_by_test_id("inbox-answer")).to_have_count(0)


async def test_read_archive_and_the_lists_they_are_in(browser: Browser, site: Site) -> None:
    tell(site, "Ben mentions you on “Orders”")
    async with admin_profile(browser, site) as context:
        page = await context.new_page()
        await page.goto("/notifications")
        row = page.get_by_test_id("inbox-row").filter(has_text="Orders").first
        await expect(row).to_have_attribute("data-read", "false")
        await row.get_by_test_id("inbox-read").click()
        await expect(row).to_have_attribute("data-read", "true")
        await row.get_by_test_id("inbox-archive").click()
        await expect(page.get_by_test_id("inbox-row").filter(has_text="Orders")).to_have_count(0)
        await page.get_by_test_id("inbox-tab-archived").click()
        await expect(page.get_by_test_id("inbox-row").filter(has_text="Orders")).to_have_count(1)
        await page.get_by_test_id("inbox-type").select_option("system")
        await expect(page.get_by_text("Nothing is archived")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
async def test_axe_finds_nothing_on_the_inbox_and_nothing_leaves_the_window(
    browser: Browser, site: Site, theme: str, width: int
) -> None:
    tell(site, "“Nightly import” failed", type="run_failed", body="HTTP 503 from crm.example.com")
    tell(site, "Ben mentions you on “Orders”")
    async with admin_profile(
        browser, site, color_scheme=theme, viewport={"width": width, "height": 844}
    ) as context:
        page = await context.new_page()
        await page.goto("/notifications")
        await expect(page.get_by_test_id("inbox-row").first).to_be_visible()
        results = await Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await picture(page, f"inbox-{theme}-{width}")
        await page.get_by_test_id("nav-notifications").click()
        await expect(page.get_by_test_id("notifications-all")).to_be_visible()
        results = await Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        await picture(page, f"bell-{theme}-{width}")


async def test_preferences_are_kept_and_axe_finds_nothing(browser: Browser, site: Site) -> None:
    async with admin_profile(browser, site) as context:
        page = await context.new_page()
        await page.goto("/account")
        section = page.get_by_test_id("section-notifications")
        pace = section.get_by_test_id("mail-comment")
        await expect(pace).to_have_value("hourly")
        await pace.select_option("daily")
        boxes = section.locator(".row", has=page.get_by_test_id("mail-comment")).get_by_role(
            "checkbox"
        )
        await expect(boxes).to_have_count(2)
        await boxes.evaluate_all("boxes => boxes.forEach((box) => box.click())")
        await section.get_by_label("From").fill("22:00")
        await section.get_by_label("Until").fill("07:00")
        await section.get_by_label("Time zone").fill("Europe/Berlin")
        await section.get_by_test_id("quiet-save").click()
        await expect(page.get_by_text("Saved.").first).to_be_visible()
        await page.reload()
        await expect(pace).to_have_value("daily")
        for box in await boxes.all():
            await expect(box).not_to_be_checked()
        await expect(section.get_by_label("From")).to_have_value("22:00")
        results = await Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        await section.scroll_into_view_if_needed()
        await picture(page, "preferences")
