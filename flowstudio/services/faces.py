"""What the editor draws of a node besides what its document says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flowstudio.engine.contract import NodeType
from flowstudio.graph.document import Document
from flowstudio.graph.validate import check_nodes


@dataclass(frozen=True, slots=True)
class Face:
    """A node's ports as its config has them, and its key setting in one line."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    summary: str
    purity: str


def faces_of(document: Document, registry: Mapping[str, NodeType[Any]]) -> dict[str, Face]:
    """The face of each node of a known type, by node id."""
    checked = check_nodes(document, registry)
    faces: dict[str, Face] = {}
    for node in document.nodes:
        found = checked.get(node.id)
        if found is None:
            continue
        kind = registry[node.type]
        outputs = found.ports.outputs
        if node.on_error == "branch" and "error" not in outputs:
            outputs = (*outputs, "error")
        purity = kind.purity(found.config) if found.config is not None else "pure"
        summary = kind.summarise(found.config)[:200] if found.config is not None else ""
        faces[node.id] = Face(found.ports.inputs, outputs, summary, purity)
    return faces
