"""Containers: parents that exist and may be parents, walls, and what lives inside."""

from collections.abc import Iterator

from flowstudio.graph.catalogue import NodeSpec
from flowstudio.graph.checks.subject import Finding, Findings, Subject
from flowstudio.graph.document import Node
from flowstudio.graph.topology import Scope, containers_around
from flowstudio.graph.wording import listed

MAX_NESTING = 10


def check_parents(subject: Subject) -> Findings:
    """Parents that are unknown, no containers, in a circle or too deep; types that need the root."""
    circles = _circles(subject)
    for node in subject.nodes.values():
        if node.parent is None:
            continue
        if node.id in circles:
            yield subject.at_node(node, "parent_circle", circles[node.id], "parent")
            continue
        yield from _check_parent(subject, node, node.parent)
        depth = len(containers_around(node, subject.nodes))
        if depth > MAX_NESTING:
            message = f"This node lies {depth} containers deep; at most {MAX_NESTING} are allowed."
            yield subject.at_node(node, "too_deep", message, "parent")


def _check_parent(subject: Subject, node: Node, parent_id: str) -> Iterator[Finding]:
    parent = subject.nodes.get(parent_id)
    if parent is None:
        message = f"The container {parent_id!r} does not exist; set parent to null or to a container's id."
        yield subject.at_node(node, "unknown_parent", message, "parent")
        return
    spec = _spec(subject, parent)
    if spec is not None and not spec.container:
        message = (
            f"'{subject.label(parent_id)}' is a {parent.type} node, and nothing can live inside one; "
            "only containers such as loop and parallel hold nodes."
        )
        yield subject.at_node(node, "parent_not_container", message, "parent")
    own = _spec(subject, node)
    if own is not None and own.root_only:
        message = f"A {node.type} node cannot stand inside a container; move it out."
        yield subject.at_node(node, "root_only", message, "parent")


def _circles(subject: Subject) -> dict[str, str]:
    """For each node whose parents run in a circle through it, the sentence that says so."""
    done: set[str] = set()
    found: dict[str, str] = {}
    for node in subject.nodes.values():
        path: dict[str, int] = {}
        here: Node | None = node
        while here is not None and here.id not in done and here.id not in path:
            path[here.id] = len(path)
            here = subject.nodes.get(here.parent) if here.parent is not None else None
        if here is not None and here.id in path:
            circle = list(path)[path[here.id] :]
            names = " → ".join(subject.label(node_id) for node_id in [*circle[:10], circle[0]])
            message = f"Containers cannot hold each other in a circle: {names}."
            found |= dict.fromkeys(circle, message)
        done |= path.keys()
    return found


def check_bodies(subject: Subject) -> Findings:
    """Containers with nothing inside, and branches of parallel nodes that run together."""
    for node in subject.nodes.values():
        spec = _spec(subject, node)
        if spec is None or not spec.container:
            continue
        scope = subject.scopes.get(node.id)
        if scope is None or not scope.nodes:
            message = f"This {node.type} has nothing inside; put at least one node into it."
            yield subject.at_node(node, "empty_container", message)
        elif not spec.loops:
            yield from _check_branches(subject, scope)


def _check_branches(subject: Subject, scope: Scope) -> Iterator[Finding]:
    for node_id, owners in sorted(
        _meetings(scope).items(), key=lambda item: subject.index[item[0]]
    ):
        names = listed(subject.label(owner) for owner in owners)
        message = (
            f"The branches {names} meet here; branches must stay apart. "
            "Join their results after the container."
        )
        yield subject.at_node(subject.nodes[node_id], "branches_meet", message)


def _meetings(scope: Scope) -> dict[str, tuple[str, ...]]:
    """Nodes where two branches first meet, with those branches."""
    owners: dict[str, list[str]] = {}
    for entry in scope.entries():
        stack = [entry.id]
        while stack:
            node_id = stack.pop()
            mine = owners.setdefault(node_id, [])
            # Two owners prove the point; more would only cost time.
            if entry.id not in mine and len(mine) < 2:
                mine.append(entry.id)
                stack.extend(scope.graph.successors(node_id))
    shared = {node_id for node_id, mine in owners.items() if len(mine) > 1}
    return {
        node_id: tuple(owners[node_id])
        for node_id in shared
        if not shared.intersection(scope.graph.predecessors(node_id))
    }


def _spec(subject: Subject, node: Node) -> NodeSpec | None:
    return subject.catalogue.get(node.type)
