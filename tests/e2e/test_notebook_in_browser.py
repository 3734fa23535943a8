"""The notebook: cells in the order they run, worked in by keyboard."""

import asyncio

import pytest
from playwright.async_api import Page, Route, expect

from tests.editing import Editor, chain, keep, kept_document
from tests.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def cells(page: Page) -> list[str]:
    return await page.locator(".cell .cell-name").all_inner_texts()


async def opened(page: Page, site: Site, document: dict[str, object]) -> tuple[Editor, str]:
    workflow_id = keep(site, document)
    editor = await Editor(page).open(workflow_id)
    await page.get_by_test_id("view-notebook").click()
    await expect(page.get_by_test_id("notebook")).to_be_visible()
    return editor, workflow_id


async def test_a_cell_runs_and_hands_on_to_the_next(page: Page, site: Site) -> None:
    document = chain("One", "{{ a }} two")
    for node in document["nodes"][1:]:
        node["cache"] = "off"
    await opened(page, site, document)
    await page.get_by_test_id("cell-a").focus()
    await page.keyboard.press("Shift+Enter")
    await expect(page.get_by_test_id("cell-b")).to_be_focused()
    await expect(page.get_by_test_id("cell-a-output")).to_contain_text("One")
    await page.keyboard.press("Shift+Enter")
    await expect(page.get_by_test_id("cell-b-output")).to_contain_text("One two")
    await expect(page.get_by_test_id("cell-b-status")).to_be_visible()


async def test_a_cell_is_put_between_two_that_are_wired(page: Page, site: Site) -> None:
    editor, workflow_id = await opened(page, site, chain("One", "{{ a }} two"))
    await page.get_by_role("button", name="Add a cell after a").click()
    await page.get_by_test_id("quick-add-search").fill("template")
    await page.keyboard.press("Enter")
    await expect(page.locator(".cell")).to_have_count(4)
    await editor.saved()
    kept = kept_document(site, workflow_id)
    names = {node.id: node.name for node in kept.nodes}
    added = next(name for name in names.values() if name not in ("start", "a", "b"))
    wires = {(names[edge.source], names[edge.target]) for edge in kept.edges}
    assert wires == {("start", "a"), ("a", added), (added, "b")}
    assert await cells(page) == ["start", "a", added, "b"]


async def test_cells_are_reordered_where_the_graph_allows_and_taken_back(
    page: Page, site: Site
) -> None:
    document = chain("One", "Two", "{{ a }}{{ b }}")
    document["edges"] = [
        {"id": f"{one}{two}", "source": one, "target": two}
        for one, two in (("start", "a"), ("start", "b"), ("a", "c"), ("b", "c"))
    ]
    editor, workflow_id = await opened(page, site, document)
    assert await cells(page) == ["start", "a", "b", "c"]
    await page.get_by_test_id("cell-b").focus()
    await page.keyboard.press("Alt+ArrowUp")
    await expect(page.locator(".cell .cell-name")).to_have_text(["start", "b", "a", "c"])
    await editor.saved()
    assert [node.name for node in kept_document(site, workflow_id).nodes] == [
        "start", "b", "a", "c",
    ]  # fmt: skip
    await page.get_by_test_id("cell-c").focus()
    await page.keyboard.press("Alt+ArrowUp")
    await expect(page.get_by_text("needs “a”, so it cannot come before it")).to_be_visible()
    await page.get_by_test_id("undo").click()
    await expect(page.locator(".cell .cell-name")).to_have_text(["start", "a", "b", "c"])
    grip = page.get_by_test_id("cell-b").locator(".cell-grip")
    await grip.drag_to(page.get_by_test_id("cell-a"))
    await expect(page.locator(".cell .cell-name")).to_have_text(["start", "b", "a", "c"])


async def test_keys_of_the_document_work_and_folded_cells_stay_so(page: Page, site: Site) -> None:
    editor, workflow_id = await opened(page, site, chain("One", "{{ a }} two"))
    await page.get_by_test_id("cell-a").focus()
    await page.keyboard.press("ControlOrMeta+d")
    await expect(page.locator(".cell")).to_have_count(4)
    await page.keyboard.press("Delete")
    await expect(page.locator(".cell")).to_have_count(3)
    await page.keyboard.press("ControlOrMeta+z")
    await expect(page.locator(".cell")).to_have_count(4)
    await editor.saved()
    assert len(kept_document(site, workflow_id).nodes) == 4
    await page.get_by_role("button", name="Fold b").click()
    await page.reload()
    await expect(page.get_by_role("button", name="Unfold b")).to_be_visible()
    await expect(page.get_by_test_id("cell-b-output")).to_have_count(0)


async def test_both_views_show_what_is_selected_in_either(page: Page, site: Site) -> None:
    document = chain(*(f"{number}" for number in range(9)))
    document["nodes"][9]["position"] = {"x": 4_000, "y": 2_000}
    editor, _ = await opened(page, site, document)
    await page.get_by_test_id("view-both").click()
    await editor.select("a")
    await page.get_by_test_id("cell-i").focus()
    await expect(editor.node("i")).to_be_in_viewport()
    await editor.page.get_by_test_id("cell-start").scroll_into_view_if_needed()
    await editor.select("i")
    await page.keyboard.press("Escape")
    await editor.node("i").locator(".flow-title").click()
    await expect(page.get_by_test_id("cell-i")).to_be_in_viewport()


async def test_cells_to_be_stand_where_the_notebook_will_until_its_code_is_there(
    page: Page, site: Site
) -> None:
    gate = asyncio.Event()

    async def hold(route: Route) -> None:
        await gate.wait()
        await route.continue_()

    await page.route("**/assets/notebook-*.js", hold)
    await Editor(page).open(keep(site, chain("One")))
    await page.get_by_test_id("view-notebook").click()
    await expect(page.locator(".notebook .cells .bone").first).to_be_visible()
    gate.set()
    await expect(page.get_by_test_id("notebook")).to_be_visible()
    await expect(page.locator(".bone")).to_have_count(0)


async def test_a_notebook_whose_code_is_gone_says_how_to_get_it(page: Page, site: Site) -> None:
    await page.route("**/assets/notebook-*.js", lambda route: route.abort())
    await Editor(page).open(keep(site, chain("One")))
    await page.get_by_test_id("view-notebook").click()
    await expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
    await page.unroute("**/assets/notebook-*.js")
    await page.get_by_role("button", name="Load the page anew").click()
    await expect(page.get_by_test_id("notebook")).to_be_visible()
