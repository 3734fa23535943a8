"""What somebody types into forms is kept as it was typed, whatever it is on the way to being."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.mounting import config, form, show, show_values

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def of_node(page: Page, key: str, field: str) -> Any:
    return await page.evaluate("([key, field]) => nodes[key][field]", [key, field])


async def test_a_number_may_begin_as_its_usual_value(forms: Page) -> None:
    await show(forms, form("end", key="one"))
    await forms.get_by_text("When it fails, and caching").click()
    attempts = forms.get_by_test_id("field-retry.attempts")
    await attempts.press_sequentially("10")
    await expect(attempts).to_have_value("10")
    longest = forms.get_by_test_id("field-retry.max_s")
    await longest.press_sequentially("600")
    assert await of_node(forms, "one", "retry") == {"attempts": 10, "max_s": 600}
    limit = forms.get_by_test_id("field-timeout_s")
    await limit.press_sequentially("1_000")
    await expect(limit).to_have_value("1_000")
    assert await of_node(forms, "one", "timeout_s") == 1000


async def test_a_value_that_is_emptied_does_not_take_its_row_along(forms: Page) -> None:
    await show(forms, form("end", key="one", config={"outputs": {"a": {"b": 1}}}))
    value = forms.get_by_test_id("field-outputs.a")
    await value.fill("")
    await expect(forms.get_by_role("alert")).to_have_text("Give a value.")
    await expect(forms.get_by_test_id("field-outputs-name-0")).to_have_value("a")
    await value.fill("[2]")
    assert await config(forms, "one") == {"outputs": {"a": [2]}}


@pytest.mark.parametrize(
    "written",
    [
        '{"type": "object", "properties": {"a": {"enum": "x"}}}',
        '{"type": "object", "properties": {"a": {}}, "required": true}',
        '{"type": "object", "properties": {"a": {"type": "object", "required": "b"}}}',
        '{"type": "object", "properties": []}',
    ],
)
async def test_a_schema_that_is_none_stays_as_it_was_written(forms: Page, written: str) -> None:
    await show(forms, form("start", key="one"))
    await forms.get_by_test_id("field-inputs-as").get_by_text("JSON").click()
    inputs = forms.get_by_test_id("field-inputs")
    await inputs.fill(written)
    await expect(forms.get_by_test_id("field-inputs-as").get_by_label("Fields")).to_be_disabled()
    await expect(inputs).to_have_text(written)


async def test_another_type_of_input_starts_without_a_default(forms: Page) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "default": "12"}}}
    await show(forms, form("start", key="one", config={"inputs": schema}))
    await forms.get_by_test_id("field-inputs.0-open").click()
    await expect(forms.get_by_test_id("field-inputs.0-default")).to_have_value("12")
    await forms.get_by_test_id("field-inputs.0-type").select_option("number")
    await expect(forms.get_by_test_id("field-inputs.0-default")).to_have_value("")


async def test_what_others_wrote_is_not_this_persons_to_undo(forms: Page) -> None:
    await show(forms, form("task", "template", key="one", config={"text": ""}))
    text = forms.get_by_test_id("field-text")
    await expect(forms.locator(".code-plain:visible")).to_have_count(0)
    await text.press_sequentially("mine")
    theirs = {"mode": "template", "text": "mine and theirs"}
    await forms.evaluate("config => change('one', config)", theirs)
    await expect(text).to_have_text("mine and theirs")
    await text.press("ControlOrMeta+z")
    await expect(text).to_have_text(" and theirs")


async def test_a_figure_that_cannot_be_drawn_gives_way_to_one_that_can(forms: Page) -> None:
    good = {"data": [{"type": "bar", "x": ["a"], "y": [1]}], "layout": {}}
    bad = good | {"data": [{"type": "bar", "x": {"dtype": "f8", "bdata": "@@@"}, "y": [1]}]}
    await show_values(forms, {"figure": bad})
    await expect(forms.locator("[data-value=figure] .note")).to_contain_text("cannot be drawn")
    for _ in range(2):
        await forms.evaluate("values => showValues(values)", {"figure": dict(good)})
        await expect(forms.locator("[data-value=figure] .value-plot svg").first).to_be_visible()
