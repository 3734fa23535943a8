"""Two people and a program, from an empty server to a run followed with curl."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.conftest import profile, watched
from tests.fakes.github import GitHubProvider
from tests.people import PASSWORD
from tests.site import Site, running_site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CALLBACK = "/api/v1/auth/oauth/github/callback"


async def api(page: Page, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """What the page's own session gets from the API."""
    reply = await page.request.fetch(
        f"/api/v1{path}",
        method=method,
        data=json.dumps(body) if body is not None else None,
        headers={"content-type": "application/json", "origin": "/".join(page.url.split("/")[:3])},
    )
    return reply.status, json.loads(await reply.text() or "null")


async def curl(*arguments: str) -> str:
    """What the program prints."""
    process = await asyncio.create_subprocess_exec(
        "curl", "--silent", "--show-error", "--no-buffer", "--fail-with-body", *arguments,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, _ = await process.communicate()
    assert process.returncode == 0, out
    return out.decode()


async def set_up(page: Page) -> None:
    await page.goto("/")
    await page.get_by_test_id("setup-email").fill("ann@example.com")
    await page.get_by_test_id("setup-password").fill(PASSWORD)
    await page.get_by_test_id("setup-submit").click()
    await expect(page.locator("[data-testid^='workflow-card-']").first).to_be_visible()


async def invite(page: Page, project_id: str) -> str:
    """Ask a runner in by a link."""
    await page.goto(f"/projects/{project_id}")
    await page.get_by_test_id("invite-role").select_option("runner")
    await page.get_by_test_id("invite-submit").click()
    return await shown_once(page)


async def shown_once(page: Page) -> str:
    secret = await page.get_by_test_id("secret-text").input_value()
    await page.get_by_test_id("secret-close").click()
    return secret


async def come_in_with_github(page: Page, site: Site, link: str) -> None:
    await page.goto(link)
    await page.get_by_test_id("invitation-register").click()
    await page.get_by_test_id("login-github").click()
    assert page.url.startswith("http://localhost:")
    await page.get_by_role("button", name="Authorize").click()
    await page.wait_for_url(f"{site.url}/")


async def start_and_follow(site: Site, key: str, workflow_id: str) -> Mapping[str, Any]:
    """Start a run and read its events, as a program of the command line does."""
    bearer = ("--header", f"Authorization: Bearer {key}")
    started = await curl(
        *bearer, "--header", "Content-Type: application/json", "--data", '{"inputs": {}}',
        f"{site.url}/api/v1/workflows/{workflow_id}/runs",
    )  # fmt: skip
    run_id = json.loads(started)["id"]
    events = await curl(*bearer, f"{site.url}/api/v1/runs/{run_id}/events")
    lines = [line.partition(": ")[2] for line in events.splitlines() if line.startswith("event: ")]
    assert lines[0] == "run_started"
    assert lines[-2:] == ["run_succeeded", "end"]
    return {"id": run_id, "events": lines}


async def test_two_people_and_a_program(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with GitHubProvider("http://127.0.0.1/") as github:
        github.answers_itself = False
        # By another name, so that browsers take it for the other site that it is.
        elsewhere = github.url.replace("127.0.0.1", "localhost")
        settings = github.settings() | {"github_url": elsewhere}
        async with running_site(tmp_path_factory.mktemp("people"), **settings) as site:
            github.callbacks = {f"{site.url}{CALLBACK}"}
            async with profile(browser, site) as hers, watched(hers, site) as ann:
                await set_up(ann)
                _, told = await api(ann, "GET", "/projects")
                project_id = told["items"][0]["id"]
                _, workflow = await api(
                    ann, "POST", "/templates/orders-report/copy", {"project_id": project_id}
                )
                link = await invite(ann, project_id)
                async with profile(browser, site) as his:
                    await the_second_person(await his.new_page(), site, link, workflow, project_id)
                key = await new_key(ann)
                run = await start_and_follow(site, key, workflow["id"])
                await ann.goto(f"/runs/{run['id']}")
                await expect(ann.get_by_test_id("run-status")).to_have_attribute(
                    "data-state", "succeeded"
                )


async def the_second_person(
    page: Page, site: Site, link: str, workflow: Mapping[str, Any], project_id: str
) -> None:
    """Comes in by GitHub, runs what a runner may, and is refused the rest."""
    await come_in_with_github(page, site, link)
    status, me = await api(page, "GET", "/me")
    assert (status, me["projects"][project_id]) == (200, "runner")
    path = f"/workflows/{workflow['id']}"
    status, started = await api(page, "POST", f"{path}/runs", {"inputs": {}})
    assert status == 202
    await page.goto(f"/runs/{started['id']}")
    await expect(page.get_by_test_id("run-status")).to_have_attribute("data-state", "succeeded")

    assert (await api(page, "DELETE", path))[0] == 403
    assert (await api(page, "GET", f"{path}/export"))[0] == 403
    assert (await api(page, "GET", f"/projects/{project_id}/invitations"))[0] == 403
    assert (await api(page, "GET", "/users"))[0] == 403
    await page.goto(f"/projects/{project_id}")
    await expect(page.get_by_test_id("member-row")).to_have_count(2)
    await expect(page.get_by_test_id("invite-form")).to_have_count(0)
    await expect(page.get_by_test_id("nav-admin")).to_have_count(0)
    await page.goto("/admin")
    await expect(page.get_by_test_id("user-row")).to_have_count(0)


async def new_key(page: Page) -> str:
    """An API key, made on the account's page."""
    await page.goto("/account")
    form = page.get_by_test_id("key-form")
    await form.get_by_test_id("key-name").fill("nightly")
    await form.get_by_test_id("key-create").click()
    return await shown_once(page)
