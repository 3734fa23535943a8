"""What this process has counted since it began: plain numbers, read when somebody asks for them."""

from bisect import bisect_left
from dataclasses import dataclass, field
from decimal import Decimal
from typing import get_args

from flowstudio.engine.costs import Usage
from flowstudio.engine.events import Trigger

#: Upper bounds in seconds: a step may take a fraction of a millisecond, a run hours.
BOUNDS_S = (0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0)
#: Names of models come from outside; beyond so many they are counted together.
MOST_MODELS = 100
OTHERS = "other"
#: Anything else that began a run is counted together.
TRIGGERS: frozenset[str] = frozenset(get_args(Trigger))


class Durations:
    """A histogram: how many took up to each of `BOUNDS_S`, and the sum."""

    __slots__ = ("counts", "sum_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_S) + 1)
        self.sum_s = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS_S, seconds)] += 1
        self.sum_s += seconds


@dataclass(slots=True)
class Calls:
    """Calls of one model."""

    count: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: Decimal = Decimal(0)


@dataclass(slots=True)
class Meter:
    """Counters of one process.

    Attributes:
        runs: that ended here, by trigger and status.
        steps: by node type and status.
        cached: steps whose output was kept from before, by node type.
        calls: paid ones, by model.
    """

    runs: dict[tuple[str, str], Durations] = field(default_factory=dict)
    steps: dict[tuple[str, str], Durations] = field(default_factory=dict)
    cached: dict[str, int] = field(default_factory=dict)
    calls: dict[str, Calls] = field(default_factory=dict)

    def run(self, trigger: str, status: str, seconds: float) -> None:
        """Count a run that has ended."""
        kind = trigger.partition(":")[0]
        _add(self.runs, (kind if kind in TRIGGERS else OTHERS, status), seconds)

    def step(self, node_type: str, status: str, seconds: float) -> None:
        """Count a step that has ended."""
        _add(self.steps, (node_type, status), seconds)

    def hit(self, node_type: str) -> None:
        """Count a step that did not have to run."""
        self.cached[node_type] = self.cached.get(node_type, 0) + 1

    def call(self, model: str, usage: Usage, cost_usd: Decimal) -> None:
        """Count a call of a model."""
        if model not in self.calls and len(self.calls) >= MOST_MODELS:
            model = OTHERS
        calls = self.calls.setdefault(model, Calls())
        calls.count += 1
        calls.prompt_tokens += usage.prompt_tokens
        calls.completion_tokens += usage.completion_tokens
        calls.cost_usd += cost_usd


def _add(where: dict[tuple[str, str], Durations], key: tuple[str, str], seconds: float) -> None:
    found = where.get(key)
    if found is None:
        found = where[key] = Durations()
    found.add(seconds)
