"""A run of another machine, followed event by event; a connection that breaks is taken up again."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx

from flowstudio.cli.remote import Server
from flowstudio.engine.events import Event
from flowstudio.errors import FlowStudioError
from flowstudio.llm.sse import EventParser

_ATTEMPTS = 8
_FIRST_WAIT_S = 0.25
_LAST = frozenset({"run_succeeded", "run_failed", "run_cancelled"})


def follow(server: Server, run_id: str, after: int = 0) -> Iterator[Event]:
    """Every event after that number, once each, until the run ends or parks.

    Raises:
        FlowStudioError: the server stays away.
    """
    failures = 0
    while True:
        try:
            for event in _read(server, run_id, after):
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


def _read(server: Server, run_id: str, after: int) -> Iterator[Event]:
    headers = {"Last-Event-ID": str(after)} if after else {}
    parser = EventParser()
    with server.stream(f"runs/{run_id}/events", **headers) as reply:
        for chunk in reply.iter_bytes():
            for payload in parser.feed(chunk):
                yield event_of(json.loads(payload))


def event_of(told: dict[str, Any]) -> Event:
    """An event of the stream as this machine knows them."""
    return Event(
        seq=told.get("seq", 0),
        at=datetime.fromisoformat(told["at"]),
        type=told["type"],
        node=told.get("node", ""),
        path=told.get("path", ""),
        data=told.get("data", {}),
    )
