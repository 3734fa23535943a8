"""The editor: built in by mouse and by keyboard, saved, run in part, and looked at in every shape."""

import json
import re
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, Position, expect

from flowstudio.graph.document import read_document
from tests.e2e.conftest import admin_profile, watched
from tests.editing import Editor, chain, invite, keep, kept_document, shape, tab_of
from tests.fakes.openrouter import say, say_json
from tests.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

EXAMPLE = read_document(
    (Path(__file__).parents[2] / "examples" / "triage-support-mail.json").read_bytes()
)
CONFIGS = {node.name: node.config for node in EXAMPLE.nodes}
MAIL = {"topic": "a late parcel", "mood": "annoyed", "urgency": 5}
ANA = "ana@example.com"
EMPTY = {"format": "flowstudio/1", "name": "Support mail"}


async def test_the_support_mail_example_is_built_run_changed_and_shared(
    page: Page, browser: Browser, site: Site
) -> None:
    workflow_id = keep(site, EMPTY)
    editor = await Editor(page).open(workflow_id)
    await build(editor)
    nodes, wires = shape(kept_document(site, workflow_id))
    wanted_nodes, wanted_wires = shape(EXAMPLE)
    assert (nodes ^ wanted_nodes, wires ^ wanted_wires) == (set(), set())
    await fill_in(page, workflow_id)
    await run_it(editor, site)
    asked = len(site.models.chats)
    # One prompt is another: what reads it is stale, what that costs is said, and it alone runs.
    await editor.select("draft")
    await editor.write("prompt", "Answer in one sentence: {{ inputs.mail }}")
    await editor.stands("draft", "stale")
    await editor.stands("extract", "succeeded")
    await expect(page.get_by_test_id("inspector")).to_contain_text(re.compile(r"1 call, .*\$"))
    await expect(page.get_by_test_id("run-cost-predicted")).to_contain_text("$")
    site.models.answer(say("Sorry!"))
    await editor.run("draft")
    await editor.stands("draft", "succeeded")
    assert len(site.models.chats) == asked + 1
    await share(editor, browser, site, workflow_id)


async def build(editor: Editor) -> None:
    """Build the example by mouse, with what decides the ports; the rest of it says `fill_in`."""
    page = editor.page
    places = {
        "start": (40, 120), "extract": (40, 300), "route": (40, 480), "draft": (290, 120),
        "approve": (290, 300), "verdict": (290, 480), "reply": (540, 120), "receipt": (540, 300),
        "sent": (540, 480), "acknowledged": (760, 120), "held": (760, 300),
    }  # fmt: skip
    for node in EXAMPLE.nodes:
        await editor.drop(node.type, *places[node.name])
        await expect(page.get_by_test_id("node-name")).to_be_visible()
        await editor.name(node.name)
        await editor.saved()
    await page.get_by_label("Fit everything").click()
    await editor.select("route")
    await page.get_by_test_id("field-mode").get_by_text("Switch").click()
    await page.get_by_test_id("inspector").get_by_role("button", name="Add").first.click()
    await editor.write("cases.0.port", "urgent")
    await editor.write("cases.0.when", CONFIGS["route"]["cases"][0]["when"])
    await expect(editor.node("route").locator("[data-handleid='urgent']")).to_be_attached()
    names = {node.id: node.name for node in EXAMPLE.nodes}
    for edge in EXAMPLE.edges:
        await editor.wire(names[edge.source], names[edge.target], edge.source_port)
    await editor.saved()


async def fill_in(page: Page, workflow_id: str) -> None:
    """Give each node the settings that the node of its name has in the example."""
    configs = json.loads(json.dumps(CONFIGS))
    configs["start"]["inputs"]["properties"]["mail"]["default"] = "The story. Help!"
    path = f"/api/v1/workflows/{workflow_id}"
    document = (await (await page.request.get(path)).json())["document"]
    operations = [
        {
            "op": "update_node",
            "id": node["id"],
            "changes": {"config": dict.fromkeys(node.get("config", {})) | configs[node["name"]]},
        }
        for node in document["nodes"]
    ]
    origin = {"Origin": page.url.split("/workflows")[0]}
    reply = await page.request.patch(path, data={"operations": operations}, headers=origin)
    assert reply.ok


