"""What an editor can do is reached by name, on a phone, and from the page of a run."""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.conftest import admin_profile, watched
from tests.editing import Editor, chain, invite, keep, tab_of
from tests.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_run_is_found_by_name_read_step_by_step_and_made_again(
    page: Page, site: Site
) -> None:
    document = chain("Hello {{ inputs.who }}", "{{ a }}!", name="Greeting of somebody")
    schema = {"type": "object", "properties": {"who": {"type": "string", "default": "you"}}}
    document["nodes"][0]["config"] = {"inputs": schema}
    workflow_id = keep(site, document)
    await page.goto("/runs")
    await expect(page.get_by_role("button", name="Queued")).to_be_visible()
    await page.keyboard.press("Control+k")
    await page.get_by_test_id("palette-query").fill("greeting of")
    await page.get_by_role("option", name="Greeting of somebody Workflow").click()
    editor = Editor(page)
    await expect(editor.node("b")).to_be_visible()
    await page.keyboard.press("Control+k")
    await page.get_by_test_id("palette-query").fill("run everything")
    await page.keyboard.press("Enter")
    await editor.ran("succeeded")
    await page.keyboard.press("Control+k")
    await page.get_by_test_id("palette-query").fill("greeting of")
    await expect(page.get_by_role("option", name="Run in the editor, succeeded")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.get_by_test_id("drawer-logs").click()
    log = page.get_by_test_id("drawer-log")
    await expect(log).to_contain_text("The run succeeded.")
    await expect(log.locator(".log-line", has_text="began").first).to_be_visible()
    await editor.select("b")
    await page.get_by_role("tab", name="Runs").click()
    await expect(page.get_by_test_id("node-runs")).to_contain_text("Hello you!")
    run_id = (
        await page.get_by_test_id("node-runs").get_by_role("link").get_attribute("href") or ""
    )[6:]
    # With other inputs since, those of that run come back.
    await page.request.put(
        f"/api/v1/workflows/{workflow_id}/draft/inputs", data={"inputs": {"who": "them"}}
    )
    await page.goto(f"/workflows/{workflow_id}?from={run_id}")
    await expect(page.get_by_test_id("toast")).to_contain_text("Run now uses the inputs of")
    await expect(page).to_have_url(re.compile(rf"/workflows/{workflow_id}$"))
    draft = await page.request.get(f"/api/v1/workflows/{workflow_id}/draft")
    assert (await draft.json())["inputs"].get("who", "you") == "you"
    await pin_what_it_gave(editor, workflow_id, run_id)


async def pin_what_it_gave(editor: Editor, workflow_id: str, run_id: str) -> None:
    """One node's output from the run's page, another's from the inspector."""
    page = editor.page
    await page.goto(f"/runs/{run_id}")
    await page.get_by_label("Details of a").click()
    await page.get_by_test_id("detail-pin").click()
    await expect(page.get_by_test_id("toast")).to_contain_text("“a” is pinned")
    await editor.select("b")
    await page.get_by_role("tab", name="Runs").click()
    await page.get_by_test_id("node-run-pin").first.click()
    for name in "ab":
        await expect(page.get_by_test_id(f"node-{name}-status")).to_contain_text("Pinned")
    draft = await page.request.get(f"/api/v1/workflows/{workflow_id}/draft")
    results = (await draft.json())["results"]
    pinned = [results[name]["pinned"]["preview"] for name in "ab"]
    assert pinned == ["Hello you", "Hello you!"]


async def test_on_a_phone_everything_is_reached(browser: Browser, site: Site) -> None:
    workflow_id = keep(site, chain("One", "{{ a }} two"))
    phone = {"viewport": {"width": 390, "height": 844}}
    async with admin_profile(browser, site, **phone) as context, watched(context, site) as page:
        await Editor(page).open(workflow_id)
        menu = page.get_by_test_id("editor-more-menu")
        for name, panel in (("Comments", "Comments"), ("Publish", "Versions")):
            await page.get_by_test_id("editor-more").click()
            await expect(menu).to_contain_text("A run would cost")
            await menu.get_by_role("button", name=name).click()
            await expect(page.get_by_role("complementary", name=panel)).to_be_visible()
            await page.get_by_label("Close this panel").click()
        await page.get_by_test_id("editor-more").click()
        await menu.get_by_role("button", name="Add a sticky note").click()
        await expect(page.locator(".sticky")).to_be_visible()
    invite(site, "looks@example.com", "viewer")
    async with tab_of(browser, site, "looks@example.com", f"/workflows/{workflow_id}") as page:
        await page.set_viewport_size(phone["viewport"])  # type: ignore[arg-type]
        await page.get_by_test_id("editor-more").click()
        await expect(page.get_by_test_id("editor-more-menu")).to_contain_text("You can look")
        await expect(page.get_by_role("button", name="Tidy up")).to_have_count(0)
