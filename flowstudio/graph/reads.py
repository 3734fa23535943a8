"""Which outputs each node at the root of a document really reads."""

from collections.abc import Mapping
from dataclasses import dataclass

from flowstudio.graph.catalogue import CheckedConfig
from flowstudio.graph.checks.subject import START
from flowstudio.graph.document import Document, Node
from flowstudio.graph.topology import ROOT, Ancestry, outermost, scopes_of


@dataclass(frozen=True, slots=True)
class Reads:
    """What one root node reads, all that lives in it included.

    Attributes:
        nodes: ids of the root nodes above it whose output it reads.
        ways: ids of those that decide whether it runs: they lead here, and can lead elsewhere.
        inputs: whether it reads the run's inputs.
    """

    nodes: frozenset[str] = frozenset()
    ways: frozenset[str] = frozenset()
    inputs: bool = False


def reads_of(document: Document, checked: Mapping[str, CheckedConfig]) -> dict[str, Reads]:
    """Reads by id of the root node, of any document.

    Args:
        document: valid or not.
        checked: configs by node id, as `check_nodes` gives them.
    """
    by_id = {node.id: node for node in document.nodes}
    roots = {node.id: outermost(node, by_id).id for node in document.nodes}
    at_root = {node.name: node.id for node in document.nodes if node.parent is None}
    names: dict[str, set[str]] = {node_id: set() for node_id in at_root.values()}
    for node in document.nodes:
        if roots[node.id] in names:
            names[roots[node.id]] |= _names(checked.get(node.id))
    ways = _ways(document, by_id, checked)
    above = Ancestry(scopes_of(document)[ROOT])
    return {
        node_id: Reads(
            nodes=frozenset(
                at_root[name]
                for name in read
                if name in at_root and above.includes(at_root[name], node_id)
            )
            - {node_id},
            ways=frozenset(ways.get(node_id, ())),
            inputs="inputs" in read or by_id[node_id].type == START,
        )
        for node_id, read in names.items()
    }


def _names(checked: CheckedConfig | None) -> set[str]:
    slots = checked.slots if checked is not None else ()
    return {
        root for slot in slots for part in slot.expressions for root in part.roots - set(slot.names)
    }


def _ways(
    document: Document, by_id: Mapping[str, Node], checked: Mapping[str, CheckedConfig]
) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for edge in document.edges:
        source = by_id.get(edge.source)
        if source is not None and len(ports_of(source, checked.get(source.id))) > 1:
            found.setdefault(edge.target, set()).add(source.id)
    return found


def ports_of(node: Node, checked: CheckedConfig | None) -> set[str]:
    """Names of all ports a node may be left by."""
    ports = checked.ports.outputs if checked is not None else ("out",)
    return {*ports, "error"} if node.on_error == "branch" else {*ports}
