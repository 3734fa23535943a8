"""The page of the queue: held and let go, limited, and what has failed taken up again."""

import asyncio

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.e2e.test_runs_kept_in_browser import ask
from tests.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FAILING = {
    "format": "flowstudio/1",
    "name": "Never works",
    "nodes": [
        {"id": "c", "type": "custom", "name": "broken", "config": {"code": "1 / 0", "inputs": {}}}
    ],
    "edges": [],
}


async def fail_once(page: Page, site: Site) -> str:
    """A run that has failed; gives its id."""
    project_id = min(site.person("root@example.com").memberships)
    body = {"project_id": project_id, "document": FAILING, "inputs": {}}
    run_id = str((await ask(page, "POST", "/runs", body))["id"])
    async with asyncio.timeout(60):
        while (await ask(page, "GET", f"/runs/{run_id}"))["status"] != "failed":
            pass
    return run_id


async def test_an_admin_pauses_a_queue_and_lets_it_go_on(page: Page):
    await page.goto("/queue")
    card = page.get_by_test_id("queue-batch")
    await expect(card).to_contain_text("open")
    await card.get_by_role("button", name="Pause").click()
    await expect(card).to_contain_text("paused")
    assert (await ask(page, "GET", "/queue"))["queues"][2]["is_paused"]
    await card.get_by_role("button", name="Go on").click()
    await expect(card).to_contain_text("open")
    await expect(page.get_by_test_id("worker-row")).to_contain_text("Web process")


async def test_limits_and_rates_are_set_and_taken_away(page: Page):
    await page.goto("/queue")
    await page.get_by_test_id("field-most_at_once").fill("50")
    await page.get_by_test_id("limit-form").get_by_role("button", name="Set").click()
    limit = page.get_by_test_id("section-limits").get_by_test_id("limit-row")
    await expect(limit).to_contain_text("At most 50 runs at once.")
    await limit.get_by_role("button", name="Take away").click()
    await expect(limit).to_have_count(0)
    await page.get_by_test_id("field-key").fill("test/model")
    await page.get_by_test_id("rate-form").get_by_role("button", name="Set").click()
    rate = page.get_by_test_id("section-rates").get_by_test_id("limit-row")
    await expect(rate).to_contain_text("At most 60 calls in 60 s.")
    await rate.get_by_role("button", name="Take away").click()
    await expect(rate).to_have_count(0)


async def test_dead_runs_are_taken_up_again_and_dismissed(page: Page, site: Site):
    await page.goto("/queue")
    run_id = await fail_once(page, site)
    failed = await ask(page, "GET", f"/runs/{run_id}")
    dead = page.get_by_test_id("section-dead")
    row = dead.get_by_test_id("dead-row").filter(has_text="Never works")
    await expect(row).to_contain_text("division by zero")
    await row.get_by_role("button", name="Take up again").click()
    await expect(page.get_by_test_id("toast")).to_contain_text("Taken up again")
    async with asyncio.timeout(60):
        while True:
            now = await ask(page, "GET", f"/runs/{run_id}")
            if now["status"] == "failed" and now["finished_at"] != failed["finished_at"]:
                break
    await expect(row).to_be_visible()
    await page.get_by_test_id("dead-look").click()
    await expect(page.get_by_test_id(f"run-row-{run_id}")).to_contain_text("division by zero")
    await expect(page.get_by_test_id("runs-tab-dead")).to_have_attribute("aria-selected", "true")
    await page.goto("/queue")
    await page.get_by_test_id("dead-dismiss").click()
    sure = dead.locator("dialog[open]")
    await expect(sure).to_contain_text("of all your projects?")
    await sure.get_by_test_id("confirm-submit").click()
    await expect(dead).to_contain_text("None.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_on_the_queue(page: Page, scheme: str):
    await page.emulate_media(color_scheme=scheme)
    await page.goto("/queue")
    await expect(page.get_by_test_id("worker-row")).to_be_visible()
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


async def test_the_editor_says_how_many_runs_of_the_workflow_go_on_at_once(page: Page, site: Site):
    await page.goto("/queue")
    body = {"project_id": min(site.person("root@example.com").memberships), "document": FAILING}
    workflow_id = (await ask(page, "POST", "/workflows", body))["id"]
    await page.goto(f"/workflows/{workflow_id}")
    limit = page.get_by_test_id("field-run-limit")
    await limit.fill("0")
    await expect(limit).to_have_attribute("aria-invalid", "true")
    await limit.fill("3")
    await limit.press("Enter")
    await expect(page.get_by_text("At most 3 of its runs go on at once.")).to_be_visible()
    path = f"/workflows/{workflow_id}/run-limit"
    assert await ask(page, "GET", path) == {"most_at_once": 3}
    await page.reload()
    await expect(limit).to_have_value("3")
    await limit.fill("")
    await limit.press("Enter")
    await expect(page.get_by_text("Its runs go on as there is room.")).to_be_visible()
    assert await ask(page, "GET", path) == {"most_at_once": None}
