"""The shape of a document: scopes, orders, ancestors and cycles."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import networkx as nx

from flowstudio.graph.document import Document, Edge, Node
from flowstudio.graph.once import Once

ROOT = ""
_SCOPES: "Once[dict[str, Scope]]" = Once(most=16)


@dataclass(slots=True)
class Scope:
    """The nodes that live directly in one container, or at the root, and the wires among them."""

    container: str
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    graph: "nx.DiGraph[str]" = field(default_factory=nx.DiGraph)

    def order(self) -> list[Node]:
        """The nodes so that each follows what it depends on; otherwise in document order.

        Raises:
            networkx.NetworkXUnfeasible: there is a cycle.
        """
        rank = {node.id: index for index, node in enumerate(self.nodes)}
        by_id = {node.id: node for node in self.nodes}
        sequence = nx.lexicographical_topological_sort(self.graph, key=rank.__getitem__)
        return [by_id[node_id] for node_id in sequence]

    def entries(self) -> list[Node]:
        """Nodes no wire leads to."""
        return [node for node in self.nodes if self.graph.in_degree(node.id) == 0]

    def exits(self) -> list[Node]:
        """Nodes no wire leaves."""
        return [node for node in self.nodes if self.graph.out_degree(node.id) == 0]


def scopes_of(document: Document) -> Mapping[str, Scope]:
    """Scopes by container id, the root first; wires that cross a wall belong to none."""
    return _SCOPES.find(document, None, lambda: _scopes_of(document))


def _scopes_of(document: Document) -> dict[str, Scope]:
    known = {node.id: node for node in document.nodes}
    scopes = {ROOT: Scope(ROOT)}
    for node in document.nodes:
        scope = scopes.setdefault(node.parent or ROOT, Scope(node.parent or ROOT))
        scope.nodes.append(node)
        scope.graph.add_node(node.id)
    for edge in document.edges:
        source, target = known.get(edge.source), known.get(edge.target)
        if source is None or target is None or source.parent != target.parent:
            continue
        scope = scopes[source.parent or ROOT]
        scope.edges.append(edge)
        scope.graph.add_edge(edge.source, edge.target)
    return scopes


class Ancestry:
    """Who depends on whom in one scope; nodes on a cycle depend on each other.

    Kept as one bit mask per node: sets of names would grow with the square of a long chain.
    """

    def __init__(self, scope: Scope) -> None:
        # networkx yields components so that each comes before those that lead to it.
        groups = list(nx.strongly_connected_components(scope.graph))[::-1]
        self._group = {node_id: index for index, group in enumerate(groups) for node_id in group}
        self._masks = [0] * len(groups)
        for index, group in enumerate(groups):
            mask = 0
            for node_id in group:
                for parent in scope.graph.predecessors(node_id):
                    before = self._group[parent]
                    mask |= self._masks[before] | 1 << before
            self._masks[index] = mask

    def includes(self, ancestor: str, node: str) -> bool:
        """Whether a node (by id) depends on another one of this scope."""
        return bool(self._masks[self._group[node]] >> self._group[ancestor] & 1)


def closing_paths(scope: Scope) -> Iterator[list[str]]:
    """For each wire that closes a cycle, the node ids around it, from its target to its source.

    Without these wires the scope has no cycle. Wires from a node to itself are left out.
    """
    done: set[str] = set()
    for root in scope.nodes:
        if root.id in done:
            continue
        path = [root.id]
        place = {root.id: 0}
        ways = [iter(scope.graph.successors(root.id))]
        while path:
            following = next(ways[-1], None)
            if following is None:
                done.add(path[-1])
                del place[path.pop()]
                ways.pop()
            elif following in place:
                if following != path[-1]:
                    yield path[place[following] :]
            elif following not in done:
                place[following] = len(path)
                path.append(following)
                ways.append(iter(scope.graph.successors(following)))


def containers_around(node: Node, by_id: dict[str, Node]) -> list[Node]:
    """The containers a node lives in, innermost first; stops where parents run in a circle."""
    found: list[Node] = []
    seen = {node.id}
    parent = node.parent
    while parent is not None and parent in by_id and parent not in seen:
        seen.add(parent)
        found.append(by_id[parent])
        parent = by_id[parent].parent
    return found


def insides(document: Document) -> dict[str, list[Node]]:
    """The nodes that live in each container at any depth, in document order, by its id."""
    by_id = {node.id: node for node in document.nodes}
    found: dict[str, list[Node]] = {}
    for node in document.nodes:
        for box in containers_around(node, by_id):
            found.setdefault(box.id, []).append(node)
    return found


def outermost(node: Node, by_id: dict[str, Node]) -> Node:
    """The node at the root that a node is, or lives in."""
    around = containers_around(node, by_id)
    return around[-1] if around else node


def reachable(scope: Scope, sources: Iterable[str]) -> set[str]:
    """Ids of the given nodes and of all that depend on them."""
    found: set[str] = set()
    for source in sources:
        if source not in found:
            found |= {source} | nx.descendants(scope.graph, source)
    return found
