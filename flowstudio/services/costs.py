"""What a run is going to cost, before it is made."""

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

from flowstudio.engine.costs import CostRange
from flowstudio.engine.plan import Plan, PlannedNode, PlannedScope
from flowstudio.store.journal import StoredJournal


class CostService:
    """Adds up the predictions of paid nodes over a plan."""

    def __init__(self, journal: StoredJournal, resources: Mapping[Any, Any]) -> None:
        self._journal = journal
        self.resources = resources

    async def predict(
        self, plan: Plan, inputs: Mapping[str, Any], project_id: str = ""
    ) -> CostRange:
        """The cost of one run with these inputs; open where a length or a turn is not known.

        Raises:
            StepError: the project's own key for models does not open.
        """
        resources = self.resources
        if project_id:
            # Loads the gateway, which what runs without a model never needs.
            calls = import_module("flowstudio.nodes.model_calls")
            resources = await calls.resources_of(resources, project_id)
        return await self._scope(plan.root, inputs, resources)

    async def _scope(
        self, scope: PlannedScope, inputs: Mapping[str, Any], resources: Mapping[Any, Any]
    ) -> CostRange:
        total = CostRange()
        for node in scope.nodes:
            if not node.node.disabled:
                total += await self._node(node, inputs, resources)
        return total

    async def _node(
        self, node: PlannedNode, inputs: Mapping[str, Any], resources: Mapping[Any, Any]
    ) -> CostRange:
        if node.body is not None:
            inside = await self._scope(node.body, inputs, resources)
            if not inside.calls or not node.type.loops:
                return inside
            turns = _turns(node, inputs)
            if turns is None:
                return replace(inside, is_open=True)
            return inside.times(turns)
        if node.type.purity(node.config) != "paid":
            return CostRange()
        typical = await self._journal.typical_output_tokens(node.config_key)
        cost = await node.type.predict(node.config, resources, typical)
        return cost or CostRange()


def _turns(node: PlannedNode, inputs: Mapping[str, Any]) -> int | None:
    """How often a loop turns, where that is plain before it runs."""
    raw = node.raw
    if isinstance(raw.get("times"), int):
        return int(raw["times"])
    items = raw.get("items")
    if isinstance(items, list):
        return len(items)
    for place, template in node.templates:
        if place == ("items",) and len(template.expressions) == 1:
            path = template.expressions[0].path
            if path is not None and len(path) == 2 and path[0] == "inputs":
                value = inputs.get(str(path[1]))
                return len(value) if isinstance(value, list) else None
    return None
