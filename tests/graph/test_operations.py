"""Changes of a document by operations: all or none, by ids."""

import pytest
from pydantic import ValidationError

from flowstudio.errors import InvalidDocumentError
from flowstudio.graph.document import MAX_NODES
from flowstudio.graph.operations import MOST_OPERATIONS, MOST_RENAMES, OPERATIONS, apply
from tests.graph.documents import CATALOGUE, document, loop, node, reading, start

PLAIN = document(
    start(),
    node("a", config={"mode": "set", "fields": {"x": 1, "y": 2}}, notes="first"),
    loop("each"),
    node("inner", parent="each"),
    loop("deeper", parent="each"),
    node("innermost", parent="deeper"),
    reading("last", "a.x"),
    paths=("start a each last", "inner deeper"),
    description="before",
    settings={"timeout_s": 60},
)


def changed(*operations, of=PLAIN):
    return apply(of, OPERATIONS.validate_python(list(operations)), CATALOGUE)


def refused(*operations, of=PLAIN):
    with pytest.raises(InvalidDocumentError) as caught:
        changed(*operations, of=of)
    (problem,) = caught.value.problems
    return problem


def names(document):
    return [each.name for each in document.nodes]


def find(document, node_id):
    return next(each for each in document.nodes if each.id == node_id)


def test_a_node_goes_to_the_end_or_before_another():
    after = changed(
        {"op": "add_node", "node": node("late")},
        {"op": "add_node", "node": node("early"), "before": "a"},
    )
    assert names(after) == [
        "start",
        "early",
        "a",
        "each",
        "inner",
        "deeper",
        "innermost",
        "last",
        "late",
    ]


def test_an_update_changes_only_what_it_names():
    after = changed(
        {
            "op": "update_node",
            "id": "a",
            "changes": {"position": {"x": 5, "y": 6}, "retry": {"attempts": 3}},
        }
    )
    before, now = find(PLAIN, "a"), find(after, "a")
    assert (now.position.x, now.position.y, now.retry.attempts) == (5, 6, 3)
    assert (now.config, now.notes) == (before.config, before.notes)


def test_a_config_is_merged_and_null_removes_a_key():
    after = changed(
        {"op": "update_node", "id": "a", "changes": {"config": {"mode": None, "text": "hi"}}}
    )
    assert find(after, "a").config == {"fields": {"x": 1, "y": 2}, "text": "hi"}


def test_two_changes_of_different_fields_of_one_node_both_stay():
    after = changed(
        {"op": "update_node", "id": "a", "changes": {"notes": "mine"}},
        {"op": "update_node", "id": "a", "changes": {"disabled": True}},
    )
    assert (find(after, "a").notes, find(after, "a").disabled) == ("mine", True)


def test_a_rename_carries_the_references_along():
    after = changed({"op": "rename_node", "id": "a", "name": "first"})
    assert find(after, "a").name == "first"
    assert find(after, "last").config["fields"]["x"] == "{{ first.x }}"


def test_a_container_takes_what_is_inside_it_and_every_wire_along():
    after = changed({"op": "remove_node", "id": "each"})
    assert names(after) == ["start", "a", "last"]
    assert [(edge.source, edge.target) for edge in after.edges] == [("start", "a")]


def test_wires_come_and_go():
    edge = {"id": "new", "source": "a", "target": "last"}
    after = changed({"op": "remove_edge", "id": "e0"}, {"op": "add_edge", "edge": edge})
    assert [each.id for each in after.edges] == ["e1", "e2", "e3", "new"]


