"""What the editor draws of a node besides what its document says."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from flowstudio.engine.contract import NodeType
from flowstudio.graph.checks.subject import check_node
from flowstudio.graph.document import Document, Node
from flowstudio.graph.once import Once


@dataclass(frozen=True, slots=True)
class Face:
    """A node's ports as its config has them, and its key setting in one line."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    summary: str
    purity: str


_FACES: Once[Face] = Once()


def faces_of(document: Document, registry: Mapping[str, NodeType[Any]]) -> dict[str, Face]:
    """The face of each node of a known type, by node id; of nodes that share an id, the first."""
    faces: dict[str, Face] = {}
    for node in document.nodes:
        if node.id not in faces and (kind := registry.get(node.type)) is not None:
            faces[node.id] = _FACES.find(node, kind, partial(_face_of, node, kind))
    return faces


def _face_of(node: Node, kind: NodeType[Any]) -> Face:
    found = check_node(node, kind)
    outputs = found.ports.outputs
    if node.on_error == "branch" and "error" not in outputs:
        outputs = (*outputs, "error")
    purity = kind.purity(found.config) if found.config is not None else "pure"
    summary = kind.summarise(found.config)[:200] if found.config is not None else ""
    return Face(found.ports.inputs, outputs, summary, purity)
