"""Finding and filling the places that are evaluated."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from flowstudio.graph.fields import Expression, ItemExpression, Templated, Text, Value
from flowstudio.graph.slots import fill, find_slots, path_text


class Case(BaseModel):
    port: str
    when: Expression


class Config(BaseModel):
    literal: str = ""
    text: Text = ""
    limit: int | Templated = 0
    rows: list[Any] | Templated = []
    by: ItemExpression | None = None
    values: dict[str, Value] = {}
    cases: list[Case] = []
    kind: Literal["a", "b"] = "a"
    schema_: Value = Field(default=None, alias="schema")


def places(**given):
    slots, faults = find_slots(Config.model_validate(given))
    return {slot.path: slot for slot in slots}, faults


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"literal": "{{ a }}"}, []),
        ({"text": "no template"}, []),
        ({"text": "Hi {{ a }}"}, [("text",)]),
        ({"limit": "{{ a }}"}, [("limit",)]),
        ({"limit": 3}, []),
        ({"rows": "{{ a }}"}, [("rows",)]),
        ({"rows": [1, "{{ a }}", {"x": ["{{ b }}"]}]}, [("rows", 1), ("rows", 2, "x", 0)]),
        ({"values": {"k": {"l": "{{ a }}"}, "m": 1}}, [("values", "k", "l")]),
        ({"by": "item.x"}, [("by",)]),
        ({"cases": [{"port": "p", "when": "a > 1"}]}, [("cases", 0, "when")]),
        ({"schema": "{{ a }}"}, [("schema",)]),
    ],
)
def test_marked_fields_are_found_at_any_depth(given, expected):
    found, faults = places(**given)
    assert (list(found), faults) == (expected, [])


def test_an_item_expression_sees_item_and_index():
    found, _ = places(by="item.x")
    assert found["by",].names == ("item", "index")


def test_what_does_not_parse_is_a_fault_at_its_place():
    _, faults = places(text="{{", values={"k": ["{{ a b }}"]}, by="(")
    assert [fault.path for fault in faults] == [("text",), ("by",), ("values", "k", 0)]


def test_braces_around_a_bare_expression_are_pointed_out():
    _, faults = places(by="{{ item.x }}")
    assert faults[0].message == "Write this expression without double braces: item.x"


def test_a_number_or_a_template_but_no_other_text():
    with pytest.raises(ValueError, match="or a template in double braces"):
        Config.model_validate({"limit": "three"})


def test_filling_copies_what_it_changes_and_keeps_the_rest():
    raw = {"a": {"b": ["{{ x }}", 2]}, "c": "{{ y }}"}
    filled = fill(raw, {("a", "b", 0): [1], ("c",): None})
    assert filled == {"a": {"b": [[1], 2]}, "c": None}
    assert raw == {"a": {"b": ["{{ x }}", 2]}, "c": "{{ y }}"}


def test_values_filled_in_are_not_looked_into():
    raw = {"a": "{{ x }}"}
    assert fill(raw, {("a",): {"a": "{{ secret }}"}}) == {"a": {"a": "{{ secret }}"}}


@pytest.mark.parametrize(
    ("path", "text"),
    [((), ""), (("a",), "a"), (("a", 0, "b"), "a[0].b"), ((0, "a"), "[0].a")],
)
def test_a_path_is_written_as_people_write_it(path, text):
    assert path_text(path) == text
