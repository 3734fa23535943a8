"""Two versions compared by the ids of their nodes, for pictures."""

from flowstudio.graph.comparison import Comparison, FieldChange, compare
from tests.graph.documents import CATALOGUE, document, loop, node, reading

BEFORE = document(node("a"), reading("b", "a.x"), node("c"), paths=("a b c",))


def after(*nodes, paths=("a b c",), **fields):
    return compare(BEFORE, document(*nodes, paths=paths, **fields))


def states(found):
    return {change.name: change.state for change in found.nodes}


def test_equal_documents_do_not_differ():
    assert compare(BEFORE, BEFORE).is_equal
    assert compare(BEFORE, BEFORE) == Comparison()


def test_each_node_says_what_became_of_it():
    found = after(
        node("a", position={"x": 9, "y": 0}),
        {**reading("b", "a.y"), "name": "better"},
        node("d"),
        paths=("a b d",),
    )
    assert states(found) == {"a": "moved", "better": "changed", "d": "added", "c": "removed"}
    better = found.nodes[1]
    assert (better.id, better.name_before, better.is_moved) == ("b", "b", False)
    assert better.changes == (FieldChange("config.fields.x", "{{ a.x }}", "{{ a.y }}"),)


def test_wires_that_came_and_went_name_their_ends():
    found = after(node("a"), reading("b", "a.x"), node("c"), paths=("a b", "a c"))
    assert [(edge.state, edge.source_name, edge.target_name) for edge in found.edges] == [
        ("added", "a", "c"),
        ("removed", "b", "c"),
    ]


def test_a_moved_and_changed_node_is_changed():
    found = after(node("a", notes="x", position={"x": 9, "y": 0}), reading("b", "a.x"), node("c"))
    assert [(change.state, change.is_moved) for change in found.nodes] == [("changed", True)]


def test_settings_of_the_workflow_stand_apart():
    found = after(node("a"), reading("b", "a.x"), node("c"), settings={"max_cost_usd": "1.50"})
    assert found.settings == (FieldChange("settings.max_cost_usd", None, "1.50"),)
    assert found.nodes == ()


def test_sticky_notes_are_compared_one_by_one():
    def noted(*notes):
        return document(node("a"), sticky_notes=list(notes))

    stays, went = {"id": "s", "text": "same"}, {"id": "w", "text": "old\nnews"}
    before = noted(stays, went, {"id": "m", "text": "here"}, {"id": "c", "text": "one"})
    found = compare(
        before,
        noted(
            stays,
            {"id": "n", "text": "new"},
            {"id": "m", "text": "here", "position": {"x": 9, "y": 9}, "width": 300},
            {"id": "c", "text": "two", "colour": "red"},
        ),
    )
    assert [(each.id, each.text, each.state) for each in found.notes] == [
        ("n", "new", "added"),
        ("m", "here", "moved"),
        ("c", "two", "changed"),
        ("w", "old news", "removed"),
    ]
    assert found.notes[2].changes == (
        FieldChange("text", "one", "two"),
        FieldChange("colour", "amber", "red"),
    )
    assert found.settings == ()
    assert not found.is_equal


def test_a_node_in_a_container_names_it():
    found = after(node("a"), reading("b", "a.x"), node("c"), loop("l"), node("i", parent="l"))
    assert {change.name: change.parent for change in found.nodes} == {"l": "", "i": "l"}


def test_long_values_are_cut_to_what_differs():
    long = "a" * 3_000
    old = document(node("a", notes=f"{long}old{long}"))
    (change,) = compare(old, document(node("a", notes=f"{long}new{long}"))).nodes[0].changes
    assert change.is_cut
    assert "aold" in change.before
    assert "anew" in change.after
    assert len(change.before) <= 402


def test_references_that_follow_a_new_name_are_no_difference():
    renamed = document({**node("a"), "name": "z"}, reading("b", "z.x"), node("c"), paths=("a b c",))
    found = compare(BEFORE, renamed, CATALOGUE)
    assert [(change.name, change.name_before) for change in found.nodes] == [("z", "a")]
    assert states(compare(BEFORE, renamed)) == {"z": "changed", "b": "changed"}


def test_two_names_that_changed_places_are_still_told():
    swapped = document({**node("a"), "name": "c"}, reading("b", "c.x"), {**node("c"), "name": "a"})
    found = compare(BEFORE, swapped, CATALOGUE)
    assert {change.id: change.name_before for change in found.nodes if change.name_before} == {
        "a": "a",
        "c": "c",
    }
