"""What follows from a document in the editor alone, found out once for each revision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flowstudio.engine.contract import NodeType
from flowstudio.graph.canonical import hash_value
from flowstudio.graph.catalogue import CheckedConfig
from flowstudio.graph.checks.subject import check_nodes
from flowstudio.graph.cone import without_cycles
from flowstudio.graph.document import Document, Node
from flowstudio.graph.fingerprint import config_key, inside_key
from flowstudio.graph.reads import Reads, reads_of
from flowstudio.graph.staleness import Layout, layout_of
from flowstudio.graph.topology import insides, outermost

Registry = Mapping[str, NodeType[Any]]


@dataclass(frozen=True, slots=True)
class Known:
    """What follows from a document alone.

    Attributes:
        document: as it stands.
        ordered: without the wires that close cycles.
        checked: configs by node id.
        reads: of the nodes at the root.
        nodes: by id.
        inside: what lives in each container, at any depth.
        config_keys: of all nodes.
        layout: for the marks.
    """

    document: Document
    ordered: Document
    checked: Mapping[str, CheckedConfig]
    reads: Mapping[str, Reads]
    nodes: dict[str, Node]
    inside: Mapping[str, Sequence[Node]]
    config_keys: Mapping[str, str]
    layout: Layout

    def root_of(self, node_id: str) -> str:
        """Id of the node at the root that a node is, or lives in."""
        return outermost(self.nodes[node_id], self.nodes).id


def know(document: Document, registry: Registry) -> Known:
    """Find out what follows from a document, valid or not."""
    ordered = without_cycles(document)
    checked = check_nodes(document, registry)
    reads = reads_of(ordered, checked)
    return Known(
        document=document,
        ordered=ordered,
        checked=checked,
        reads=reads,
        nodes={node.id: node for node in document.nodes},
        inside=insides(document),
        config_keys=config_keys(document, registry),
        layout=layout_of(ordered, reads),
    )


def config_keys(document: Document, registry: Registry) -> dict[str, str]:
    """What `LastRun.config_key` is of all nodes, by id."""
    return {
        **{node.id: config_key(node) for node in document.nodes},
        **container_keys(document, registry),
    }


def container_keys(document: Document, registry: Registry) -> dict[str, str]:
    """What `LastRun.config_key` is of containers: their own config, and who lives in them."""
    inside = insides(document)
    return {
        node.id: hash_value(
            [config_key(node), inside_key(document, inside.get(node.id, ()), configs=False)]
        )
        for node in document.nodes
        if node.type in registry and registry[node.type].container
    }
