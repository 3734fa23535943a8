"""What the schemas of node types say of one place in a config."""

import pytest

from flowstudio.graph.schema_places import read_path, schema_at
from flowstudio.graph.slots import path_text
from flowstudio.nodes.registry import load_registry

REGISTRY = load_registry()


def said(kind, config, path):
    return schema_at(REGISTRY[kind].config_schema, config, read_path(path))


def test_a_path_is_read_as_it_is_written():
    assert read_path("cases[0].when") == ("cases", 0, "when")
    assert read_path("") == ()
    assert path_text(read_path("a.b[2][3].c")) == "a.b[2][3].c"


@pytest.mark.parametrize(
    ("kind", "config", "path", "names"),
    [
        ("task", {"mode": "filter"}, "where", ["item", "index"]),
        ("task", {"mode": "filter"}, "items", None),
        ("decision", {"mode": "switch", "cases": [{}]}, "cases[0].when", None),
        ("loop", {"mode": "while"}, "condition", ["previous", "index"]),
        ("ai", {"steps": [{}]}, "steps[0].prompt", ["steps"]),
    ],
)
def test_fields_name_what_is_in_scope_in_them_alone(kind, config, path, names):
    assert said(kind, config, path).get("x-names") == names


def test_each_key_of_a_join_goes_through_its_own_list():
    config = {"mode": "join"}
    assert said("task", config, "left_key")["x-each"] == "left"
    assert said("task", config, "right_key")["x-each"] == "right"


def test_the_way_a_union_goes_by_default_counts_where_none_is_chosen():
    assert said("loop", {}, "items")["x-key"]
    assert said("loop", {"mode": "nobody"}, "items") == {}
    assert said("task", {}, "items") == {}


def test_a_loops_result_is_about_its_inside():
    assert said("loop", {"mode": "for_each"}, "result")["x-inner"]


def test_where_any_value_may_stand_its_field_speaks_for_it():
    found = said("task", {"mode": "set", "fields": {"a": {"b": 1}}}, "fields.a.b")
    assert found["x-field"] == "value"
    assert said("integration", {"mode": "email", "to": ["x"]}, "to[0]")["x-field"] == "template"
    assert said("end", {}, "nowhere")["title"] == "EndConfig"
