"""One process's ear and mouth on PostgreSQL's LISTEN and NOTIFY.

Every process listens to one channel for all and one of its own. What is lost when a connection
breaks cannot be known, so both sides say that there was a gap, and whoever needs more asks anew.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from flowstudio.errors import JournalError
from flowstudio.scale.background import beside, heed_cancelling
from flowstudio.scale.postgres.connecting import LOST, connect
from flowstudio.scale.postgres.frames import MOST_MESSAGE_BYTES, Reader, Writer, to_line

log = logging.getLogger(__name__)

#: From the first message of a batch to the next batch, at most.
_WINDOW_S = 0.025
_AGAIN_S = 0.25
_IDLE_S = 10.0
_ANSWER_S = 5.0
_FIRST_S = 15.0
#: Payloads of one transaction.
_MOST_AT_ONCE = 64
_MOST_WAITING = 20_000
_ALL = "flowstudio"
_NOTIFY = "SELECT pg_notify(c, p) FROM unnest(%b::text[], %b::text[]) AS t(c, p)"
#: Somebody has come and knows nothing yet; messages of the sender were lost.
HELLO, GAP = "hello", "gap"

Handler = Callable[[str, Any], None]
Made = Callable[[], Any]


class _Message(NamedTuple):
    kind: str
    body: Any
    to: str

    def made(self) -> list[Any]:
        return [self.kind, self.body() if callable(self.body) else self.body]


class Hub:
    """Sends to the other processes and hears them; never heard by itself.

    Attributes:
        name: of this process.
    """

    def __init__(self, url: str, name: str) -> None:
        self.name = name
        self._url = url
        self._handlers: dict[str, list[Handler]] = defaultdict(list)
        self._outbox: list[_Message] = []
        self._has_some = asyncio.Event()
        self._has_dropped = False
        self._listens = asyncio.Event()
        self._speaks = asyncio.Event()
        self._writer = Writer(name)
        self._reader = Reader()

    def hear(self, kind: str, handler: Handler) -> None:
        """Call with the sender's name and the body of each message of a kind.

        This process itself is the sender of a `GAP` when it may have missed others, or they it.
        """
        self._handlers[kind].append(handler)

    def send(self, kind: str, body: Any | Made = None, to: str = "") -> None:
        """Send a message with the next batch; what is sent while there is no connection is lost.

        Args:
            kind: which handlers get it.
            body: JSON, or what makes it at the moment the batch goes.
            to: the process it is for, or "" for all others.
        """
        self._outbox.append(_Message(kind, body, to))
        if not self._speaks.is_set() or len(self._outbox) > _MOST_WAITING:
            self._drop()
        self._has_some.set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Be connected for the length of the block, again and again if need be.

        Raises:
            JournalError: PostgreSQL does not let this process in.
        """
        async with beside(self._keep_listening, self._keep_sending):
            try:
                async with asyncio.timeout(_FIRST_S):
                    await self._listens.wait()
                    await self._speaks.wait()
            except TimeoutError:
                message = (
                    "The database could not be listened to. Look whether it is up, and whether the "
                    "pooler in front of it, if any, gives each client a session of its own."
                )
                raise JournalError(message) from None
            self.send(HELLO)
            yield
            with suppress(*LOST):
                await self._send_rest()

    # Listening

    async def _keep_listening(self) -> None:
        while True:
            try:
                await self._listen()
            except LOST as error:
                heed_cancelling()
                log.warning("PostgreSQL is not heard, and will be tried again: %s", error)
            await asyncio.sleep(_AGAIN_S)

    async def _listen(self) -> None:
        async with connect(self._url) as connection:
            for channel in (_ALL, f"{_ALL}_{self.name}"):
                await connection.execute(_listen_to(channel))
            self._reader.clear()
            if self._listens.is_set():
                self._handle(self.name, [GAP, None])
            self._listens.set()
            while True:
                async for notification in connection.notifies(timeout=_IDLE_S):
                    self._take(notification.payload)
                    heed_cancelling()
                # A connection that a network has forgotten is silent, too.
                async with asyncio.timeout(_ANSWER_S):
                    await connection.execute("SELECT 1")
                heed_cancelling()

    def _take(self, payload: str) -> None:
        try:
            origin, messages = self._reader.messages(payload)
        except ValueError:
            log.warning("A notification could not be read: %.100r", payload)
            return
        if origin != self.name:
            for message in messages:
                self._handle(origin, message)

    def _handle(self, origin: str, message: Any) -> None:
        kind, body = message
        for handler in self._handlers.get(kind, ()):
            try:
                handler(origin, body)
            except Exception:
                # One message's fault must not end the hearing of all others.
                log.exception(
                    "A message of kind %r from process %s was not understood", kind, origin
                )

    # Sending

    async def _keep_sending(self) -> None:
        while True:
            try:
                await self._send()
            except LOST as error:
                heed_cancelling()
                log.warning("PostgreSQL takes no messages, and will be tried again: %s", error)
            self._speaks.clear()
            self._has_dropped = True
            self._drop()
            # So that the gap is told as soon as there is a connection.
            self._has_some.set()
            await asyncio.sleep(_AGAIN_S)

    async def _send(self) -> None:
        async with connect(self._url) as connection:
            # A notification does not outlast the server, flushed or not.
            await connection.execute("SET synchronous_commit=off")
            self._speaks.set()
            while True:
                await self._has_some.wait()
                await self._flush(connection)
                heed_cancelling()
                await asyncio.sleep(_WINDOW_S)

    async def _flush(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._has_some.clear()
        if self._has_dropped:
            self._has_dropped = False
            self._outbox.append(_Message(GAP, None, ""))
            self._handle(self.name, [GAP, None])
        outbox, self._outbox = self._outbox, []
        channels: list[str] = []
        payloads: list[str] = []
        for to, lines in _by_channel(outbox):
            written = self._writer.payloads(lines)
            payloads += written
            channels += [f"{_ALL}_{to}" if to else _ALL] * len(written)
        for start in range(0, len(payloads), _MOST_AT_ONCE):
            part = slice(start, start + _MOST_AT_ONCE)
            async with asyncio.timeout(_ANSWER_S):
                await connection.execute(_NOTIFY, (channels[part], payloads[part]))

    def _drop(self) -> None:
        outbox, self._outbox = self._outbox, []
        for message in outbox:
            self._has_dropped = True
            message.made()

    async def _send_rest(self) -> None:
        if self._outbox:
            async with connect(self._url) as connection:
                await self._flush(connection)


def _by_channel(outbox: list[_Message]) -> list[tuple[str, list[bytes]]]:
    """Lines, in order, by whom they are for."""
    batches: list[tuple[str, list[bytes]]] = []
    for message in outbox:
        made = message.made()
        if made[1] == {}:
            continue
        line = to_line(made)
        if len(line) > MOST_MESSAGE_BYTES:
            line = to_line([GAP, None])
        if batches and batches[-1][0] == message.to:
            batches[-1][1].append(line)
        else:
            batches.append((message.to, [line]))
    return batches


def _listen_to(channel: str) -> sql.Composed:
    return sql.SQL("LISTEN {}").format(sql.Identifier(channel))
