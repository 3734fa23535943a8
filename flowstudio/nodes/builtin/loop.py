"""The loop node: its inside runs once per item, a number of times, or while a condition holds."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from flowstudio.engine.contract import NodeContext, NodeType
from flowstudio.engine.together import together
from flowstudio.errors import StepError
from flowstudio.graph.fields import Expressive, Templated, Value, schema_of, shown

Result = Annotated[Annotated[str, schema_of("template")] | None, Expressive("template", inner=True)]

Condition = Annotated[
    str,
    Field(min_length=1),
    schema_of("expression", minLength=1),
    Expressive("expression", names=("previous", "index")),
]


class _Base(BaseModel):
    model_config = ConfigDict(extra="forbid")

    max_iterations: int = Field(
        1000,
        ge=1,
        le=1_000_000,
        title="At most",
        description="Reaching it fails the loop.",
        json_schema_extra=shown(order=1, unit="turns"),
    )
    result: Result = Field(
        None,
        title="Result of a turn",
        description="A template over what is inside; left out, the last node's output.",
        json_schema_extra=shown(order=2),
    )


class ForEach(_Base, title="For each item"):
    """Once for each item of a list."""

    mode: Literal["for_each"] = "for_each"
    items: Value = Field(
        title="Items",
        description="A list, or a template that gives one.",
        json_schema_extra=shown(key=True),
    )
    concurrency: int = Field(1, ge=1, le=1000, title="At once")


class While(_Base, title="While"):
    """As long as a condition holds."""

    mode: Literal["while"]
    condition: Condition = Field(
        title="Condition",
        description="Checked before each turn; sees previous and index.",
        json_schema_extra=shown(key=True),
    )


class Times(_Base, title="A number of times"):
    """A number of times."""

    mode: Literal["times"]
    times: int | Templated = Field(title="Times", json_schema_extra=shown(key=True))
    concurrency: int = Field(1, ge=1, le=1000, title="At once")


LoopConfig = Annotated[ForEach | While | Times, Field(discriminator="mode")]


class Loop(NodeType[Any]):
    """Runs its inside again and again, and gives the list of what each turn gave."""

    type = "loop"
    title = "Loop"
    summary = "Runs what is inside it for each item, a number of times, or while something holds."
    category = "logic"
    icon = "repeat"
    container = True
    loops = True
    config_type = LoopConfig

    def summarise(self, config: Any) -> str:
        """One line for the node's card."""
        if isinstance(config, ForEach):
            at_once = f", {config.concurrency} at once" if config.concurrency > 1 else ""
            return f"for each of {config.items}{at_once}"
        if isinstance(config, While):
            return f"while {config.condition}"
        return f"{config.times} times"

    async def run(self, config: Any, context: NodeContext) -> Any:
        """Run the turns; gives `{"items": […in order], "count"}`."""
        if isinstance(config, While):
            results = await _run_while(config, context)
        else:
            results = await _run_all(config, context)
        return {"items": results, "count": len(results)}


async def _run_while(config: While, context: NodeContext) -> list[Any]:
    results: list[Any] = []
    previous: Any = None
    for index in range(config.max_iterations):
        names = {"previous": previous, "index": index, "item": None}
        if not context.body.recorded(index):
            (goes_on,) = await context.evaluate([config.condition], names)
            if not goes_on:
                return results
        previous = await context.body.iterate(index, names, config.result)
        results.append(previous)
    (goes_on,) = await context.evaluate(
        [config.condition], {"previous": previous, "index": config.max_iterations, "item": None}
    )
    if goes_on:
        raise _too_many(config)
    return results


async def _run_all(config: ForEach | Times, context: NodeContext) -> list[Any]:
    items = _items(config)
    if len(items) > config.max_iterations:
        raise _too_many(config, len(items))
    if config.concurrency == 1:
        results: list[Any] = []
        previous: Any = None
        for index, item in enumerate(items):
            names = {"item": item, "index": index, "previous": previous}
            previous = await context.body.iterate(index, names, config.result)
            results.append(previous)
        return results
    return await _run_beside(items, config, context)


async def _run_beside(
    items: list[Any] | range, config: ForEach | Times, context: NodeContext
) -> list[Any]:
    results: list[Any] = [None] * len(items)
    waiting: Iterator[int] = iter(range(len(items)))

    async def take_turns() -> None:
        for index in waiting:
            # Turns side by side have no turn before them.
            names = {"item": items[index], "index": index, "previous": None}
            results[index] = await context.body.iterate(index, names, config.result)

    await together(take_turns() for _ in range(min(config.concurrency, len(items))))
    return results


def _items(config: ForEach | Times) -> list[Any] | range:
    if isinstance(config, Times):
        if not isinstance(config.times, int) or isinstance(config.times, bool):
            kind = type(config.times).__name__
            raise StepError(f"'times' must be a whole number; it is {kind}.", retryable=False)
        return range(max(config.times, 0))
    if not isinstance(config.items, list):
        kind = type(config.items).__name__
        raise StepError(f"'items' must be a list; it came out as {kind}.", retryable=False)
    return config.items


def _too_many(config: ForEach | While | Times, wanted: int | None = None) -> StepError:
    asked = f" for {wanted:,} turns" if wanted is not None else " to go on"
    return StepError(
        f"The loop asks{asked}, but max_iterations is {config.max_iterations:,}. "
        "Raise it, or give the loop less to do.",
        retryable=False,
    )