async def run_it(editor: Editor, site: Site) -> None:
    """Run the example until it asks a person, and no further."""
    page = editor.page
    site.models.answer(say_json(MAIL), say("We are sorry."))
    await expect(page.get_by_test_id("run-cost-predicted")).to_contain_text("$")
    await page.get_by_test_id("run-start").click()
    await editor.ran("waiting")
    await editor.stands("extract", "succeeded")
    await page.get_by_test_id("run-cancel").first.click()
    await editor.ran("cancelled")


async def share(editor: Editor, browser: Browser, site: Site, workflow_id: str) -> None:
    """Somebody else comes in, and both change it at once."""
    invite(site, ANA, "editor")
    async with tab_of(browser, site, ANA, f"/workflows/{workflow_id}") as other:
        theirs = Editor(other)
        await theirs.stands("draft", "succeeded")
        await theirs.select("draft")
        await expect(editor.page.locator(".holders")).to_have_count(1)
        await editor.select("approve")
        await theirs.write("prompt", "Be kind: {{ inputs.mail }}")
        await editor.write("message", "Send this?")
        await theirs.stands("draft", "stale")
        await editor.stands("draft", "stale")
        for each in (editor, theirs):
            await each.saved()
        configs = {node.name: node.config for node in kept_document(site, workflow_id).nodes}
        assert configs["draft"]["prompt"] == "Be kind: {{ inputs.mail }}"
        assert configs["approve"]["message"] == "Send this?"


async def test_a_workflow_is_built_by_keyboard_alone(page: Page, site: Site) -> None:
    workflow_id = keep(site, EMPTY)
    editor = await Editor(page).open(workflow_id)
    for kind, name in (("start", "start"), ("ai", "answer"), ("end", "done")):
        await page.get_by_test_id("palette-search").focus()
        await page.keyboard.press("ControlOrMeta+a")
        await page.keyboard.type(kind)
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("node-name")).to_be_visible()
        await page.get_by_test_id("node-name").focus()
        await page.keyboard.press("ControlOrMeta+a")
        await page.keyboard.type(name)
        await page.keyboard.press("Enter")
        await expect(editor.node(name)).to_be_visible()
    await editor.saved()
    # Each was wired to the one that was selected.
    assert shape(kept_document(site, workflow_id)) == (
        {("start", "start"), ("answer", "ai"), ("done", "end")},
        {("start", "out", "answer"), ("answer", "out", "done")},
    )
    await page.keyboard.press("Escape")
    await page.get_by_test_id("canvas").focus()
    await page.keyboard.press("ControlOrMeta+z")
    await editor.saved()
    assert "done" not in {node.name for node in kept_document(site, workflow_id).nodes}


async def test_an_edit_makes_stale_what_reads_it_and_only_that_runs_again(
    page: Page, site: Site
) -> None:
    document = EXAMPLE.dump()
    document["nodes"][0]["config"]["inputs"]["properties"]["mail"]["default"] = "Only stale. Help!"
    workflow_id = keep(site, document)
    editor = await Editor(page).open(workflow_id)
    await run_it(editor, site)
    asked = len(site.models.chats)
    await editor.select("draft")
    await editor.write("prompt", "Answer in one sentence: {{ inputs.mail }}")
    await editor.stands("draft", "stale")
    # What is paid asks first, and says what it would cost.
    await expect(page.get_by_text("Stale: its settings changed.")).to_be_visible()
    await editor.stands("extract", "succeeded")
    site.models.answer(say("Sorry!"))
    await editor.run("draft")
    await editor.stands("draft", "succeeded")
    assert len(site.models.chats) == asked + 1
    await expect(page.get_by_test_id("run-cost-true")).to_contain_text("paid $")
    await page.get_by_role("tab", name="Output").click()
    await pin_and_sample(page, site)
    await page.reload()
    await editor.stands("draft", "succeeded")
    await editor.stands("extract", "succeeded")
    await expect(page.get_by_test_id("run-cost-true")).to_contain_text("paid $")


