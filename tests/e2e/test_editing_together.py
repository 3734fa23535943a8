"""Two people in one workflow, each in a browser of their own."""

import asyncio
import json
import os
import random
import re
import signal
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, expect
from sqlmodel import Session

from flowstudio.graph.document import Document, parse_document
from flowstudio.store.tables.projects import MemberRow
from tests.cutting import Line, line_to
from tests.e2e.test_coming_in import signed_in
from tests.editing import Editor, chain, invite, keep, kept_document, tab_of
from tests.fakes.openrouter import say
from tests.people import project_of
from tests.site import ADMIN, Site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ANA = "ana@example.com"
LOOKER = "looker@example.com"
#: What each of two people does at random; FLOWSTUDIO_LONG=1 asks for the long form of it.
STEPS = 500 if os.environ.get("FLOWSTUDIO_LONG") else 40  # noqa: TID251 - not a setting
BURST = 10
#: Adds, moves, names, removes, copies and takes back, as quick as a page can be worked with.
WORK = """async ([seed, count, own]) => {
  let state = seed | 1;
  const dice = (most) => { state = (Math.imul(state, 1103515245) + 12345) >>> 0; return (state >>> 8) % most; };
  const find = (name) => document.querySelector(`[data-testid='${name}']`);
  const press = (key, more = {}) => ["keydown", "keyup"].forEach((kind) =>
    find("canvas").dispatchEvent(new KeyboardEvent(kind, { key, code: key, bubbles: true, cancelable: true, ...more })));
  const name = (text) => {
    const box = find("workflow-name");
    box.focus();
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(box, text);
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.blur();
  };
  const pick = () => {
    const all = [...document.querySelectorAll(".react-flow__node")]
      .filter((each) => !each.querySelector("[data-testid=node-a], [data-testid=node-b]"));
    all[dice(all.length)]?.click();
  };
  for (let step = 0; step < count; step++) {
    find("canvas").focus();
    const what = dice(8);
    if (what < 2) find(dice(2) ? "palette-task" : "palette-decision").click();
    else if (what === 2) name(`${own} ${seed} ${step}`);
    else if (what === 3) press("L", { shiftKey: true });
    else if (what === 4) press("d", { ctrlKey: true });
    else if (what === 5) press(dice(3) ? "z" : "y", { ctrlKey: true });
    else {
      press("Escape");
      pick();
      await new Promise(requestAnimationFrame);
      if (what === 7) press("Delete");
    }
    await new Promise((done) => setTimeout(done, 20));
  }
}"""
SEED = int(os.environ.get("FLOWSTUDIO_SEED", "1"))  # noqa: TID251
REVEAL = "(id) => window.dispatchEvent(new CustomEvent('editor-reveal', { detail: id }))"
COPIED = """() => {
  const clipboardData = new DataTransfer();
  document.dispatchEvent(new ClipboardEvent("copy", { clipboardData }));
  return clipboardData.getData("text/plain");
}"""


async def test_each_sees_what_the_other_does(page: Page, browser: Browser, site: Site) -> None:
    invite(site, ANA, "editor")
    workflow_id = keep(site, chain("One", "Two"))
    mine = await Editor(page).open(workflow_id)
    async with tab_of(browser, site, ANA, f"/workflows/{workflow_id}") as other:
        theirs = Editor(other)
        await expect(other.get_by_test_id("workflow-name")).to_be_visible()
        await expect(
            page.locator(".avatar", has_text=re.compile("ana", re.IGNORECASE))
        ).to_be_visible()
        await theirs.select("a")
        await expect(mine.node("a").locator(".holders")).to_contain_text(
            re.compile("ana", re.IGNORECASE)
        )
        await theirs.write("text", "From Ana")
        await expect(page.get_by_test_id("node-a-output")).to_have_text("From Ana")
        # Where she writes is marked in the form itself, and goes when she leaves the field.
        await mine.select("a")
        await expect(page.get_by_test_id("writers-text")).to_have_text("Ana is editing this")
        await expect(page.get_by_text("Ana is editing text.")).to_have_count(1)
        await other.get_by_test_id("node-name").focus()
        await expect(page.get_by_test_id("writers-text")).to_have_count(0)
        await other.get_by_test_id("view-notebook").click()
        await other.get_by_test_id("cell-a").locator(".cm-content").click()
        await expect(page.get_by_test_id("writers-text")).to_have_text("Ana is editing this")
        await other.get_by_test_id("view-canvas").click()
        await expect(page.get_by_test_id("writers-text")).to_have_count(0)
        await mine.select("b")
        await mine.name("second")
        await expect(theirs.node("second")).to_be_visible()
    await expect(page.locator(".avatar", has_text=re.compile("ana", re.IGNORECASE))).to_have_count(
        0
    )


