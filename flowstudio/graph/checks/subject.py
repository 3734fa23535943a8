"""A document prepared for checking: looked up by id and name, configs parsed once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from flowstudio.graph.catalogue import Catalogue, CheckedConfig, NodeSpec
from flowstudio.graph.document import Document, Edge, Node
from flowstudio.graph.once import Once
from flowstudio.graph.problems import Mend, Problem
from flowstudio.graph.spelling import Spelling
from flowstudio.graph.topology import ROOT, Ancestry, Scope, containers_around, scopes_of

START = "start"
_CHECKED: Once[CheckedConfig] = Once()


class Finding(NamedTuple):
    """A problem and where it ranks: the document itself, then nodes, then edges, in their order."""

    rank: tuple[int, int]
    problem: Problem


Findings = Iterable[Finding]


def check_nodes(document: Document, catalogue: Catalogue) -> dict[str, CheckedConfig]:
    """Check each node's config by its type; nodes of unknown types are left out.

    Returns checked configs by node id; of nodes that share an id, the first counts.
    """
    checked: dict[str, CheckedConfig] = {}
    for node in document.nodes:
        if node.id not in checked and node.type in catalogue:
            checked[node.id] = check_node(node, catalogue[node.type])
    return checked


def check_node(node: Node, kind: NodeSpec) -> CheckedConfig:
    """Check a node's config by its type."""
    return _CHECKED.find(node, kind, lambda: kind.check(node.config))


@dataclass
class Subject:
    """What the checks look at.

    Attributes:
        nodes: by id; of nodes that share an id, the first.
        by_name: of nodes that share a name, the first.
    """

    document: Document
    catalogue: Catalogue
    checked: Mapping[str, CheckedConfig]
    nodes: dict[str, Node] = field(init=False)
    by_name: dict[str, Node] = field(init=False)
    scopes: Mapping[str, Scope] = field(init=False)
    spelling: Spelling = field(default_factory=Spelling)

    def __post_init__(self) -> None:
        self.nodes, self.by_name = {}, {}
        for node in self.document.nodes:
            if self.nodes.setdefault(node.id, node) is node:
                self.by_name.setdefault(node.name, node)
        document = self.document
        if len(self.nodes) < len(document.nodes):
            document = document.model_copy(update={"nodes": list(self.nodes.values())})
        self.scopes = scopes_of(document)
        self._ancestries: dict[str, Ancestry] = {}

    @cached_property
    def index(self) -> dict[str, int]:
        """Where each node stands in the document, by id."""
        found: dict[str, int] = {}
        for index, node in enumerate(self.document.nodes):
            found.setdefault(node.id, index)
        return found

    def ancestry(self, container: str) -> Ancestry:
        """Who depends on whom in one scope."""
        if container not in self._ancestries:
            self._ancestries[container] = Ancestry(self.scopes[container])
        return self._ancestries[container]

    def levels(self, node: Node) -> dict[str, str]:
        """The scopes around a node, innermost first: container id to the id that stands in it.

        For the node's own scope that is the node; for outer ones, the container around it.
        """
        chain = [node, *containers_around(node, self.nodes)]
        return {here.parent or ROOT: here.id for here in chain}

    def label(self, node_id: str) -> str:
        """A node's name, or something to find it by when it has none."""
        node = self.nodes[node_id]
        return node.name or f"nodes[{self.index[node_id]}]"

    def at_document(self, code: str, message: str) -> Finding:
        """A problem of the workflow itself."""
        return Finding((0, 0), Problem(code, message))

    def at_node(
        self, node: Node, code: str, message: str, path: str = "", mend: Mend | None = None
    ) -> Finding:
        """A problem of one node."""
        index = self.index[node.id]
        name = node.name or f"nodes[{index}]"
        return Finding((1, index), Problem(code, message, name, path, mend))

    def at_edge(
        self, index: int, code: str, message: str, end: str = "", mend: Mend | None = None
    ) -> Finding:
        """A problem of one edge, or of one `end` of it."""
        path = f"edges[{index}].{end}" if end else f"edges[{index}]"
        return Finding((2, index), Problem(code, message, path=path, mend=mend))


def removal(edge: Edge) -> Mend:
    """The mend that takes an edge away."""
    return Mend("remove_edge", edge=edge.id)
