"""The way through: one start, everything within its reach, no way back."""

from collections import defaultdict

from flowstudio.graph.checks.subject import START, Findings, Subject, removal
from flowstudio.graph.document import Edge, Node
from flowstudio.graph.problems import Mend
from flowstudio.graph.topology import ROOT, closing_paths, reachable

LONGEST_PATH = 12


def check_cycles(subject: Subject) -> Findings:
    """Every edge that closes a cycle, with the cycle's path."""
    edges: dict[tuple[str, str], list[tuple[int, Edge]]] = defaultdict(list)
    for index, edge in enumerate(subject.document.edges):
        edges[edge.source, edge.target].append((index, edge))
    for scope in subject.scopes.values():
        for path in closing_paths(scope):
            message = (
                f"These nodes wait for each other: {_path(subject, path)}. Use a loop instead."
            )
            for index, edge in edges[path[-1], path[0]]:
                yield subject.at_edge(index, "cycle", message, mend=removal(edge))


def _path(subject: Subject, path: list[str]) -> str:
    half = LONGEST_PATH // 2
    if len(path) <= LONGEST_PATH:
        names = [subject.label(node_id) for node_id in path]
    else:
        names = [subject.label(node_id) for node_id in (*path[:half], *path[-half:])]
        names.insert(half, f"… {len(path) - LONGEST_PATH} more …")
    return " → ".join([*names, names[0]])


def check_starts(subject: Subject) -> Findings:
    """More than one start, and nodes that the start never reaches."""
    starts = [node for node in subject.nodes.values() if node.type == START]
    for extra in starts[1:]:
        message = (
            f"A workflow has one start; '{subject.label(starts[0].id)}' is it. Remove this one."
        )
        yield subject.at_node(extra, "second_start", message)
    root = subject.scopes[ROOT]
    at_root = [node.id for node in starts if node.parent is None]
    if not at_root:
        return
    reached = reachable(root, at_root)
    for node in root.nodes:
        if node.id not in reached:
            message = (
                f"'{subject.label(node.id)}' is never reached from '{subject.label(at_root[0])}'; "
                "wire it to a node before it, or remove it."
            )
            mend = _wiring(subject, at_root[0], node)
            yield subject.at_node(node, "unreachable", message, mend=mend)


def _wiring(subject: Subject, start: str, node: Node) -> Mend | None:
    # The head of an unreached chain is the one to wire; the rest follows it.
    if subject.scopes[ROOT].graph.in_degree(node.id) > 0:
        return None
    checked = subject.checked.get(node.id)
    if checked is None or "in" not in checked.ports.inputs:
        return None
    return Mend("add_edge", source=start, target=node.id)
