"""Forms, editors of code and previews, in a real browser on a real server."""

import asyncio
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, Route, expect

from flowstudio.graph.canonical import content_hash, dump
from flowstudio.store.tables.editing import DraftOutputRow
from flowstudio.store.tables.workflows import WorkflowRow
from tests.builders import document, node
from tests.e2e.mounting import config, every_form, form, show, show_values
from tests.people import project_of
from tests.site import ADMIN, Site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NAMES = [
    {"name": "extract", "kind": "ai", "sample": {"json": {"urgency": 4, "two words": "x"}}},
    {"name": "inputs", "kind": "inputs", "sample": {"topic": "tea"}},
]
CONTEXT = {"names": NAMES}


def ready(page: Page) -> Any:
    """Code editors have come, wherever a field can be seen."""
    return expect(page.locator(".code-plain:visible")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
async def test_axe_finds_nothing_on_any_form(forms: Page, theme: str, width: int) -> None:
    await forms.set_viewport_size({"width": width, "height": 900})
    context = {**CONTEXT, "problems": []}
    given = [each | {"context": context} for each in every_form()]
    schema = {"type": "object", "properties": {"a": {"type": "string", "enum": ["x"]}}}
    given.append(
        form("ai", key="full", config={"output": "json", "schema": schema, "fallbacks": ["a/b"]})
    )
    wrong = [{"path": "config.cases[0].when", "message": "Nothing is called 'foo' here."}]
    cases = {"cases": [{"port": "a", "when": "foo > 1"}]}
    given.append(form("decision", "switch", key="wrong", config=cases, problems=wrong))
    await show(forms, *given, theme=theme)
    await forms.evaluate(
        "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
    )
    await forms.locator("[aria-expanded='false'].schema-open").first.click()
    results = await Axe().run(forms)
    assert results.violations_count == 0, results.generate_report()
    sideways = await forms.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not sideways


async def test_what_is_typed_is_told_at_once_and_survives_the_coming_of_the_editor(
    forms: Page,
) -> None:
    gate = asyncio.Event()

    async def wait(route: Route) -> None:
        await gate.wait()
        await route.fallback()

    await forms.context.route("**/code-editor-*.js", wait)
    await show(forms, form("ai", context=CONTEXT))
    prompt = forms.get_by_test_id("field-prompt")
    await prompt.press_sequentially("Sum up this mail")
    assert (await config(forms, "ai"))["prompt"] == "Sum up this mail"
    await forms.keyboard.press("Control+ArrowLeft")
    gate.set()
    await ready(forms)
    await forms.keyboard.type("short ")
    await expect(prompt).to_have_text("Sum up this short mail")
    assert (await config(forms, "ai"))["prompt"] == "Sum up this short mail"


async def accepted(page: Page) -> None:
    """Take what completion offers; for a moment after it opens, Enter does not yet."""
    offered = page.locator(".cm-tooltip-autocomplete")
    async with asyncio.timeout(10):
        while await offered.count():
            await page.evaluate("new Promise((done) => setTimeout(done, 100))")
            await page.keyboard.press("Enter")


async def test_names_and_their_fields_are_completed_by_keyboard(forms: Page) -> None:
    await show(forms, form("ai", context=CONTEXT))
    await ready(forms)
    await forms.get_by_test_id("field-prompt").click()
    await forms.keyboard.type("Now {{ext")
    await expect(forms.locator(".cm-tooltip-autocomplete li").first).to_contain_text("extract")
    await accepted(forms)
    await forms.keyboard.type(".json.")
    await expect(forms.locator(".cm-tooltip-autocomplete li").first).to_contain_text("urgency")
    await forms.keyboard.type("two")
    await expect(forms.locator(".cm-tooltip-autocomplete li")).to_have_count(1)
    await accepted(forms)
    # A key with a space in it takes the place of the dot.
    assert (await config(forms, "ai"))["prompt"] == "Now {{extract.json['two words']}}"
    # All of it is the page's to run; here there is nobody to hear of it, and no line is put in.
    await forms.keyboard.press("Control+Enter")
    await forms.keyboard.press("Shift+Enter")
    assert await forms.evaluate("runs") == 1
    assert (await config(forms, "ai"))["prompt"] == "Now {{extract.json['two words']}}"
    await forms.keyboard.press("Tab")
    await expect(forms.get_by_test_id("field-system")).to_be_focused()


async def test_a_problem_is_underlined_where_it_is(forms: Page) -> None:
    problem = {"path": "config.condition", "message": "Nothing is called 'foo' here."}
    await show(forms, form("decision", "if", config={"condition": "1 < foo"}, problems=[problem]))
    await ready(forms)
    await expect(forms.locator(".cm-lintRange-error")).to_have_text("foo")
    await expect(forms.get_by_role("alert")).to_have_text("Nothing is called 'foo' here.")
    await expect(forms.get_by_test_id("field-condition")).to_have_attribute("aria-invalid", "true")


async def test_somebody_elses_change_leaves_the_caret_where_it_is(forms: Page) -> None:
    text = "Dear Ada, thank you."
    await show(forms, form("task", "template", key="one", config={"text": text}))
    await ready(forms)
    await forms.get_by_test_id("field-text").click()
    await forms.keyboard.press("End")
    changed = {"mode": "template", "text": "Dear Ms Okafor, thank you."}
    await forms.evaluate("config => change('one', config)", changed)
    await forms.keyboard.type(" Bye.")
    assert (await config(forms, "one"))["text"] == "Dear Ms Okafor, thank you. Bye."


async def test_another_mode_swaps_the_fields_and_back_brings_them_again(forms: Page) -> None:
    cases = [{"port": "late", "when": "x > 1"}]
    await show(forms, form("decision", "switch", key="one", config={"cases": cases}))
    mode = forms.get_by_test_id("field-mode")
    await mode.get_by_text("If", exact=True).click()
    assert await config(forms, "one") == {"mode": "if"}
    await expect(forms.get_by_test_id("field-condition")).to_be_visible()
    await mode.get_by_label("If", exact=True).press("ArrowRight")
    assert await config(forms, "one") == {"mode": "switch", "cases": cases}


async def test_lists_are_added_to_moved_and_emptied_by_keyboard(forms: Page) -> None:
    await show(forms, form("decision", "switch", key="one", config={"cases": []}))
    add = forms.get_by_test_id("field-cases-add")
    await add.press("Enter")
    port = forms.get_by_test_id("field-cases.0.port")
    await expect(port).to_be_focused()
    await forms.keyboard.type("a")
    await add.press("Enter")
    await expect(forms.get_by_test_id("field-cases.1.port")).to_be_focused()
    await forms.keyboard.type("b")
    await forms.keyboard.press("Alt+ArrowUp")
    ports = [case["port"] for case in (await config(forms, "one"))["cases"]]
    assert ports == ["b", "a"]
    await expect(port).to_be_focused()
    await expect(port).to_have_value("b")
    await forms.get_by_test_id("field-cases.0-remove").press("Enter")
    assert [case["port"] for case in (await config(forms, "one"))["cases"]] == ["a"]


async def test_a_name_that_is_taken_waits_and_nothing_is_lost(forms: Page) -> None:
    outputs = {"first": "{{ a }}"}
    await show(forms, form("end", key="one", config={"outputs": outputs}))
    await forms.get_by_test_id("field-outputs-add").click()
    await expect(forms.get_by_test_id("field-outputs-name-1")).to_be_focused()
    await forms.keyboard.type("first")
    await expect(forms.get_by_text("There is another first")).to_be_visible()
    assert (await config(forms, "one"))["outputs"] == outputs
    await forms.keyboard.type("_two")
    await forms.get_by_test_id("field-outputs.first_two").fill("{{ b }}")
    expected = {"first": "{{ a }}", "first_two": "{{ b }}"}
    assert (await config(forms, "one"))["outputs"] == expected
    await forms.get_by_test_id("field-outputs-name-0").fill("second")
    assert (await config(forms, "one"))["outputs"] == {"second": "{{ a }}", "first_two": "{{ b }}"}


async def test_any_value_is_written_as_text_or_as_json(forms: Page) -> None:
    await show(forms, form("integration", "webhook", key="one", config={"url": "https://a.test"}))
    await ready(forms)
    await forms.get_by_test_id("field-payload-json").click()
    payload = forms.get_by_test_id("field-payload")
    await payload.fill('{"a": [1, "{{ b }}"')
    await expect(forms.get_by_role("alert")).to_contain_text("This is not JSON")
    assert "payload" not in await config(forms, "one")
    await payload.fill('{"a": [1, "{{ b }}"]}')
    assert (await config(forms, "one"))["payload"] == {"a": [1, "{{ b }}"]}


async def test_numbers_say_what_is_wrong_and_take_templates_where_they_may(forms: Page) -> None:
    await show(forms, form("ai"))
    box = forms.get_by_test_id("field-temperature")
    await box.fill("warm")
    await expect(forms.get_by_role("alert")).to_contain_text("Give a number, or a template")
    assert "temperature" not in await config(forms, "ai")
    await box.fill("3")
    await expect(forms.get_by_role("alert")).to_contain_text("0 to 2")
    await box.fill("1.50")
    assert (await config(forms, "ai"))["temperature"] == 1.5
    await expect(box).to_have_value("1.50")
    await box.fill("{{ inputs.heat }}")
    assert (await config(forms, "ai"))["temperature"] == "{{ inputs.heat }}"
    await box.fill("")
    assert "temperature" not in await config(forms, "ai")


async def test_a_schema_is_built_row_by_row_or_as_json(forms: Page) -> None:
    await show(forms, form("start", key="one"))
    await forms.get_by_test_id("field-inputs-add").click()
    await forms.keyboard.type("mood")
    await forms.get_by_test_id("field-inputs.0-required").check()
    await forms.get_by_test_id("field-inputs.0-type").select_option("choice")
    await forms.get_by_test_id("field-inputs.0-choices").fill("happy\nsad\n")
    await forms.get_by_test_id("field-inputs.0-description").fill("How it sounds")
    mood = {"type": "string", "enum": ["happy", "sad"], "description": "How it sounds"}
    expected = {"type": "object", "properties": {"mood": mood}, "required": ["mood"]}
    assert (await config(forms, "one"))["inputs"] == expected
    await forms.get_by_test_id("field-inputs-as").get_by_text("JSON").click()
    await ready(forms)
    await forms.get_by_test_id("field-inputs").fill('{"anyOf": [{"type": "object"}]}')
    assert (await config(forms, "one"))["inputs"] == {"anyOf": [{"type": "object"}]}
    # What rows cannot say stays JSON.
    await expect(forms.get_by_test_id("field-inputs-as").get_by_label("Fields")).to_be_disabled()


async def test_a_model_is_found_by_name_with_its_price(forms: Page) -> None:
    await show(forms, form("ai"))
    await forms.get_by_test_id("field-model").click()
    options = forms.get_by_test_id("field-model-option")
    await expect(options.first).to_contain_text("Router")
    await expect(options.nth(1)).to_contain_text("free, on this server")
    name = (await options.nth(1).locator(".model-name").inner_text()).strip()
    await forms.get_by_test_id("field-model-search").fill(name)
    await forms.keyboard.press("Enter")
    chosen = (await config(forms, "ai"))["model"]
    assert chosen
    await expect(forms.get_by_test_id("field-model")).to_contain_text(name)
    # A model by name leaves nothing to route.
    await expect(forms.get_by_test_id("field-task")).to_have_count(0)
    await forms.get_by_test_id("field-model").click()
    await forms.keyboard.press("Enter")
    assert "model" not in await config(forms, "ai")


async def test_a_credential_is_chosen_among_those_of_its_kind(forms: Page, site: Site) -> None:
    project_id = project_of(site.person(ADMIN))
    for body in (
        {"kind": "bearer", "name": "Desk", "token": "sk-test", "hosts": ["desk.test"]},
        {"kind": "smtp", "name": "Post", "host": "mail.test", "username": "u", "password": "p"},
    ):
        reply = await forms.context.request.post(
            "/api/v1/credentials", data=body | {"project_id": project_id}
        )
        assert reply.status == 201, await reply.text()
    await show(forms, form("integration", "http", context={"projectId": project_id}))
    box = forms.get_by_test_id("field-credential")
    await expect(box.locator("option")).to_contain_text(["None", "Desk"])
    assert "Post" not in await box.inner_text()
    await box.select_option(label="Desk · bearer token")
    assert len((await config(forms, "integration-http"))["credential"]) == 36


async def test_the_value_of_a_template_shows_live_under_its_field(forms: Page, site: Site) -> None:
    project_id = project_of(site.person(ADMIN))
    drawn = document(
        node("start"),
        node("task", "rows", mode="template", text="x"),
        node("task", "few", mode="filter", items="{{ rows }}", where="item.score > 1"),
        edges="start>rows>few",
        name="Live previews",
    )
    reply = await forms.context.request.post(
        "/api/v1/workflows", data={"project_id": project_id, "document": drawn}
    )
    workflow_id = (await reply.json())["id"]
    body = dump([{"name": "Ada", "score": 1}, {"name": "Bob", "score": 2}])
    row = DraftOutputRow(
        workflow_id=workflow_id,
        node_id="rows",
        output=body,
        output_hash=content_hash(body),
        output_size=len(body),
    )
    site.parts.records.write_now(
        lambda session: session.add(row) if session.get(WorkflowRow, workflow_id) else None
    )
    context = {"workflowId": workflow_id, "projectId": project_id}
    filled = {"items": "{{ rows }}", "where": "item.name"}
    drawn_form = form("task", "filter", key="one", config=filled, node={"id": "few"})
    await show(forms, drawn_form | {"context": context})
    lines = forms.get_by_test_id("field-preview")
    await expect(lines.first).to_contain_text('[{"name":"Ada"')
    await expect(lines.nth(1)).to_contain_text("Item 1 of 2")
    await forms.get_by_label("Preview the next item").click()
    await expect(lines.nth(1)).to_contain_text("Bob")
    await ready(forms)
    await forms.get_by_test_id("field-where").fill("item.nam")
    await expect(lines.nth(1)).to_contain_text("has no 'nam'; it has: name, score")
    await forms.get_by_test_id("field-where").fill("sum(range(10 ** 12))")
    await expect(lines.nth(1)).to_contain_text("took longer than 0.5 s")
    # What stands above has run again: nothing was typed, and the value is another.
    body = dump([{"name": "Eve"}])
    newer = {"output": body, "output_hash": content_hash(body), "output_size": len(body)}
    site.parts.records.write_now(
        lambda session: session.get_one(DraftOutputRow, (workflow_id, "rows")).sqlmodel_update(
            newer
        )
    )
    names = [{"name": "rows", "kind": "task"}]
    again = drawn_form | {"context": context | {"names": names}}
    await forms.evaluate("forms => showForms(forms)", [again])
    await expect(lines.first).to_contain_text('[{"name":"Eve"}')


async def test_somebody_who_may_only_look_changes_nothing(forms: Page) -> None:
    await show(forms, form("ai", config={"prompt": "Hello"}, disabled=True))
    await ready(forms)
    await forms.get_by_test_id("field-prompt").click()
    await forms.keyboard.type("x")
    await expect(forms.get_by_test_id("field-model")).to_be_disabled()
    assert (await config(forms, "ai"))["prompt"] == "Hello"


async def test_the_key_setting_of_a_node_stands_by_itself(forms: Page) -> None:
    await show(forms, form("ai", key="cell", config={"prompt": "Hi"}, isKey=True))
    await expect(forms.get_by_test_id("field-prompt")).to_contain_text("Hi")
    await expect(forms.get_by_test_id("field-model")).to_have_count(0)


# Values


ROWS = [{"id": (n * 7919) % 100_003, "name": f"Row {n}"} for n in range(100_000)]
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FAAhKDveksOjmAAAAAElFTkSuQmCC"
PLOT = {
    "data": [{"type": "bar", "x": ["a", "b"], "y": [1, 2]}],
    "layout": {"title": {"text": "Tickets"}},
}
VALUES = {
    "text": "# Title\n\n**Bold** and ![x](https://elsewhere.example/p.png)",
    "rows": [{"a": 1, "b": "x"}, {"a": 2, "b": None}],
    "tree": {"customer": {"two words": [{"deep": "tea"}]}, "long": list(range(250))},
    "picture": PNG,
    "plot": PLOT,
    "number": 42.5,
    "answer": {"text": "It is **fine**.", "model": "m", "usage": {}},
    "nothing": None,
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
async def test_axe_finds_nothing_on_any_value(forms: Page, theme: str, width: int) -> None:
    await forms.set_viewport_size({"width": width, "height": 900})
    await show_values(forms, VALUES, theme)
    await expect(forms.locator(".plot-container")).to_be_visible()
    await expect(forms.locator("[data-value='text'] strong")).to_be_visible()
    results = await Axe().run(forms)
    assert results.violations_count == 0, results.generate_report()
    assert await forms.locator("img").count() == 1
    assert not await forms.evaluate("document.documentElement.scrollWidth > innerWidth")


async def test_a_hundred_thousand_rows_are_sorted_and_paged_quickly(forms: Page) -> None:
    await show_values(forms, {"rows": ROWS})
    table = forms.locator("table")
    await expect(table.locator("tbody tr")).to_have_count(20)
    began = await forms.evaluate("performance.now()")
    await table.get_by_role("button", name="id").click()
    await expect(table.locator("th[aria-sort='ascending']")).to_be_visible()
    await expect(table.locator("tbody tr").nth(1)).to_contain_text("Row ")
    assert await forms.evaluate("performance.now()") - began < 5_000
    ids = await table.locator("tbody tr td:nth-child(2)").all_inner_texts()
    assert ids == sorted(ids, key=int)
    await forms.get_by_label("Next page").click()
    await expect(forms.get_by_text("21 to 40 of 100,000")).to_be_visible()


async def test_branches_open_when_asked_and_places_are_found_and_copied(forms: Page) -> None:
    await forms.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await show_values(forms, {"tree": VALUES["tree"]})
    tree = forms.locator(".json")
    await expect(tree.get_by_text("250 items")).to_be_visible()
    rows = await tree.locator(".json-row").count()
    await tree.get_by_role("button", name="long, 250 items").press("Enter")
    await expect(tree.get_by_text("Show 100 more of 250")).to_be_visible()
    assert await tree.locator(".json-row").count() == rows + 100
    await forms.get_by_label("Search in this value").click()
    await forms.keyboard.type("tea")
    found = tree.locator(".json-found button")
    await found.click()
    assert (
        await forms.evaluate("navigator.clipboard.readText()")
        == 'tree.customer["two words"][0].deep'
    )


async def test_heavy_parts_are_fetched_only_when_something_needs_them(forms: Page) -> None:
    fetched: list[str] = []
    forms.on("request", lambda request: fetched.append(request.url))
    await show_values(forms, {"rows": VALUES["rows"]})
    await expect(forms.locator("table")).to_be_visible()
    assert not [url for url in fetched if "plot" in url or "prose" in url or "code-editor" in url]
    await forms.evaluate("values => showValues(values)", {"plot": PLOT})
    await expect(forms.locator(".plot-container")).to_be_visible()
    assert [url for url in fetched if "plot" in url]


async def test_what_is_usual_stands_in_lists_and_objects_and_holds_but_for_what_is_changed(
    forms: Page,
) -> None:
    orders = [{"customer": "Ann", "total": 3}, {"customer": "Bo", "total": 4}]
    order = {
        "type": "object",
        "properties": {"customer": {"type": "string"}, "total": {"type": "integer"}},
    }
    schema = {
        "type": "object",
        "properties": {
            "orders": {"type": "array", "items": order, "default": orders},
            "shop": {**order, "default": {"customer": "Cy", "total": 5}},
            "names": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "default": {"a": "one", "b": "two"},
            },
        },
    }
    node = {"id": "n", "type": "task", "name": "n", "config": {}}
    await show(forms, {"key": "usual", "schema": schema, "node": node})
    first = forms.get_by_test_id("field-orders.0.customer")
    await expect(first).to_have_value("Ann")
    await first.fill("Anna")
    shop = forms.get_by_test_id("field-shop.total")
    await expect(shop).to_have_value("5")
    await shop.fill("6")
    name = forms.get_by_test_id("field-names.b")
    await expect(name).to_have_value("two")
    await name.fill("three")
    assert await config(forms, "usual") == {
        "orders": [{"customer": "Anna", "total": 3}, orders[1]],
        "shop": {"customer": "Cy", "total": 6},
        "names": {"a": "one", "b": "three"},
    }
