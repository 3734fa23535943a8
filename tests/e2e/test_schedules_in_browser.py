"""The pages of schedules, in a real browser."""

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.e2e.conftest import admin_profile
from tests.people import project_of
from tests.site import ADMIN, Site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ASKS = {
    "type": "object",
    "properties": {"topic": {"type": "string", "title": "Topic"}},
    "required": ["topic"],
}
ASK = """async ([path, body]) => {
  const headers = { "content-type": "application/json" };
  const reply = await fetch(`/api/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!reply.ok) throw new Error(await reply.text());
  return reply.json();
}"""


async def published(page: Page, site: Site, name: str) -> str:
    """Keep and publish a workflow that asks for a topic; gives its id."""
    document = {
        "format": "flowstudio/1",
        "name": name,
        "nodes": [
            {"id": "a", "type": "start", "name": "start", "config": {"inputs": ASKS}},
            {"id": "b", "type": "end", "name": "end", "config": {"outputs": {"text": "done"}}},
        ],
        "edges": [{"id": "e", "source": "a", "target": "b"}],
    }
    await page.goto("/schedules")
    await expect(page.get_by_role("heading", name="Schedules")).to_be_visible()
    body = {"project_id": project_of(site.person(ADMIN)), "document": document}
    made: dict[str, Any] = await page.evaluate(ASK, ["/workflows", body])
    await page.evaluate(ASK, [f"/workflows/{made['id']}/publish", {"version": "draft"}])
    return str(made["id"])


async def scheduled(page: Page, workflow_id: str, **fields: Any) -> str:
    """Schedule a workflow; gives the id."""
    usual = {"kind": "cron", "expression": "0 9 1 1 *", "inputs": {"topic": "mail"}}
    made = await page.evaluate(ASK, ["/schedules", usual | fields | {"workflow_id": workflow_id}])
    return str(made["id"])


async def test_a_schedule_is_written_with_its_next_times_beside_it(page: Page, site: Site) -> None:
    workflow_id = await published(page, site, "Digest")
    await page.goto(f"/schedules/new?workflow={workflow_id}")
    times = page.get_by_test_id("schedule-times")
    await expect(times.get_by_role("listitem")).to_have_count(5)
    await page.get_by_test_id("field-expression").fill("0 0 31 2 *")
    await expect(page.get_by_text("This never comes")).to_be_visible()
    await page.get_by_test_id("field-expression").fill("30 2 * * *")
    await page.get_by_test_id("field-zone").fill("Europe/Berlin")
    await expect(times).to_contain_text("02:30 CE")
    await expect(page.get_by_text("A time that the clocks skip")).to_be_visible()
    await page.get_by_test_id("schedule-save").click()
    await expect(page.get_by_text("Fill this in.")).to_be_visible()
    await page.get_by_test_id("field-topic").fill("parcels")
    await page.get_by_test_id("field-name").fill("Before dawn")
    await page.get_by_test_id("schedule-save").click()
    await expect(page.get_by_test_id("schedule-title")).to_have_text("Before dawn")


