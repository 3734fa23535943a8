"""Which processes are alive, wherever they run.

Each holds a lock of its session with PostgreSQL and beats once a second into `worker`. A process
that was killed loses its lock at once; one that was stopped, or whose machine is gone, keeps it and
is known by its silence. After a restart of PostgreSQL nobody holds a lock for a moment, so whoever
has just connected waits before it calls anybody dead. A process that is wrongly called so loses
nothing but its work in hand: its writes are refused, since its runs were claimed anew.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from flowstudio.errors import JournalError
from flowstudio.graph.ids import new_id
from flowstudio.scale.background import beside, heed_cancelling
from flowstudio.scale.postgres.connecting import LOST, connect

log = logging.getLogger(__name__)

_BEAT_S = 1.0
#: Silence after which a process without its lock is dead: some beats, and time to connect anew.
_UNLOCKED_S = 4.0
#: … and one that holds its lock, which it may do while its machine is busy, or stopped.
_LOCKED_S = 15.0
_ANSWER_S = 5.0
#: The dead stay in the table for a while, for people to see.
_KEPT_S = 900.0
#: "fsow": sets these locks apart from others of the database.
_LOCKS = 0x66736F77

_BEAT = """
INSERT INTO worker (name, host, pid, kind, queues, concurrency, running, started_at, seen_at)
VALUES (%(name)s, %(host)s, %(pid)s, %(kind)s, %(queues)s, %(concurrency)s, %(running)s, now(), now())
ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at, running = excluded.running
"""
_LOCK = "SELECT pg_try_advisory_lock(%(locks)s, hashtext(%(name)s))"
_LOOK = """
SELECT name, now() - seen_at < make_interval(secs => CASE WHEN objid IS NULL THEN %s ELSE %s END)
FROM worker LEFT JOIN pg_locks
ON locktype = 'advisory' AND granted AND classid::bigint = %s AND objsubid = 2
AND objid::bigint = hashtext(name)::bigint & 4294967295
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_FORGET = "DELETE FROM worker WHERE seen_at < now() - make_interval(secs => %s)"
_LEAVE = "DELETE FROM worker WHERE name = %s"


@dataclass(frozen=True, slots=True)
class About:
    """What a process tells of itself.

    Attributes:
        kind: such as web, worker or cli.
        running: how many runs it has in hand, asked at each beat.
    """

    kind: str
    queues: tuple[str, ...] = ()
    concurrency: int = 0
    running: Callable[[], int] = lambda: 0


class PgOwners:
    """`Owners` of all processes on one database.

    Attributes:
        name: of this process.
        about: what it tells of itself; may be replaced while it is open.
    """

    def __init__(self, url: str, about: About) -> None:
        self.name = new_id()
        self.about = about
        self._url = url
        self._alive: dict[str, bool] = {}
        self._asked: set[str] = set()
        self._beats = asyncio.Event()
        self._since = 0.0

    def is_alive(self, name: str) -> bool:
        """Whether the process of that name still runs, as of the last look a second ago."""
        if name == self.name:
            return True
        if name not in self._alive:
            # It may have come after that look: the next one tells.
            self._asked.add(name)
        return self._alive.get(name, True)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Be alive for the length of the block.

        Raises:
            JournalError: PostgreSQL does not let this process in.
        """
        try:
            async with beside(self._keep_beating):
                try:
                    async with asyncio.timeout(_LOCKED_S):
                        await self._beats.wait()
                except TimeoutError:
                    message = "The database could not be told that this process runs. Is it up?"
                    raise JournalError(message) from None
                yield
        finally:
            await self._leave()

    async def _leave(self) -> None:
        try:
            async with connect(self._url) as connection:
                await connection.execute(_LEAVE, (self.name,))
        except LOST as error:
            log.warning("The database could not be told that this process ends: %s", error)

    async def _keep_beating(self) -> None:
        while True:
            try:
                await self._beat()
            except LOST as error:
                heed_cancelling()
                log.warning("PostgreSQL is gone, and will be tried again: %s", error)
            await asyncio.sleep(_BEAT_S / 4)

    async def _beat(self) -> None:
        async with connect(self._url) as connection:
            await connection.execute(_LOCK, {"locks": _LOCKS, "name": self.name})
            self._since = time.monotonic()
            while True:
                async with asyncio.timeout(_ANSWER_S):
                    await connection.execute(_BEAT, self._row())
                    await self._look(connection)
                    await connection.execute(_FORGET, (_KEPT_S,))
                self._beats.set()
                await asyncio.sleep(_BEAT_S)

    async def _look(self, connection: psycopg.AsyncConnection[Any]) -> None:
        asked = set(self._asked)
        cursor = await connection.execute(_LOOK, (_UNLOCKED_S, _LOCKED_S, _LOCKS))
        found: dict[str, bool] = dict(await cursor.fetchall())
        if time.monotonic() - self._since < _UNLOCKED_S:
            # The others, too, may have to connect anew; who was known to be dead stays so.
            found = {name: found[name] or self._alive.get(name, True) for name in found}
        else:
            found |= dict.fromkeys(asked - found.keys(), False)
        self._alive = found

    def _row(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "kind": self.about.kind,
            "queues": ",".join(self.about.queues),
            "concurrency": self.about.concurrency,
            "running": self.about.running(),
        }
