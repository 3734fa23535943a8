"""The run's timeline while it runs, its steps in detail, comparing two, and deleting."""

import asyncio
import json
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.e2e.conftest import admin_profile, watched
from tests.e2e.test_runs_in_browser import held, reaches, start
from tests.fakes.openrouter import fail, say
from tests.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LOOP: dict[str, Any] = {
    "format": "flowstudio/1",
    "name": "Grade leads",
    "nodes": [
        {
            "id": "s",
            "type": "start",
            "name": "start",
            "config": {"inputs": {"type": "object", "properties": {"many": {"type": "integer"}}}},
        },
        {
            "id": "l",
            "type": "loop",
            "name": "each",
            "config": {"mode": "times", "times": "{{ inputs.many }}"},
        },
        {
            "id": "a",
            "type": "task",
            "name": "grade",
            "parent": "l",
            "config": {"mode": "template", "text": "Lead {{ index }} of {{ inputs.many }}"},
        },
    ],
    "edges": [{"id": "1", "source": "s", "target": "l"}],
}


async def ask(page: Page, method: str, path: str, body: Any = None) -> Any:
    """What the REST API answers the person of the page."""
    text = await page.evaluate(
        """async ([method, path, body]) => {
            const reply = await fetch(`/api/v1${path}`, {
                method, headers: {"content-type": "application/json"},
                body: body === null ? undefined : JSON.stringify(body),
            });
            if (!reply.ok) throw new Error(await reply.text());
            return reply.text();
        }""",
        [method, path, body],
    )
    return json.loads(text) if text else None


async def graded(page: Page, site: Site, *counts: int) -> list[str]:
    """Runs of the loop with so many turns; ids."""
    project_id = min(site.person("root@example.com").memberships)
    await page.goto("/runs")
    kept = await ask(page, "POST", "/workflows", {"project_id": project_id, "document": LOOP})
    made = []
    for many in counts:
        path = f"/workflows/{kept['id']}/runs"
        made.append((await ask(page, "POST", path, {"inputs": {"many": many}}))["id"])
        await page.goto(f"/runs/{made[-1]}")
        await reaches(page, "succeeded")
    return made


async def test_the_timeline_grows_while_the_run_goes_on(page: Page, site: Site) -> None:
    reply, gate = held("Kitchen: closed on Friday.")
    site.models.answer(reply, *[say("A notice about the **kitchen**.")] * 9)
    await start(page, "draft-and-review", subject="A bar that grows")
    row = page.get_by_test_id("timeline-notice")
    await expect(row).to_have_attribute("data-state", "running")
    bar = row.locator(".bar-span")
    await expect(bar).to_have_attribute("data-open", "true")
    took = row.locator(".took")
    before = await took.inner_text()
    await expect(took).not_to_have_text(before)
    gate.set()
    await expect(row).to_have_attribute("data-state", "succeeded")
    await expect(page.get_by_test_id("run-log")).to_contain_text("notice")


async def test_turns_of_a_loop_are_shown_on_demand_and_steps_tell_what_they_read(
    page: Page, site: Site
) -> None:
    await graded(page, site, 60)
    each = page.get_by_test_id("timeline-each")
    await expect(each).to_have_attribute("aria-expanded", "false")
    await expect(page.get_by_test_id("timeline-each/0")).to_have_count(0)
    # By keyboard alone: to the loop, open it, into the first turn, and its step.
    await page.get_by_test_id("timeline-start").focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_test_id("timeline-each/24")).to_be_visible()
    await expect(page.get_by_test_id("timeline-each/25")).to_have_count(0)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_test_id("timeline-each/0/grade")).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    detail = page.get_by_test_id("step-detail")
    await expect(detail.get_by_test_id("detail-input")).to_contain_text("index")
    await expect(detail.get_by_test_id("detail-input")).to_contain_text("60")
    await expect(detail.get_by_test_id("detail-output")).to_contain_text("Lead 0 of 60")
    await detail.get_by_role("button", name="Close details").focus()
    await page.keyboard.press("Enter")
    await expect(detail).to_have_count(0)
    await expect(page.get_by_test_id("timeline-each/0/grade")).to_be_focused()


async def test_two_runs_are_picked_compared_and_deleted(page: Page, site: Site) -> None:
    first, second = await graded(page, site, 2, 3)
    await page.goto("/runs")
    for run_id in (first, second):
        await page.get_by_test_id(f"run-pick-{run_id}").click()
        await expect(page.get_by_test_id(f"run-pick-{run_id}")).to_be_checked()
    await page.get_by_test_id("runs-compare").click()
    await page.wait_for_url("**/runs/compare?**")
    await expect(page.get_by_test_id("compare-each")).to_have_attribute("data-differs", "true")
    await page.get_by_test_id("compare-open-each").click()
    await expect(page.get_by_label("Changed output", exact=True)).to_contain_text("Lead 2 of 3")
    await page.goto("/runs")
    for run_id in (first, second):
        await page.get_by_test_id(f"run-pick-{run_id}").click()
        await expect(page.get_by_test_id(f"run-pick-{run_id}")).to_be_checked()
    await page.get_by_test_id("runs-delete").click()
    await page.get_by_test_id("runs-delete-sure").click()
    await expect(page.get_by_test_id("toast")).to_contain_text("Deleted 2 runs.")
    await expect(page.get_by_test_id(f"run-row-{first}")).to_have_count(0)
    await page.goto(f"/runs/{first}")
    await expect(page.get_by_text("There is no such run")).to_be_visible()