async def pin_and_sample(page: Page, site: Site) -> None:
    """Pin what a model wrote, take its place with other words, let it go, and ask it anew.

    By keys: what is above the buttons changes its height meanwhile.
    """
    output = page.get_by_test_id("inspector").locator(".output")
    await output.get_by_role("button", name="Pin", exact=True).press("Enter")
    await expect(output.get_by_role("button", name="Unpin")).to_be_visible()
    await output.get_by_role("button", name="Edit").press("Enter")
    box = output.get_by_label("Another output")
    written = json.loads(await box.input_value())
    assert written["text"] == "Sorry!"
    await box.fill(json.dumps(written | {"text": "By hand"}))
    await output.get_by_role("button", name="Use this").press("Enter")
    await expect(output).to_contain_text("By hand")
    await output.get_by_role("button", name="Back to what came out").press("Enter")
    await expect(output.get_by_role("button", name="Pin", exact=True)).to_be_visible()
    site.models.answer(say("Another sample"))
    await output.get_by_role("button", name="Fresh sample").press("Enter")
    await expect(output).to_contain_text("Another sample")


async def test_what_failed_unasked_is_seen_and_not_told_and_what_is_edited_feeds_what_is_below(
    page: Page, site: Site
) -> None:
    editor = await Editor(page).open(keep(site, chain("One", "{{ a }} two")))
    await editor.select("a")
    await editor.write("text", "{{ [1][5] }}")
    await editor.stands("a", "failed")
    await expect(page.get_by_test_id("toast")).to_have_count(0)
    await editor.write("text", "Three")
    await expect(page.get_by_test_id("node-b-output")).to_have_text("Three two")
    await page.get_by_role("tab", name="Output").click()
    output = page.get_by_test_id("inspector").locator(".output")
    await output.get_by_role("button", name="Edit").press("Enter")
    await output.get_by_label("Another output").fill('"Four"')
    await output.get_by_role("button", name="Use this").press("Enter")
    await expect(page.get_by_test_id("node-b-output")).to_have_text("Four two")
    await output.get_by_role("button", name="Back to what came out").press("Enter")
    await expect(page.get_by_test_id("node-b-output")).to_have_text("Three two")


async def test_free_cells_run_by_themselves_and_versions_bring_them_back(
    page: Page, site: Site
) -> None:
    workflow_id = keep(site, chain("One", "{{ a }} two"))
    editor = await Editor(page).open(workflow_id)
    await page.get_by_test_id("panel-versions").click()
    await page.get_by_test_id("version-name").fill("First")
    await page.get_by_test_id("version-save").click()
    await expect(page.get_by_test_id("version-1")).to_contain_text("First")
    await page.get_by_label("Close this panel").click()
    await editor.select("a")
    await editor.write("text", "Three")
    await editor.stands("b", "succeeded")
    await expect(page.get_by_test_id("node-b-output")).to_have_text("Three two")
    await page.get_by_test_id("panel-versions").click()
    await page.get_by_test_id("version-1").get_by_role("button").first.click()
    await page.get_by_test_id("version-restore").click()
    await expect(page.get_by_test_id("node-b-output")).to_have_text("One two")
    await page.get_by_test_id("publish").click()
    await expect(page.get_by_test_id("version-publish-draft")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("editor-standing")).to_contain_text("Published")
    # A node that is chosen takes the place of the panel.
    await editor.select("b")
    await expect(editor.field("text")).to_be_visible()
    await expect(page.get_by_test_id("versions")).to_have_count(0)


