import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from flowstudio.errors import NotSignedInError
from flowstudio.security.tokens import AccessClaims
from flowstudio.ui.socket_door import SocketDoor
from tests.processes import until
from tests.serving import served

SOCKET = {"type": "websocket", "path": "/_event/", "query_string": b"", "headers": []}


def read(token: str) -> AccessClaims:
    user_id, _, session_id = token.partition("-")
    if not session_id:
        raise NotSignedInError
    return AccessClaims(user_id, session_id, 0, datetime(2026, 1, 1, tzinfo=UTC), False)


def address_of(scope: Scope) -> str:
    return str(scope.get("client", ("192.0.2.1", 0))[0])


def door(app: Any, **more: Any) -> SocketDoor:
    return SocketDoor(app, "fs_at", read, address_of, **more)


async def unused(*_: Any) -> Message:
    raise AssertionError


class Behind:
    """An application that notes what reaches it, and keeps sockets until it is told."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []
        self.done = asyncio.Event()
        self.done.set()

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        self.scopes.append(scope)
        await self.done.wait()


async def seen(cookies: bytes = b"", query: bytes = b"", *more: tuple[bytes, bytes]) -> Scope:
    """What the application sees of a handshake."""
    behind = Behind()
    headers = [(b"cookie", cookies), *more] if cookies else list(more)
    scope = {**SOCKET, "headers": headers, "query_string": query}
    await door(behind)(scope, unused, unused)
    return behind.scopes[0]


def cookie_in(scope: Scope) -> bytes | None:
    return dict(scope["headers"]).get(b"cookie")


async def test_of_the_cookies_only_the_good_access_cookie_passes() -> None:
    assert cookie_in(await seen(b"fs_rt=secret; fs_at=ann-1; x=y")) == b"fs_at=ann-1"


@pytest.mark.parametrize("cookies", [b"fs_at=expired", b"fs_rt=secret", b"fs_at=", b"x"])
async def test_a_socket_without_a_good_cookie_is_nobodys(cookies: bytes) -> None:
    assert cookie_in(await seen(cookies)) is None


async def test_other_secrets_and_a_claimed_address_are_dropped() -> None:
    scope = await seen(
        b"",
        b"",
        (b"authorization", b"Bearer fsk_x"),
        (b"x-flowstudio-address", b"203.0.113.9"),
    )
    assert dict(scope["headers"]) == {b"x-flowstudio-address": b"192.0.2.1"}


async def test_a_tabs_token_leads_to_another_state_for_every_session() -> None:
    query = b"EIO=4&token=tab&transport=websocket"
    bound = [(await seen(c, query))["query_string"] for c in (b"fs_at=ann-1", b"fs_at=ann-2", b"")]
    assert len(set(bound)) == 3
    assert not any(b"token=tab" in text for text in bound)
    assert (await seen(b"fs_at=ann-1", query))["query_string"] == bound[0]


@pytest.mark.parametrize("query", [b"token=" + b"x" * 101, b"token=", b"a=b"])
async def test_a_token_that_is_none_is_left_out(query: bytes) -> None:
    assert b"token" not in (await seen(b"fs_at=ann-1", query))["query_string"]


async def test_a45_the_limit_counts_the_sockets_of_one_person_from_anywhere() -> None:
    behind = Behind()
    behind.done.clear()
    limited, sent = door(behind, most=2), []

    async def send(message: Message) -> None:
        sent.append(message)

    async def come(cookies: bytes, address: str) -> None:
        scope = {**SOCKET, "headers": [(b"cookie", cookies)], "client": (address, 1)}
        await limited(scope, unused, send)

    async with asyncio.TaskGroup() as group:
        for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
            group.create_task(come(b"fs_at=ann-1", address))
        for number in range(3):
            group.create_task(come(b"x=y", "192.0.2.9" if number else "192.0.2.8"))
        await until(lambda: len(behind.scopes) == 5)
        assert [message["type"] for message in sent] == ["websocket.close"]
        behind.done.set()
    await come(b"fs_at=ann-1", "192.0.2.1")
    assert len(behind.scopes) == 6


class Flood:
    """Sends to a socket as fast as it takes it."""

    def __init__(self) -> None:
        self.sent = 0
        self.ended = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            return
        try:
            await receive()
            await send({"type": "websocket.accept"})
            while True:
                await send({"type": "websocket.send", "text": "x" * 100_000})
                self.sent += 100_000
        finally:
            self.ended.set()


async def test_a45_a_socket_whose_other_end_does_not_read_is_dropped() -> None:
    flood = Flood()
    async with served(door(flood, send_s=0.2)) as address:
        host, _, port = address.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"GET /_event/ HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        async with asyncio.timeout(20):
            await flood.ended.wait()
        # What the kernel and the server took before it came to a halt.
        assert 0 < flood.sent < 30_000_000
        writer.close()
        del reader


async def test_a45_whoever_does_not_read_is_not_read_either() -> None:
    gate, heard = asyncio.Event(), []

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(send({"type": "websocket.send", "text": "much"}))
            await asyncio.sleep(0)
            heard.append(await receive())

    async def receive() -> Message:
        return {"type": "websocket.receive", "text": "more"}

    async def send(_message: Message) -> None:
        await gate.wait()

    async with asyncio.TaskGroup() as group:
        serving = group.create_task(door(app)(SOCKET, receive, send))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not heard
        gate.set()
        await serving
    assert heard
