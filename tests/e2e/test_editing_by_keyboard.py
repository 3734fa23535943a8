"""All that can be done to a workflow by mouse is done by keyboard too."""

import pytest
from playwright.async_api import Page, expect

from tests.e2e.test_editor_in_browser import CONFIGS, EMPTY, EXAMPLE
from tests.editing import Editor, chain, keep, kept_document, shape
from tests.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


class Typist(Editor):
    """Somebody without a mouse."""

    async def add(self, kind: str, name: str) -> None:
        await self.page.get_by_test_id("palette-search").focus()
        await self.page.keyboard.press("ControlOrMeta+a")
        await self.page.keyboard.type(kind)
        await self.page.keyboard.press("Enter")
        await self.replace("node-name", name)
        await self.page.keyboard.press("Enter")
        await expect(self.node(name)).to_be_visible()

    async def replace(self, test_id: str, text: str) -> None:
        await self.page.get_by_test_id("inspector").get_by_test_id(test_id).focus()
        await self.page.keyboard.press("ControlOrMeta+a")
        await self.page.keyboard.insert_text(text)

    async def choose(self, name: str) -> None:
        """Go to a node and select it."""
        await self.rest()
        box = self.page.locator(".react-flow__node", has=self.page.get_by_test_id(f"node-{name}"))
        await box.last.focus()
        await self.page.keyboard.press("Enter")
        label = f"Inspector of {name}"
        await expect(self.page.get_by_test_id("inspector")).to_have_attribute("aria-label", label)

    async def rest(self) -> None:
        """Select nothing."""
        await self.page.get_by_test_id("canvas").focus()
        await self.page.keyboard.press("Escape")

    async def pick(self, test_id: str, option: str) -> None:
        """Choose in a list by the beginning of what is chosen."""
        box = self.page.get_by_test_id("inspector").get_by_test_id(test_id)
        await box.focus()
        await self.page.keyboard.type(option)
        await expect(box.locator("option:checked")).to_have_text(option)

    async def connect(self, port: str, target: str) -> None:
        if await self.page.get_by_test_id("wire-port").count():
            await self.pick("wire-port", port)
        await self.pick("wire-target", target)
        await self.page.get_by_test_id("wire-add").focus()
        await self.page.keyboard.press("Enter")
        said = f"To {target}" if port == "out" else f"{port} to {target}"
        await expect(self.page.get_by_role("region", name="Wires")).to_contain_text(said)


async def test_the_support_mail_example_is_built_by_keyboard(page: Page, site: Site) -> None:
    workflow_id = keep(site, EMPTY)
    typist = Typist(page)
    await typist.open(workflow_id)
    for node in EXAMPLE.nodes:
        await typist.rest()
        await typist.add(node.type, node.name)
    await typist.choose("route")
    await page.get_by_test_id("field-mode").get_by_role("radio", name="Switch").focus()
    await page.keyboard.press("Space")
    await page.get_by_test_id("inspector").get_by_role("button", name="Add").first.focus()
    await page.keyboard.press("Enter")
    await typist.replace("field-cases.0.port", "urgent")
    await typist.replace("field-cases.0.when", CONFIGS["route"]["cases"][0]["when"])
    await expect(typist.node("route").locator("[data-handleid='urgent']")).to_be_attached()
    names = {node.id: node.name for node in EXAMPLE.nodes}
    for node in EXAMPLE.nodes:
        if outgoing := [edge for edge in EXAMPLE.edges if edge.source == node.id]:
            await typist.choose(node.name)
            # What was added after nothing but the start follows it already.
            for edge in outgoing if node.type != "start" else ():
                await typist.connect(edge.source_port, names[edge.target])
    await typist.saved()
    nodes, wires = shape(kept_document(site, workflow_id))
    wanted_nodes, wanted_wires = shape(EXAMPLE)
    assert (nodes ^ wanted_nodes, wires ^ wanted_wires) == (set(), set())


async def test_a_node_goes_into_a_container_is_doubled_there_and_comes_out_again(
    page: Page, site: Site
) -> None:
    document = chain("One", "Two")
    loop = {"mode": "times", "times": 2}
    document["nodes"].append(
        {"id": "l", "type": "loop", "name": "l", "config": loop, "position": {"x": 0, "y": 300}}
    )
    workflow_id = keep(site, document)
    typist = Typist(page)
    await typist.open(workflow_id)
    await typist.choose("b")
    await typist.pick("field-parent", "l")
    await page.keyboard.press("Tab")
    await typist.choose("b")
    await page.keyboard.press("ControlOrMeta+d")
    await typist.saved()
    kept = kept_document(site, workflow_id)
    inner = [node for node in kept.nodes if node.parent == "l"]
    assert (len(inner), len(kept.edges)) == (2, 1)
    assert all(0 <= node.position.x < 300 and 40 <= node.position.y < 300 for node in inner)
    await typist.choose("b")
    await typist.pick("field-parent", "No container")
    await typist.saved()
    assert [node.name for node in kept_document(site, workflow_id).nodes if node.parent] == [
        inner[1].name
    ]


