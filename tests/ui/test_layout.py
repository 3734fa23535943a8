from itertools import pairwise

from flowstudio.graph.document import Document, parse_document
from flowstudio.nodes.registry import load_registry
from flowstudio.ui.widgets.drawing import draw_large, draw_small
from flowstudio.ui.widgets.layout import LARGE, Box, arrange


def document(nodes: dict[str, str | None], edges: list[tuple[str, str]]) -> Document:
    return parse_document(
        {
            "format": "flowstudio/1",
            "name": "Test",
            "nodes": [
                {"id": name, "type": "custom", "name": name, "parent": parent}
                for name, parent in nodes.items()
            ],
            "edges": [
                {"id": f"{source}-{target}", "source": source, "target": target}
                for source, target in edges
            ],
        }
    )


def boxes(of: Document) -> dict[str, Box]:
    return {box.node.name: box for box in arrange(of, LARGE).boxes}


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def test_nodes_stand_right_of_what_they_need_and_never_on_each_other() -> None:
    edges = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("a", "d")]
    placed = boxes(document(dict.fromkeys("abcd"), edges))
    for source, target in edges:
        assert placed[source].x + placed[source].width < placed[target].x
    assert not overlap(placed["b"], placed["c"])


def test_a_wire_that_passes_a_column_keeps_clear_of_its_nodes() -> None:
    edges = [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")]
    layout = arrange(document(dict.fromkeys("abcd"), edges), LARGE)
    passed = {box.node.name: box for box in layout.boxes if box.node.name in "bc"}
    for (left, right, level), box in zip(layout.lanes["a-d"], passed.values(), strict=True):
        assert left <= box.x
        assert right >= box.x + box.width
        assert not box.y < level < box.y + box.height


def test_a_container_encloses_its_children() -> None:
    placed = boxes(document({"a": None, "loop": None, "x": "loop", "y": "loop"}, [("x", "y")]))
    frame = placed["loop"]
    for name in "xy":
        assert frame.x < placed[name].x
        assert placed[name].x + placed[name].width < frame.x + frame.width
        assert frame.y + LARGE.title < placed[name].y
        assert placed[name].y + placed[name].height < frame.y + frame.height


def test_a_cycle_is_drawn_in_a_row_rather_than_refused() -> None:
    placed = boxes(document({"a": None, "b": None}, [("a", "b"), ("b", "a")]))
    assert placed["a"].x < placed["b"].x


def test_an_empty_workflow_is_an_empty_picture() -> None:
    drawing = draw_small(document({}, []), load_registry())
    assert (drawing.nodes, drawing.edges, drawing.width) == ([], [], 0)


def test_an_unknown_node_type_is_still_drawn() -> None:
    drawing = draw_large(document({"a": None}, []), {})
    assert (drawing.nodes[0].title, drawing.nodes[0].category) == ("custom", "flow")


def test_a_very_wide_graph_is_made_smaller_but_stays_legible() -> None:
    names = [f"n{number}" for number in range(30)]
    wide = document(dict.fromkeys(names), list(pairwise(names)))
    assert draw_large(wide, {}).zoom == 0.75
