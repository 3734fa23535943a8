import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.e2e.mounting import bundle, serve_bundle
from tests.site import Site, running_site

CHROMIUM = "/usr/bin/chromium"
#: For a busy machine; what is there is found at once.
expect.set_options(timeout=20_000)
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server"),
    # Each window would load the popup of an address bar that nobody sees: half a second of a core.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup",
)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A server that somebody has set up."""
    async with running_site(tmp_path_factory.mktemp("studio")) as site:
        site.sign_in()
        yield site


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        await browser.close()


@asynccontextmanager
async def profile(browser: Browser, site: Site, **options: Any) -> AsyncIterator[BrowserContext]:
    """A browser profile in which nobody is signed in."""
    shape = {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"}
    context = await browser.new_context(base_url=site.url, **{**shape, **options})
    yield context
    await context.close()


@asynccontextmanager
async def admin_profile(
    browser: Browser, site: Site, **options: Any
) -> AsyncIterator[BrowserContext]:
    """A browser profile in which the admin is signed in."""
    async with profile(browser, site, **options) as context:
        await context.add_cookies(site.cookies(site.sign_in()))
        yield context


@asynccontextmanager
async def watched(context: BrowserContext, site: Site) -> AsyncIterator[Page]:
    """A page; at the end, nothing was fetched elsewhere and nothing complained."""
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    elsewhere: list[str] = []
    page.on(
        "request",
        lambda r: None if r.url.startswith((site.url, "data:")) else elsewhere.append(r.url),
    )
    yield page
    await page.close()
    # A refused request is what some tests are about; browsers write a line for each.
    assert [text for text in complaints if "Failed to load resource" not in text] == []
    assert elsewhere == []


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, site: Site) -> AsyncIterator[Page]:
    """A page of the signed-in admin, in a fresh profile."""
    site.models._script.clear()
    async with admin_profile(browser, site) as context, watched(context, site) as page:
        yield page


@pytest_asyncio.fixture(loop_scope="session")
async def stranger(browser: Browser, site: Site) -> AsyncIterator[Page]:
    """A page in a fresh profile in which nobody is signed in."""
    async with profile(browser, site) as context, watched(context, site) as page:
        yield page


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bundled(tmp_path_factory: pytest.TempPathFactory, site: Site) -> Any:  # noqa: ARG001 - built with the page
    return await asyncio.to_thread(bundle, tmp_path_factory.mktemp("forms"))


@pytest_asyncio.fixture(loop_scope="session")
async def forms(browser: Browser, site: Site, bundled: Any) -> AsyncIterator[Page]:
    """A page that draws forms, as the admin, under the site's own policy for content."""
    async with admin_profile(browser, site) as context, watched(context, site) as page:
        reply = await context.request.get("/")
        await serve_bundle(context, bundled, reply.headers["content-security-policy"])
        yield page
