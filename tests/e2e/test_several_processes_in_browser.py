"""Two web processes and two workers: a browser on one watches what a worker does for the other."""

import asyncio

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.conftest import admin_profile, watched
from tests.e2e.test_runs_in_browser import held, reaches
from tests.e2e.test_runs_kept_in_browser import ask
from tests.editing import Editor, chain, invite, keep, kept_document, tab_of
from tests.fakes.openrouter import say
from tests.postgres import Cluster
from tests.several import several
from tests.site import ADMIN, Site
from tests.store_questions import ask_database

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DOCUMENT = {
    "format": "flowstudio/1",
    "name": "Notice",
    "nodes": [
        {"id": "s", "type": "task", "name": "topic", "config": {"mode": "template", "text": "tea"}},
        {"id": "a", "type": "ai", "name": "notice", "config": {"prompt": "Say {{ topic }}."}},
    ],
    "edges": [{"id": "1", "source": "s", "target": "a"}],
}
OWNER = "SELECT w.pid FROM run r JOIN worker w ON w.name = r.owner WHERE r.id = '{}'"


async def test_a_run_streams_to_a_browser_elsewhere_and_outlives_its_worker(
    browser: Browser, postgres: Cluster, tmp_path_factory: pytest.TempPathFactory
):
    folder = tmp_path_factory.mktemp("several")
    with postgres.database() as url:
        async with several(folder, url) as made:
            here, there = made.sites
            await people_of_both_work_together(browser, here, there)
            reply, _ = held("Kitchen closes on Friday.")
            made.models.answer(reply, say("Kitchen closes on **Friday**."))
            async with admin_profile(browser, there) as context, watched(context, there) as page:
                await page.goto("/runs")
                project_id = min(there.person("root@example.com").memberships)
                body = {"project_id": project_id, "document": DOCUMENT, "inputs": {}}
                run_id = (await ask(page, "POST", "/runs", body))["id"]
            async with admin_profile(browser, here) as context, watched(context, here) as page:
                await page.goto(f"/runs/{run_id}")
                output = page.get_by_test_id("node-notice-output")
                await expect(output).to_contain_text("Kitchen")
                await reaches(page, "running")
                pid = await worker_of(url, run_id)
                made.workers[pid].kill()
                await expect(output.locator("strong")).to_have_text("Friday", timeout=60_000)
                await reaches(page, "succeeded")
                told = await ask(page, "GET", f"/runs/{run_id}/steps")
            assert [step["status"] for step in told["items"]] == ["succeeded", "succeeded"]
            # The finished step was not executed again, and the one in flight once more.
            asked = [request for request in made.models.requests if request.method == "POST"]
            assert len(asked) == 2


async def people_of_both_work_together(browser: Browser, here: Site, there: Site) -> None:
    here.sign_in()
    invite(here, "ana@example.com", "editor")
    path = f"/workflows/{(workflow_id := keep(here, chain('One', 'Two')))}"
    async with (
        tab_of(browser, here, ADMIN, path) as page,
        tab_of(browser, there, "ana@example.com", path) as other,
    ):
        mine, theirs = Editor(page), Editor(other)
        for each in (page, other):
            await expect(each.locator(".avatars button")).to_have_count(1)
        await theirs.select("b")
        await expect(mine.node("b").locator(".holders")).to_contain_text("Ana")
        await theirs.write("text", "From there")
        await expect(mine.node("b")).to_contain_text("From there")
        await mine.select("a")
        await mine.write("text", "From here")
        await expect(theirs.node("a")).to_contain_text("From here")
        await other.get_by_test_id("panel-comments").click()
        await page.get_by_test_id("panel-comments").click()
        await page.get_by_test_id("comment-text").fill("Shorter, @ana?")
        await page.get_by_test_id("comment-send").click()
        await other.get_by_role("button", name="Show all").click()
        await expect(other.get_by_test_id("thread")).to_contain_text("Shorter, @ana?")
        await theirs.saved()
        texts = {
            node.name: node.config.get("text") for node in kept_document(here, workflow_id).nodes
        }
        assert (texts["a"], texts["b"]) == ("From here", "From there")


async def worker_of(url: str, run_id: str) -> int:
    async with asyncio.timeout(30):
        while not (found := await asyncio.to_thread(ask_database, url, OWNER.format(run_id))):
            pass
    return int(found[0][0])
