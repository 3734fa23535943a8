import asyncio

import pytest
from playwright.async_api import Page, expect

from tests.fakes.openrouter import Reply, fail, pieces, say, say_json, stall
from tests.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

MAIL = {"topic": "a late parcel", "mood": "annoyed", "urgency": 5}


async def start(page: Page, slug: str, **inputs: str) -> str:
    """Open an example, fill in inputs, run it, and give the address of the run.

    Equal inputs would be answered from the cache, without asking the model.
    """
    await page.goto(f"/w/{slug}")
    for name, text in inputs.items():
        await page.get_by_test_id(f"field-{name}").fill(text)
    await page.get_by_test_id("run-start").click()
    await page.wait_for_url("**/runs/*")
    return page.url


async def reaches(page: Page, status: str) -> None:
    await expect(page.get_by_test_id("run-status")).to_have_attribute("data-state", status)


def held(text: str) -> tuple[Reply, asyncio.Event]:
    """An answer that stops after its first word until the event is set."""
    gate = asyncio.Event()
    whole = say(text)
    return Reply(whole.status, whole.headers, whole.frames, whole.ending, gate), gate


async def test_text_shows_while_it_is_being_written(page: Page, site: Site) -> None:
    reply, gate = held("Kitchen: closed on Friday.")
    last = say("A notice about the **kitchen**.")
    site.models.answer(reply, *[last] * 9)
    await start(page, "draft-and-review", subject="Live text")
    await expect(page.get_by_test_id("node-notice-output")).to_contain_text("Kitchen:")
    await reaches(page, "running")
    await expect(page.get_by_test_id("node-notice-status")).to_have_attribute(
        "data-state", "running"
    )
    gate.set()
    await expect(page.get_by_test_id("node-notice-output").locator("strong")).to_be_visible()


async def test_a_reload_shows_the_same_run(page: Page, site: Site) -> None:
    site.models.answer(*[say("Rayleigh.")] * 9)
    address = await start(page, "compare-prompts", question="What does a reload show?")
    await reaches(page, "succeeded")
    await page.reload()
    await reaches(page, "succeeded")
    assert page.url == address
    await expect(page.get_by_test_id("run-outputs")).to_contain_text("Rayleigh.")


async def test_a_run_appears_with_its_picture_and_steps_at_once(page: Page, site: Site) -> None:
    site.models.answer(*[say("Rayleigh.")] * 9)
    address = await start(page, "compare-prompts", question="What appears first?")
    await reaches(page, "succeeded")
    await page.add_init_script(
        """new MutationObserver(() => {
            const has = (it) => document.querySelector(it) !== null;
            if (has(".run-columns")) window.bare ??= [".picture", ".step", ".timeline-row"].filter((it) => !has(it));
        }).observe(document, { childList: true, subtree: true });"""
    )
    await page.goto(address)
    await reaches(page, "succeeded")
    assert await page.evaluate("window.bare") == []


async def test_a_run_goes_on_when_its_page_is_closed(page: Page, site: Site) -> None:
    reply, gate = held("Still here, even without a page.")
    site.models.answer(reply, say("Second."), say("Third."))
    address = await start(page, "compare-prompts", question="Who watches?")
    await reaches(page, "running")
    await page.goto("about:blank")
    gate.set()
    await page.goto(address)
    await reaches(page, "succeeded")


async def test_cancel_ends_a_run_and_closes_its_stream(page: Page, site: Site) -> None:
    asked = len(site.models.chats)
    site.models.answer(*[stall("This will never end")] * 9)
    await start(page, "compare-prompts", question="When will it end?")
    await expect(page.get_by_test_id("node-plain-output")).not_to_be_empty()
    await page.get_by_test_id("run-cancel").click()
    await reaches(page, "cancelled")
    async with asyncio.timeout(10):
        for request in site.models.chats[asked:]:
            await request.left.wait()


async def test_an_approval_is_asked_for_and_carries_the_run_on(page: Page, site: Site) -> None:
    site.models.answer(say_json(MAIL), say("Dear Ms Okafor, it comes tomorrow."))
    await start(page, "triage-support-mail", mail="My parcel is late.")
    await reaches(page, "waiting")
    # The same is told of it wherever it stands, what was skipped counting nowhere.
    taken = await page.get_by_test_id("run-steps-taken").inner_text()
    address = page.url
    await page.goto("/runs")
    row = page.get_by_test_id(f"run-row-{address.rsplit('/', 1)[1]}")
    await expect(row).to_contain_text(taken.removesuffix(" steps"))
    await page.goto(address)
    await page.get_by_label("Comment").fill("Well said.")
    await page.get_by_test_id("answer-approve").click()
    await reaches(page, "succeeded")
    await expect(page.get_by_test_id("node-approve-output")).to_contain_text("Well said.")
    await expect(page.get_by_test_id("node-receipt-status")).to_have_attribute(
        "data-state", "skipped"
    )


async def test_a_failed_step_says_what_where_and_what_to_do(page: Page, site: Site) -> None:
    site.models.answer(*(fail(402, "Insufficient credits") for _ in range(9)))
    await start(page, "draft-and-review", subject="No credit")
    await reaches(page, "failed")
    await expect(page.get_by_test_id("problem-0")).to_contain_text("notice")
    await expect(page.get_by_test_id("node-notice-status")).to_have_attribute(
        "data-state", "failed"
    )


async def test_wrong_inputs_are_told_at_their_field(page: Page) -> None:
    await page.goto("/w/refine-until-it-fits")
    field = page.get_by_test_id("field-most_words")
    await field.fill("a few")
    await page.get_by_test_id("run-start").click()
    await expect(page.locator("#error-most_words")).to_have_text("Give a whole number.")
    await expect(field).to_have_attribute("aria-invalid", "true")
    await field.fill("99")
    await page.get_by_test_id("run-start").click()
    await expect(page.locator("#error-most_words")).to_contain_text("40")
    await expect(field).to_have_value("99")


async def test_run_again_brings_the_inputs_back(page: Page) -> None:
    await page.goto("/w/compare-prompts")
    await page.get_by_test_id("field-question").fill("Why is grass green?")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_url("**/runs/*")
    await reaches(page, "succeeded")
    await page.get_by_test_id("run-again").click()
    await expect(page.get_by_test_id("field-question")).to_have_value("Why is grass green?")


async def test_streaming_sends_little_more_than_the_text(page: Page, site: Site) -> None:
    received: list[int] = []
    page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))),
    )
    text = " ".join(f"word{number}" for number in range(2000))
    site.models.answer(*[say(text)] * 3)
    await start(page, "compare-prompts", question="How much is sent?")
    await reaches(page, "succeeded")
    # Each of three answers as it came and as it is rendered, in two places; and the page itself.
    assert len(pieces(text)) == 2000
    assert sum(received) < 3 * 4 * len(text) + 100_000
