"""A browser tab reduced to its websocket: Engine.IO 4 and Socket.IO 5, by hand.

It sends whatever a test likes, in the names of whom it likes.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import RemoteProtocolError

_NAMESPACE = "/_event"
#: No reply is slower than this, and what has not come by then does not come.
_QUIET_S = 20.0
_HYDRATE = "reflex___state____state.hydrate"
#: It has no vars, and so is told of only among all states.
_EVERY_STATE = "reflex___state____state.reflex___state____on_load_internal_state"


def operations(updates: Sequence[dict[str, Any]]) -> list[list[Any]]:
    """What the updates do beside the page's state: toasts, redirects, requests to sign in."""
    found: list[list[Any]] = []
    for update in updates:
        for event in update.get("events") or ():
            payload = event["payload"]
            if event["name"] == "_redirect":
                found.append(["redirect", payload["path"], None])
            elif event["name"] == "_set_value" and payload["ref"] == "ref_live":
                found += _unpacked(payload["value"])
            else:
                found.append([event["name"], "", payload])
    return found


def _unpacked(value: str) -> list[list[Any]]:
    """The operations of one value; a piece of streamed text is sent as such."""
    if value.startswith("["):
        unpacked: list[list[Any]] = json.loads(value)
        return unpacked
    name, _, text = value.partition(" ")
    return [["t", name, text]]


def _tells_of_people(update: dict[str, Any]) -> bool:
    return any(
        isinstance(said, dict) and said.get("t") == "people" for _, _, said in operations([update])
    )


def _is_hydration(update: dict[str, Any]) -> bool:
    return _EVERY_STATE in (update.get("delta") or {})


class RefusedError(Exception):
    """The server did not accept the handshake."""


class ClosedError(Exception):
    """The server has ended the connection."""


class Socket:
    """A websocket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._events: Iterator[Event] = iter(())

    async def open(self, host: str, target: str, headers: Mapping[str, str]) -> None:
        """Shake hands.

        Raises:
            RefusedError: the server does not want to.
        """
        extra = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self._write(Request(host=host, target=target, extra_headers=extra))
        try:
            event = await self._next()
        except (ClosedError, RemoteProtocolError) as error:
            raise RefusedError from error
        if not isinstance(event, AcceptConnection):
            raise RefusedError

    async def send(self, text: str) -> None:
        """Send a text."""
        await self._write(TextMessage(data=text))

    async def receive(self) -> str:
        """The next text.

        Raises:
            ClosedError: there is none any more.
        """
        text = ""
        while True:
            event = await self._next()
            if isinstance(event, Ping):
                await self._write(event.response())
            elif isinstance(event, TextMessage):
                text += event.data
                if event.message_finished:
                    return text
            elif isinstance(event, CloseConnection | RejectConnection):
                raise ClosedError

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def _next(self) -> Event:
        while (event := next(self._events, None)) is None:
            try:
                data = await self._reader.read(65_536)
            except OSError as error:
                raise ClosedError from error
            if not data:
                raise ClosedError
            self._protocol.receive_data(data)
            self._events = self._protocol.events()
        return event

    async def _write(self, event: Event) -> None:
        with suppress(OSError):
            self._writer.write(self._protocol.send(event))
            await self._writer.drain()


class Tab:
    """One open socket of the page.

    Attributes:
        frames: every text the server has sent.
    """

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self.frames: list[str] = []

    async def call(
        self, name: str, payload: Any = None, *, path: str = "/", **query: str
    ) -> list[dict[str, Any]]:
        """Send an event, and give the updates that came until the server had done with it."""
        await self.send(name, payload, path=path, **query)
        return await self.settled()

    async def send(self, name: str, payload: Any = None, *, path: str = "/", **query: str) -> None:
        """Send an event of a page and wait for nothing."""
        route = {"pathname": path, "query": query, "asPath": path}
        await self.say("event", {"name": name, "payload": payload or {}, "router_data": route})

    async def raw(self, frame: str) -> None:
        """Send any frame."""
        await self._socket.send(frame)

    async def say(self, *message: Any) -> None:
        """Send any Socket.IO message."""
        await self._socket.send(f"42{_NAMESPACE},{json.dumps(message)}")

    async def settled(self) -> list[dict[str, Any]]:
        """The updates up to the one that answers an event sent behind everything else.

        Events of one tab hold its state one after another. What a handler starts in the
        background comes later; `until` waits for that.
        """
        return (await self._hydrate())[0]

    async def hydrated(self) -> dict[str, Any]:
        """Every state of the page, as the server would send it to this tab now."""
        whole: dict[str, Any] = (await self._hydrate())[1]["delta"]
        return whole

    async def _hydrate(self) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        await self.send(_HYDRATE)
        updates: list[dict[str, Any]] = []
        while not _is_hydration(update := await self.update()):
            updates.append(update)
        return updates, update

    async def update(self) -> dict[str, Any]:
        """The next update of the page."""
        while True:
            name, *rest = await self.hear()
            if name == "event":
                found: dict[str, Any] = (
                    rest[0] if isinstance(rest[0], dict) else json.loads(rest[0])
                )
                return found

    async def until(self, operation: str) -> list[Any]:
        """Wait for an operation on the page's live values, such as `toast` or `sign_in`."""
        while True:
            for found in operations([await self.update()]):
                if found[0] == operation:
                    return found

    async def follow(self, state: str, path: str, **query: str) -> None:
        """Open a page that follows something, and wait until it does.

        What comes meanwhile is dropped; `frames` has it.
        """
        for handler in ("load", "follow"):
            await self.send(f"{state}.{handler}", path=path, **query)
        # What a handler does in the background begins later than the handler ends: it passes on what
        # this tab says of itself, once it does.
        presence = {"presence": {"tab": "raw"}}
        while True:
            await self.send(f"{state}.present", presence, path=path, **query)
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    while not _tells_of_people(await self.update()):
                        pass
                return

    async def hear(self) -> list[Any]:
        """The next Socket.IO message."""
        while True:
            frame = await self._receive()
            if frame == "2":
                await self._socket.send("3")
            elif frame.startswith(f"42{_NAMESPACE},"):
                found: list[Any] = json.loads(frame.removeprefix(f"42{_NAMESPACE},"))
                return found

    async def open(self) -> None:
        """Go through the two handshakes."""
        assert (await self._receive()).startswith("0{")
        await self._socket.send(f"40{_NAMESPACE},")
        while not (await self._receive()).startswith(f"40{_NAMESPACE},"):
            pass
        await self.settled()

    async def _receive(self) -> str:
        async with asyncio.timeout(_QUIET_S):
            frame = await self._socket.receive()
        self.frames.append(str(frame))
        return str(frame)

    async def is_closed(self) -> bool:
        """Whether the server ends the connection."""
        try:
            while True:
                await self._receive()
        except ClosedError:
            return True
        except TimeoutError:
            return False


@asynccontextmanager
async def tab(
    port: int,
    cookie: str = "",
    *,
    name: str = "tab",
    origin: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[Tab]:
    """An open tab; without a cookie, nobody's.

    Raises:
        RefusedError: the server refuses the handshake.
    """
    site = f"127.0.0.1:{port}"
    sent = {"Origin": origin or f"http://{site}", **(headers or {})}
    if cookie:
        sent["Cookie"] = cookie
    target = f"/_event/?EIO=4&transport=websocket&token={name}"
    socket = Socket(*await asyncio.open_connection("127.0.0.1", port))
    try:
        await socket.open(site, target, sent)
        opened = Tab(socket)
        await opened.open()
        yield opened
    finally:
        await socket.close()
