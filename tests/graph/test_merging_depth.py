"""What a merged batch may not make of a document."""

from flowstudio.graph.document import MAX_DEPTH, parse_document
from flowstudio.graph.merging import merge
from flowstudio.graph.operations import SetConfig, UpdateNode
from tests.graph.documents import document, loop, node


def nested(levels: int) -> object:
    return {"x": nested(levels - 1)} if levels else 1


def test_what_would_be_nested_too_deeply_to_be_read_again_is_refused():
    before = document(node("a"))
    (deepest, beyond) = (nested(MAX_DEPTH - 5), nested(MAX_DEPTH - 4))
    fits = merge(before, [SetConfig(id="a", path=["p"], value=deepest)], {})
    assert not fits.refused
    parse_document(fits.document.dump())
    refused = merge(before, [SetConfig(id="a", path=["p"], value=beyond)], {}).refused
    assert refused == [(0, f"This would nest the document more than {MAX_DEPTH} levels deep.")]


def test_two_containers_are_not_put_into_each_other():
    before = document(loop("l"), loop("m", parent="l"))
    (into_own, into_itself) = (
        merge(before, [UpdateNode(id="l", changes={"parent": parent})], {}) for parent in "ml"
    )
    refused = [(0, "A container cannot be inside of itself.")]
    assert (into_own.refused, into_itself.refused) == (refused, refused)
