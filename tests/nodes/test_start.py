"""The start node: inputs, checked."""

import pytest

from flowstudio.engine.contract import RunInfo
from flowstudio.errors import InvalidInputError
from flowstudio.graph.document import parse_document
from flowstudio.nodes.builtin.start import Start
from flowstudio.nodes.inputs import check_inputs, inputs_schema
from tests.fakes.context import NOON, FakeContext

START = Start()
SCHEMA = {
    "type": "object",
    "properties": {
        "topic": {"type": "string", "minLength": 2, "pattern": "^[a-z]"},
        "count": {"type": "integer", "default": 3, "minimum": 1},
        "tags": {"type": "array", "items": {"type": "string"}, "default": []},
        "page": {
            "type": "object",
            "properties": {"size": {"enum": ["a4", "a5"], "default": "a4"}},
        },
    },
    "required": ["topic"],
}


def refused(schema, inputs):
    with pytest.raises(InvalidInputError) as caught:
        check_inputs(schema, inputs)
    return list(caught.value.problems)


async def test_the_output_is_the_checked_inputs_with_defaults():
    run = RunInfo("r", NOON, inputs={"topic": "tea", "page": {}})
    output = await START.run(START.parse({"inputs": SCHEMA}), FakeContext(run=run))
    assert output == {"topic": "tea", "count": 3, "tags": [], "page": {"size": "a4"}}


def test_defaults_are_never_shared():
    check_inputs(SCHEMA, {"topic": "tea"})["tags"].append("changed")
    assert check_inputs(SCHEMA, {"topic": "tea"})["tags"] == []


@pytest.mark.parametrize(
    ("inputs", "problems"),
    [
        ({}, ["The input 'topic' is missing."]),
        ({"topic": 5}, ["'topic' must be text."]),
        (
            {"topic": "", "count": 0},
            [
                "'count' must be at least 1.",
                "'topic' does not match the pattern '^[a-z]'.",
                "'topic' must have at least 2 characters.",
            ],
        ),
        (
            {"topic": "tea", "cuont": 1},
            ["There is no input 'cuont'. Did you mean 'count'?"],
        ),
        ({"topic": "tea", "tags": ["a", 2]}, ["'tags[1]' must be text."]),
        ({"topic": "tea", "page": {"size": "b5"}}, ["'page.size' must be one of 'a4', 'a5'."]),
        ([], ["Give an object with one input per field."]),
    ],
)
def test_every_problem_is_told_at_once(inputs, problems):
    found = refused(SCHEMA, inputs)
    assert sorted(found) == problems


def test_each_missing_input_is_named():
    schema = {"required": ["a", "b", "ab"], "properties": {n: {} for n in ("a", "b", "ab")}}
    assert refused(schema, {}) == [
        "The input 'a' is missing.",
        "The input 'b' is missing.",
        "The input 'ab' is missing.",
    ]


def test_values_are_not_repeated_in_messages():
    secret = "sk-CANARY-1"  # noqa: S105 - planted to be looked for
    schema = {"properties": {"a": {"type": "integer"}, "b": {"enum": ["x"]}, "c": {"maxLength": 1}}}
    assert secret not in str(refused(schema, {"a": secret, "b": secret, "c": secret}))


@pytest.mark.parametrize(
    "schema", [{}, {"type": "object"}, {**SCHEMA, "additionalProperties": True}]
)
def test_other_inputs_pass_where_the_schema_is_open(schema):
    assert check_inputs(schema, {"topic": "tea", "more": 1})["more"] == 1


def test_a_pattern_that_would_hang_python_answers_at_once():
    schema = {"properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    assert refused(schema, {"a": "a" * 60 + "!"}) == ["'a' does not match the pattern '^(a+)+$'."]


def test_a_schema_that_runs_in_circles_is_refused_and_not_followed():
    assert "without end" in refused({"properties": {"a": {"$ref": "#/properties/a"}}}, {"a": 1})[0]


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "nonsense"}, "inputs.type"),
        ({"type": "array"}, "inputs.type"),
        ({"properties": 5}, "inputs.properties"),
        ({"properties": {"a": {"minimum": "x"}}}, "inputs.properties.a.minimum"),
        ({"properties": {"a": {"$ref": "https://example.com/s"}}}, "inputs.properties.a.$ref"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "inputs.properties.a.$ref"),
        ({"properties": {"a": {"$ref": "#/$defs/gone"}}}, "inputs.properties.a.$ref"),
        ({"properties": {"a": {"$dynamicRef": "x"}}}, "inputs.properties.a.$dynamicRef"),
        ({"properties": {"a": {"pattern": "("}}}, "inputs.properties.a.pattern"),
        ({"properties": {"a": {"pattern": "(?=a)"}}}, "inputs.properties.a.pattern"),
        ({"properties": {"a": {"pattern": "a{999}{999}"}}}, "inputs.properties.a.pattern"),
        ({"patternProperties": {"a": {}}}, "inputs.patternProperties"),
        ({"allOf": [{"not": {"$ref": "x"}}]}, "inputs.allOf[0].not.$ref"),
        ({"properties": {"a": {"type": "integer", "default": "x"}}}, "inputs.properties.a.default"),
    ],
)
def test_a_schema_that_is_not_safe_or_not_valid_is_a_fault_at_its_place(schema, place):
    document = {
        "format": "flowstudio/1",
        "name": "x",
        "nodes": [{"id": "s", "type": "start", "name": "s", "config": {"inputs": schema}}],
    }
    (fault,) = START.check(parse_document(document).nodes[0].config).faults
    assert fault.path == tuple(_keys(place))


def _keys(place):
    for part in place.replace("[", ".#").replace("]", "").split("."):
        yield int(part[1:]) if part.startswith("#") else part


@pytest.mark.parametrize(
    "schema",
    [
        {
            "properties": {"default": {"type": "string"}, "enum": {"$ref": "#/$defs/a"}},
            "$defs": {"a": {}},
        },
        {"properties": {"a": {"const": {"$ref": "http://x"}, "default": {"$ref": "http://x"}}}},
        {"properties": {"$ref": {"type": "string"}, "pattern": {}}},
        {"properties": {"a": {"$ref": "#/properties/b", "default": 1}, "b": {"type": "integer"}}},
        {
            "properties": {"a": {"$ref": "#/$defs/a", "default": 1}},
            "$defs": {"a": {"type": "integer"}},
        },
    ],
)
def test_odd_but_good_schemas_have_no_faults(schema):
    assert START.check({"inputs": schema}).faults == ()


def test_nothing_leads_to_a_start_and_its_card_names_the_inputs():
    assert START.check({}).ports.inputs == ()
    assert START.summarise(START.parse({"inputs": SCHEMA})) == "topic, count, tags, page"


def test_the_schema_of_a_documents_inputs_is_found_on_its_start():
    node = {"id": "s", "type": "start", "name": "s", "config": {"inputs": SCHEMA}}
    head = {"format": "flowstudio/1", "name": "x"}
    assert inputs_schema(parse_document({**head, "nodes": [node]})) == SCHEMA
    assert inputs_schema(parse_document(head)) == {}
