"""Places for nodes that nobody has drawn yet."""

from flowstudio.graph.document import Document, Position
from flowstudio.graph.layout import laid_out
from tests.graph.documents import document, loop, node


def places(drawn: Document) -> dict[str, tuple[float, float]]:
    return {each.name: (each.position.x, each.position.y) for each in drawn.nodes}


def test_nodes_stand_in_columns_by_depth_and_none_on_another():
    drawn = places(laid_out(document(*map(node, "dcba"), paths=("a b d", "a c d"))))
    assert drawn["a"][0] < drawn["b"][0] == drawn["c"][0] < drawn["d"][0]
    assert drawn["a"][1] == drawn["d"][1]
    assert abs(drawn["b"][1] - drawn["c"][1]) >= 112


def test_wires_of_a_column_do_not_cross_where_they_need_not():
    paths = ("top left", "low right", "start top", "start low")
    names = ("start", "top", "low", "right", "left")
    drawn = places(laid_out(document(*map(node, names), paths=paths)))
    assert drawn["top"][1] < drawn["low"][1]
    assert drawn["left"][1] < drawn["right"][1]


def test_what_lives_in_a_container_stands_in_its_frame_and_nothing_else_does():
    inner = [node(name, parent="l") for name in "ab"]
    drawn = places(laid_out(document(loop("l"), *inner, node("z"), paths=("a b", "l z"))))
    assert drawn["a"] == (16, 52)
    assert drawn["z"][0] > drawn["b"][0] + 184


def test_what_somebody_drew_stays_as_it_is():
    drawn = document(node("a", position={"x": 7, "y": 8}), node("b"), paths=("a b",))
    assert laid_out(drawn) is drawn
    alone = document(node("a"))
    assert laid_out(alone) is alone


def test_documents_that_can_never_run_are_laid_out_too():
    lost = [node(name, parent="nowhere") for name in "xy"]
    circle = document(*map(node, "abcd"), *lost, paths=("a b c a", "c d"))
    drawn = laid_out(circle)
    assert [each.position for each in drawn.nodes if each.parent] == [Position(), Position()]
    assert len({places(drawn)[name] for name in "abcd"}) == 4


def test_containers_within_containers_are_laid_out_however_many():
    nest = [loop("l0"), *(loop(f"l{at}", parent=f"l{at - 1}") for at in range(1, 2000))]
    heap = [node(f"n{at}") for at in range(2100)]
    drawn = laid_out(document(*nest, *heap))
    assert len({(each.parent, each.position.x, each.position.y) for each in drawn.nodes}) == 4100


def test_a_document_with_an_id_twice_stays_as_it_is():
    twins = [node("x"), node("y"), node("x", parent="x"), node("z", parent="x")]
    piled_up = document(*twins)
    assert laid_out(piled_up) is piled_up
