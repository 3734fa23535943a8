"""Links that answer, from the mail to the answer: handed on, escalated, used, expired, forged."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from flowstudio.security.answer_tokens import AnswerClaims, AnswerTokens
from flowstudio.services.access import Actor
from flowstudio.store.members import put_member
from tests.e2e.conftest import profile, watched
from tests.e2e.test_notifications_in_browser import picture
from tests.people import project_of
from tests.site import ADMIN, Site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FIELDS = {
    "type": "object",
    "properties": {
        "sum": {"type": "number", "title": "Sum", "description": "In euros.", "maximum": 10},
        "why": {"type": "string", "title": "Reason", "format": "textarea"},
        "sure": {"type": "boolean", "title": "I am sure"},
        "tone": {"enum": ["kind", "short"], "title": "Tone"},
    },
    "required": ["sum"],
}
SHAPES = [(theme, width) for theme in ("light", "dark") for width in (1440, 390)]


@pytest_asyncio.fixture(loop_scope="session")
async def reader(browser: Browser, site: Site) -> AsyncIterator[Page]:
    """A page of who reads a mail, in a browser in which nobody is signed in."""
    async with profile(browser, site) as context, watched(context, site) as page:
        yield page


async def ask(page: Page, site: Site, **config: Any) -> str:
    """Keep a workflow that asks, and run it; gives the run's id."""
    asks = {"id": "a", "type": "task", "name": "ask", "config": {"message": "Pay?", **config}}
    document = {
        "format": "flowstudio/1",
        "name": "Pay bills",
        "nodes": [{"id": "s", "type": "start", "name": "start"}, asks],
        "edges": [{"id": "1", "source": "s", "target": "a"}],
    }
    body = {"project_id": project_of(site.person(ADMIN)), "document": document, "inputs": {}}
    return str((await call(page, site, "POST", "/runs", body))["id"])


async def call(page: Page, site: Site, method: str, path: str, body: Any = None) -> Any:
    """What the admin's request gives."""
    headers = {"Authorization": f"Bearer {site.sign_in().access_token}"}
    url = f"/api/v1{path}"
    reply = await page.request.fetch(url, method=method, data=body, headers=headers)
    assert reply.ok, await reply.text()
    return await reply.json() if reply.status != 204 else None


def member(site: Site, email: str) -> Actor:
    """Somebody who may run the admin's workflows."""
    found, project_id = site.person(email), project_of(site.person(ADMIN))
    now = site.parts.clock.now()
    site.parts.records.write_now(
        lambda session: put_member(session, project_id, found.id, "runner", now)
    )
    return found


async def mailed(page: Page, site: Site, email: str, run_id: str) -> str:
    """The path of the link in somebody's mail about a run, once it is there."""
    async with asyncio.timeout(60):
        while True:
            for path in (site.folder / "outbox").glob("*.eml"):
                mail = message_from_bytes(path.read_bytes(), policy=policy.default)
                text = mail.get_content()
                if mail["to"] == email and run_id in text:
                    return re.search(r"/a/\S+", text)[0]  # type: ignore[index]
            await page.request.get("/healthz")


async def checked(page: Page, name: str) -> None:
    """In light and dark, wide and narrow: axe finds nothing, and nothing leaves the window."""
    for theme, width in SHAPES:
        await page.emulate_media(color_scheme=theme)
        await page.set_viewport_size({"width": width, "height": 844})
        results = await Axe().run(page)
        assert results.violations_count == 0, (name, theme, width, results.generate_report())
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await picture(page, f"link-{name}-{theme}-{width}")


async def test_a_question_is_handed_on_and_answered_by_the_link_of_the_next_one(
    reader: Page, site: Site
) -> None:
    ann, ben = member(site, "ann@example.com"), member(site, "ben@example.com")
    message = "Pay 3 bills of 120 € each.\n" * 40
    run_id = await ask(reader, site, mode="approval", message=message, assignees=[ann.name])
    of_ann = await mailed(reader, site, "ann@example.com", run_id)
    await reader.goto(of_ann)
    await expect(reader.get_by_role("heading")).to_have_text("Your approval is asked for")
    await checked(reader, "approval")
    handed = {"path": "ask", "user_id": ben.id}
    await call(reader, site, "POST", f"/runs/{run_id}/assign", handed)
    reply = await reader.goto(of_ann)
    assert reply is not None
    assert reply.status == 403
    await expect(reader.get_by_role("heading")).to_have_text("You are not asked any more")
    await checked(reader, "handed-on")
    await reader.goto(await mailed(reader, site, "ben@example.com", run_id))
    await reader.get_by_label("Comment").fill("Fine.")
    await reader.get_by_role("button", name="Approve").click()
    await expect(reader.get_by_role("heading")).to_have_text("Answered")
    await expect(reader.locator("main")).to_contain_text("ben@example.com has answered this")
    await checked(reader, "used")
    await reader.goto(of_ann)
    await expect(reader.get_by_role("heading")).to_have_text("Answered")


async def test_who_is_asked_later_answers_the_form_that_nobody_has_answered(
    reader: Page, site: Site
) -> None:
    ann, cem = member(site, "ann@example.com"), member(site, "cem@example.com")
    later = {"escalate_to": [cem.name], "escalate_after_s": 1}
    run_id = await ask(
        reader, site, mode="form", fields=FIELDS, assignees=[ann.name], expires_s=3_600, **later
    )
    of_ann = await mailed(reader, site, "ann@example.com", run_id)
    await reader.goto(await mailed(reader, site, "cem@example.com", run_id))
    await checked(reader, "form")
    await reader.get_by_label("Sum").fill("99")
    await reader.get_by_role("button", name="Send answer").click()
    await expect(reader.get_by_label("Sum")).to_have_attribute("aria-invalid", "true")
    await checked(reader, "form-wrong")
    await reader.get_by_label("Sum").fill("7.5")
    await reader.get_by_role("button", name="Send answer").click()
    await expect(reader.get_by_role("heading")).to_have_text("Answered")
    await reader.goto(of_ann)
    await expect(reader.locator("main")).to_contain_text("cem@example.com has answered this")


async def test_what_is_forged_or_expired_says_so(reader: Page, site: Site) -> None:
    now = site.parts.clock.now()
    tokens = AnswerTokens(site.parts.ring, site.parts.clock)
    old = tokens.make(AnswerClaims(site.person(ADMIN).id, "r", 1, now - timedelta(minutes=1)))
    young = tokens.make(AnswerClaims(site.person(ADMIN).id, "r", 1, now + timedelta(days=1)))
    await reader.goto(f"/a/{old}")
    await expect(reader.locator("main")).to_contain_text("This link has expired.")
    await checked(reader, "expired")
    for forged in (f"{young[:-4]}AAAA", "made-up"):
        reply = await reader.goto(f"/a/{forged}")
        assert reply is not None
        assert reply.status == 404
        await expect(reader.get_by_role("heading")).to_have_text("This link is not valid")
    await checked(reader, "forged")