async def test_a_question_is_answered_where_the_workflow_is_built(page: Page, site: Site) -> None:
    document = chain("Hello", "{{ a }}")
    document["nodes"][2]["config"] = {"mode": "approval", "message": "Send it?"}
    editor = await Editor(page).open(keep(site, document))
    await page.get_by_test_id("run-start").click()
    question = page.get_by_test_id("question-b")
    await expect(question).to_contain_text("Send it?")
    await question.get_by_label("Comment").fill("Fine.")
    await question.get_by_test_id("answer-approve").click()
    await editor.ran("succeeded")
    await expect(page.get_by_test_id("node-b-output")).to_contain_text("Fine.")
    await expect(question).to_have_count(0)


async def test_what_is_out_of_sight_is_drawn_once_it_comes_into_it(page: Page, site: Site) -> None:
    document = chain("Far", "{{ a }}")
    document["nodes"][2]["position"] = {"x": 6_000, "y": 3_000}
    editor = await Editor(page).open(keep(site, document))
    await expect(editor.node("a")).to_be_visible()
    await expect(editor.node("b")).to_have_count(0)
    await page.get_by_label("Fit everything").click()
    await expect(editor.node("b")).to_be_visible()
    # The wire ends where the node's dot is, though its place was known before it was drawn.
    dot = await editor.node("b").locator(".react-flow__handle.target").bounding_box()
    wire = await page.locator(
        ".react-flow__edge[data-id='a-b'] .react-flow__edge-path"
    ).bounding_box()
    assert dot is not None
    assert wire is not None
    assert abs(wire["x"] + wire["width"] - dot["x"] - dot["width"] / 2) <= 2
    assert abs(wire["y"] + wire["height"] - dot["y"] - dot["height"] / 2) <= 2


async def test_nothing_typed_is_lost_without_a_connection(page: Page, site: Site) -> None:
    workflow_id = keep(site, chain("One"))
    editor = await Editor(page).open(workflow_id)
    await editor.select("a")
    await page.route("**/operations", lambda route: route.abort())
    await editor.write("text", "Typed in a tunnel")
    await expect(page.locator("[data-saving='offline']")).to_be_visible()
    await page.unroute("**/operations")
    await page.reload()
    await editor.saved()
    texts = [node.config.get("text") for node in kept_document(site, workflow_id).nodes]
    assert "Typed in a tunnel" in texts


async def test_an_output_that_cannot_be_read_says_so_and_can_be_asked_for_again(
    page: Page, site: Site
) -> None:
    editor = await Editor(page).open(keep(site, chain("Begin " + "x" * 4_000 + " end")))
    await page.route("**/draft/outputs/**", lambda route: route.abort())
    await editor.run("a")
    await editor.stands("a", "succeeded")
    await editor.select("a")
    await page.get_by_role("tab", name="Output").click()
    output = page.get_by_role("tabpanel")
    await expect(output.get_by_role("alert")).to_contain_text("Only its beginning could be read.")
    await expect(output).to_contain_text("Begin x")
    await page.unroute("**/draft/outputs/**")
    await output.get_by_role("button", name="Try again").click()
    await output.get_by_role("button", name="Show all 4,010 characters").click()
    await expect(output).to_contain_text("x end")
    await expect(output.get_by_role("alert")).to_have_count(0)


async def test_dragging_sends_one_message_when_it_ends(page: Page, site: Site) -> None:
    workflow_id = keep(site, chain("One", "Two"))
    editor = await Editor(page).open(workflow_id)
    await editor.select("b")
    await expect(editor.field("text")).to_have_class(re.compile("cm-content"))
    # What opening asks for has been asked.
    await page.wait_for_load_state("networkidle")
    said: list[str] = []
    page.on("request", lambda request: said.append(f"{request.method} {request.url}"))
    page.on("websocket", lambda socket: said.append(f"socket {socket.url}"))
    box = await editor.node("b").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 80, box["y"] + 15)
    await page.mouse.down()
    for step in range(40):
        await page.mouse.move(box["x"] + 80 + step, box["y"] + 15 + 2 * step)
    assert said == []
    await page.mouse.up()
    await editor.saved()
    assert len([text for text in said if "operations" in text]) == 1
    moved = next(n for n in kept_document(site, workflow_id).nodes if n.name == "b")
    assert moved.position.y > 0


