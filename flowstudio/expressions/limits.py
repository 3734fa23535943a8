"""How much one evaluation may use."""

from dataclasses import dataclass

from flowstudio.graph.canonical import MAX_DEPTH

MAX_CODE = 100_000
MAX_RESULT = 20_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one exchange with a worker.

    Attributes:
        time_s: of computing; waiting for a free worker does not count.
        memory_mb: for the program, the values it reads and what it makes.
        depth: of calls, and of the values that go in and come out.
    """

    time_s: float
    memory_mb: int
    depth: int = MAX_DEPTH


EXPRESSION_LIMITS = Limits(time_s=1, memory_mb=64)
CODE_LIMITS = Limits(time_s=10, memory_mb=256)
