"""The ASGI layer before the page's websocket: whose it is, how many there are, and how patient.

A websocket keeps the headers of its handshake for as long as it is open. What they say of the person
is therefore checked here, once and for all, and everything else secret is taken out of them.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flowstudio.errors import NotSignedInError
from flowstudio.security.tokens import AccessClaims
from flowstudio.services.cookies import read_cookie
from flowstudio.ui.visitors import ADDRESS_HEADER

_MOST_SOCKETS = 50
_SEND_S = 20.0
#: Messages a socket may send for long, and for how long at once it may send all it likes.
_MOST_PER_S = 50
_BURST_S = 4.0
_LONGEST_TOKEN = 100
_KEPT_BACK = {b"cookie", b"authorization", b"proxy-authorization", ADDRESS_HEADER.encode()}


class SocketDoor:
    """Lets a socket in as its person's, or as nobody's.

    - An access cookie that is not good is taken away, and so is every other cookie.
    - The token by which a tab finds its state again is bound to the session: whoever else comes to
      know it gets a state of their own.
    - A person, or an address nobody signed in from, has a limited number of sockets.
    - A socket whose other end does not read is not read either, and closed after 20 seconds.
    - Messages are taken at a measured pace.
    """

    def __init__(
        self,
        app: ASGIApp,
        cookie: str,
        read: Callable[[str], AccessClaims],
        address_of: Callable[[Scope], str],
        *,
        most: int = _MOST_SOCKETS,
        send_s: float = _SEND_S,
    ) -> None:
        self._app = app
        self._cookie = cookie
        self._read = read
        self._address_of = address_of
        self._most = most
        self._send_s = send_s
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is no websocket; examine what is one."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        token, claims = self._claims(scope)
        address = self._address_of(scope)
        owner = f"user {claims.user_id}" if claims else f"address {address}"
        if self._open[owner] >= self._most:
            await send({"type": "websocket.close", "code": 1008, "reason": "too many sockets"})
            return
        self._open[owner] += 1
        try:
            known = {
                **scope,
                "headers": self._headers(scope, token if claims else "", address),
                "query_string": _bound(scope["query_string"], claims.session_id if claims else ""),
            }
            await self._serve(known, receive, send)
        finally:
            self._open[owner] -= 1
            if not self._open[owner]:
                del self._open[owner]

    def _claims(self, scope: Scope) -> tuple[str, AccessClaims | None]:
        cookies = "; ".join(Headers(scope=scope).getlist("cookie"))
        token = read_cookie(cookies, self._cookie)
        try:
            return token, self._read(token) if token else None
        except NotSignedInError:
            return "", None

    def _headers(self, scope: Scope, token: str, address: str) -> list[tuple[bytes, bytes]]:
        headers = [(name, value) for name, value in scope["headers"] if name not in _KEPT_BACK]
        headers.append((ADDRESS_HEADER.encode(), address.encode()))
        if token:
            headers.append((b"cookie", f"{self._cookie}={token}".encode()))
        return headers

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(None) as life:
                line = _Line(receive, send, life, self._send_s)
                await self._app(scope, line.receive, line.send)
        except TimeoutError:
            return


class _Line:
    """One socket's traffic: whoever does not read is not read, and ends after a while."""

    def __init__(self, receive: Receive, send: Send, life: asyncio.Timeout, send_s: float) -> None:
        self._receive = receive
        self._send = send
        self._life = life
        self._send_s = send_s
        self._is_through = asyncio.Event()
        self._is_through.set()
        self._free_at = 0.0

    async def receive(self) -> Message:
        """The next message, as soon as all that was sent is through and it is not too early."""
        await self._is_through.wait()
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(max(0.0, self._free_at - now - _BURST_S))
        self._free_at = max(self._free_at, now) + 1 / _MOST_PER_S
        return await self._receive()

    async def send(self, message: Message) -> None:
        """Send, or end the socket's life when it takes too long."""
        if self._life.when() is not None:
            reason = "The other end does not read."
            raise TimeoutError(reason)
        self._is_through.clear()
        try:
            async with asyncio.timeout(self._send_s):
                await self._send(message)
        except TimeoutError:
            self._life.reschedule(asyncio.get_running_loop().time())
            raise
        finally:
            self._is_through.set()


def _bound(query: bytes, session_id: str) -> bytes:
    """The query with the tab's token replaced by one that only this session leads to."""
    pairs = dict(parse_qsl(query.decode("latin-1")))
    token = pairs.pop("token", "")
    if token and len(token) <= _LONGEST_TOKEN:
        pairs["token"] = hashlib.sha256(f"{session_id}\0{token}".encode()).hexdigest()[:40]
    return urlencode(pairs).encode()