async def test_whoever_is_written_over_is_told_and_can_take_theirs_back(
    page: Page, browser: Browser, site: Site
) -> None:
    invite(site, ANA, "editor")
    workflow_id = keep(site, chain("One"))
    mine = await Editor(page).open(workflow_id)
    async with tab_of(browser, site, ANA, f"/workflows/{workflow_id}") as other:
        theirs = Editor(other)
        await theirs.select("a")
        # Held back, so that it is made without having seen the first.
        held = asyncio.Event()

        async def wait(route: Route) -> None:
            await held.wait()
            await route.continue_()

        await other.route("**/operations", wait)
        await theirs.write("text", "Theirs")
        await mine.select("a")
        await mine.write("text", "Mine")
        await mine.saved()
        held.set()
        await expect(page.get_by_test_id("overwritten")).to_contain_text("after you")
        await page.get_by_role("button", name="Take mine").click()
        await mine.saved()
        texts = [node.config.get("text") for node in kept_document(site, workflow_id).nodes]
        assert "Mine" in texts
        await expect(theirs.field("text")).to_contain_text("Mine")


async def test_whoever_was_offline_for_an_hour_loses_nothing_and_is_told_of_the_others(
    page: Page, browser: Browser, site: Site
) -> None:
    invite(site, ANA, "editor")
    path = f"/workflows/{(workflow_id := keep(site, chain('One', 'Two', 'Three')))}"
    async with (
        line_to(site.port) as line,
        tab_of(browser, replace(site, url=f"http://127.0.0.1:{line.port}"), ANA, path) as away,
    ):
        hers, mine = Editor(away), await Editor(page).open(workflow_id)
        await expect(hers.node("a")).to_be_visible()
        line.is_down = True
        line.cut()
        for name, text in (("a", "Hers"), ("b", "Not to be lost")):
            await hers.select(name)
            await hers.write("text", text)
        for _ in range(10):
            await away.get_by_test_id("palette-task").click()
        await expect(away.locator("[data-saving]")).to_have_attribute("data-saving", "offline")

        await mine.select("a")
        await mine.write("text", "Mine")
        await mine.select("b")
        await page.get_by_test_id("canvas").focus()
        await page.keyboard.press("Delete")
        await mine.saved()

        # Her session's short-lived half has ended meanwhile.
        await signed_in(site, away.context, ANA, minutes=60)
        await away.clock.install()
        await away.clock.fast_forward("01:00:00")
        # Her own changes arrive first; then the page ends before it has heard of the others'.
        await away.route("**/changes?*", lambda route: route.abort())
        line.is_down = False
        await expect(page.get_by_test_id("node-a-output")).to_have_text("Hers")
        await away.unroute("**/changes?*")
        await away.reload()
        notice = away.get_by_test_id("overwritten")
        await expect(notice).to_contain_text("changed “text” of “a” while you were away")
        # What a notice holds is not lost with the page either.
        await hers.saved()
        await away.reload()
        await away.get_by_test_id("notice-leave").click()
        await expect(notice).to_contain_text("removed “b” while you changed it")
        await away.get_by_test_id("notice-take").click()
        await hers.saved()
        await expect(page.get_by_test_id("overwritten")).to_contain_text("“text” of “a” after you")
        kept = {node.name: node for node in kept_document(site, workflow_id).nodes}
        assert (kept["a"].config["text"], kept["b"].config["text"]) == ("Hers", "Not to be lost")
        assert len(kept) == 14


async def test_a_viewer_sees_everything_and_changes_nothing(
    page: Page, browser: Browser, site: Site
) -> None:
    invite(site, LOOKER, "viewer")
    workflow_id = keep(site, chain("One", "{{ a }} two"))
    mine = await Editor(page).open(workflow_id)
    await page.get_by_test_id("run-start").click()
    await mine.ran("succeeded")
    async with tab_of(browser, site, LOOKER, f"/workflows/{workflow_id}") as other:
        await expect(other.get_by_text("You can look, not change")).to_be_visible()
        await expect(other.get_by_test_id("palette-ai")).to_have_count(0)
        await expect(other.get_by_test_id("run-start")).to_have_count(0)
        await mine.select("a")
        await mine.name("seen")
        theirs = Editor(other)
        await expect(theirs.node("seen")).to_be_visible()
        # Nothing is evaluated for them; what the names in a field last stood for is known.
        await theirs.select("b")
        await expect(other.get_by_test_id("field-known")).to_have_text("Last knownseenOne")