def test_the_workflow_itself_changes_and_its_settings_are_merged():
    after = changed(
        {"op": "update_workflow", "name": "New", "settings": {"concurrency": 2}},
        {"op": "update_workflow", "settings": {"timeout_s": None}},
    )
    assert (after.name, after.description) == ("New", "before")
    assert (after.settings.concurrency, after.settings.timeout_s) == (2, None)
    assert after.nodes == PLAIN.nodes


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ({"op": "add_node", "node": node("a")}, "is taken"),
        ({"op": "add_node", "node": node("z"), "before": "nobody"}, "nothing with the id 'nobody'"),
        ({"op": "update_node", "id": "nobody", "changes": {}}, "nothing with the id 'nobody'"),
        ({"op": "update_node", "id": "a", "changes": {"name": "b"}}, "see rename_node"),
        ({"op": "update_node", "id": "a", "changes": {"id": "b"}}, "see rename_node"),
        ({"op": "update_node", "id": "a", "changes": {"config": []}}, "config are an object"),
        ({"op": "update_node", "id": "a", "changes": {"owner": "me"}}, "Unknown key"),
        (
            {"op": "update_node", "id": "a", "changes": {"position": {"x": 1e9}}},
            "at most 10,000,000",
        ),
        ({"op": "rename_node", "id": "a", "name": "last"}, "already called"),
        ({"op": "rename_node", "id": "a", "name": "not a name"}, "not a name"),
        ({"op": "rename_node", "id": "nobody", "name": "b"}, "no node with the id"),
        ({"op": "remove_node", "id": "nobody"}, "nothing with the id"),
        ({"op": "add_edge", "edge": {"id": "e0", "source": "a", "target": "last"}}, "is taken"),
        ({"op": "remove_edge", "id": "nobody"}, "nothing with the id"),
        ({"op": "update_workflow", "settings": {"concurrency": 0}}, "at least 1"),
        ({"op": "update_workflow", "settings": {"colour": "red"}}, "Unknown key"),
    ],
)
def test_what_does_not_fit_is_named_with_its_operation(operation, words):
    problem = refused({"op": "update_workflow", "name": "New"}, operation)
    assert problem.path.startswith("operations.1")
    assert words in problem.message


def test_nothing_of_a_list_with_one_bad_operation_is_done():
    before = PLAIN.model_copy(deep=True)
    refused({"op": "remove_node", "id": "a"}, {"op": "remove_node", "id": "a"})
    assert before == PLAIN


@pytest.mark.parametrize(
    "operations",
    [
        [],
        [{"op": "drop_table"}],
        [{}],
        [{"op": "remove_node", "id": "a", "force": True}],
        [{"op": "add_node", "node": node("b", owner="me")}],
        [{"op": "remove_edge", "id": "e"}] * (MOST_OPERATIONS + 1),
    ],
)
def test_a21_operations_with_anything_unknown_are_refused(operations):
    with pytest.raises(ValidationError):
        OPERATIONS.validate_python(operations)


def test_too_many_renames_are_refused_before_any_is_made():
    renames = [{"op": "rename_node", "id": "a", "name": f"n{i}"} for i in range(MOST_RENAMES + 1)]
    assert refused(*renames).code == "too_many_renames"


def test_a_document_cannot_grow_beyond_its_limit():
    full = document(*(node(f"n{number}") for number in range(MAX_NODES)))
    problem = refused({"op": "add_node", "node": node("more")}, of=full)
    assert problem.code == "too_long"


def test_parents_that_run_in_a_circle_are_taken_out_together():
    circle = document(loop("a", parent="b"), loop("b", parent="a"), node("c"))
    assert names(changed({"op": "remove_node", "id": "a"}, of=circle)) == ["c"]


# One place in a config


def config_of(document, node_id="a"):
    return find(document, node_id).config


def set_config(path, value=None, **more):
    return {"op": "set_config", "id": "a", "path": path, "value": value, **more}


def test_two_places_of_one_config_are_changed_beside_each_other():
    after = changed(set_config(["fields", "x"], 5), set_config(["fields", "z"], {"deep": [1]}))
    assert config_of(after) == {"mode": "set", "fields": {"x": 5, "y": 2, "z": {"deep": [1]}}}
    assert config_of(PLAIN)["fields"] == {"x": 1, "y": 2}


def test_null_is_a_value_and_removing_is_not_setting_null():
    assert config_of(changed(set_config(["fields", "x"], None)))["fields"] == {"x": None, "y": 2}
    assert config_of(changed(set_config(["fields", "x"], remove=True)))["fields"] == {"y": 2}


def test_objects_on_the_way_are_made_and_lists_grow_at_their_end():
    after = changed(
        set_config(["new", "inside"], 1),
        set_config(["list"], ["first"]),
        set_config(["list", 1], "second"),
        set_config(["list", 2, "name"], "third"),
        set_config(["list", 0], remove=True),
    )
    assert config_of(after)["new"] == {"inside": 1}
    assert config_of(after)["list"] == ["second", {"name": "third"}]


@pytest.mark.parametrize("path", [["fields", "x", "y"], ["list", 3], ["list", "a"], ["fields", 0]])
def test_a_place_that_is_not_there_is_refused(path):
    before = changed(set_config(["list"], [1, 2]))
    assert "no such place" in (found := refused(set_config(path, 1), of=before).message) or (
        "nothing at this place" in found
    )
