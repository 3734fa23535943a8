import time

import pytest

from flowstudio.llm.errors import InvalidRequestError
from flowstudio.llm.structured import AnswerSchema, is_strict

ITEMS = {
    "type": "object",
    "properties": {
        "items": {"type": "array", "items": {"properties": {"price": {"type": "number"}}}}
    },
    "required": ["items"],
}


def problem(schema, text):
    value, found = AnswerSchema(schema).read(text)
    assert value is None
    return found


def test_an_answer_that_fits_is_read():
    assert AnswerSchema(ITEMS).read('{"items": [{"price": 1}]}') == (
        {"items": [{"price": 1}]},
        None,
    )


def test_the_place_of_a_problem_is_named():
    found = problem(ITEMS, '{"items": [{"price": 1}, {"price": "x"}]}')
    assert found == "items[1].price: 'x' is not of type 'number'"


def test_several_problems_are_named_at_once():
    found = problem(ITEMS, '{"items": [{"price": "x"}, {"price": "y"}]}')
    assert "items[0].price" in found
    assert "items[1].price" in found


@pytest.mark.parametrize("text", ["", "sure!", '{"items": [', "[NaN]", "[" * 100_000])
def test_what_is_not_json_is_said_to_be_not_json(text):
    assert "it is not JSON" in problem(ITEMS, text)


@pytest.mark.parametrize("fence", ["```json\n{}\n```", "```\n{}\n```", "  {}  "])
def test_a_fence_around_json_is_taken_off(fence):
    assert AnswerSchema({}).read(fence) == ({}, None)


def test_a_schema_that_is_none_is_refused():
    with pytest.raises(InvalidRequestError, match="not a JSON Schema"):
        AnswerSchema({"type": "nonsense"})


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:1/schema.json"},
        {"$ref": "#/$defs/none"},
        {"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        {"pattern": "(?=a)"},
    ],
)
def test_a_schema_that_cannot_be_followed_is_refused_without_fetching(schema):
    with pytest.raises(InvalidRequestError):
        AnswerSchema(schema).read('"x"')


def test_a_hostile_pattern_does_not_hang():
    began = time.monotonic()
    assert "pattern" in problem({"pattern": "^(a+)+$"}, f'"{"a" * 60}!"')
    assert time.monotonic() - began < 5


def test_a_long_value_is_shortened():
    assert len(problem({"type": "integer"}, f'"{"x" * 10_000}"')) < 400


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        ({"type": "string"}, True),
        ({"type": "object", "properties": {}, "additionalProperties": False}, True),
        (ITEMS, False),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "required": ["a"],
                "additionalProperties": False,
            },
            True,
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "additionalProperties": False,
            },
            False,
        ),
        ({"anyOf": [{"type": "object"}]}, False),
    ],
)
def test_a_schema_is_strict_when_its_objects_are_closed_and_complete(schema, strict):
    assert is_strict(schema) is strict
