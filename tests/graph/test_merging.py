"""What a merged batch may not make of a document."""

import pytest

from flowstudio.errors import InvalidDocumentError
from flowstudio.graph.document import MAX_DEPTH, Node, parse_document
from flowstudio.graph.merging import merge
from flowstudio.graph.operations import MOST_RENAMES, AddNode, RenameNode, SetConfig, UpdateNode
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


def adding(name: str, parent: str | None = None) -> AddNode:
    return AddNode(node=Node.model_validate(loop(name, parent=parent)))


def test_nothing_is_put_into_a_container_that_is_gone_or_into_itself():
    gone, itself = (merge(document(), [adding("l", parent=parent)], {}) for parent in "xl")
    assert gone.refused == [(0, "The container is gone.")]
    assert itself.refused == [(0, "A container cannot be inside of itself.")]
    circle = merge(document(), [adding("l", parent="m"), adding("m", parent="l")], {})
    assert circle.refused == [(1, "A container cannot be inside of itself.")]


def test_what_is_put_back_with_its_container_may_stand_before_it():
    merged = merge(document(), [adding("b", parent="l"), adding("l")], {})
    assert (merged.refused, [node.id for node in merged.document.nodes]) == ([], ["b", "l"])


def test_more_renames_than_a_batch_may_have_are_refused_before_any_work():
    before = document(*[node(f"n{index}") for index in range(MOST_RENAMES + 1)])
    renames = [RenameNode(id=each.id, name=f"{each.id}x") for each in before.nodes]
    assert not merge(before, renames[1:], {}).refused
    with pytest.raises(InvalidDocumentError, match=f"At most {MOST_RENAMES} nodes"):
        merge(before, renames, {})
