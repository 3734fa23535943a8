"""Answering what a run asks, on its own page; and who may do what there."""

from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.editing import chain, invite, keep, tab_of
from tests.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

VIEWER = "viewer-of-runs@example.com"
FORM = {
    "mode": "form",
    "message": "How many?",
    "fields": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
}


def asking(config: dict[str, Any]) -> dict[str, Any]:
    document = chain("Hello", "{{ a }}")
    document["nodes"][2]["config"] = config
    return document


async def begin(page: Page, workflow_id: str) -> str:
    """Run a workflow and open the page of the run; gives its address."""
    await page.goto("/")
    origin = page.url.rstrip("/")
    reply = await page.request.post(
        f"/api/v1/workflows/{workflow_id}/runs", data={"inputs": {}}, headers={"origin": origin}
    )
    address = f"/runs/{(await reply.json())['id']}"
    await page.goto(address)
    return address


async def test_a_form_is_filled_in_on_the_page_of_its_run(page: Page, site: Site) -> None:
    await begin(page, keep(site, asking(FORM)))
    question = page.get_by_test_id("question-b")
    await expect(question).to_contain_text("How many?")
    await question.get_by_test_id("field-n").fill("many")
    await question.get_by_test_id("answer-send").click()
    await expect(question).to_contain_text("whole number")
    await question.get_by_test_id("field-n").fill("5")
    await question.get_by_test_id("answer-send").click()
    await expect(page.get_by_test_id("run-status")).to_have_attribute("data-state", "succeeded")


async def test_a_run_that_is_answered_elsewhere_goes_on_on_its_page(page: Page, site: Site) -> None:
    address = await begin(page, keep(site, asking({"mode": "approval", "message": "Go?"})))
    await expect(page.get_by_test_id("question-b")).to_be_visible()
    other = await page.context.new_page()
    await other.goto(address)
    await other.get_by_test_id("answer-approve").click()
    await expect(other.get_by_test_id("run-status")).to_have_attribute("data-state", "succeeded")
    await other.close()
    await expect(page.get_by_test_id("run-status")).to_have_attribute("data-state", "succeeded")
    await expect(page.get_by_test_id("question-b")).to_have_count(0)


async def test_viewers_are_offered_nothing_that_they_may_not_do(
    page: Page, site: Site, browser: Browser
) -> None:
    address = await begin(page, keep(site, asking({"mode": "approval", "message": "Go?"})))
    await expect(page.get_by_test_id("run-cancel")).to_be_visible()
    invite(site, VIEWER, "viewer")
    async with tab_of(browser, site, VIEWER, address) as other:
        question = other.get_by_test_id("question-b")
        await expect(question).to_contain_text("waits for somebody's answer")
        await expect(question.get_by_role("button")).to_have_count(0)
        for name in ("cancel", "pause", "delete"):
            await expect(other.get_by_test_id(f"run-{name}")).to_have_count(0)
    # Nothing is left that asks the admin for an answer.
    await page.get_by_test_id("run-cancel").click()
    await expect(page.get_by_test_id("run-status")).to_have_attribute("data-state", "cancelled")


async def test_a_second_press_begins_no_second_run(page: Page) -> None:
    async def count() -> int:
        listed = await (await page.request.get("/api/v1/runs?limit=200")).json()
        return len(listed["items"])

    await page.goto("/w/orders-report")
    await expect(page.get_by_test_id("run-start")).to_be_visible()
    before = await count()
    await page.get_by_test_id("run-start").dblclick()
    await page.wait_for_url("**/runs/*")
    await expect(page.get_by_test_id("run-status")).to_have_attribute("data-state", "succeeded")
    assert await count() == before + 1
