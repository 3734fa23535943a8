"""A run of another machine, followed event by event; a connection that breaks is taken up again."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx

from flowstudio.cli.remote import Server
from flowstudio.engine.events import Event, Output
from flowstudio.errors import FlowStudioError
from flowstudio.llm.sse import EventParser

_ATTEMPTS = 8
_FIRST_WAIT_S = 0.25


def follow(
    server: Server, run_id: str, after: int = 0, *, until: str = "parked"
) -> Iterator[Event]:
    """Every event after that number, once each, until the run ends or parks.

    Args:
        server: the one that has the run.
        run_id: the run.
        after: number of the last event seen.
        until: `parked`, or `stored` for what is there by now.

    Raises:
        FlowStudioError: the server stays away.
    """
    failures = 0
    while True:
        try:
            for event in _read(server, run_id, after, until):
                failures = 0
                after = max(after, event.seq)
                yield event
        except httpx.TransportError as error:
            failures += 1
            if failures == _ATTEMPTS:
                message = f"The connection broke, and {server.client.base_url.host} stays away."
                raise FlowStudioError(message) from error
            time.sleep(_FIRST_WAIT_S * 2**failures)
        else:
            return


def _read(server: Server, run_id: str, after: int, until: str) -> Iterator[Event]:
    parser = EventParser()
    with server.stream(f"runs/{run_id}/events?after={after}&until={until}") as reply:
        for chunk in reply.iter_bytes():
            for payload in parser.feed(chunk):
                told = json.loads(payload)
                if "status" in told:
                    return
                if "detail" in told:
                    raise FlowStudioError(told["detail"])
                yield event_of(told)
    message = "The stream ended before its run."
    raise httpx.RemoteProtocolError(message)


def event_of(told: dict[str, Any]) -> Event:
    """An event of the stream as this machine knows them."""
    return Event(
        seq=told.get("seq", 0),
        at=datetime.fromisoformat(told["at"]),
        type=told["type"],
        node=told.get("node", ""),
        path=told.get("path", ""),
        data=told.get("data", {}),
        output=Output(**told["output"]) if told.get("output") else None,
    )
