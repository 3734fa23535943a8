"""What has to run when some nodes of the editor are asked for, and what that is given."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flowstudio.graph.checks.subject import START
from flowstudio.graph.document import Document, Edge, Node
from flowstudio.graph.reads import Reads
from flowstudio.graph.staleness import NEVER, Mark
from flowstudio.graph.topology import ROOT, Ancestry, closing_paths, insides, scopes_of

_NOTHING = Reads()


@dataclass(frozen=True, slots=True)
class Cone:
    """Ids of root nodes.

    Attributes:
        runs: what runs, each after what it depends on.
        kept: what is given: it feeds what runs, or decides whether it does.
        passed: disabled nodes on the way.
    """

    runs: tuple[str, ...]
    kept: frozenset[str]
    passed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Given:
    """An output that is given to a part of a document.

    Attributes:
        port: it is left by; "" when it was skipped.
    """

    port: str


def without_cycles(document: Document) -> Document:
    """The document without the wires that close a cycle, so that it has an order."""
    closing = {
        (path[-1], path[0])
        for scope in scopes_of(document).values()
        for path in closing_paths(scope)
    }
    edges = [
        edge
        for edge in document.edges
        if edge.source != edge.target and (edge.source, edge.target) not in closing
    ]
    return document if len(edges) == len(document.edges) else _with(document, edges=edges)


def cone_of(
    document: Document,
    wanted: Iterable[str],
    marks: Mapping[str, Mark],
    reads: Mapping[str, Reads],
) -> Cone:
    """What runs for the wanted root nodes: they, and what above them does not hold any more.

    A pinned node never runs, and nothing above it does on its account.

    Args:
        document: without cycles.
        wanted: ids; pinned and disabled ones are left out.
        marks: of the document's nodes.
        reads: of its root nodes.
    """
    scope = scopes_of(document)[ROOT]
    nodes = {node.id: node for node in scope.nodes}
    runs: set[str] = set()
    kept: set[str] = set()
    passed: set[str] = set()
    pending = [node_id for node_id in wanted if node_id in nodes]
    for node_id in pending:
        if node_id in runs or node_id in passed or _is_pinned(marks.get(node_id)):
            continue
        (passed if nodes[node_id].disabled else runs).add(node_id)
        sources = set(scope.graph.predecessors(node_id))
        if not nodes[node_id].disabled:
            sources |= reads.get(node_id, _NOTHING).nodes & nodes.keys()
        for source in sources:
            if nodes[source].disabled or marks.get(source, NEVER).state != "fresh":
                pending.append(source)
            else:
                kept.add(source)
    order = tuple(node.id for node in scope.order() if node.id in runs)
    return Cone(order, frozenset(kept - runs), frozenset(passed))


def _is_pinned(mark: Mark | None) -> bool:
    return mark is not None and (mark.state, mark.reason) == ("fresh", "pin")


def part_of(
    document: Document, cone: Cone, given: Mapping[str, Given], reads: Mapping[str, Reads]
) -> Document:
    """The document of a cone, in which what is given stands without what led to it.

    Args:
        document: without cycles.
        cone: of it.
        given: by id, what is kept; a node that is left out was skipped.
        reads: of its root nodes.
    """
    alive = {*cone.runs, *cone.passed}
    boxes = insides(document)
    whole = {node.id for node_id in cone.runs for node in boxes.get(node_id, ())}
    edges = [
        edge
        for edge in document.edges
        if edge.source in whole
        or (edge.target in alive and (edge.source in alive or edge.source in cone.kept))
    ]
    nodes = []
    for node in document.nodes:
        if node.id in cone.runs or node.id in whole:
            nodes.append(node)
        elif node.id in cone.kept or node.id in cone.passed:
            port = given[node.id].port if node.id in given else ""
            nodes.append(_stand_in(node, {port, *_ports(edges, node.id)}))
    part = _with(document, nodes=nodes, edges=edges)
    part = _with(part, edges=[*edges, *_missing_wires(part, cone, given, reads)])
    return _with(part, edges=[*part.edges, *_wires_from_start(part)])


def _ports(edges: Iterable[Edge], node_id: str) -> set[str]:
    return {edge.source_port for edge in edges if edge.source == node_id}


def _stand_in(node: Node, ports: set[str]) -> Node:
    """A node that is never executed, with these ports."""
    plain = Node(
        id=node.id,
        type="task",
        name=node.name,
        config={"mode": "template", "text": ""},
        position=node.position,
        disabled=node.disabled,
        on_error="branch" if "error" in ports else "fail",
    )
    ways = sorted(ports - {"", "out", "error", "else"})
    if not ways and "else" not in ports:
        return plain
    if "out" in ports:
        ways.append("out")
    cases = [{"port": port, "when": "True"} for port in ways or ["out"]]
    update = {"type": "decision", "config": {"mode": "switch", "cases": cases}}
    return plain.model_copy(update=update)


def _missing_wires(
    part: Document, cone: Cone, given: Mapping[str, Given], reads: Mapping[str, Reads]
) -> Iterable[Edge]:
    """Wires from what a node reads, where no other way leads from there to it."""
    scope = scopes_of(part)[ROOT]
    present = {node.id for node in scope.nodes}
    above = Ancestry(scope)
    for node_id in cone.runs:
        for source in sorted(reads.get(node_id, _NOTHING).nodes & present):
            if above.includes(source, node_id):
                continue
            if source in cone.runs:
                # Nothing but a pinned node stood between: it is read, whichever way it takes.
                ports = sorted(_ports(part.edges, source)) or ["out"]
            else:
                ports = [given[source].port if source in given else "out"]
            for port in ports:
                yield Edge(
                    id=f"read:{source}:{port}:{node_id}",
                    source=source,
                    source_port=port or "out",
                    target=node_id,
                )


def _wires_from_start(part: Document) -> Iterable[Edge]:
    """Wires to what nothing leads to, for a start must reach all there is."""
    scope = scopes_of(part)[ROOT]
    start = next((node for node in scope.nodes if node.type == START), None)
    for node in scope.entries() if start is not None else ():
        if start is not None and node.type != START:
            yield Edge(id=f"start:{node.id}", source=start.id, target=node.id)


def _with(document: Document, **changes: object) -> Document:
    return document.model_copy(update=changes)