async def test_steps_and_log_take_the_width_while_nothing_stands_beside_them(
    page: Page, site: Site
) -> None:
    asks = {"mode": "approval", "message": "May it go out?"}
    document = {
        "format": "flowstudio/1",
        "name": "Ask",
        "nodes": [
            {"id": "s", "type": "start", "name": "start"},
            {"id": "a", "type": "task", "name": "ok", "config": asks},
        ],
        "edges": [{"id": "1", "source": "s", "target": "a"}],
    }
    project_id = min(site.person("root@example.com").memberships)
    await page.goto("/runs")
    kept = await ask(page, "POST", "/workflows", {"project_id": project_id, "document": document})
    made = await ask(page, "POST", f"/workflows/{kept['id']}/runs", {"inputs": {}})
    await page.goto(f"/runs/{made['id']}")
    await reaches(page, "waiting")
    width = "[...document.querySelectorAll('.run-columns, .run-main')].map((it) => it.clientWidth)"
    columns, main = await page.evaluate(width)
    assert main == columns
    await page.get_by_label("Details of start").click()
    await expect(page.get_by_test_id("step-detail")).to_be_visible()
    columns, main = await page.evaluate(width)
    assert main < columns


async def test_a_failed_run_is_run_again_and_keeps_what_finished(page: Page, site: Site) -> None:
    site.models.answer(*(fail(402, "Insufficient credits") for _ in range(9)))
    await start(page, "draft-and-review", subject="Kept on the second try")
    await reaches(page, "failed")
    old = page.url
    site.models._script.clear()
    site.models.answer(*[say("A notice.")] * 9)
    await page.get_by_test_id("run-rerun").click()
    await page.wait_for_url(lambda url: "/runs/" in url and url != old)
    await expect(page.get_by_test_id("timeline-start")).to_have_attribute("data-kept", "true")
    await expect(page.get_by_test_id("node-start-status")).to_contain_text("Kept")
    await expect(page.get_by_test_id("run-compare")).to_be_visible()
    await page.goto("/runs")
    await page.get_by_test_id("runs-tab-dead").click()
    await expect(page.get_by_test_id(f"run-row-{old.rpartition('/')[2]}")).to_have_count(0)


async def test_filters_leave_what_fits(page: Page, site: Site) -> None:
    (run_id,) = await graded(page, site, 1)
    await page.goto("/runs")
    row = page.get_by_test_id(f"run-row-{run_id}")
    await expect(row).to_be_visible()
    await page.get_by_test_id("runs-search").fill("no run is called that")
    await expect(page.get_by_text("No run fits")).to_be_visible()
    await page.reload()
    await expect(page.get_by_test_id("runs-search")).to_have_value("no run is called that")
    await page.get_by_test_id("runs-search").fill(run_id)
    await expect(row).to_be_visible()
    for status in ("queued", "running", "waiting", "paused", "cancelled", "failed"):
        button = page.get_by_test_id(f"runs-filter-{status}")
        await button.click()
        await expect(button).to_have_attribute("aria-pressed", "true")
    await expect(row).to_have_count(0)
    await page.get_by_test_id("runs-clear").click()
    await expect(page.get_by_test_id("runs-search")).to_have_value("")
    await page.get_by_test_id("runs-trigger").select_option("api")
    await expect(row).to_have_count(0)
    await page.get_by_test_id("runs-trigger").select_option("manual")
    await expect(row).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing(browser: Browser, site: Site, theme: str) -> None:
    for width, height in ((1440, 900), (390, 844)):
        async with (
            admin_profile(
                browser, site, color_scheme=theme, viewport={"width": width, "height": height}
            ) as context,
            watched(context, site) as page,
        ):
            first, second = await graded(page, site, 30, 2)
            await page.goto(f"/runs/{first}")
            await reaches(page, "succeeded")
            await page.get_by_test_id("timeline-each-toggle").click()
            await page.get_by_test_id("timeline-each").click()
            await expect(page.get_by_test_id("detail-output")).to_be_visible()
            await clean(page, "run")
            await page.goto(f"/runs/compare?a={first}&b={second}")
            await page.get_by_test_id("compare-open-each").click()
            await expect(page.get_by_label("Changed output", exact=True)).to_be_visible()
            await clean(page, "compare")
            await page.goto("/runs")
            await page.get_by_test_id(f"run-pick-{first}").click()
            await expect(page.get_by_test_id("runs-delete")).to_be_visible()
            await clean(page, "runs")
            await page.goto("/admin")
            await page.get_by_test_id("admin-retention").click()
            await expect(page.get_by_test_id("retention-form")).to_be_visible()
            await clean(page, "admin")


async def clean(page: Page, where: str) -> None:
    await asyncio.sleep(0)
    results = await Axe().run(page)
    found = [(each["id"], each["nodes"][0]["html"]) for each in results.response["violations"]]
    assert found == [], where
