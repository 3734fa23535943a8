import asyncio
import json
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.e2e.conftest import admin_profile
from tests.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

EXAMPLES = sorted(Path("examples").glob("*.json"))


async def loaded(page: Page) -> None:
    """Wait until the page shows content rather than its skeleton."""
    await expect(page.locator("main :is(h1, .empty-title)").first).to_be_visible()
    await expect(page.locator(".bone")).to_have_count(0)


async def test_the_gallery_shows_every_example(page: Page) -> None:
    await page.goto("/")
    for path in EXAMPLES:
        card = page.get_by_test_id(f"workflow-card-{path.stem}")
        await expect(card).to_contain_text(json.loads(path.read_text())["name"])


async def test_the_palette_reaches_pages_and_examples_by_keyboard(page: Page) -> None:
    await page.goto("/")
    await expect(page.get_by_test_id(f"workflow-card-{EXAMPLES[0].stem}")).to_be_visible()
    await page.keyboard.press("Control+k")
    await page.get_by_test_id("palette-query").fill("runs")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    await page.keyboard.press("Control+k")
    await page.get_by_test_id("palette-query").fill("compare three")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url("/w/compare-prompts")
    await expect(page.get_by_test_id("run-start")).to_be_visible()


async def test_the_keys_are_listed_and_work(page: Page) -> None:
    await page.goto("/")
    await loaded(page)
    await page.keyboard.press("?")
    await expect(page.get_by_test_id("keys")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("keys")).to_be_hidden()
    await page.keyboard.press("g")
    await page.keyboard.press("r")
    await expect(page).to_have_url("/runs")


async def test_the_theme_follows_the_system_and_the_toggle_outlives_a_reload(page: Page) -> None:
    await page.emulate_media(color_scheme="dark")
    await page.goto("/")
    root = page.locator("html")
    await loaded(page)
    await expect(root).to_have_class("dark")
    await page.get_by_test_id("theme-toggle").click()
    await expect(root).to_have_class("light")
    await page.reload()
    await expect(root).to_have_class("light")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "path", ["/", "/runs", "/w/triage-support-mail", "/w/orders-report", "/runs/none"]
)
async def test_axe_finds_nothing(browser: Browser, site: Site, path: str, theme: str) -> None:
    async with admin_profile(browser, site, color_scheme=theme) as context:
        page = await context.new_page()
        await page.goto(path)
        await loaded(page)
        results = await Axe().run(page)
        assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing_on_a_run(browser: Browser, site: Site, theme: str) -> None:
    async with admin_profile(browser, site, color_scheme=theme) as context:
        page = await context.new_page()
        await page.goto("/w/orders-report")
        await page.get_by_test_id("run-start").click()
        await expect(page.get_by_test_id("run-status")).to_have_attribute("data-state", "succeeded")
        results = await Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        await page.keyboard.press("Control+k")
        await expect(page.get_by_test_id("palette-query")).to_be_visible()
        results = await Axe().run(page)
        assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("path", ["/", "/runs", "/w/triage-support-mail"])
async def test_a_telephone_needs_no_sideways_scrolling(
    browser: Browser, site: Site, path: str
) -> None:
    viewport = {"width": 390, "height": 844}
    async with admin_profile(browser, site, viewport=viewport) as context:
        page = await context.new_page()
        await page.goto(path)
        await loaded(page)
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width == 390
        await expect(page.get_by_test_id("nav-runs")).to_be_visible()


@pytest.mark.parametrize(
    "path",
    ["/workflows/7", "/workflows/7/versions", "/runs/7", "/schedules/7", "/projects/7", "/w/a"],
)
async def test_a_page_with_an_id_has_its_frame_and_code_in_the_first_reply(
    browser: Browser, site: Site, path: str
) -> None:
    async with admin_profile(browser, site, java_script_enabled=False) as profile:
        page = await profile.new_page()
        await page.goto(path)
        await expect(page.get_by_test_id("nav-runs")).to_be_visible()
        named = page.locator("head link[rel=modulepreload][href*='_index-']")
        assert await named.count() > 0


async def test_an_unknown_address_is_told_as_such_with_a_way_back(
    page: Page, stranger: Page
) -> None:
    for who in (page, stranger):
        reply = await who.goto("/no/such/page")
        assert reply is not None
        assert reply.status == 404
        await expect(who.get_by_role("heading", level=1)).to_have_text("There is no such page")
        await expect(who.get_by_test_id("nav-runs")).to_have_count(1 if who is page else 0)
        assert (await Axe().run(who)).violations_count == 0
        await who.get_by_test_id("lost-home").click()
    await loaded(page)
    await expect(page.get_by_test_id("nav-home")).to_have_attribute("aria-current", "page")
    await expect(stranger.get_by_test_id("login-submit")).to_be_visible()


async def test_the_first_page_says_nothing_that_it_takes_back(browser: Browser, site: Site) -> None:
    async with admin_profile(browser, site, java_script_enabled=False) as profile:
        page = await profile.new_page()
        await page.goto("/")
        await expect(page.locator("main .bone").first).to_be_visible()
        await expect(page.locator("main :is(h1, h2)")).to_have_count(0)


async def test_a_foreign_origin_cannot_open_the_websocket(site: Site) -> None:
    assert await upgrade(site, f"http://127.0.0.1:{site.port}") == 101
    assert await upgrade(site, "https://evil.example") == 403


async def upgrade(site: Site, origin: str) -> int:
    """Status of the reply to a websocket handshake from a page of that origin."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(
        f"GET /_event/?EIO=4&transport=websocket&token=t HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\n"
        f"Origin: {origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    status = int((await reader.readline()).split()[1])
    writer.close()
    return status


async def test_the_pages_carry_the_security_headers(page: Page) -> None:
    reply = await page.goto("/")
    assert reply is not None
    headers = reply.headers
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
