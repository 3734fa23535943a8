"""What is typed and pressed in the editor does what it says, and nothing of it is lost."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.editing import Editor, chain, keep, kept_document
from tests.fakes.openrouter import say
from tests.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ASKING = {"type": "object", "properties": {"q": {"type": "string"}}}


def asking() -> dict[str, Any]:
    document = chain("{{ inputs.q }}")
    document["nodes"][0]["config"] = {"inputs": ASKING}
    return document


SUMMARY = ".flow-summary, .flow-brief"


async def somebody_else(page: Page, workflow_id: str, *operations: dict[str, Any]) -> None:
    """Another tab's change, which this one hears of."""
    origin = page.url.partition("/workflows")[0]
    reply = await page.request.post(
        f"/api/v1/workflows/{workflow_id}/operations",
        data={"client": "other", "batch": 1, "base_revision": 1, "operations": list(operations)},
        headers={"origin": origin},
    )
    assert reply.ok, await reply.text()


async def one_restored(page: Page, site: Site) -> tuple[Editor, str]:
    """The text of `a` was "One", then "Two", and its first version was brought back."""
    workflow_id = keep(site, chain("One"))
    editor = await Editor(page).open(workflow_id)
    await page.get_by_test_id("panel-versions").click()
    await page.get_by_test_id("version-name").fill("First")
    await page.get_by_test_id("version-save").click()
    await expect(page.get_by_test_id("version-1")).to_be_visible()
    await editor.select("a")
    await editor.write("text", "Two")
    await editor.saved()
    await page.get_by_test_id("panel-versions").click()
    await page.get_by_test_id("version-1").get_by_role("button").first.click()
    await page.get_by_test_id("version-restore").click()
    await expect(editor.node("a").locator(SUMMARY).first).to_have_text("One")
    return editor, workflow_id


async def test_a_setting_goes_back_to_what_it_usually_is(page: Page, site: Site) -> None:
    workflow_id = keep(site, chain("One"))
    editor = await Editor(page).open(workflow_id)
    await editor.select("a")
    await page.get_by_text("When it fails, and caching").click()
    for path, other, usual in [
        ("on_error", "Go on", "Stop the run"),
        ("join", "One is taken", "All wires are settled"),
        ("cache", "Never", "As suits it"),
    ]:
        field = editor.field(path)
        for choice in (other, usual):
            if await field.evaluate("each => each.tagName") == "SELECT":
                await field.select_option(choice)
            else:
                await field.get_by_text(choice, exact=True).click()
    for path, text in [("notes", "Why so"), ("retry.attempts", "10")]:
        await editor.field(path).fill(text)
        await editor.field(path).fill("")
    await editor.saved()
    await expect(page.get_by_test_id("toast")).to_have_count(0)
    (kept,) = [node for node in kept_document(site, workflow_id).nodes if node.id == "a"]
    assert (kept.on_error, kept.join, kept.cache, kept.notes) == ("fail", "all", "auto", "")
    assert kept.retry.attempts == 1


async def test_the_caret_of_a_note_stays_where_it_is(page: Page, site: Site) -> None:
    note = {"id": "n", "text": "hello world", "position": {"x": 0, "y": 200}}
    workflow_id = keep(site, chain("One") | {"sticky_notes": [note]})
    editor = await Editor(page).open(workflow_id)
    await page.locator(".sticky").dblclick()
    box = page.get_by_label("Text of the note")
    await expect(box).to_be_focused()
    await box.evaluate("each => each.setSelectionRange(5, 5)")
    await page.keyboard.type(" XYZ")
    await expect(box).to_have_value("hello XYZ world")
    await editor.saved()
    assert kept_document(site, workflow_id).sticky_notes[0].text == "hello XYZ world"


async def test_what_is_tried_with_is_what_was_typed_last(page: Page, site: Site) -> None:
    editor = await Editor(page).open(keep(site, asking()))
    await editor.select("start")
    gate = asyncio.Event()

    async def wait(route: Route) -> None:
        await gate.wait()
        await route.fallback()

    await page.route("**/draft/inputs", wait)
    box = page.get_by_label("Inputs to try with").get_by_test_id("field-q")
    await expect(box).to_be_enabled()
    async with page.expect_request("**/draft/inputs"):
        await box.press_sequentially("The quick")
    await box.press_sequentially(" brown")
    gate.set()
    await expect(box).to_have_value("The quick brown")
    await box.press_sequentially(" fox")
    # It runs with what stands there, though a moment has not passed, and what is selected may change.
    await page.keyboard.press("ControlOrMeta+Enter")
    await expect(page.get_by_test_id("node-a-output")).to_have_text("The quick brown fox")
    await box.press_sequentially(" jumps")
    await editor.select("a")
    await editor.select("start")
    await expect(box).to_have_value("The quick brown fox jumps")


