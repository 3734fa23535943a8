"""The parallel node: its branches run side by side, and the first, some or all of them count."""

import asyncio
from contextlib import suppress
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from flowstudio.engine.contract import NodeContext, NodeType
from flowstudio.engine.together import together
from flowstudio.errors import StepError
from flowstudio.graph.fields import shown
from flowstudio.graph.slots import SlotFault


class ParallelConfig(BaseModel):
    """Which branches count, and how many run at once."""

    model_config = ConfigDict(extra="forbid")

    join: Literal["all", "any", "quorum"] = Field(
        "all",
        title="Done when",
        description="all succeed; any: the first success cancels the rest; quorum: that many do.",
        json_schema_extra=shown(
            key=True,
            labels={"all": "All succeed", "any": "The first succeeds", "quorum": "A quorum does"},
        ),
    )
    quorum: int | None = Field(
        None,
        ge=1,
        le=1000,
        title="Quorum",
        json_schema_extra=shown(unit="branches", when={"join": ["quorum"]}),
    )
    limit: int | None = Field(
        None,
        ge=1,
        le=1000,
        title="At once",
        description="Branches that run side by side; empty for all.",
        json_schema_extra=shown(unit="branches"),
    )


class Parallel(NodeType[ParallelConfig]):
    """Runs its branches side by side; gives their results by the name of their first node."""

    type = "parallel"
    title = "Parallel"
    summary = "Runs the branches inside it side by side, and waits for all, some, or the first."
    category = "logic"
    icon = "git-fork"
    container = True
    config_type = ParallelConfig

    def faults(self, config: ParallelConfig) -> list[SlotFault]:
        """A quorum goes with `join: quorum`, and only with it."""
        if (config.join == "quorum") == (config.quorum is not None):
            return []
        return [SlotFault(("quorum",), "Give a quorum exactly when join is 'quorum'.")]

    def summarise(self, config: ParallelConfig) -> str:
        """One line for the node's card."""
        return f"{config.quorum} branches" if config.quorum else f"{config.join} branches"

    async def run(self, config: ParallelConfig, context: NodeContext) -> Any:
        """Run the branches; gives an object of results by branch, the winners' only."""
        names = context.body.branches
        wanted = {"all": len(names), "any": 1, "quorum": config.quorum or 1}[config.join]
        if wanted > len(names):
            raise StepError(
                f"The quorum is {wanted}, but there are {len(names)} branches.", retryable=False
            )
        race = _Race(config, context, wanted)
        await race.run()
        return {name: race.results[name] for name in names if name in race.results}


class _EnoughError(Exception):
    """Enough branches have succeeded; cancels the rest."""


class _Race:
    """Branches side by side until enough have succeeded or too many have failed."""

    def __init__(self, config: ParallelConfig, context: NodeContext, wanted: int) -> None:
        self._context = context
        self._wanted = wanted
        self._all = config.join == "all"
        self._names = context.body.branches
        self._slots = asyncio.Semaphore(config.limit or max(len(self._names), 1))
        self._failures: list[StepError] = []
        self.results: dict[str, Any] = {}

    async def run(self) -> None:
        body = self._context.body
        # After a crash, branches that had ended decide before others do anything.
        ended = [name for name in self._names if body.finished(name)]
        with suppress(_EnoughError):
            for name in ended:
                await self._branch(name)
            await together(self._branch(name) for name in self._names if name not in ended)

    async def _branch(self, name: str) -> None:
        try:
            async with self._slots:
                result = await self._context.body.branch(name)
        except StepError as error:
            if error.is_final:
                raise
            self._failed(error)
            return
        if len(self.results) < self._wanted:
            self.results[name] = result
        if not self._all and len(self.results) == self._wanted:
            raise _EnoughError

    def _failed(self, error: StepError) -> None:
        self._failures.append(error)
        if len(self._names) - len(self._failures) < self._wanted:
            raise error
