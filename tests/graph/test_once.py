"""What follows from one node is found out once, and forgotten with it."""

import gc

from flowstudio.graph.checks.subject import check_nodes
from flowstudio.graph.document import parse_document
from flowstudio.graph.once import Once
from flowstudio.graph.operations import OPERATIONS, apply_one
from flowstudio.nodes.registry import load_registry
from tests.builders import document, node

REGISTRY = load_registry()


def test_after_a_change_only_what_it_touched_is_checked_again():
    before = parse_document(document(node("task", "a"), node("task", "b")))
    [move] = OPERATIONS.validate_python(
        [{"op": "set_config", "id": "a", "path": ["mode"], "value": "wait"}]
    )
    after = apply_one(before, move, REGISTRY)
    old, new = check_nodes(before, REGISTRY), check_nodes(after, REGISTRY)
    assert new["b"] is old["b"]
    assert new["a"] is not old["a"]


def test_an_equal_node_of_another_document_counts_apart():
    one, two = (parse_document(document(node("task", "a"))).nodes[0] for _ in range(2))
    found = Once[int]()
    assert found.find(one, REGISTRY, lambda: 1) == 1
    assert found.find(two, REGISTRY, lambda: 2) == 2
    assert found.find(one, REGISTRY, lambda: 3) == 1
    assert found.find(one, "about something else", lambda: 4) == 4


def test_what_is_large_is_forgotten_before_it_becomes_much():
    nodes = parse_document(document(*(node("task", name) for name in "abc"))).nodes
    found = Once[str](most=2)
    for each in nodes:
        found.find(each, REGISTRY, lambda: "before")
    assert found.find(nodes[0], REGISTRY, lambda: "anew") == "anew"
    assert found.find(nodes[2], REGISTRY, lambda: "anew") == "before"


def test_what_was_found_goes_with_the_node():
    found = Once[int]()
    [gone] = parse_document(document(node("task", "a"))).nodes
    found.find(gone, REGISTRY, lambda: 1)
    del gone
    gc.collect()
    assert not found._kept