async def test_delete_removes_nodes_only_from_the_stage(page: Page, site: Site) -> None:
    editor = await Editor(page).open(keep(site, chain("One", "Two")))
    await editor.select("b")
    await page.get_by_role("tab", name="Runs").click()
    await page.keyboard.press("Backspace")
    await page.keyboard.press("?")
    await expect(page.get_by_test_id("keys")).to_be_visible()
    await page.keyboard.press("Delete")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("keys")).to_be_hidden()
    await expect(editor.node("b")).to_be_visible()
    await editor.select("b")
    await page.keyboard.press("Delete")
    await expect(editor.node("b")).to_have_count(0)


async def test_escape_closes_a_menu_before_it_lets_go_of_a_node(page: Page, site: Site) -> None:
    editor = await Editor(page).open(keep(site, chain("One")))
    await editor.select("a")
    menu = page.get_by_test_id("editor-more-menu")
    await page.set_viewport_size({"width": 600, "height": 900})
    await page.get_by_test_id("editor-more").click()
    await expect(menu).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(menu).to_be_hidden()
    await expect(page.get_by_label("Inspector of a")).to_be_visible()


async def test_what_comes_back_without_its_container_stands_by_itself(
    page: Page, site: Site
) -> None:
    document = chain("One", "Two")
    loop = {"mode": "times", "times": 2}
    box = {"id": "l", "type": "loop", "name": "l", "config": loop, "position": {"x": 0, "y": 300}}
    inner = {"id": "i", "type": "task", "name": "i", "parent": "l", "position": {"x": 16, "y": 60}}
    inner["config"] = {"mode": "template", "text": "In"}
    document["nodes"] += [box, inner]
    workflow_id = keep(site, document)
    editor = await Editor(page).open(workflow_id)
    await editor.select("i")
    await page.keyboard.press("Delete")
    await expect(editor.node("i")).to_have_count(0)
    await expect(page.get_by_text("Nothing in here yet")).to_be_visible()
    await editor.saved()
    await somebody_else(page, workflow_id, {"op": "remove_node", "id": "l"})
    await expect(editor.node("l")).to_have_count(0)
    await page.keyboard.press("ControlOrMeta+z")
    await expect(editor.node("i")).to_be_visible()
    await editor.saved()
    (kept,) = [node for node in kept_document(site, workflow_id).nodes if node.id == "i"]
    assert kept.parent is None


async def test_a_locked_canvas_gets_no_wire_by_writing_either(page: Page, site: Site) -> None:
    document = chain("One", "Two")
    document["edges"].pop()
    workflow_id = keep(site, document)
    editor = await Editor(page).open(workflow_id)
    await editor.select("b")
    await page.get_by_label("Lock the canvas").click()
    await editor.write("text", "{{ a.text }}")
    await editor.saved()
    assert len(kept_document(site, workflow_id).edges) == 1
    await page.get_by_label("Unlock the canvas").click()
    await editor.write("text", "{{ a.text }}!")
    await expect(page.locator(".react-flow__edge")).to_have_count(2)


async def test_a_wire_that_is_refused_is_not_left_behind(page: Page, site: Site) -> None:
    editor = await Editor(page).open(keep(site, chain("One", "Two", "Three")))
    await expect(page.locator(".react-flow__edge")).to_have_count(3)
    await editor.reach("c")
    await editor.wire("c", "a")
    await expect(page.get_by_text("This would run in a circle: a → b → c → a.")).to_be_visible()
    await expect(page.locator(".react-flow__edge")).to_have_count(3)


async def test_a_version_that_was_brought_back_is_one_step_to_undo(page: Page, site: Site) -> None:
    editor, _ = await one_restored(page, site)
    summary = editor.node("a").locator(SUMMARY).first
    for key, said in [("z", "Two"), ("Shift+z", "One"), ("z", "Two"), ("z", "One")]:
        await page.get_by_test_id("panel-versions").focus()
        await page.keyboard.press(f"ControlOrMeta+{key}")
        await expect(summary).to_have_text(said)


async def test_one_start_is_enough_and_what_comes_first_follows_it(page: Page, site: Site) -> None:
    document = chain()
    workflow_id = keep(site, document)
    editor = await Editor(page).open(workflow_id)
    await expect(page.get_by_test_id("palette-task")).to_be_visible()
    await expect(page.get_by_test_id("palette-start")).to_have_count(0)
    await page.get_by_test_id("palette-task").click()
    await expect(page.locator(".react-flow__edge")).to_have_count(1)
    await editor.saved()
    (wire,) = kept_document(site, workflow_id).edges
    assert wire.source == "start"