async def test_a_note_is_written_by_keyboard(page: Page, site: Site) -> None:
    workflow_id = keep(site, chain("One"))
    typist = Typist(page)
    await typist.open(workflow_id)
    await typist.rest()
    await page.keyboard.press("Shift+N")
    written = page.get_by_label("Text of the note")
    await expect(written).to_be_focused()
    await page.keyboard.type("Why")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Enter")
    await expect(written).to_be_focused()
    await page.keyboard.type(" so?")
    await typist.saved()
    assert [note.text for note in kept_document(site, workflow_id).sticky_notes] == ["Why so?"]


async def test_a_selected_node_runs_and_what_a_slash_adds_is_wired_to_it(
    page: Page, site: Site
) -> None:
    document = chain("One", "Two")
    document["nodes"][1]["cache"] = "off"
    workflow_id = keep(site, document)
    typist = Typist(page)
    await typist.open(workflow_id)
    await typist.choose("a")
    await page.keyboard.press("Shift+Enter")
    await typist.stands("a", "succeeded")
    await page.keyboard.press("/")
    await page.get_by_test_id("quick-add-search").fill("template")
    await page.keyboard.press("Enter")
    await typist.saved()
    kept = kept_document(site, workflow_id)
    added = next(node for node in kept.nodes if node.name not in ("start", "a", "b"))
    assert {edge.source for edge in kept.edges if edge.target == added.id} == {"a"}


async def test_nothing_changes_a_locked_canvas_and_unlocked_it_is_aligned_and_tidied(
    page: Page, site: Site
) -> None:
    document = chain("One")
    document["nodes"][1]["position"] = {"x": 300, "y": 90}
    workflow_id = keep(site, document)
    typist = Typist(page)
    await typist.open(workflow_id)
    await page.get_by_label("Lock the canvas").click()
    await typist.choose("a")
    await page.keyboard.press("ControlOrMeta+d")
    await page.keyboard.press("Delete")
    await expect(page.get_by_role("button", name="Duplicate")).to_have_count(0)
    for _ in range(2):
        await page.get_by_test_id("palette-task").click()
        await expect(page.get_by_test_id("toast")).to_contain_text("The canvas is locked.")
    await page.keyboard.press("ControlOrMeta+k")
    await page.get_by_test_id("palette-query").fill("tidy")
    await expect(page.get_by_role("option", name="Tidy up")).to_have_count(0)
    await page.keyboard.press("Escape")
    await page.get_by_label("Unlock the canvas").click()

    def places() -> list[tuple[float, float]]:
        nodes = kept_document(site, workflow_id).nodes
        return [(node.position.x, node.position.y) for node in nodes]

    await typist.rest()
    await page.keyboard.press("ControlOrMeta+a")
    await page.get_by_role("button", name="Align top").click()
    await typist.saved()
    assert places() == [(0, 0), (300, 0)]
    await page.keyboard.press("ControlOrMeta+z")
    await page.keyboard.press("ControlOrMeta+k")
    await page.get_by_test_id("palette-query").fill("tidy")
    await page.get_by_role("option", name="Tidy up").click()
    await typist.saved()
    (_, (x, _)) = places()
    assert x < 300
    await typist.choose("a")
    await page.keyboard.press("ControlOrMeta+d")
    await typist.saved()
    assert len(kept_document(site, workflow_id).nodes) == 3


async def test_a_file_let_go_over_the_canvas_is_put_in(page: Page, site: Site) -> None:
    workflow_id = keep(site, chain("One"))
    editor = await Editor(page).open(workflow_id)
    await page.evaluate(
        """(text) => {
          const data = new DataTransfer();
          data.items.add(new File([text], "more.json", { type: "application/json" }));
          const at = { clientX: 700, clientY: 500, bubbles: true, cancelable: true };
          const target = document.querySelector(".react-flow__pane");
          for (const kind of ["dragenter", "dragover", "drop"]) {
            target.dispatchEvent(new DragEvent(kind, { dataTransfer: data, ...at }));
          }
        }""",
        '{"nodes": [{"id": "x", "type": "task", "name": "dropped", "config": {}}], "edges": []}',
    )
    await expect(editor.node("dropped")).to_be_visible()
    await editor.saved()
    assert "dropped" in {node.name for node in kept_document(site, workflow_id).nodes}