async def test_a_comment_reaches_the_other(page: Page, browser: Browser, site: Site) -> None:
    invite(site, ANA, "editor")
    workflow_id = keep(site, chain("One"))
    mine = await Editor(page).open(workflow_id)
    async with tab_of(browser, site, ANA, f"/workflows/{workflow_id}") as other:
        await other.get_by_test_id("panel-comments").click()
        await expect(other.get_by_text("No comments here")).to_be_visible()
        await mine.select("a")
        await page.get_by_test_id("panel-comments").click()
        await page.get_by_test_id("comment-text").fill("Shorter, @an")
        await page.get_by_label("People to call").get_by_role("button", name="Ana").click()
        await page.keyboard.type("please")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
        await page.keyboard.press("ControlOrMeta+Enter")
        await expect(other.get_by_test_id("thread")).to_contain_text("Shorter, @ana please")
        comments = await page.request.get(f"/api/v1/workflows/{workflow_id}/comments")
        assert (await comments.json())["items"][0]["mentions"] == [site.person(ANA).id]
        # The same keys run the workflow anywhere else.
        assert not any(each.endswith("/draft/run") for each in asked)
        await other.get_by_test_id("resolve").click()
        await expect(page.get_by_test_id("thread")).to_have_count(0)


async def test_a_note_is_commented_on_and_shows_it_to_whoever_opens_the_workflow(
    page: Page, browser: Browser, site: Site
) -> None:
    invite(site, ANA, "editor")
    note = {"id": "hint", "text": "Ask the **team**", "position": {"x": 0, "y": -200}}
    workflow_id = keep(site, {**chain("One"), "sticky_notes": [note]})
    await Editor(page).open(workflow_id)
    await page.locator(".sticky").click()
    await page.get_by_test_id("panel-comments").click()
    await page.get_by_label("Say something about the note “Ask the team”").fill("Which one?")
    await page.get_by_test_id("comment-send").click()
    await expect(page.get_by_test_id("thread")).to_contain_text("Which one?")
    async with tab_of(browser, site, ANA, f"/workflows/{workflow_id}") as other:
        await expect(other.get_by_test_id("comments-open")).to_contain_text("1")
        await other.get_by_test_id("comments-hint").click()
        await expect(other.get_by_test_id("thread")).to_contain_text("Which one?")
        await expect(other.get_by_text("About the note")).to_be_visible()
        await other.get_by_test_id("resolve").click()
        await expect(page.get_by_test_id("comments-hint")).to_have_count(0)


async def test_who_follows_somebody_sees_what_they_see_until_they_move_themselves(
    page: Page, browser: Browser, site: Site
) -> None:
    invite(site, ANA, "editor")
    document = chain("One", "Two")
    document["nodes"][2]["position"] = {"x": 5_000, "y": 4_000}
    workflow_id = keep(site, document)
    mine = await Editor(page).open(workflow_id)
    async with tab_of(browser, site, ANA, f"/workflows/{workflow_id}") as other:
        await expect(other.get_by_test_id("workflow-name")).to_be_visible()
        face = page.locator("button.avatar")
        await face.click()
        await other.evaluate(REVEAL, "b")
        await expect(mine.node("b")).to_be_in_viewport()
        await page.get_by_test_id("canvas").hover()
        await page.mouse.wheel(0, 40)
        await expect(face).to_have_attribute("aria-pressed", "false")
        await other.evaluate(REVEAL, "a")
        await expect(Editor(other).node("a")).to_be_in_viewport()
        await expect(mine.node("b")).to_be_in_viewport()


async def test_random_work_of_two_over_bad_lines_ends_equal(browser: Browser, site: Site) -> None:
    invite(site, ANA, "editor")
    workflow_id = keep(site, chain("", "", "Three"))
    people = {"a": ADMIN, "b": ANA}
    async with AsyncExitStack() as stack:
        at_work = []
        for seed, (own, email) in enumerate(people.items(), start=SEED):
            line = await stack.enter_async_context(line_to(site.port))
            there = replace(site, url=f"http://127.0.0.1:{line.port}")
            path = f"/workflows/{workflow_id}"
            page = await stack.enter_async_context(tab_of(browser, there, email, path))
            await expect(page.get_by_test_id("palette-task")).to_be_visible()
            at_work.append(AtWork(page, line, site.process_id, random.Random(seed), own))
        async with asyncio.TaskGroup() as group:
            for each in at_work:
                group.create_task(each.work())
        for each in at_work:
            await Editor(each.page).saved()
        for each in at_work:
            await each.sees(kept_document(site, workflow_id))
    texts = {each.name: each.config.get("text") for each in kept_document(site, workflow_id).nodes}
    assert [texts[each.own] for each in at_work] == [each.typed for each in at_work]


