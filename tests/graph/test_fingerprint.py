"""What a step's output depends on."""

import pytest

from flowstudio.errors import StepError
from flowstudio.graph.canonical import hash_value
from flowstudio.graph.document import Node
from flowstudio.graph.fingerprint import config_key, fingerprint, read_hashes
from tests.graph.documents import CATALOGUE

BASE = {"node_type": "ai", "version": 1, "config": {"prompt": "{{ a }}", "model": "m"}, "reads": {}}


def slots(expression, kind="set"):
    if kind == "set":
        config = {"mode": "set", "fields": {"x": "{{ " + expression + " }}"}}
    else:
        config = {"mode": "filter", "items": "{{ rows }}", "where": expression}
    return CATALOGUE["task"].check(config).slots


def test_equal_steps_have_equal_fingerprints_whatever_the_order_of_keys():
    swapped = {**BASE, "config": {"model": "m", "prompt": "{{ a }}"}}
    assert fingerprint(**BASE) == fingerprint(**swapped)


@pytest.mark.parametrize(
    "change",
    [
        {"node_type": "custom"},
        {"version": 2},
        {"config": {"prompt": "{{ b }}", "model": "m"}},
        {"reads": {"a": "1"}},
        {"credential": "c1"},
        {"salt": "again"},
    ],
)
def test_whatever_an_output_depends_on_changes_the_fingerprint(change):
    assert fingerprint(**{**BASE, **change}) != fingerprint(**BASE)


def test_a_credential_is_not_a_salt():
    assert fingerprint(**BASE, credential="x") != fingerprint(**BASE, salt="x")


def test_cosmetics_do_not_change_a_nodes_key():
    node = Node(id="a", type="task", name="a", config={"mode": "set", "fields": {"x": 1}})
    moved = {"id": "b", "name": "b", "notes": "n", "position": {"x": 5, "y": 5}, "parent": "p"}
    assert config_key(node) == config_key(Node(**{**node.model_dump(), **moved}))
    assert config_key(node) != config_key(node.model_copy(update={"config": {"mode": "set"}}))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("a.rows[0].id", 1),
        ("a['rows'][-1].id", 2),
        ("a.rows[0].id + 1", 1),
        ("a.rows[9].id", [{"id": 1}, {"id": 2}]),
        ("a.nothing.at.all", {"rows": [{"id": 1}, {"id": 2}], "other": "x"}),
        ("a.other.upper()", "x"),
        ("a.other.title", "x"),
        ("a.rows['id']", [{"id": 1}, {"id": 2}]),
    ],
)
def test_only_the_value_that_is_read_counts(expression, value):
    names = {"a": {"rows": [{"id": 1}, {"id": 2}], "other": "x"}}
    assert list(read_hashes(slots(expression), names).values()) == [hash_value(value)]


def test_what_is_not_read_changes_nothing():
    one = read_hashes(slots("a.x"), {"a": {"x": 1, "y": 2}, "b": 3})
    assert one == read_hashes(slots("a.x"), {"a": {"x": 1, "y": 5}, "b": 6})
    assert one != read_hashes(slots("a.x"), {"a": {"x": 9, "y": 2}, "b": 3})


def test_builtins_items_and_missing_names_are_left_out():
    names = {"rows": [1], "limit": 2}
    assert set(read_hashes(slots("item > limit + len(gone)", "filter"), names)) == {"rows", "limit"}


def test_a_dot_in_a_key_is_no_step():
    names = {"a": {"b.c": 1, "b": {"c": 2}}}
    assert len(read_hashes(slots("a['b.c'] + a.b.c"), names)) == 2


def test_a_value_that_is_no_json_is_refused():
    with pytest.raises(StepError):
        read_hashes(slots("a"), {"a": {1, 2}})


def test_without_slots_nothing_is_read():
    assert read_hashes((), {"a": object()}) == {}
