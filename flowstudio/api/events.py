"""Following a run as it happens, by server-sent events (html.spec.whatwg.org, section 9.2)."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal, get_args

from fastapi import Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from flowstudio.api.admission import look_again
from flowstudio.api.deps import CurrentActor, CurrentRuntime
from flowstudio.api.problems import responses
from flowstudio.api.routing import new_router, verb
from flowstudio.api.schemas.base import Id
from flowstudio.engine.events import FINISHED, Event, RunStatus
from flowstudio.engine.journal import DamagedEvent
from flowstudio.errors import FlowStudioError, ThrottledError
from flowstudio.runtime import Runtime
from flowstudio.services.access import Actor

router = new_router("runs")
Until = Literal["end", "parked", "stored"]
_VERB = "run.read"
#: How long somebody who was shut out may go on reading.
_LOOK_AGAIN_S = 5.0
#: How many streams a person or a key may hold open.
MOST_STREAMS = 50
_RETRY_AFTER_S = 5.0
#: How often a run that waits is looked at.
_PARKED_S = 0.5
_LAST: dict[Until, frozenset[RunStatus]] = {
    "end": FINISHED,
    "parked": FINISHED | {"waiting", "paused"},
    "stored": frozenset(get_args(RunStatus)),
}


async def _seen(
    request: Request, run_id: Id, actor: CurrentActor, runtime: CurrentRuntime
) -> AsyncIterator[str]:
    # Asked before the reply begins, while it can still say no.
    found = (await runtime.runs.find(actor, run_id)).id
    with _one_of_few(request.app.state.streams, actor.key_id or actor.id):
        yield found


@contextmanager
def _one_of_few(streams: Counter[str], caller: str) -> Iterator[None]:
    if streams[caller] >= MOST_STREAMS:
        message = f"You follow {MOST_STREAMS} runs already. Close some of these streams first."
        raise ThrottledError(message, _RETRY_AFTER_S)
    streams[caller] += 1
    try:
        yield
    finally:
        streams[caller] -= 1
        if not streams[caller]:
            del streams[caller]


@router.get(
    "/runs/{run_id}/events",
    operation_id="run_events",
    summary="Follow a run",
    response_class=EventSourceResponse,
    responses=responses(404, 422),
    openapi_extra=verb(_VERB),
)
async def follow_run(
    request: Request,
    run_id: Annotated[str, Depends(_seen)],
    runtime: CurrentRuntime,
    last_event_id: Annotated[
        str | None, Header(description="Go on after this event; browsers send it by themselves.")
    ] = None,
    after: Annotated[int, Query(ge=0, le=2**53, description="As Last-Event-ID.")] = 0,
    until: Annotated[Until, Query(description="When to stop; see above.")] = "end",
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events: what is stored, then what happens, in order and without gaps.

    Stored events carry an `id`; text that a model writes just now comes as `step_streamed` without
    one. A comment every 15 seconds keeps the connection open. The last event is `end`, with the
    run's status: at the run's end or, with `until=parked`, also when it waits or is paused, or,
    with `until=stored`, after what is stored by now.
    """
    if last_event_id is not None and last_event_id.isascii() and last_event_id.isdigit():
        after = int(last_event_id[:15])
    follower = _Follower(request, runtime, run_id, after, until)
    async for event in follower.events():
        yield event


class _Follower:
    """One reader of one run's events."""

    def __init__(
        self, request: Request, runtime: Runtime, run_id: str, after: int, until: Until
    ) -> None:
        self._request = request
        self._runtime = runtime
        self._run_id = run_id
        self._after = after
        self._until = until
        self._actor: Actor = request.state.actor
        self._looked_at = runtime.clock.monotonic()

    async def events(self) -> AsyncIterator[ServerSentEvent]:
        """Until the run has ended, or the reader may not see it any more."""
        runs, clock = self._runtime.runs, self._runtime.clock
        try:
            while True:
                async for event in self._some():
                    await self._look_again()
                    self._after = event.seq or self._after
                    yield _sent(event)
                await self._look_again()
                record = await runs.find(self._actor, self._run_id)
                if record.status in _LAST[self._until]:
                    yield ServerSentEvent(event="end", data={"status": record.status})
                    return
                await clock.sleep(_PARKED_S)
        except FlowStudioError as error:
            yield ServerSentEvent(event="error", data={"detail": str(error)})

    async def _some(self) -> AsyncIterator[Event]:
        runs = self._runtime.runs
        source = runs.events if self._until == "stored" else runs.watch
        async for event in source(self._actor, self._run_id, self._after):
            if not isinstance(event, DamagedEvent):
                yield event

    async def _look_again(self) -> None:
        now = self._runtime.clock.monotonic()
        if now - self._looked_at < _LOOK_AGAIN_S:
            return
        self._looked_at = now
        self._actor = await look_again(self._request, _VERB)
        await self._runtime.runs.find(self._actor, self._run_id)


def _sent(event: Event) -> ServerSentEvent:
    data: dict[str, Any] = {
        "seq": event.seq,
        "at": event.at.isoformat(),
        "type": event.type,
        "node": event.node,
        "path": event.path,
        "data": dict(event.data),
    }
    if event.output is not None:
        data["output"] = {"hash": event.output.hash, "size": event.output.size}
    return ServerSentEvent(event=event.type, data=data, id=str(event.seq) if event.seq else None)
