"""The page of workflows and the page of versions, in a real browser."""

import json
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.e2e.conftest import admin_profile
from tests.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

GREET: dict[str, Any] = {
    "format": "flowstudio/1",
    "name": "Greet everybody",
    "nodes": [
        {"id": "a", "type": "start", "name": "start"},
        {"id": "b", "type": "end", "name": "end", "config": {"outputs": {"text": "Hello"}}},
    ],
    "edges": [{"id": "e", "source": "a", "target": "b"}],
}
LOUDER = [
    {"op": "update_node", "id": "b", "changes": {"config": {"outputs": {"text": "HELLO"}}}},
    {
        "op": "add_node",
        "node": {
            "id": "c",
            "type": "task",
            "name": "note",
            "config": {"mode": "template", "text": "x"},
        },
    },
    {"op": "add_edge", "edge": {"id": "f", "source": "a", "target": "c"}},
    {
        "op": "put_sticky_note",
        "sticky_note": {"id": "s", "text": "Why so loud?", "position": {"x": 0, "y": 300}},
    },
]
#: As a browser does when files are let go over a page.
DROP = """(files) => {
  const data = new DataTransfer();
  for (const [name, text] of files) data.items.add(new File([text], name, { type: "application/json" }));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
  }
}"""


async def ask(page: Page, method: str, path: str, body: Any = None) -> Any:
    """A call of the API by whoever the page belongs to."""
    reply = await page.evaluate(
        """async ([method, path, body]) => {
          const headers = { "content-type": "application/json" };
          const reply = await fetch(`/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
          return { ok: reply.ok, text: await reply.text() };
        }""",
        [method, path, body],
    )
    assert reply["ok"], reply["text"]
    return json.loads(reply["text"]) if reply["text"] else None


async def project_of(page: Page) -> str:
    return str((await ask(page, "GET", "/projects"))["items"][0]["id"])


async def made(page: Page, name: str, **more: Any) -> str:
    """A workflow of that name; gives its id."""
    project_id = await project_of(page)
    body = {"project_id": project_id, "document": GREET | {"name": name}, **more}
    return str((await ask(page, "POST", "/workflows", body))["id"])


async def settled(page: Page) -> None:
    await expect(page.locator("main h1")).to_be_visible()
    await expect(page.locator(".bone")).to_have_count(0)


async def chosen(page: Page, slug: str, action: str) -> None:
    """Choose an action of a workflow's menu."""
    await page.get_by_test_id(f"workflow-menu-{slug}").click()
    await page.get_by_test_id(f"menu-{action}").click()


async def test_a_new_workflow_is_empty_and_opens_in_the_editor(page: Page) -> None:
    await page.goto("/workflows")
    await settled(page)
    await page.get_by_test_id("workflow-new").click()
    await page.wait_for_url("**/workflows/*-*")
    workflow_id = page.url.rsplit("/", 1)[1]
    document = (await ask(page, "GET", f"/workflows/{workflow_id}"))["document"]
    assert document["name"] == "Untitled workflow"
    assert [node["type"] for node in document["nodes"]] == ["start"]
    await page.goto("/workflows")
    await expect(page.get_by_test_id("workflow-card-untitled-workflow")).to_be_visible()


async def test_files_dropped_anywhere_are_imported_and_a_wrong_one_is_told(page: Page) -> None:
    await page.goto("/workflows")
    await settled(page)
    files = [
        ("one.json", json.dumps(GREET | {"name": "Dropped one"})),
        ("two.json", json.dumps(GREET | {"name": "Dropped two"})),
        ("bad.json", "{"),
    ]
    await page.evaluate(DROP, files)
    await expect(page.get_by_test_id("workflow-card-dropped-one")).to_be_visible()
    await expect(page.get_by_test_id("workflow-card-dropped-two")).to_be_visible()
    await expect(page.get_by_test_id("problem-0")).to_contain_text("bad.json is not JSON")


