"""Ids and names: each there, each unique, names fit for expressions."""

import re
import unicodedata
from collections.abc import Iterator

from flowstudio.graph.checks.subject import Finding, Findings, Subject
from flowstudio.graph.document import Node
from flowstudio.graph.problems import Mend, Problem
from flowstudio.graph.references import name_problem


def check_ids(subject: Subject) -> Findings:
    """Node and edge ids that stand twice."""
    nodes: dict[str, Node] = {}
    for index, node in enumerate(subject.document.nodes):
        if nodes.setdefault(node.id, node) is not node:
            first = nodes[node.id].name or "another node"
            message = f"The id {node.id!r} is already taken by '{first}'; give this node another."
            name = node.name or f"nodes[{index}]"
            yield Finding((1, index), Problem("duplicate_id", message, name, "id"))
    edges: set[str] = set()
    for index, edge in enumerate(subject.document.edges):
        if edge.id in edges:
            message = f"The id {edge.id!r} is already taken by another edge; give this one another."
            yield subject.at_edge(index, "duplicate_id", message, "id")
        edges.add(edge.id)


def check_names(subject: Subject) -> Findings:
    """Node names that are missing, not usable in expressions, or taken."""
    free = _FreeNames(subject)
    taken: set[str] = set()
    for node in subject.nodes.values():
        message = name_problem(node.name)
        if message is not None:
            code = "bad_name" if node.name else "missing_name"
        elif node.name in taken:
            code = "duplicate_name"
            message = f"Another node is already called '{node.name}'; expressions need one of each."
        else:
            taken.add(node.name)
            continue
        mend = Mend("rename_node", node=node.id, name=free.like(node))
        yield subject.at_node(node, code, message, "name", mend)


class _FreeNames:
    def __init__(self, subject: Subject) -> None:
        self._taken = {node.name for node in subject.document.nodes}
        self._next: dict[str, int] = {}

    def like(self, node: Node) -> str:
        """A free name close to the node's own, never given twice."""
        base = next(name for name in _bases(node) if name_problem(name) is None)
        count = self._next.get(base, 1)
        name = base if count == 1 else f"{base}_{count}"
        while name in self._taken:
            count += 1
            name = f"{base}_{count}"
        self._next[base] = count
        self._taken.add(name)
        return name


def _bases(node: Node) -> Iterator[str]:
    for text in (node.name, node.type):
        word = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", text)).strip("_")[:80]
        if word:
            yield from (word, f"{word}_node", f"node_{word}")
    yield "node"
