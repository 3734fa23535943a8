"""What changed between two versions."""

from flowstudio.graph.diff import Change, Diff, Moved, Renamed, Wire, diff
from flowstudio.graph.document import Position
from tests.graph.documents import document, node, reading, wires

BEFORE = document(node("a"), reading("b", "a.x"), node("c"), paths=("a b c",))


def after(*nodes, paths=("a b c",), **fields):
    return diff(BEFORE, document(*nodes, paths=paths, **fields))


def test_equal_documents_do_not_differ():
    assert not diff(BEFORE, BEFORE)
    assert diff(BEFORE, BEFORE) == Diff()
    assert diff(BEFORE, BEFORE).describe() == []


def test_ids_of_edges_do_not_matter():
    edges = [{**edge, "id": f"other-{edge['id']}"} for edge in wires("a b c")]
    same = document(node("a"), reading("b", "a.x"), node("c"), edges=edges)
    assert not diff(BEFORE, same)


def test_nodes_come_and_go_with_their_wires():
    found = after(node("a"), node("c"), node("d"), paths=("a c", "c d"))
    assert (found.added, found.removed) == (("d",), ("b",))
    assert found.wires_added == (Wire("a", "out", "c", "in"), Wire("c", "out", "d", "in"))
    assert found.describe() == [
        "added d",
        "removed b",
        "wired a → c",
        "wired c → d",
        "unwired a → b",
        "unwired b → c",
    ]


def test_a_renamed_node_is_the_same_node():
    found = after(node("a"), {**reading("b", "a.x"), "name": "better"}, node("c"))
    assert found == Diff(renamed=(Renamed("b", "b", "better"),))
    assert found.describe() == ["renamed b to better"]


def test_a_moved_node_is_only_moved():
    found = after(node("a", position={"x": 5, "y": 0}), reading("b", "a.x"), node("c"))
    assert found == Diff(moved=(Moved("a", "a", Position(), Position(x=5)),))
    assert found.describe() == ["moved a"]


def test_each_changed_field_has_its_path():
    found = after(node("a", timeout_s=5), reading("b", "a.y"), node("c", notes="hi"))
    assert found.changes == (
        Change("timeout_s", None, 5.0, "a"),
        Change("config.fields.x", "{{ a.x }}", "{{ a.y }}", "b"),
        Change("notes", "", "hi", "c"),
    )
    assert found.describe() == [
        "set a.timeout_s to 5.0",
        "changed b.config.fields.x from '{{ a.x }}' to '{{ a.y }}'",
        "changed c.notes from '' to 'hi'",
    ]


def test_true_is_not_one():
    pair = [document(node("a", default=value, on_error="continue")) for value in ([1], [True])]
    assert diff(*pair).changes == (Change("default", [1], [True], "a"),)


def test_settings_and_the_name_of_the_workflow_count():
    found = after(
        node("a"), reading("b", "a.x"), node("c"), name="Other", settings={"max_cost_usd": "1.50"}
    )
    assert found.changes == (
        Change("name", "Test", "Other"),
        Change("settings.max_cost_usd", None, "1.50"),
    )


def test_a_changed_order_is_told():
    found = after(node("c"), node("a"), reading("b", "a.x"))
    assert found == Diff(reordered=True)


def test_another_port_is_another_wire():
    found = after(node("a"), reading("b", "a.x"), node("c"), paths=("a.error b", "b c"))
    assert found.describe() == ["wired a.error → b", "unwired a → b"]


def test_long_values_are_shown_in_short():
    found = after(node("a", notes="x" * 5_000), reading("b", "a.x"), node("c"))
    assert len(found.describe()[0]) < 120


def test_values_are_told_as_the_document_writes_them():
    found = after(node("a", default={"on": True}), reading("b", "a.x"), node("c"))
    assert found.describe() == ['set a.default to {"on":true}']
