"""A workflow's webhooks and forms in a browser: made, called, looked at; and a form filled in."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.e2e.conftest import admin_profile, profile, watched
from tests.people import project_of
from tests.site import ADMIN, Site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DOCUMENT = {
    "format": "flowstudio/1",
    "name": "Contact",
    "nodes": [
        {
            "id": "s",
            "type": "start",
            "name": "start",
            "config": {
                "inputs": {
                    "type": "object",
                    "description": "We answer within a day.",
                    "properties": {
                        "name": {"type": "string", "title": "Your name"},
                        "story": {
                            "type": "string",
                            "title": "What happened",
                            "format": "textarea",
                        },
                        "size": {"type": "string", "enum": ["S", "M"], "title": "Size"},
                        "news": {"type": "boolean", "title": "Send me news"},
                    },
                    "required": ["name"],
                }
            },
        },
        {
            "id": "e",
            "type": "end",
            "name": "end",
            "config": {"outputs": {"greeting": "Hello {{ inputs.name }}"}},
        },
    ],
    "edges": [{"id": "1", "source": "s", "target": "e"}],
}


@pytest_asyncio.fixture(loop_scope="session")
async def triggers(browser: Browser, site: Site) -> AsyncIterator[Page]:
    """The page of the links of a published workflow."""
    async with admin_profile(browser, site) as context, watched(context, site) as page:
        body = {"project_id": project_of(site.person(ADMIN)), "document": DOCUMENT}
        made = await (await context.request.post("/api/v1/workflows", data=body)).json()
        path = f"/api/v1/workflows/{made['id']}"
        published = await context.request.post(f"{path}/publish", data={})
        assert published.ok, await published.text()
        await page.goto(f"/workflows/{made['id']}/triggers")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Webhooks and forms")
        yield page


async def test_a_webhook_is_made_called_and_looked_at(triggers: Page, site: Site) -> None:
    page = triggers
    await page.get_by_test_id("field-name").fill("Orders")
    await page.get_by_test_id("field-auth").select_option("header")
    await page.get_by_test_id("hook-create").click()
    secret = await page.get_by_test_id("secret-text").input_value()
    await page.get_by_test_id("secret-close").click()
    card = page.get_by_test_id("hook")
    url = await card.get_by_test_id("hook-test-url").inner_text()
    headers = {"X-Webhook-Secret": secret}
    async with httpx.AsyncClient(trust_env=False) as client:
        path = url.split("/", 3)[3]
        reply = await client.post(f"{site.url}/{path}", json={"name": "Ada"}, headers=headers)
    assert reply.status_code == 202
    opener = card.get_by_text("Last test requests")
    # The app's own chevron, not the browser's triangle.
    assert await opener.evaluate("it => getComputedStyle(it).listStyleType") == "none"
    assert await opener.evaluate("it => getComputedStyle(it, '::before').rotate") == "-45deg"
    await opener.click()
    await expect(card.get_by_test_id("hook-tests")).to_contain_text("202")
    await card.get_by_test_id("hook-tests").get_by_text("Headers and body").click()
    await expect(card.get_by_test_id("hook-tests")).to_contain_text("x-webhook-secret: •••")
    await expect(card.get_by_test_id("hook-tests")).to_contain_text('{"name":"Ada"}')
    assert secret not in await page.content()
    results = await Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


async def test_an_address_is_copied_where_the_browser_has_no_clipboard_for_pages(
    triggers: Page,
) -> None:
    page = triggers
    # As on plain http in a house's own network.
    await page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    await page.get_by_test_id("field-name").fill("Copied")
    await page.get_by_test_id("hook-create").click()
    card = page.get_by_test_id("hook")
    url = await card.get_by_test_id("hook-test-url").inner_text()
    await card.get_by_test_id("copy-test-url").click()
    await expect(page.get_by_test_id("toast")).to_contain_text("Copied.")
    box = page.get_by_test_id("field-name").locator("visible=true")
    await box.fill("")
    await box.press("ControlOrMeta+v")
    await expect(box).to_have_value(url)


async def test_a_link_is_switched_off_changed_and_deleted(triggers: Page) -> None:
    page = triggers
    await page.get_by_test_id("field-name").fill("Orders")
    await page.get_by_test_id("hook-create").click()
    card = page.get_by_test_id("hook")
    await card.get_by_role("button", name="Switch off").click()
    await expect(card.get_by_role("button", name="Switch on")).to_be_visible()
    await card.get_by_text("Settings", exact=True).click()
    await card.get_by_test_id("field-name").fill("Invoices")
    await card.get_by_role("button", name="Save").click()
    await expect(card.get_by_role("heading", name="Invoices")).to_be_visible()
    await card.get_by_role("button", name="Delete").click()
    await page.get_by_test_id("confirm-submit").click()
    await expect(card).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_a_form_is_filled_in_without_a_script(
    triggers: Page, browser: Browser, site: Site, theme: str
) -> None:
    page = triggers
    await page.get_by_test_id("hook-kind-form").click()
    await expect(page.get_by_test_id("hook-form-form")).to_be_visible()
    await page.get_by_test_id("field-name").fill("Write to us")
    await page.get_by_test_id("hook-create").click()
    url = await page.get_by_test_id("hook-url").inner_text()
    path = "/" + url.split("/", 3)[3]
    phone = {"width": 390, "height": 844}
    async with profile(
        browser, site, color_scheme=theme, viewport=phone, java_script_enabled=False
    ) as nobody:
        form = await nobody.new_page()
        await form.goto(path)
        await form.get_by_test_id("form-submit").click()
        await expect(form.get_by_role("alert")).to_be_visible()
        await expect(form.get_by_text("Your name is missing.")).to_be_visible()
        await form.get_by_label("Your name").fill("Ada")
        await form.get_by_label("Send me news").check()
        await form.get_by_test_id("form-submit").click()
        await expect(form.get_by_test_id("form-status")).to_have_text("Done")
    async with profile(browser, site, color_scheme=theme, viewport=phone) as nobody:
        form = await nobody.new_page()
        await form.goto(path)
        results = await Axe().run(form)
        assert results.violations_count == 0, results.generate_report()
        assert await form.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_page_of_links_fits_a_telephone(triggers: Page, theme: str) -> None:
    page = triggers
    await page.get_by_test_id("field-name").fill("Orders")
    await page.get_by_test_id("hook-create").click()
    await expect(page.get_by_test_id("hook")).to_have_count(1)
    await page.emulate_media(color_scheme=theme)
    await page.set_viewport_size({"width": 390, "height": 844})
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    results = await Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