async def test_a_version_is_run_by_hand(page: Page, site: Site) -> None:
    editor = await Editor(page).open(keep(site, chain("One")))
    await page.get_by_test_id("panel-versions").click()
    await page.get_by_test_id("version-name").fill("First")
    await page.get_by_test_id("version-save").click()
    await page.get_by_test_id("version-1").get_by_role("button").first.click()
    await page.get_by_test_id("version-run").click()
    await page.wait_for_url("**/runs/*")
    await expect(page.get_by_test_id("run-began")).to_contain_text("by hand · version 1")
    await page.get_by_test_id("run-workflow").click()
    await expect(editor.node("a")).to_be_visible()


async def test_places_in_a_map_show_what_they_come_to(page: Page, site: Site) -> None:
    document = chain("One")
    end = {"id": "end", "type": "end", "name": "end", "position": {"x": 500, "y": 0}}
    document["nodes"].append(end | {"config": {"outputs": {"x": "{{ a }} and on"}}})
    document["edges"].append({"id": "last", "source": "a", "target": "end"})
    editor = await Editor(page).open(keep(site, document))
    await page.get_by_test_id("run-start").click()
    await editor.ran("succeeded")
    await editor.select("end")
    preview = page.get_by_test_id("inspector").get_by_test_id("field-preview")
    await expect(preview).to_contain_text("One and on")
    await editor.write("outputs.x", "{{ a * 100 }} and on")
    await preview.get_by_role("button", name="All").click()
    await expect(preview).to_contain_text("OneOne and on")


async def test_what_is_free_below_a_cell_runs_once_that_has_been_run(
    page: Page, site: Site
) -> None:
    document = chain("", "{{ a.text }}!")
    document["nodes"][1] |= {"type": "ai", "config": {"prompt": f"Say a word: {document['name']}"}}
    editor = await Editor(page).open(keep(site, document))
    site.models.answer(say("One"))
    await page.get_by_test_id("run-start").click()
    await expect(page.get_by_test_id("node-b-output")).to_have_text("One!")
    await editor.ran("succeeded")
    await editor.select("a")
    await editor.write("prompt", f"Say another word: {document['name']}")
    await editor.stands("a", "stale")
    site.models.answer(say("Two"))
    await editor.run("a")
    await expect(page.get_by_test_id("node-b-output")).to_have_text("Two!")
    await page.get_by_role("tab", name="Output").click()
    await expect(page.get_by_role("button", name="Fresh sample")).to_be_visible()


async def test_what_is_free_runs_though_the_answer_comes_after_the_end(
    page: Page, site: Site
) -> None:
    document = chain("", "{{ a.text }}!")
    document["nodes"][1] |= {"type": "ai", "config": {"prompt": f"One word: {document['name']}"}}
    editor = await Editor(page).open(keep(site, document))
    await editor.select("a")

    async def late(route: Route) -> None:
        reply = await route.fetch()
        await expect(page.get_by_test_id("node-a-output")).to_have_text("One")
        await route.fulfill(response=reply)

    await page.route("**/draft/run", late)
    site.models.answer(say("One"))
    await editor.run("a")
    await expect(page.get_by_test_id("node-b-output")).to_have_text("One!")


async def test_undo_of_a_version_takes_back_nothing_of_others(page: Page, site: Site) -> None:
    editor, workflow_id = await one_restored(page, site)
    theirs = {"op": "rename_node", "id": "a", "name": "theirs"}
    await somebody_else(page, workflow_id, theirs)
    await expect(editor.node("theirs")).to_be_visible()
    await page.get_by_test_id("panel-versions").focus()
    await page.keyboard.press("ControlOrMeta+z")
    await expect(page.get_by_text("Others have changed the workflow since.")).to_be_visible()
    await editor.saved()
    kept = kept_document(site, workflow_id).nodes
    assert [(node.name, node.config.get("text")) for node in kept if node.id == "a"] == [
        ("theirs", "One")
    ]


async def test_undo_of_a_version_takes_back_no_version_of_others(page: Page, site: Site) -> None:
    editor, workflow_id = await one_restored(page, site)
    reply = await page.request.post(
        f"/api/v1/workflows/{workflow_id}/versions/restore",
        data={"version": 2},
        headers={"Origin": site.url},
    )
    assert reply.ok, await reply.text()
    summary = editor.node("a").locator(SUMMARY).first
    await expect(summary).to_have_text("Two")
    revision = (await reply.json())["workflow"]["revision"]
    await page.get_by_test_id("panel-versions").focus()
    await page.keyboard.press("ControlOrMeta+z")
    await expect(page.get_by_text("Others have changed the workflow since.")).to_be_visible()
    found = await page.request.get(f"/api/v1/workflows/{workflow_id}")
    assert (await found.json())["revision"] == revision
