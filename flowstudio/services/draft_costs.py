"""What the paid nodes of the editor are going to cost, as far as their last outputs tell."""

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

from sqlmodel import Session

from flowstudio.engine.contract import Purity
from flowstudio.engine.costs import CostRange
from flowstudio.errors import FlowStudioError
from flowstudio.graph.canonical import load
from flowstudio.graph.document import Node
from flowstudio.graph.fingerprint import config_key
from flowstudio.graph.references import Path, Template
from flowstudio.graph.topology import containers_around
from flowstudio.services.draft_known import Known, Registry
from flowstudio.services.draft_standing import Standing
from flowstudio.store import drafts as store
from flowstudio.store.journal import StoredJournal

#: Outputs larger than this are not read only to count their items.
_MOST_READ = 5_000_000
_STRENGTH: Mapping[Purity, int] = {"pure": 0, "paid": 1, "read": 2, "write": 3}


class DraftCosts:
    """Predicts node by node, of documents valid or not."""

    def __init__(
        self, journal: StoredJournal, resources: Mapping[Any, Any], registry: Registry
    ) -> None:
        self._journal = journal
        self._resources = resources
        self._registry = registry

    def purity(self, known: Known, node: Node) -> Purity | None:
        """The strongest of what a node, and all that lives in it, does; None when that is unknown."""
        found: Purity = "pure"
        for member in (node, *known.inside.get(node.id, ())):
            checked = known.checked.get(member.id)
            if checked is None or checked.config is None:
                return None
            purity = self._registry[member.type].purity(checked.config)
            if not member.disabled and _STRENGTH[purity] > _STRENGTH[found]:
                found = purity
        return found

    def lengths(self, session: Session, standing: Standing) -> dict[str, int]:
        """How often loops turn, by node id, where inputs or last outputs tell."""
        found: dict[str, int] = {}
        values: dict[str, Any] = {"inputs": standing.inputs}
        by_name = {node.name: node.id for node in standing.known.document.nodes}
        for node in standing.known.document.nodes:
            if node.type not in self._registry or not self._registry[node.type].loops:
                continue
            plain = node.config.get("times", node.config.get("items"))
            path = _items_path(standing.known, node)
            if path is not None and path[0] not in values and path[0] in by_name:
                values[str(path[0])] = self._value(session, standing, by_name[str(path[0])])
            length = _length(plain) if path is None else _length(_walk(values, path))
            if length is not None:
                found[node.id] = length
        return found

    def _value(self, session: Session, standing: Standing, node_id: str) -> Any:
        row = standing.rows.get(node_id)
        if row is None or row.output_size > _MOST_READ:
            return None
        pinned = bool(row.pinned_hash)
        body = store.find_body(session, standing.record.id, node_id, pinned=pinned)
        return load(body) if body is not None else None

    async def predict(self, standing: Standing, lengths: Mapping[str, int]) -> dict[str, CostRange]:
        """Costs by node id, of paid nodes and of the containers they live in."""
        known = standing.known
        resources = None
        if any(self._is_paid(known, node) for node in known.document.nodes):
            resources = await self._of_project(standing.record.project_id)
        if resources is None:
            return {}
        paid = {
            node.id: config_key(node)
            for node in known.document.nodes
            if self._is_paid(known, node) and not node.disabled
        }
        typical = await self._journal.typical_lengths(paid.values())
        found = {
            node_id: await self._one(known, known.nodes[node_id], resources, typical.get(key))
            for node_id, key in paid.items()
        }
        self._add_up(known, lengths, found)
        return found

    def _add_up(
        self, known: Known, lengths: Mapping[str, int], found: dict[str, CostRange]
    ) -> None:
        """Add the costs of containers, the innermost first."""
        depth = {
            node.id: len(containers_around(node, known.nodes)) for node in known.nodes.values()
        }
        for box in sorted(known.inside, key=lambda box: -depth[box]):
            node, total = known.nodes[box], CostRange()
            for member in known.inside[box]:
                if member.parent == box:
                    total += found.get(member.id, CostRange())
            if not total.calls or node.disabled:
                continue
            if self._loops(node):
                turns = lengths.get(box)
                total = replace(total, is_open=True) if turns is None else total.times(turns)
            found[box] = total

    def _loops(self, node: Node) -> bool:
        return node.type in self._registry and self._registry[node.type].loops

    def _is_paid(self, known: Known, node: Node) -> bool:
        checked = known.checked.get(node.id)
        if checked is None or checked.config is None:
            return False
        return self._registry[node.type].purity(checked.config) == "paid"

    async def _of_project(self, project_id: str) -> Mapping[Any, Any] | None:
        # Loads the gateway, which what runs without a model never needs.
        calls = import_module("flowstudio.nodes.model_calls")
        try:
            found: Mapping[Any, Any] = await calls.resources_of(self._resources, project_id)
        except FlowStudioError:
            return None
        return found

    async def _one(
        self, known: Known, node: Node, resources: Mapping[Any, Any], typical: int | None
    ) -> CostRange:
        config = known.checked[node.id].config
        try:
            cost = await self._registry[node.type].predict(config, resources, typical)
        except FlowStudioError:
            cost = None
        # Of a call whose price nobody can tell, it is known at least that it is one.
        return cost or CostRange(calls=1, is_open=True)


def _items_path(known: Known, node: Node) -> Path | None:
    """The path a loop takes its items from, if its config names one and nothing else."""
    checked = known.checked.get(node.id)
    for slot in checked.slots if checked is not None else ():
        if slot.path in (("items",), ("times",)) and isinstance(slot.parsed, Template):
            parts = slot.parsed.expressions
            if slot.parsed.keeps_type and parts[0].path is not None:
                return parts[0].path
    return None


def _length(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return max(value, 0)
    return len(value) if isinstance(value, list) else None


def _walk(value: Any, path: Path) -> Any:
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value
