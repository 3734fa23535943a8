"""Node types that tell a test what they did, and do as the test says."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from flowstudio.engine.contract import (
    Chosen,
    NodeContext,
    NodeType,
    Purity,
)
from flowstudio.engine.costs import CostRange, Usage
from flowstudio.errors import StepError
from flowstudio.graph.catalogue import Ports
from flowstudio.graph.fields import Templated, Text, Value
from flowstudio.llm.errors import KeyRefusedError
from flowstudio.nodes.registry import Registry


@dataclass
class Bench:
    """What the test's nodes share with the test.

    Attributes:
        log: what happened, in order, as `run a`, `end a`, `cut a`.
        attempts: by path, the numbers of the attempts.
        keys: by path, the idempotency keys seen.
        gates: by path, what a gate waits for; begun: set once it waits.
    """

    log: list[str] = field(default_factory=list)
    attempts: dict[str, list[int]] = field(default_factory=dict)
    keys: dict[str, set[str]] = field(default_factory=dict)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    begun: dict[str, asyncio.Event] = field(default_factory=dict)

    @property
    def runs(self) -> Counter[str]:
        """How often each step was executed, by path."""
        return Counter(line.removeprefix("run ") for line in self.log if line.startswith("run "))

    def note(self, context: NodeContext) -> None:
        """Remember an execution."""
        self.log.append(f"run {context.path}")
        self.attempts.setdefault(context.path, []).append(context.attempt)
        self.keys.setdefault(context.path, set()).add(context.idempotency_key)
        self.started(context.path).set()

    def started(self, path: str) -> asyncio.Event:
        """Set when the step at the path is executed."""
        return self.begun.setdefault(path, asyncio.Event())

    def gate(self, path: str) -> asyncio.Event:
        """What the gate at the path waits for."""
        return self.gates.setdefault(path, asyncio.Event())

    def registry(self) -> Registry:
        """The built-in types and these."""
        types = (Count, Flaky, Gate, Paid, Priced, Write, Stream, Speak, Big, Choose, Bug, Deaf)
        return Registry({kind.type: kind(self) for kind in types})


class Plain(BaseModel):
    """Config of most of them."""

    model_config = ConfigDict(extra="forbid")

    value: Value = None
    purity: Purity = "pure"


class Probe(NodeType[Any]):
    """Base of the test's node types."""

    summary = ""
    category = "data"
    icon = "flask"
    config_type = Plain

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self.bench = bench

    def purity(self, config: Any) -> Purity:
        return config.purity

    async def run(self, config: Any, context: NodeContext) -> Any:
        self.bench.note(context)
        result = await self.work(config, context)
        self.bench.log.append(f"end {context.path}")
        return result

    async def work(self, config: Any, context: NodeContext) -> Any:  # noqa: ARG002
        return config.value


class Count(Probe):
    """Gives its value, and counts how often it did."""

    type = title = "count"


class FlakyConfig(Plain):
    """How often it fails first."""

    fails: int | Templated = 1
    retry_after_s: float | None = None
    is_retryable: bool = True
    message: str = "not yet"
    refuses_key: bool = False


class Flaky(Probe):
    """Fails so many times, and then gives its value."""

    type = title = "flaky"
    config_type = FlakyConfig

    async def work(self, config: Any, context: NodeContext) -> Any:
        if self.bench.runs[context.path] <= config.fails:
            if config.refuses_key:
                raise KeyRefusedError(config.message)
            raise StepError(
                config.message,
                retryable=config.is_retryable,
                retry_after_s=config.retry_after_s,
            )
        return config.value


class Gate(Probe):
    """Waits until the test lets it through."""

    type = title = "gate"

    async def work(self, config: Any, context: NodeContext) -> Any:
        try:
            await self.bench.gate(context.path).wait()
        except asyncio.CancelledError:
            self.bench.log.append(f"cut {context.path}")
            raise
        return config.value


class PaidConfig(Plain):
    """What it costs."""

    predicted_usd: Decimal = Decimal("0.01")
    cost_usd: Decimal = Decimal("0.01")
    fails: bool = False
    waits: bool = False


class Paid(Gate):
    """Makes a paid call."""

    type = title = "paid"
    config_type = PaidConfig

    def purity(self, config: Any) -> Purity:  # noqa: ARG002
        return "paid"

    async def work(self, config: Any, context: NodeContext) -> Any:
        async with context.spend(config.predicted_usd, "test/model") as spending:
            self.bench.log.append(f"call {context.path}")
            if config.waits:
                await super().work(config, context)
            spending.settle(config.cost_usd, Usage(10, 5), "test/model")
        if config.fails:
            message = "the call came to nothing"
            raise StepError(message)
        return config.value


class PricedConfig(PaidConfig):
    """What it is said to cost before it is run."""

    price_usd: Decimal = Decimal("0.01")


class Priced(Paid):
    """Makes a paid call whose price is known before."""

    type = title = "priced"
    config_type = PricedConfig

    async def predict(
        self,
        config: Any,
        resources: Mapping[Any, Any],  # noqa: ARG002
        typical_output_tokens: int | None,  # noqa: ARG002
    ) -> CostRange | None:
        return CostRange(config.price_usd, config.price_usd, config.price_usd, 1)


class Write(Gate):
    """Changes the world once the test lets it, and may not be repeated."""

    type = title = "write"

    def purity(self, config: Any) -> Purity:  # noqa: ARG002
        return "write"


class Stream(Probe):
    """Streams its value word by word."""

    type = title = "stream"

    async def work(self, config: Any, context: NodeContext) -> Any:
        for word in str(config.value).split():
            context.stream(word)
            await asyncio.sleep(0)
        return config.value


class Speak(Gate):
    """Streams its value word by word, and ends once the test lets it."""

    type = title = "speak"

    async def work(self, config: Any, context: NodeContext) -> Any:
        for word in str(config.value).split():
            context.stream(word)
        return await super().work(config, context)


class BigConfig(Plain):
    """How large its output is."""

    size: int


class Big(Probe):
    """Gives a text of a size."""

    type = title = "big"
    config_type = BigConfig

    async def work(self, config: Any, context: NodeContext) -> Any:  # noqa: ARG002
        return "x" * config.size


class ChooseConfig(Plain):
    """The port it leaves by."""

    port: Text


class Choose(Probe):
    """Leaves by one of two ports."""

    type = title = "choose"
    config_type = ChooseConfig
    PORTS: ClassVar[tuple[str, ...]] = ("left", "right")

    def usual_ports(self) -> Ports:
        return Ports(outputs=self.PORTS)

    async def work(self, config: Any, context: NodeContext) -> Any:  # noqa: ARG002
        return Chosen(config.port, {"port": config.port})


class Bug(Probe):
    """Has a mistake in its code."""

    type = title = "bug"

    async def work(self, config: Any, context: NodeContext) -> Any:  # noqa: ARG002
        if config.value == "not json":
            return {"ratio": float("nan")}
        if config.value == "not text":
            message = "bad \ud800 luck"
            raise StepError(message)
        nothing: Mapping[str, Any] = {}
        return nothing["there"]


class Deaf(Probe):
    """Answers its cancellation with an error, or with a result, as some libraries do."""

    type = title = "deaf"

    async def work(self, config: Any, context: NodeContext) -> Any:
        try:
            await self.bench.gate(context.path).wait()
        except asyncio.CancelledError as cancelled:
            if config.value == "fails":
                message = "connection lost"
                raise OSError(message) from cancelled
        return config.value
