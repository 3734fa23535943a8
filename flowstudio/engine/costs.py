"""What model calls use and cost, before and after they are paid."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or several model calls."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt_tokens - other.prompt_tokens,
            self.completion_tokens - other.completion_tokens,
        )


@dataclass(frozen=True, slots=True)
class CostRange:
    """A cost before it is paid.

    Attributes:
        calls: model calls it stands for.
        is_open: what it depends on is not known yet, such as the length of a list.
    """

    low_usd: Decimal = Decimal(0)
    typical_usd: Decimal = Decimal(0)
    high_usd: Decimal = Decimal(0)
    calls: int = 0
    is_open: bool = False

    def __add__(self, other: "CostRange") -> "CostRange":
        return CostRange(
            self.low_usd + other.low_usd,
            self.typical_usd + other.typical_usd,
            self.high_usd + other.high_usd,
            self.calls + other.calls,
            self.is_open or other.is_open,
        )

    def times(self, count: int) -> "CostRange":
        """The cost of doing it that often."""
        return CostRange(
            self.low_usd * count,
            self.typical_usd * count,
            self.high_usd * count,
            self.calls * count,
            self.is_open,
        )