async def test_a_circle_is_refused_with_its_path(page: Page, site: Site) -> None:
    workflow_id = keep(site, chain("One", "Two"))
    editor = await Editor(page).open(workflow_id)
    await editor.wire("b", "a")
    await expect(page.get_by_test_id("toast")).to_contain_text("in a circle: a → b → a")
    assert len(kept_document(site, workflow_id).edges) == 2
    await wire_backwards(editor)
    await editor.saved()
    kept = kept_document(site, workflow_id)
    names = {node.id: node.name for node in kept.nodes}
    (added,) = set(names.values()) - {"start", "a", "b"}
    wires = {(names[edge.source], names[edge.target]) for edge in kept.edges}
    assert wires == {("start", "a"), ("a", "b"), (added, "b"), ("start", "b")}
    (new, b) = (next(node for node in kept.nodes if node.name == name) for name in (added, "b"))
    assert new.position.x < b.position.x


async def wire_backwards(editor: Editor) -> None:
    """From a way in: over empty canvas what could feed it is offered, over a node it connects."""
    page = editor.page
    way_in = editor.node("b").locator(".react-flow__handle.target")
    for x, y in (-60, 260), (0, 0):
        await way_in.hover()
        await page.mouse.down()
        at = await editor.node("b" if y else "start").bounding_box()
        assert at is not None
        await page.mouse.move(at["x"] + x + 60, at["y"] + y + 30, steps=3)
        await page.mouse.up()
        if y:
            await expect(page.get_by_test_id("add-end")).to_have_count(0)
            await page.get_by_test_id("quick-add-search").fill("template")
            await page.keyboard.press("Enter")


async def test_in_a_frame_room_is_made_before_the_first_node_and_sides_meet_those_outside(
    page: Page, site: Site
) -> None:
    document = chain("One")
    loop = {"mode": "for_each", "items": "{{ [1, 2] }}"}
    document["nodes"] += [
        {"id": "l", "type": "loop", "name": "l", "config": loop, "position": {"x": 0, "y": 200}},
        {
            **document["nodes"][1],
            "id": "b",
            "name": "b",
            "parent": "l",
            "position": {"x": 20, "y": 60},
        },
    ]
    workflow_id = keep(site, document)
    editor = await Editor(page).open(workflow_id)
    await editor.node("b").locator(".react-flow__handle.target").hover()
    await page.mouse.down()
    frame = await editor.node("l").bounding_box()
    assert frame is not None
    await page.mouse.move(frame["x"] + 300, frame["y"] + 300, steps=3)
    await page.mouse.up()
    await page.get_by_test_id("quick-add-search").fill("template")
    await page.keyboard.press("Enter")
    await editor.saved()
    nodes = {node.name: node for node in kept_document(site, workflow_id).nodes}
    (added,) = set(nodes) - {"start", "a", "b", "l"}
    assert nodes[added].parent == "l"
    assert nodes[added].position.x + 184 < nodes["b"].position.x
    assert nodes[added].position.y == nodes["b"].position.y
    await dropped_at_the_edge(editor)
    await editor.select("b")
    await editor.node("a").locator(".flow-title").click(modifiers=["Shift"])
    await page.get_by_role("button", name="Align left").click()
    await editor.saved()
    nodes = {node.name: node for node in kept_document(site, workflow_id).nodes}
    assert nodes["a"].position.x == nodes["l"].position.x + nodes["b"].position.x


