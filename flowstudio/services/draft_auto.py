"""Which nodes of the editor run by themselves after an edit."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from flowstudio.engine.costs import CostRange
from flowstudio.graph.checks.subject import START
from flowstudio.graph.document import Node
from flowstudio.graph.reads import Reads
from flowstudio.graph.topology import ROOT, scopes_of
from flowstudio.graph.validate import validate
from flowstudio.services.draft_costs import DraftCosts
from flowstudio.services.draft_known import Registry
from flowstudio.services.draft_standing import Standing

_NOTHING = Reads()


@dataclass(frozen=True, slots=True)
class Chosen:
    """What runs by itself.

    Attributes:
        limit_usd: that the run may not pass.
    """

    nodes: tuple[str, ...]
    limit_usd: Decimal | None


def choose(
    standing: Standing, costs: DraftCosts, predicted: Mapping[str, CostRange], registry: Registry
) -> Chosen:
    """Stale nodes whose whole way up is fresh, or runs by itself as well.

    Pure ones always do, paid ones if all of them together cost no more than the workflow says; what
    looks at the world or changes it, or waits for somebody, never does. What has failed is not tried
    again before something about it has changed.
    """
    limit_usd = standing.known.document.settings.auto_limit_usd
    allowed = _Allowed(standing, costs, registry)
    if limit_usd > 0:
        both = allowed.below("pure", "paid")
        paid = [predicted[node_id] for node_id in both if node_id in predicted]
        total = sum(paid, CostRange())
        if total.calls and total.typical_usd <= limit_usd and not _is_endless(total):
            return Chosen(both, limit_usd)
    return Chosen(allowed.below("pure"), Decimal(0))


def _is_endless(cost: CostRange) -> bool:
    # Of what is open, the lowest price that was found says nothing of the whole.
    return cost.is_open and cost.typical_usd == 0


class _Allowed:
    def __init__(self, standing: Standing, costs: DraftCosts, registry: Registry) -> None:
        known = standing.known
        self._standing = standing
        self._scope = scopes_of(known.ordered)[ROOT]
        problems = validate(known.document, registry)
        broken = {problem.node for problem in problems if problem.code != "unreachable"}
        self._broken = {node.id for node in known.document.nodes if node.name in broken}
        self._purity = {node.id: costs.purity(known, node) for node in self._scope.nodes}
        # What has failed and would only fail again, as far as one can tell.
        self._failing = {
            node_id
            for node_id, row in standing.rows.items()
            if row.error is not None
            and node_id in standing.forgiven
            and standing.forgiven[node_id].state in ("fresh", "maybe_stale")
        }

    def below(self, *purities: str) -> tuple[str, ...]:
        """Ids of what may run, each after what it needs."""
        chosen: list[str] = []
        standing = self._standing
        ready = {
            node.id
            for node in self._scope.nodes
            if node.disabled or standing.mark(node.id).state == "fresh"
        }
        for node in self._scope.order():
            if node.disabled:
                if not set(self._scope.graph.predecessors(node.id)) <= ready:
                    ready.discard(node.id)
            elif node.id not in ready and self._may(node, purities, ready):
                ready.add(node.id)
                chosen.append(node.id)
        return tuple(chosen)

    def _may(self, node: Node, purities: tuple[str, ...], ready: set[str]) -> bool:
        standing = self._standing
        needs = {
            *self._scope.graph.predecessors(node.id),
            *standing.known.reads.get(node.id, _NOTHING).nodes,
        }
        inside = standing.known.inside.get(node.id, ())
        return (
            self._purity[node.id] in purities
            and needs <= ready
            and not any(one.id in self._broken for one in (node, *inside))
            and node.id not in self._failing
            and not (node.type == START and standing.input_problems)
        )