async def test_a_schedule_is_run_paused_changed_and_deleted(page: Page, site: Site) -> None:
    workflow_id = await published(page, site, "Reports")
    schedule_id = await scheduled(page, workflow_id, name="Each year")
    await page.goto(f"/schedules/{schedule_id}")
    await page.get_by_test_id("schedule-run").click()
    slot = page.get_by_test_id("schedule-slot")
    await expect(slot.locator(".pill")).to_have_attribute("data-state", "succeeded")
    await page.get_by_test_id("schedule-pause").click()
    await expect(page.get_by_test_id("schedule-paused")).to_contain_text("What comes meanwhile")
    await page.get_by_test_id("schedule-edit").click()
    await expect(page.get_by_test_id("field-topic")).to_have_value("mail")
    await page.get_by_test_id("schedule-kind-interval").click()
    await expect(page.get_by_test_id("field-expression")).to_have_value("1h")
    await page.get_by_test_id("field-expression").fill("90m")
    await expect(page.get_by_text("Every 1 hour 30 minutes")).to_be_visible()
    await page.get_by_test_id("schedule-save").click()
    await expect(page.get_by_test_id("schedule-title")).to_be_visible()
    await page.get_by_test_id("schedule-resume").click()
    await expect(page.get_by_test_id("schedule-paused")).to_have_count(0)

    await page.get_by_test_id("nav-schedules").click()
    row = page.get_by_test_id("schedule-row").filter(has_text="Each year")
    await expect(row).to_contain_text("Every 1 hour 30 minutes")
    await row.get_by_test_id("schedule-row-pause").click()
    await expect(row.get_by_text("Paused")).to_be_visible()
    await row.get_by_role("link").first.click()
    await page.get_by_test_id("schedule-delete").click()
    await page.get_by_test_id("schedule-delete-sure").click()
    await page.wait_for_url("**/schedules")
    await expect(page.get_by_test_id("schedule-row").filter(has_text="Each year")).to_have_count(0)


async def test_the_menu_of_a_workflow_leads_to_a_new_schedule(page: Page, site: Site) -> None:
    workflow_id = await published(page, site, "From the menu")
    await page.goto("/workflows?q=From+the+menu")
    await page.get_by_role("button", name="Actions for From the menu").click()
    await page.get_by_test_id("menu-schedule").click()
    await expect(page.get_by_test_id("field-workflow")).to_have_value(workflow_id)


async def test_every_problem_shows_at_its_field(page: Page, site: Site) -> None:
    workflow_id = await published(page, site, "Problems")
    await page.goto(f"/schedules/new?workflow={workflow_id}")
    await page.get_by_test_id("field-expression").fill("99 * * * *")
    await page.get_by_test_id("field-zone").fill("Mars/Olympus")
    await page.get_by_test_id("field-start").fill("someday")
    await page.get_by_test_id("field-jitter_s").fill("100000")
    await page.get_by_test_id("field-topic").fill("x")
    await page.get_by_test_id("schedule-save").click()
    for name in ("expression", "zone", "start", "jitter_s"):
        await expect(page.get_by_test_id(f"field-{name}")).to_have_attribute("aria-invalid", "true")
    assert page.url.endswith(f"/schedules/new?workflow={workflow_id}")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
async def test_axe_finds_nothing(browser: Browser, site: Site, theme: str, width: int) -> None:
    viewport = {"width": width, "height": 900}
    async with admin_profile(browser, site, color_scheme=theme, viewport=viewport) as context:
        page = await context.new_page()
        workflow_id = await published(page, site, f"Axe {theme} {width}")
        schedule_id = await scheduled(page, workflow_id, name=f"Look {theme} {width}")
        await page.evaluate(ASK, [f"/schedules/{schedule_id}/run", {}])
        await page.evaluate(ASK, [f"/schedules/{schedule_id}/pause", {}])
        for path, ready in (
            ("/schedules", "schedule-row"),
            (f"/schedules/{schedule_id}", "schedule-slot"),
            (f"/schedules/{schedule_id}/edit", "schedule-times"),
            (f"/schedules/new?workflow={workflow_id}", "schedule-times"),
        ):
            await page.goto(path)
            await expect(page.get_by_test_id(ready).first).to_be_visible()
            found = await Axe().run(page)
            assert found.response["violations"] == [], path
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, path


async def test_a_new_schedule_begins_with_nothing_of_the_one_before(page: Page) -> None:
    await page.goto("/schedules/new")
    await page.get_by_test_id("field-zone").fill("Asia/Tokyo")
    await page.get_by_test_id("field-start").fill("2031-01-01 09:00")
    await page.get_by_role("link", name="Schedules").first.click()
    await page.get_by_role("link", name="New schedule").first.click()
    await expect(page.get_by_test_id("field-start")).to_have_value("")
    own = await page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    await expect(page.get_by_test_id("field-zone")).to_have_value(own)
