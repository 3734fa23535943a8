"""A document made ready to run: checked once, wired by reference, shared by all its runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from flowstudio.engine.contract import NodeType
from flowstudio.errors import InvalidDocumentError
from flowstudio.graph.document import Document, Node
from flowstudio.graph.fingerprint import config_key
from flowstudio.graph.references import Path, Template
from flowstudio.graph.slots import Slot
from flowstudio.graph.topology import ROOT, Scope, reachable, scopes_of
from flowstudio.graph.validate import check_nodes, validate


@dataclass(slots=True)
class PlannedNode:
    """One node with everything that does not change between runs.

    Attributes:
        slots: evaluated outside the container's body.
        templates: those of them that are filled in before the node runs, with their places.
        needs: names those slots read.
        outgoing: by port, the nodes its wires lead to.
        incoming: number of wires that lead here.
        body: inside of a container; branches: the same by entry node, for `parallel`.
    """

    node: Node
    type: NodeType[Any]
    config: BaseModel
    raw: Mapping[str, Any]
    ports: tuple[str, ...]
    slots: tuple[Slot, ...]
    templates: tuple[tuple[Path, Template], ...]
    needs: tuple[str, ...]
    config_key: str
    outgoing: dict[str, list["PlannedNode"]] = field(default_factory=dict)
    incoming: int = 0
    body: "PlannedScope | None" = None
    branches: "dict[str, PlannedScope]" = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The node's name."""
        return self.node.name


@dataclass(slots=True)
class PlannedScope:
    """The nodes that run together, in topological order."""

    nodes: list[PlannedNode]
    entries: list[PlannedNode]
    exits: list[PlannedNode]


@dataclass(slots=True)
class Plan:
    """A whole document, ready to run."""

    document: Document
    root: PlannedScope


def make_plan(
    document: Document,
    registry: Mapping[str, NodeType[Any]],
    find_workflow: Callable[[str], Document | None] | None = None,
) -> Plan:
    """Check a document and wire it up.

    Raises:
        InvalidDocumentError: with every problem.
    """
    if problems := validate(document, registry, find_workflow):
        raise InvalidDocumentError(problems)
    checked = check_nodes(document, registry)
    scopes = scopes_of(document)
    planned = {
        node.id: _planned(node, registry[node.type], checked[node.id]) for node in document.nodes
    }
    for edge in document.edges:
        target = planned[edge.target]
        planned[edge.source].outgoing.setdefault(edge.source_port, []).append(target)
        target.incoming += 1
    for container_id, scope in scopes.items():
        if container_id != ROOT:
            _fit_body(planned[container_id], scope, planned)
    return Plan(document, _scope(scopes[ROOT], planned))


def _planned(node: Node, node_type: NodeType[Any], checked: Any) -> PlannedNode:
    slots = tuple(slot for slot in checked.slots if not slot.inner)
    roots = {
        root
        for slot in slots
        for expression in slot.expressions
        for root in expression.roots - set(slot.names)
    }
    return PlannedNode(
        node=node,
        type=node_type,
        config=checked.config,
        raw=checked.config.model_dump(mode="json", by_alias=True),
        ports=checked.ports.outputs,
        slots=slots,
        templates=tuple(
            (slot.path, slot.parsed) for slot in slots if isinstance(slot.parsed, Template)
        ),
        needs=tuple(sorted(roots)),
        config_key=config_key(node),
    )


def _scope(scope: Scope, planned: Mapping[str, PlannedNode]) -> PlannedScope:
    return PlannedScope(
        nodes=[planned[node.id] for node in scope.order()],
        entries=[planned[node.id] for node in scope.entries()],
        exits=[planned[node.id] for node in scope.exits()],
    )


def _fit_body(container: PlannedNode, scope: Scope, planned: Mapping[str, PlannedNode]) -> None:
    container.body = _scope(scope, planned)
    if container.type.loops:
        return
    for entry in scope.entries():
        members = reachable(scope, [entry.id])
        container.branches[entry.name] = PlannedScope(
            nodes=[node for node in container.body.nodes if node.node.id in members],
            entries=[planned[entry.id]],
            exits=[node for node in container.body.exits if node.node.id in members],
        )
