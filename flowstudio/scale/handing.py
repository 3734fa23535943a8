"""What the queue asks of jobs, wherever they are kept."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol


class Turn(Protocol):
    """A run whose turn it is."""

    @property
    def run_id(self) -> str: ...  # noqa: D102

    @property
    def queue(self) -> str: ...  # noqa: D102


class Executes(Protocol):
    """A connection within a transaction."""

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Any: ...  # noqa: D102


class Jobs(Protocol):
    """The way of runs to the workers of all machines."""

    def hand_over(self, connection: Executes, turns: Sequence[Turn]) -> None:
        """Make jobs of these runs, in the transaction of a connection."""

    async def work(
        self,
        advance: Callable[[str], Awaitable[bool | None]],
        *,
        queues: Sequence[str],
        concurrency: int,
        stopping: asyncio.Event | None = None,
    ) -> None:
        """Do jobs until cancelled; one whose `advance` gives False is done again.

        Once `stopping` is set, nothing new is begun.
        """
