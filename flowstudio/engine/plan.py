"""A document made ready to run: checked once, wired by reference, shared by all its runs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import BaseModel

from flowstudio.engine.contract import NodeType, Purity
from flowstudio.errors import InvalidDocumentError
from flowstudio.graph.document import CacheFor, Document, Node
from flowstudio.graph.fingerprint import config_key
from flowstudio.graph.references import Path, Template
from flowstudio.graph.slots import Slot
from flowstudio.graph.topology import ROOT, Scope, reachable, scopes_of
from flowstudio.graph.validate import check_nodes, validate


class Filled(NamedTuple):
    """A config with its templates filled in, and what follows from it.

    Attributes:
        names: those that its slots read.
        is_kept: whether the output is kept for steps that equal this one.
    """

    config: Any
    raw: Mapping[str, Any]
    names: Mapping[str, Any]
    purity: Purity
    is_kept: bool


@dataclass(slots=True)
class PlannedNode:
    """One node with everything that does not change between runs.

    Attributes:
        slots: evaluated outside the container's body.
        templates: those of them that are filled in before the node runs, with their places.
        needs: names those slots read.
        may_keep: neither the node nor its workflow forbids to keep its output.
        as_written: its config if that reads no names, and so is the same for every step.
        outgoing: by port, the nodes its wires lead to.
        incoming: number of wires that lead here.
        body: inside of a container; branches: the same by entry node, for `parallel`.
    """

    name: str
    node: Node
    type: NodeType[Any]
    config: BaseModel
    raw: Mapping[str, Any]
    ports: tuple[str, ...]
    slots: tuple[Slot, ...]
    templates: tuple[tuple[Path, Template], ...]
    needs: tuple[str, ...]
    config_key: str
    may_keep: bool
    as_written: Filled | None = None
    outgoing: dict[str, list["PlannedNode"]] = field(default_factory=dict)
    incoming: int = 0
    body: "PlannedScope | None" = None
    branches: "dict[str, PlannedScope]" = field(default_factory=dict)

    def members(self) -> Iterator["PlannedNode"]:
        """All that lives in a container, at any depth."""
        for node in self.body.nodes if self.body is not None else ():
            yield node
            yield from node.members()

    def filled(
        self, config: Any, raw: Mapping[str, Any], names: Mapping[str, Any] = MappingProxyType({})
    ) -> Filled:
        """A config of this node without templates, with what follows from it."""
        purity = self.type.purity(config)
        is_kept = (
            self.may_keep
            and purity != "write"
            and (isinstance(self.node.cache, CacheFor) or self.type.is_worth_caching(config))
        )
        return Filled(config, raw, names, purity, is_kept)


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
        node.id: _planned(document, node, registry[node.type], checked[node.id])
        for node in document.nodes
    }
    for edge in document.edges:
        target = planned[edge.target]
        planned[edge.source].outgoing.setdefault(edge.source_port, []).append(target)
        target.incoming += 1
    for container_id, scope in scopes.items():
        if container_id != ROOT:
            _fit_body(planned[container_id], scope, planned)
    return Plan(document, _scope(scopes[ROOT], planned))


def _planned(document: Document, node: Node, node_type: NodeType[Any], checked: Any) -> PlannedNode:
    slots = tuple(slot for slot in checked.slots if not slot.inner)
    roots = {
        root
        for slot in slots
        for expression in slot.expressions
        for root in expression.roots - set(slot.names)
    }
    planned = PlannedNode(
        name=node.name,
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
        may_keep=not node_type.container and "off" not in (node.cache, document.settings.cache),
    )
    if not planned.templates and not planned.needs:
        planned.as_written = planned.filled(planned.config, planned.raw)
    return planned


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
