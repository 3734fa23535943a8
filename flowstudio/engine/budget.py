"""The money of one run: reserved before a call, settled after it."""

from decimal import Decimal

from flowstudio.errors import BudgetError

#: The part of the limit after which whoever pays is told.
NEAR = Decimal("0.8")


class Budget:
    """What a run has spent and reserved, against its limit.

    Reservations are typical costs, not the largest possible: reserving the largest stops runs at a
    fraction of what they really cost.
    """

    def __init__(self, limit_usd: Decimal | None, spent_usd: Decimal = Decimal(0)) -> None:
        self.limit_usd = limit_usd
        self.spent_usd = spent_usd
        self.reserved_usd = Decimal(0)

    def reserve(self, predicted_usd: Decimal, who: str) -> None:
        """Set money aside for a call.

        Raises:
            BudgetError: the limit would be passed; nothing is set aside.
        """
        wanted = self.spent_usd + self.reserved_usd + predicted_usd
        if self.limit_usd is not None and wanted > self.limit_usd and predicted_usd > 0:
            raise BudgetError(
                f"Node '{who}' was stopped before a call of about ${predicted_usd.normalize():f}: "
                f"the run may cost ${self.limit_usd:f}, has spent ${self.spent_usd.normalize():f}"
                f" and has ${self.reserved_usd.normalize():f} reserved. Raise max_cost_usd to go on."
            )
        self.reserved_usd += predicted_usd

    def remaining_usd(self) -> Decimal | None:
        """What is left, reservations taken off; None without a limit."""
        if self.limit_usd is None:
            return None
        return max(self.limit_usd - self.spent_usd - self.reserved_usd, Decimal(0))

    def release(self, predicted_usd: Decimal) -> None:
        """Give a reservation back."""
        self.reserved_usd -= predicted_usd

    def add(self, cost_usd: Decimal) -> bool:
        """Count what a call really cost; whether most of the limit is spent now, but was not before."""
        before, self.spent_usd = self.spent_usd, self.spent_usd + cost_usd
        limit = self.limit_usd
        return limit is not None and before < limit * NEAR <= self.spent_usd