async def dropped_at_the_edge(editor: Editor) -> None:
    """What is let go within a frame is in it, however near its side."""
    frame = editor.node("l")
    box = await frame.bounding_box()
    assert box is not None
    at: Position = {"x": 12, "y": box["height"] - 8}
    await editor.page.get_by_test_id("palette-custom").drag_to(frame, target_position=at)
    await expect(editor.page.get_by_test_id("field-parent")).to_have_value("l")


async def test_copies_travel_as_text_to_another_workflow(page: Page, site: Site) -> None:
    first, second = keep(site, chain("One", "{{ a }} more")), keep(site, chain("Other"))
    editor = await Editor(page).open(first)
    await page.get_by_test_id("canvas").focus()
    text = await page.evaluate(
        """async () => {
            const board = document.querySelector('[data-testid=canvas]');
            board.focus();
            document.dispatchEvent(new KeyboardEvent('keydown', {key: 'a', ctrlKey: true, bubbles: true}));
            await new Promise(requestAnimationFrame);
            const data = new DataTransfer();
            board.dispatchEvent(new ClipboardEvent('copy', {clipboardData: data, bubbles: true}));
            return data.getData('text/plain');
        }"""
    )
    assert {node["name"] for node in json.loads(text)["nodes"]} == {"start", "a", "b"}
    editor = await Editor(page).open(second)
    await page.evaluate(
        """(text) => {
            const data = new DataTransfer();
            data.setData('text/plain', text);
            document.querySelector('[data-testid=canvas]').dispatchEvent(
                new ClipboardEvent('paste', {clipboardData: data, bubbles: true}));
        }""",
        text,
    )
    await editor.saved()
    nodes = {node.name: node.config for node in kept_document(site, second).nodes}
    # `a` is taken, and what reads it follows its copy.
    assert nodes["b"]["text"] == "{{ a_2 }} more"


async def test_a_paste_of_five_megabytes_is_refused_and_the_editor_goes_on(
    page: Page, site: Site
) -> None:
    workflow_id = keep(site, chain("One"))
    editor = await Editor(page).open(workflow_id)
    await page.evaluate(
        """() => {
            const data = new DataTransfer();
            const node = {id: "x", type: "task", name: "x", config: {text: "x".repeat(5_000_000)}};
            data.setData('text/plain', JSON.stringify({nodes: [node]}));
            document.querySelector('[data-testid=canvas]').dispatchEvent(
                new ClipboardEvent('paste', {clipboardData: data, bubbles: true}));
        }"""
    )
    toast = page.get_by_test_id("toast").first
    await expect(toast).to_contain_text("at most 2 MB")
    await editor.select("a")
    await editor.write("text", "Short")
    await editor.saved()
    texts = [node.config.get("text") for node in kept_document(site, workflow_id).nodes]
    assert texts == [None, "Short"]


@pytest.mark.parametrize("colour", ["light", "dark"])
@pytest.mark.parametrize(
    ("view", "width"),
    # A telephone has no room for both.
    [("canvas", 1440), ("canvas", 390), ("notebook", 1440), ("notebook", 390), ("both", 1440)],
)
async def test_axe_finds_nothing(
    browser: Browser, site: Site, view: str, colour: str, width: int
) -> None:
    workflow_id = keep(site, EXAMPLE.dump())
    async with (
        admin_profile(
            browser, site, viewport={"width": width, "height": 860}, color_scheme=colour
        ) as context,
        watched(context, site) as page,
    ):
        editor = await Editor(page).open(workflow_id)
        await page.get_by_test_id(f"view-{view}").click()
        await editor.saved()
        target = "notebook" if view == "notebook" else "canvas"
        await expect(page.get_by_test_id(target)).to_be_visible()
        if view != "notebook":
            await editor.node("extract").locator(".flow-head").click()
            await expect(page.get_by_test_id("field-prompt").first).to_be_visible()
        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
