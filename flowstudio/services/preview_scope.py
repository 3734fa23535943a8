"""What can be seen from one place in a workflow: which names there are, and who gives their values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flowstudio.engine.contract import NodeType
from flowstudio.errors import NotFoundError
from flowstudio.graph.checks.references import View
from flowstudio.graph.checks.subject import Subject
from flowstudio.graph.document import Document, Node
from flowstudio.graph.references import Path, Template
from flowstudio.graph.schema_places import schema_at
from flowstudio.graph.slots import Slot
from flowstudio.graph.topology import containers_around


@dataclass(frozen=True, slots=True)
class Place:
    """A field of a node.

    Attributes:
        names: that mean something in this field alone.
        each: the config's list that gives `item` its value there, or "".
        inner: whether what lives inside the node is in scope.
    """

    node: Node
    names: frozenset[str] = frozenset()
    each: str = ""
    inner: bool = False


class Sight:
    """A document, seen from its nodes."""

    def __init__(self, document: Document, registry: Mapping[str, NodeType[Any]]) -> None:
        self.document = document
        self._registry = registry
        # Configs need not be valid while somebody types in them, so none is checked.
        self._subject = Subject(document, registry, {})

    def node(self, node_id: str) -> Node:
        """A node by its id.

        Raises:
            NotFoundError: there is none.
        """
        found = self._subject.nodes.get(node_id)
        if found is None:
            message = "There is no such node in this workflow."
            raise NotFoundError(message)
        return found

    def place(self, node: Node, path: Path) -> Place:
        """A field of a node, with what its type says of it."""
        if (node_type := self._registry.get(node.type)) is None or not path:
            return Place(node)
        said = schema_at(node_type.config_schema, node.config, path)
        return Place(
            node,
            frozenset(said.get("x-names", ())),
            str(said.get("x-each", "")),
            bool(said.get("x-inner", False)),
        )

    def visible(self, place: Place) -> dict[str, Node]:
        """Nodes whose outputs can be read in this place, by name, in document order."""
        view = View(self._subject, place.node)
        slot = Slot((), Template(()), inner=place.inner)
        return {
            name: node
            for name, node in self._subject.by_name.items()
            if name and node.id != place.node.id and view.sees(slot, node)
        }

    def loop_around(self, place: Place) -> Node | None:
        """The innermost loop whose `item` is meant in this place."""
        around = containers_around(place.node, self._subject.nodes)
        boxes = [place.node, *around] if place.inner else around
        return next((box for box in boxes if self._loops(box)), None)

    def _loops(self, node: Node) -> bool:
        node_type = self._registry.get(node.type)
        return node_type is not None and node_type.loops
