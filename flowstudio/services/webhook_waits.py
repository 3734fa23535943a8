"""Waiting for a run that a request began, to answer the request with what came of it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from flowstudio.engine.events import FINISHED, Event
from flowstudio.graph.canonical import load
from flowstudio.scale.bus import Reached, Subscription
from flowstudio.services.parts import RunParts

#: Types of events that say how a run ended.
ENDINGS = {
    "run_succeeded": "succeeded",
    "run_failed": "failed",
    "run_cancelled": "cancelled",
}
#: A run that another process advances, or that left memory, is looked at so often.
_LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended; `outputs` of one that succeeded."""

    run_id: str
    status: str
    outputs: Any = None


class RunWait:
    """One request that waits for one run.

    Attributes:
        has_ended: the result was given.
    """

    def __init__(self, parts: RunParts, subscription: Subscription, run_id: str) -> None:
        self._parts = parts
        self._subscription = subscription
        self._run_id = run_id
        self.has_ended = False

    async def result(self, within_s: float) -> RunResult:
        """How the run ended.

        Raises:
            TimeoutError: it has not, by then.
        """
        async with aclosing(self.events(within_s)) as events:
            async for event in events:
                if isinstance(event, RunResult):
                    return event
        raise TimeoutError

    async def events(self, within_s: float) -> AsyncGenerator[Event | RunResult | None, None]:
        """What the bus tells, and the result at last; None when nothing was heard for a while."""
        until = asyncio.get_running_loop().time() + within_s
        while (now := asyncio.get_running_loop().time()) < until:
            heard = await self._hear(min(until, now + _LOOK_S))
            if heard is None:
                if (result := await self._look()) is not None:
                    self.has_ended = True
                    yield result
                    return
                yield None
            elif heard.type in ENDINGS:
                result = await self._ended(heard)
                self.has_ended = True
                yield result
                return
            else:
                yield heard

    async def _hear(self, until: float) -> Event | None:
        try:
            async with asyncio.timeout_at(until):
                # Of a run that another process advances, its leaving is what tells of its end.
                while isinstance(heard := await self._subscription.get(), Reached):
                    pass
                return heard
        except TimeoutError:
            return None

    async def _ended(self, event: Event) -> RunResult:
        status = ENDINGS[event.type]
        if event.output is not None and event.output.body:
            return RunResult(self._run_id, status, load(event.output.body))
        return await self._result(status)

    async def _look(self) -> RunResult | None:
        """The result, if the run has ended by what is stored."""
        if (body := await self._parts.journal.outputs(self._run_id)) is not None:
            return RunResult(self._run_id, "succeeded", load(body))
        record = await self._parts.store.find(self._run_id)
        if record is None:
            return RunResult(self._run_id, "cancelled")
        return await self._result(record.status) if record.status in FINISHED else None

    async def _result(self, status: str) -> RunResult:
        body = None
        if status == "succeeded":
            body = await self._parts.journal.outputs(self._run_id)
        return RunResult(self._run_id, status, load(body) if body is not None else None)
