"""Wires: ends and ports that exist, no doubles, no way through a container's wall."""

from collections.abc import Iterator

from flowstudio.graph.checks.configs import ERROR_PORT
from flowstudio.graph.checks.subject import Finding, Findings, Subject, removal
from flowstudio.graph.document import Edge, Node
from flowstudio.graph.problems import Mend
from flowstudio.graph.wording import listed


def check_edges(subject: Subject) -> Findings:
    """Everything that can be wrong with one wire."""
    seen: set[tuple[str, str, str, str]] = set()
    for index, edge in enumerate(subject.document.edges):
        source, target = subject.nodes.get(edge.source), subject.nodes.get(edge.target)
        if source is None or target is None:
            yield from _check_ends(subject, index, edge)
            continue
        key = (edge.source, edge.source_port, edge.target, edge.target_port)
        if key in seen:
            message = f"{_wire(subject, edge)} is drawn twice; remove one of the two."
            yield subject.at_edge(index, "duplicate_edge", message, mend=removal(edge))
        seen.add(key)
        if edge.source == edge.target:
            message = f"'{subject.label(edge.source)}' is wired to itself; use a loop to repeat it."
            yield subject.at_edge(index, "self_loop", message, mend=removal(edge))
        elif source.parent != target.parent:
            yield _across_wall(subject, index, edge)
        yield from _check_output(subject, index, edge, source)
        yield from _check_input(subject, index, edge, target)


def _check_ends(subject: Subject, index: int, edge: Edge) -> Iterator[Finding]:
    for end, node_id in (("source", edge.source), ("target", edge.target)):
        if node_id not in subject.nodes:
            message = (
                f"There is no node with the id {node_id!r}; remove this edge or mend its {end}."
            )
            yield subject.at_edge(index, "unknown_node", message, end, removal(edge))


def _across_wall(subject: Subject, index: int, edge: Edge) -> Finding:
    message = (
        f"{_wire(subject, edge)} crosses a container's wall. Wire the container itself: "
        "nodes inside it see what stands before it, and only its own output leaves it."
    )
    return subject.at_edge(index, "edge_across_wall", message, mend=removal(edge))


def _check_output(subject: Subject, index: int, edge: Edge, source: Node) -> Iterator[Finding]:
    port, name = edge.source_port, subject.label(edge.source)
    checked = subject.checked.get(source.id)
    if port == ERROR_PORT and source.on_error == "branch":
        return
    # A bad config has no ports to speak of; its own faults come first.
    if checked is None or checked.config is None or port in checked.ports.outputs:
        return
    mend = removal(edge)
    if not checked.ports.outputs:
        message = f"No wire can leave '{name}': a {source.type} node is where the flow ends."
    elif port == ERROR_PORT:
        message = f"'{name}' has a port 'error' only when its on_error is 'branch'."
        mend = Mend("set_config", node=source.id, path="on_error", value="branch")
    else:
        message = _no_port(subject, name, "output", port, checked.ports.outputs)
    yield subject.at_edge(index, "unknown_port", message, "source_port", mend)


def _check_input(subject: Subject, index: int, edge: Edge, target: Node) -> Iterator[Finding]:
    port, name = edge.target_port, subject.label(edge.target)
    checked = subject.checked.get(target.id)
    if checked is None or checked.config is None or port in checked.ports.inputs:
        return
    if not checked.ports.inputs:
        message = f"No wire can lead to '{name}': a {target.type} node is where the flow begins."
    else:
        message = _no_port(subject, name, "input", port, checked.ports.inputs)
    yield subject.at_edge(index, "unknown_port", message, "target_port", removal(edge))


def _no_port(subject: Subject, name: str, side: str, port: str, ports: tuple[str, ...]) -> str:
    hint = subject.spelling.hint(port, ports)
    return f"'{name}' has no {side} port {port!r}; it has {listed(ports)}.{hint}"


def _wire(subject: Subject, edge: Edge) -> str:
    return f"The edge from '{subject.label(edge.source)}' to '{subject.label(edge.target)}'"
