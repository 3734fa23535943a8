"""What a node sees while it runs, made of plain values."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from flowstudio.clock import Clock
from flowstudio.engine.contract import Body, Evaluator, RunInfo
from flowstudio.engine.costs import Usage
from flowstudio.errors import BudgetError
from flowstudio.graph.references import parse_template

R = TypeVar("R")
NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


class StoppedClock:
    """Always the same moment; waiting takes no time and is remembered."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@dataclass
class FakeSpending:
    """One paid call: what was predicted, and what it came to."""

    predicted_usd: Decimal
    model: str
    cost_usd: Decimal | None = None
    usage: Usage | None = None

    def settle(self, cost_usd: Decimal, usage: Usage, model: str) -> None:
        self.cost_usd, self.usage, self.model = cost_usd, usage, model


@dataclass
class FakeContext:
    """A `NodeContext` that remembers what the node did.

    Attributes:
        resources: services by class.
        names: in scope for expressions, which `evaluator` evaluates.
        budget_usd: calls predicted to cost more are refused; None allows all.
    """

    resources: Mapping[type, Any] = field(default_factory=dict)
    name: str = "node"
    path: str = "node"
    attempt: int = 1
    idempotency_key: str = "run-1/node"
    run: RunInfo = field(default_factory=lambda: RunInfo("run-1", NOON))
    clock: Clock = field(default_factory=StoppedClock)
    evaluator: Evaluator | None = None
    names: Mapping[str, Any] = field(default_factory=dict)
    inside: Body | None = None
    budget_usd: Decimal | None = None
    output_tokens: int | None = None
    streamed: list[tuple[str, str]] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    spendings: list[FakeSpending] = field(default_factory=list)

    async def evaluate(
        self, sources: Sequence[str], names: Mapping[str, Any] | None = None
    ) -> list[Any]:
        return await self.evaluator.evaluate(sources, {**self.names, **(names or {})})

    async def evaluate_each(self, sources: Sequence[str], items: Sequence[Any]) -> list[list[Any]]:
        return await self.evaluator.evaluate_each(sources, items, self.names)

    async def render(self, text: str, names: Mapping[str, Any]) -> Any:
        template = parse_template(text)
        return (await self.evaluator.resolve([template], {**self.names, **names}))[0]

    async def run_code(self, code: str, names: Mapping[str, Any]) -> Any:
        return await self.evaluator.run_code(code, names)

    def stream(self, text: str, part: str = "") -> None:
        self.streamed.append((part, text))

    def log(self, message: str) -> None:
        self.logged.append(message)

    @asynccontextmanager
    async def spend(self, predicted_usd: Decimal, model: str) -> AsyncIterator[FakeSpending]:
        if self.budget_usd is not None and predicted_usd > self.budget_usd:
            raise BudgetError(f"{predicted_usd} is more than the budget of {self.budget_usd}.")
        spending = FakeSpending(predicted_usd, model)
        self.spendings.append(spending)
        yield spending

    def typical_output_tokens(self) -> int | None:
        return self.output_tokens

    def resource(self, kind: type[R]) -> R:
        return self.resources[kind]

    @property
    def body(self) -> Body:
        return self.inside