class AtWork:
    """Somebody who adds, writes, moves, removes and takes back at random, over a line that breaks.

    Attributes:
        own: the node that only they write in; typed: what they wrote last.
    """

    def __init__(self, page: Page, line: Line, server: int, dice: random.Random, own: str) -> None:
        self.page, self.line, self.server, self.dice, self.own = page, line, server, dice, own
        self.typed = ""

    async def work(self) -> None:
        for step in range(0, STEPS, BURST):
            await self.break_something()
            await self.page.evaluate(WORK, [self.dice.randrange(2**31), BURST - 1, self.own])
            await self.write(f"{self.own} {step}")
        self.line.is_down = False
        await self.page.context.set_offline(False)

    async def break_something(self) -> None:
        """Sockets closed, the line down, no network, a server that stands still, a reload."""
        match self.dice.random():
            case luck if luck < 0.12:
                self.line.cut()
            case luck if luck < 0.2:
                self.line.is_down = not self.line.is_down
                self.line.cut()
            case luck if luck < 0.3:
                await self.page.context.set_offline(self.dice.random() < 0.5)
            case luck if luck < 0.36:
                os.kill(self.server, signal.SIGSTOP)
                asyncio.get_running_loop().call_later(0.5, os.kill, self.server, signal.SIGCONT)
            case luck if luck < 0.42:
                self.line.is_down = False
                await self.page.context.set_offline(False)
                await self.page.reload()
                await expect(self.page.get_by_test_id("palette-task")).to_be_visible()

    async def write(self, text: str) -> None:
        await self.choose()
        await Editor(self.page).write("text", text)
        self.typed = text

    async def choose(self) -> None:
        """Click the own node; again where the other moved something under the pointer meanwhile."""
        inspector = self.page.get_by_test_id("inspector")
        async with asyncio.timeout(60):
            while await inspector.get_attribute("aria-label") != f"Inspector of {self.own}":
                await self.press("Escape")
                # Another node may lie over it.
                await self.press("Shift+L")
                await self.page.evaluate(REVEAL, self.own)
                await Editor(self.page).node(self.own).locator(".flow-title").click()

    async def press(self, key: str) -> None:
        await self.page.get_by_test_id("canvas").focus()
        await self.page.keyboard.press(key)

    async def shown(self) -> Document:
        """What the page shows, as it would be copied."""
        await self.press("ControlOrMeta+a")
        copied = json.loads(await self.page.evaluate(COPIED))
        return parse_document({**copied, "name": await self.name()})

    async def name(self) -> str:
        return await self.page.get_by_test_id("workflow-name").input_value()

    async def sees(self, kept: Document) -> None:
        """Wait until the page shows what is kept."""
        async with asyncio.timeout(30):
            while (shown := await self.shown()) and in_no_order(shown) != in_no_order(kept):
                pass


def in_no_order(document: Document) -> Any:
    """Copies are in the order of running, and undo does not keep that of wires."""
    values = document.dump()
    return values | {key: sorted(values[key], key=str) for key in ("nodes", "edges")}


async def test_who_gets_another_role_is_told_and_may_edit_no_more(
    browser: Browser, site: Site
) -> None:
    workflow_id = keep(site, chain("One"))
    invite(site, "cleo@example.com", "editor")
    async with tab_of(browser, site, "cleo@example.com", f"/workflows/{workflow_id}") as page:
        editor = Editor(page)
        await editor.select("a")
        await expect(page.get_by_test_id("undo")).to_be_visible()
        member = (project_of(site.person(ADMIN)), site.person("cleo@example.com").id)

        def demote(session: Session) -> None:
            session.get_one(MemberRow, member).role = "viewer"

        site.parts.records.write_now(demote)
        # The person is looked at again every 15 seconds.
        await expect(page.get_by_test_id("toast")).to_contain_text("no longer change it")
        await expect(page.get_by_test_id("undo")).to_have_count(0)


async def test_after_a_restore_every_page_looks_anew_at_what_is_stale(
    browser: Browser, page: Page, site: Site
) -> None:
    document = chain("One")
    document["nodes"][1] |= {"type": "ai", "config": {"prompt": "Say one."}}
    workflow_id = keep(site, document)
    invite(site, ANA, "editor")
    site.models._script.clear()
    site.models.answer(say("One."))
    here = await Editor(page).open(workflow_id)
    async with tab_of(browser, site, ANA, f"/workflows/{workflow_id}") as other:
        there = Editor(other)
        await here.run("a")
        for editor in (here, there):
            await editor.stands("a", "succeeded")
        versions = f"/api/v1/workflows/{workflow_id}/versions"
        headers = {"Origin": site.url}
        made = await page.request.post(versions, data={"name": "First"}, headers=headers)
        await here.select("a")
        await here.write("prompt", "Say two.")
        for editor in (here, there):
            await editor.stands("a", "stale")
        number = (await made.json())["number"]
        await page.request.post(f"{versions}/restore", data={"version": number}, headers=headers)
        for editor in (here, there):
            await editor.stands("a", "succeeded")
