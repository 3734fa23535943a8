"""Signing in with a provider on another site, as Chromium itself does it."""

import re
from contextlib import asynccontextmanager

import pytest

from flowstudio.api.app import create_api
from flowstudio.runtime import Runtime, open_runtime
from flowstudio.settings import Settings
from tests.fakes.github import GitHubProvider
from tests.people import person
from tests.serving import served

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

START = "/api/v1/auth/oauth/github/start?next=/runs"


@asynccontextmanager
async def registered(folder):
    """The API over a real socket, and a GitHub that browsers take for another site."""
    opened: list[Runtime] = []
    async with (
        served(create_api(lambda: opened[0])) as address,
        GitHubProvider(f"{address}/api/v1/auth/oauth/github/callback") as github,
    ):
        github.answers_itself = False
        elsewhere = {"github_url": github.url.replace("127.0.0.1", "localhost")}
        settings = github.settings() | elsewhere
        async with open_runtime(
            Settings(data_dir=folder, public_url=address, registration="open", **settings),
            registry={},
        ) as runtime:
            opened.append(runtime)
            person(runtime.studio.parts, "root@example.com", "admin")
            yield address


async def test_who_authorizes_there_is_signed_in_here(browser, tmp_path):
    async with registered(tmp_path) as address:
        context = await browser.new_context(base_url=address)
        page = await context.new_page()
        await page.goto(START)
        assert page.url.startswith("http://localhost:")
        await page.get_by_role("button", name="Authorize").click()
        await page.wait_for_url(f"{address}/runs")
        cookies = {cookie["name"]: cookie for cookie in await context.cookies(f"{address}/runs")}
        assert cookies["fs_at"]["httpOnly"]
        assert "fs_flow" not in cookies
        reply = await page.goto("/api/v1/me/identities")
        assert [one["label"] for one in (await reply.json())["items"]] == ["ada"]
        await context.close()


async def test_who_cancels_there_is_not_signed_in_here(browser, tmp_path):
    async with registered(tmp_path) as address:
        context = await browser.new_context(base_url=address)
        page = await context.new_page()
        await page.goto(START)
        await page.get_by_role("button", name="Cancel").click()
        await page.wait_for_url(re.compile(r"/sign-in\?error=denied$"))
        assert await context.cookies() == []
        await context.close()
