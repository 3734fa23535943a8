"""What every engine is asked to do, and the row that says how it did.

Read by scripts that run in the peers' environments too: standard library only.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Shape:
    """A workflow of no-op nodes.

    Attributes:
        kind: `chain`, each node after the one before; `fan`, one node, then all but two at once,
            then one that waits for them all.
        steps: nodes executed in one run, first and last included.
    """

    kind: Literal["chain", "fan"]
    steps: int


@dataclass(frozen=True, slots=True)
class Case:
    """So many runs of one shape started at once, waiting for the last to finish."""

    name: str
    shape: Shape
    at_once: int = 1


CASES = (
    Case("chain-100", Shape("chain", 100)),
    Case("fan-100", Shape("fan", 100)),
    Case("chain-100-x50", Shape("chain", 100), at_once=50),
    Case("fan-100-x50", Shape("fan", 100), at_once=50),
    Case("1-node", Shape("chain", 1)),
    Case("1-node-x50", Shape("chain", 1), at_once=50),
    Case("5-node-x50", Shape("chain", 5), at_once=50),
)
LIMITS = ("fdatasync-4k", "wal-full", "wal-normal")
MEMORY = ("memory-runs", "loop-100k")


@dataclass(frozen=True, slots=True)
class Row:
    """What one engine reached in one case: the median of its samples.

    Attributes:
        steps_per_s: executed no-op nodes; for the raw limits, writes or commits.
        cpu_ms_per_step: of the engine's whole process tree, user and system.
        rss_mb: resident size of that tree after the case (of `loop-100k`: its peak).
        error: why figures are missing or partial.
    """

    engine: str
    case: str
    runs_per_s: float | None = None
    steps_per_s: float | None = None
    cpu_ms_per_step: float | None = None
    rss_mb: float | None = None
    error: str | None = None

    def dump(self) -> dict[str, Any]:
        """The row as JSON values; `error` only where there is one."""
        values = asdict(self)
        if self.error is None:
            del values["error"]
        return values


def load_row(values: Mapping[str, Any]) -> Row:
    """Read back what `Row.dump` wrote."""
    return Row(**values)
