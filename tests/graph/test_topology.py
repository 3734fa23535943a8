"""The shape of a document."""

import networkx as nx
import pytest

from flowstudio.graph.topology import (
    ROOT,
    Ancestry,
    closing_paths,
    containers_around,
    reachable,
    scopes_of,
)
from tests.graph.documents import document, loop, node

DIAMOND = document(*map(node, "dcba"), paths=("a b d", "a c d"))


def test_each_container_has_a_scope_of_its_own():
    scopes = scopes_of(document(loop("l"), node("a", parent="l"), node("b"), paths=("a b", "l b")))
    assert {key: [n.id for n in scope.nodes] for key, scope in scopes.items()} == {
        ROOT: ["l", "b"],
        "l": ["a"],
    }
    assert [len(scope.edges) for scope in scopes.values()] == [1, 0]


def test_nodes_follow_what_they_depend_on_and_else_keep_document_order():
    assert [n.id for n in scopes_of(DIAMOND)[ROOT].order()] == ["a", "c", "b", "d"]


def test_entries_and_exits_are_the_loose_ends():
    scope = scopes_of(DIAMOND)[ROOT]
    assert [n.id for n in scope.entries()] == ["a"]
    assert [n.id for n in scope.exits()] == ["d"]


def test_ancestors_are_everything_above():
    ancestry = Ancestry(scopes_of(DIAMOND)[ROOT])
    pairs = {(a, b) for a in "abcd" for b in "abcd" if ancestry.includes(a, b)}
    assert pairs == {("a", "b"), ("a", "c"), ("a", "d"), ("b", "d"), ("c", "d")}


def test_ancestry_agrees_with_ancestors_on_a_large_graph():
    names = [f"n{i}" for i in range(60)]
    paths = tuple(f"n{i} n{j}" for i in range(60) for j in (2 * i + 1, 3 * i + 2) if j < 60)
    scope = scopes_of(document(*map(node, names), paths=paths))[ROOT]
    ancestry = Ancestry(scope)
    for name in names:
        found = {other for other in names if ancestry.includes(other, name)}
        assert found == nx.ancestors(scope.graph, name)


def test_nodes_of_a_cycle_depend_on_each_other():
    ancestry = Ancestry(scopes_of(document(*map(node, "abc"), paths=("a b a", "b c")))[ROOT])
    assert ancestry.includes("a", "b")
    assert ancestry.includes("b", "a")
    assert ancestry.includes("a", "a")
    assert ancestry.includes("a", "c")
    assert not ancestry.includes("c", "a")


@pytest.mark.parametrize(
    ("paths", "closing"),
    [
        (("a b c",), []),
        (("a b c a",), [["a", "b", "c"]]),
        (("a b a", "b c b"), [["a", "b"], ["b", "c"]]),
        (("a a",), []),
        (("a b", "a c", "b c"), []),
    ],
)
def test_each_wire_that_closes_a_cycle_is_found(paths, closing):
    scope = scopes_of(document(*map(node, "abc"), paths=paths))[ROOT]
    assert sorted(closing_paths(scope)) == closing


def test_without_the_closing_wires_there_is_no_cycle():
    paths = tuple(f"n{i} n{(i * 7 + k) % 30}" for i in range(30) for k in (1, 5))
    scope = scopes_of(document(*(node(f"n{i}") for i in range(30)), paths=paths))[ROOT]
    assert not nx.is_directed_acyclic_graph(scope.graph)
    for path in list(closing_paths(scope)):
        scope.graph.remove_edge(path[-1], path[0])
    scope.graph.remove_edges_from([(n, n) for n in list(scope.graph)])
    assert nx.is_directed_acyclic_graph(scope.graph)


def test_containers_come_innermost_first_and_circles_end():
    given = document(
        loop("outer"),
        loop("inner", parent="outer"),
        node("a", parent="inner"),
        loop("x", parent="y"),
        loop("y", parent="x"),
    )
    by_id = {n.id: n for n in given.nodes}
    assert [n.id for n in containers_around(by_id["a"], by_id)] == ["inner", "outer"]
    assert [n.id for n in containers_around(by_id["x"], by_id)] == ["y"]


def test_reach_includes_the_sources():
    scope = scopes_of(document(*map(node, "abcd"), paths=("a b", "c d")))[ROOT]
    assert reachable(scope, ["a"]) == {"a", "b"}
    assert reachable(scope, ["a", "c"]) == set("abcd")
