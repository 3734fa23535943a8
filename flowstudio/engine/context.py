"""What a node sees while it runs."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from flowstudio.clock import Clock
from flowstudio.engine.contract import Body, RunInfo
from flowstudio.engine.costs import Usage
from flowstudio.engine.execution import Execution
from flowstudio.engine.journal import ModelCall
from flowstudio.engine.names import Names
from flowstudio.engine.plan import PlannedNode
from flowstudio.errors import ConflictError, StepError
from flowstudio.graph.references import parse_expression, parse_template

R = TypeVar("R")


@dataclass(slots=True)
class Bill:
    """What one step's calls cost."""

    cost_usd: Decimal = Decimal(0)
    usage: Usage = field(default_factory=Usage)
    model: str = ""

    def as_data(self) -> dict[str, Any]:
        """What the events of the step say of it."""
        usage = {
            "prompt_tokens": self.usage.prompt_tokens,
            "completion_tokens": self.usage.completion_tokens,
        }
        return {"cost_usd": str(self.cost_usd), "usage": usage, "model": self.model}


class Place(NamedTuple):
    """Which execution of a step this is, and the names in scope there."""

    path: str
    attempt: int
    names: Names


class StepContext:
    """A `NodeContext` over one execution."""

    def __init__(
        self,
        execution: Execution,
        planned: PlannedNode,
        place: Place,
        *,
        typical_output_tokens: int | None = None,
        body: Body | None = None,
    ) -> None:
        self._execution = execution
        self._planned = planned
        self.name = planned.name
        self.path, self.attempt, self._names = place
        self.run: RunInfo = execution.info
        self.clock: Clock = execution.clock
        #: None until the first paid call.
        self.bill: Bill | None = None
        self._typical_output_tokens = typical_output_tokens
        self._body = body

    @property
    def idempotency_key(self) -> str:
        """The same for every execution of this step, also after a crash."""
        return f"{self._execution.run.id}/{self.path}"

    async def evaluate(
        self, sources: Sequence[str], names: Mapping[str, Any] | None = None
    ) -> list[Any]:
        """Values of bare expressions over the names in scope here and the given ones."""
        return await self._working(sources, names or {})

    async def _working(self, sources: Sequence[str], names: Mapping[str, Any]) -> list[Any]:
        in_scope = await self._load(sources, names)
        self._execution.begin_work()
        try:
            return await self._execution.evaluator.evaluate(sources, in_scope)
        finally:
            self._execution.end_work()

    async def evaluate_each(self, sources: Sequence[str], items: Sequence[Any]) -> list[list[Any]]:
        """For each item, the values of the expressions, with `item` and `index` in scope."""
        in_scope = await self._load(sources, {})
        self._execution.begin_work()
        try:
            return await self._execution.evaluator.evaluate_each(sources, items, in_scope)
        finally:
            self._execution.end_work()

    async def _load(self, sources: Sequence[str], given: Mapping[str, Any]) -> dict[str, Any]:
        roots = {root for source in sources for root in parse_expression(source).roots}
        loaded = await self._names.load(roots - given.keys(), self._execution.values)
        return loaded | {name: given[name] for name in given if name in roots}

    async def render(self, text: str, names: Mapping[str, Any]) -> Any:
        """The value of a template over the names in scope here and the given ones."""
        template = parse_template(text)
        roots = {root for part in template.expressions for root in part.roots}
        loaded = await self._names.load(roots - names.keys(), self._execution.values)
        return (await self._execution.evaluator.resolve([template], loaded | dict(names)))[0]

    async def run_code(self, code: str, names: Mapping[str, Any]) -> Any:
        """The value of the last expression of a piece of code that sees only `names`."""
        return await self._execution.evaluator.run_code(code, names)

    def stream(self, text: str, part: str = "") -> None:
        """Show text as it arrives. Not stored."""
        self._execution.show(self.name, self.path, {"text": text, "part": part})

    def log(self, message: str) -> None:
        """Tell the watcher of the run something worth knowing. Not stored."""
        self._execution.show(self.name, self.path, {"log": message})

    def spend(self, predicted_usd: Decimal, model: str) -> AbstractAsyncContextManager["_Spending"]:
        """Reserve the predicted cost of one paid call, for the length of the block.

        Raises:
            BudgetError: the run's limit would be passed; the call must not be made.
        """
        return self._spend(predicted_usd, model)

    @asynccontextmanager
    async def _spend(self, predicted_usd: Decimal, model: str) -> AsyncIterator["_Spending"]:
        budget = self._execution.budget
        budget.reserve(predicted_usd, self.name)
        self.log(f"calling {model}" if model else "calling")
        try:
            yield _Spending(self, predicted_usd)
        finally:
            budget.release(predicted_usd)

    def count(self, call: "_Settled") -> None:
        """Add a settled call to the step's bill, the run's budget and the ledger of calls."""
        bill = self.bill = self.bill or Bill()
        bill.cost_usd += call.cost_usd
        bill.usage += call.usage
        bill.model = call.model or bill.model
        execution = self._execution
        is_near_limit = execution.budget.add(call.cost_usd)
        execution.usage += call.usage
        execution.parts.meter.call(call.model, call.usage, call.cost_usd)
        execution.parts.journal.record_call(
            ModelCall(
                run_id=execution.run.id,
                path=self.path,
                config_key=self._planned.config_key,
                model=call.model,
                usage=call.usage,
                predicted_usd=call.predicted_usd,
                cost_usd=call.cost_usd,
                at=self.clock.now(),
                is_near_limit=is_near_limit,
            )
        )

    def typical_output_tokens(self) -> int | None:
        """Median completion tokens of this node's earlier calls, or None before the first."""
        return self._typical_output_tokens

    def remaining_usd(self) -> Decimal | None:
        """What the run may still cost, or None without a limit."""
        return self._execution.budget.remaining_usd()

    def resource(self, kind: type[R]) -> R:
        """A service the process offers to nodes, by its class."""
        try:
            found: R = self._execution.parts.resources[kind]
        except KeyError:
            raise StepError(
                f"Node '{self.name}' needs {kind.__name__}, which this process does not offer.",
                retryable=False,
            ) from None
        return found

    @property
    def body(self) -> Body:
        """A container's inside."""
        if self._body is None:
            raise ConflictError(f"Node '{self.name}' is no container and has no inside.")
        return self._body


@dataclass(frozen=True, slots=True)
class _Settled:
    predicted_usd: Decimal
    cost_usd: Decimal
    usage: Usage
    model: str


@dataclass(slots=True)
class _Spending:
    """One reservation; settled at most once."""

    context: StepContext
    predicted_usd: Decimal
    is_settled: bool = False

    def settle(self, cost_usd: Decimal, usage: Usage, model: str) -> None:
        """State what the call really cost; also after a failure, if it cost anything."""
        if not self.is_settled:
            self.is_settled = True
            self.context.count(_Settled(self.predicted_usd, cost_usd, usage, model))