async def test_a_workflow_is_tagged_moved_found_and_filtered(page: Page) -> None:
    await page.goto("/workflows")
    await made(page, "Mail sorter")
    await made(page, "Weekly brief")
    await page.reload()
    await settled(page)
    await chosen(page, "mail-sorter", "tags")
    await page.get_by_test_id("workflow-ask-text").fill("mail, daily")
    await page.get_by_test_id("workflow-ask-submit").click()
    await expect(page.get_by_role("link", name="daily 1")).to_be_visible()
    await chosen(page, "mail-sorter", "move")
    await page.get_by_test_id("workflow-ask-text").fill("Support/Mail")
    await page.get_by_test_id("workflow-ask-submit").click()
    await expect(page.get_by_test_id("workflow-card-mail-sorter")).to_have_count(0)
    await page.get_by_test_id("folder-Support").click()
    await page.get_by_test_id("folder-Mail").click()
    await expect(page.get_by_test_id("workflow-card-mail-sorter")).to_be_visible()
    await expect(page.get_by_test_id("workflow-card-weekly-brief")).to_have_count(0)
    await page.get_by_test_id("folder-move").click()
    await page.get_by_test_id("field-after").fill("Post")
    await page.get_by_test_id("folder-move-submit").click()
    await page.get_by_test_id("folder-Post").click()
    await expect(page.get_by_test_id("workflow-card-mail-sorter")).to_be_visible()
    await page.get_by_role("navigation", name="Folder").get_by_text("All workflows").click()
    await expect(page.get_by_test_id("workflow-card-weekly-brief")).to_be_visible()
    await page.keyboard.press("/")
    await page.keyboard.type("dail")
    await expect(page.get_by_test_id("workflow-card-mail-sorter")).to_be_visible()
    await expect(page.get_by_test_id("workflow-card-weekly-brief")).to_have_count(0)


async def test_the_trash_keeps_a_workflow_until_it_is_restored_or_deleted(page: Page) -> None:
    await page.goto("/workflows")
    for name in ("Keep me", "Lose me"):
        await made(page, name)
    await page.reload()
    await settled(page)
    for slug in ("keep-me", "lose-me"):
        await chosen(page, slug, "trash")
        await expect(page.get_by_test_id(f"workflow-card-{slug}")).to_have_count(0)
    await page.get_by_test_id("workflow-trash").click()
    await chosen(page, "keep-me", "restore")
    await expect(page.get_by_test_id("workflow-card-keep-me")).to_have_count(0)
    await chosen(page, "lose-me", "trash")
    await page.get_by_test_id("workflow-ask-submit").click()
    await expect(page.get_by_test_id("workflow-card-lose-me")).to_have_count(0)
    await page.goto("/workflows")
    await expect(page.get_by_test_id("workflow-card-keep-me")).to_be_visible()


async def test_the_menu_works_by_keyboard_alone(page: Page) -> None:
    await page.goto("/workflows")
    await made(page, "By keyboard")
    await page.reload()
    await settled(page)
    await page.get_by_test_id("workflow-menu-by-keyboard").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("menu-rename")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_test_id("menu-tags")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("menu-tags")).to_have_count(0)
    await expect(page.get_by_test_id("workflow-menu-by-keyboard")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await page.get_by_test_id("workflow-ask-text").fill("By hand")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("workflow-card-by-hand")).to_be_visible()


async def test_an_example_is_used_from_the_first_page_and_shows_there_again(page: Page) -> None:
    await page.goto("/")
    await settled(page)
    await page.get_by_test_id("use-orders-report").click()
    await page.wait_for_url("**/workflows/*-*")
    await page.goto("/")
    await expect(page.get_by_test_id("recent-report-on-orders")).to_be_visible()
    await expect(page.get_by_test_id("workflow-card-orders-report")).to_be_visible()


async def test_versions_are_kept_compared_restored_and_published(page: Page) -> None:
    await page.goto("/")
    workflow_id = await made(page, "Versioned")
    await page.goto(f"/workflows/{workflow_id}/versions")
    await settled(page)
    await page.get_by_test_id("version-name").fill("Calm")
    await page.get_by_test_id("version-note").fill("Says hello.")
    await page.get_by_test_id("version-save").click()
    await expect(page.get_by_test_id("version-1")).to_contain_text("Says hello.")
    await ask(page, "PATCH", f"/workflows/{workflow_id}", {"operations": LOUDER})
    await page.get_by_test_id("version-1").get_by_role("button").first.click()
    canvas = page.get_by_test_id("diff-canvas")
    await expect(canvas.get_by_test_id("node-note")).to_have_attribute("data-change", "added")
    end = canvas.get_by_test_id("node-end")
    await expect(end).to_contain_text("1 field")
    await expect(page.get_by_test_id("compare-before")).to_have_value("1")
    await end.click()
    await expect(page.get_by_test_id("diff-end")).to_have_attribute("data-picked", "true")
    await expect(page.get_by_test_id("diff-end")).to_contain_text("HELLO")
    await page.keyboard.press("j")
    await expect(page.get_by_test_id("diff-note")).to_have_attribute("data-picked", "true")
    # By then the canvas has moved to it.
    await expect(canvas.get_by_test_id("node-note")).to_have_attribute("data-selected", "true")
    sticky = canvas.get_by_test_id("note-s")
    await expect(sticky).to_have_attribute("data-change", "added")
    await sticky.click()
    await expect(page.get_by_test_id("diff-note-s")).to_have_attribute("data-picked", "true")
    await expect(page.get_by_test_id("diff-note-s")).to_contain_text("Why so loud?")
    await page.get_by_test_id("tab-versions").click()
    await page.get_by_test_id("version-restore").click()
    await expect(page.get_by_test_id("versions-said")).to_contain_text("version 1")
    document = (await ask(page, "GET", f"/workflows/{workflow_id}"))["document"]
    assert [node["name"] for node in document["nodes"]] == ["start", "end"]
    await page.get_by_test_id("versions-undo").click()
    await expect(page.get_by_test_id("versions-said")).to_contain_text("as it was")
    await page.get_by_test_id("version-publish").click()
    await expect(page.get_by_test_id("versions-standing")).to_contain_text("changed since")
    workflow = await ask(page, "GET", f"/workflows/{workflow_id}")
    assert (workflow["published_version"], workflow["is_changed"]) == (1, True)
    await page.get_by_test_id("version-unpublish").click()
    await expect(page.get_by_test_id("versions-standing")).to_contain_text("Not published")


async def test_what_keeps_a_draft_from_being_published_is_told(page: Page) -> None:
    await page.goto("/")
    workflow_id = await made(page, "Broken")
    told = {"op": "add_node", "node": {"id": "r", "type": "robot", "name": "r"}}
    await ask(page, "PATCH", f"/workflows/{workflow_id}", {"operations": [told]})
    await page.goto(f"/workflows/{workflow_id}/versions")
    await page.get_by_test_id("version-publish-draft").click()
    await expect(page.get_by_test_id("problem-0")).to_contain_text("robot")


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing_and_a_telephone_needs_no_sideways_scrolling(
    browser: Browser, site: Site, theme: str
) -> None:
    viewport = {"width": 390, "height": 844}
    async with admin_profile(browser, site, color_scheme=theme, viewport=viewport) as context:
        page = await context.new_page()
        await page.goto("/workflows")
        workflow_id = await made(page, "Looked at", folder="Looks", tags=["look"])
        await ask(page, "POST", f"/workflows/{workflow_id}/publish", {})
        await ask(page, "PATCH", f"/workflows/{workflow_id}", {"operations": LOUDER})
        for path in (
            "/workflows",
            "/workflows?folder=Looks",
            "/workflows?trash=1",
            f"/workflows/{workflow_id}/versions",
        ):
            await page.goto(path)
            await settled(page)
            if path.endswith("versions"):
                await page.get_by_test_id("tab-changes").click()
                await page.get_by_test_id("change-next").click()
                await expect(page.get_by_test_id("diff")).to_be_visible()
            results = await Axe().run(page)
            assert results.violations_count == 0, f"{path}: {results.generate_report()}"
            assert await page.evaluate("document.documentElement.scrollWidth") == 390
