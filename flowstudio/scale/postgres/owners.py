"""Which processes are alive, wherever they run.

Each says so once a second, and holds a lock of its session with PostgreSQL. A process that was
killed loses its lock at once; one that is busy, or was stopped, or whose machine is gone, keeps it,
and is waited for longer. Silence is measured by the one who hears, so no two clocks have to agree;
whoever may have missed something waits anew, as all do after a restart of PostgreSQL. A process that
is wrongly called dead loses nothing but its work in hand: its runs are claimed anew, and its writes
refused.
"""

import asyncio
import logging
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from flowstudio.errors import JournalError
from flowstudio.scale.background import beside, heed_cancelling
from flowstudio.scale.postgres.connecting import LOST, connect
from flowstudio.scale.postgres.hub import GAP, Hub

log = logging.getLogger(__name__)

_BEAT_S = 1.0
#: Silence after which a process that holds no lock is dead, and one that does.
_UNLOCKED_S = 3.0
_LOCKED_S = 15.0
_AGAIN_S = 0.25
_ANSWER_S = 5.0
_FIRST_S = 15.0
_FORGOTTEN_S = 3_600.0
_BEAT, _BYE = "beat", "bye"
#: "fsow": sets these locks apart from others of the database.
_LOCKS = 0x66736F77
_LOCK = "SELECT pg_try_advisory_lock(%s, %s)"
_LOOK = """
SELECT objid::bigint FROM pg_locks
WHERE locktype = 'advisory' AND granted AND classid::bigint = %s AND objsubid = 2
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class PgOwners:
    """`Owners` of all processes on one database.

    Attributes:
        name: of this process.
    """

    def __init__(self, hub: Hub, url: str) -> None:
        self.name = hub.name
        self._hub = hub
        self._url = url
        #: When each was heard of, or first asked for.
        self._heard: dict[str, float] = {}
        self._locks: frozenset[int] = frozenset()
        self._since = self._beaten = time.monotonic()
        self._is_locked = asyncio.Event()
        hub.hear(_BEAT, lambda origin, _: self._note(origin))
        hub.hear(_BYE, lambda origin, _: self._note(origin, float("-inf")))
        hub.hear(GAP, lambda *_: self._wait_anew())

    def is_alive(self, name: str) -> bool:
        """Whether the process of that name still runs, as far as was heard."""
        if name == self.name:
            return True
        now = time.monotonic()
        if now - self._beaten > _BEAT_S + _UNLOCKED_S / 2:
            # This process was stopped: what it should have heard meanwhile is still to come.
            self._wait_anew()
        heard = self._heard.setdefault(name, now)
        if heard == float("-inf"):
            return False
        patience_s = _LOCKED_S if _key(name) in self._locks else _UNLOCKED_S
        return now - max(heard, self._since) < patience_s

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Be alive for the length of the block.

        Raises:
            JournalError: PostgreSQL does not let this process in.
        """
        try:
            async with beside(self._keep_beating, self._keep_locked):
                try:
                    async with asyncio.timeout(_FIRST_S):
                        await self._is_locked.wait()
                except TimeoutError:
                    message = "The database could not be told that this process runs. Is it up?"
                    raise JournalError(message) from None
                yield
        finally:
            self._hub.send(_BYE)

    def _note(self, name: str, at: float | None = None) -> None:
        self._heard[name] = time.monotonic() if at is None else at

    def _wait_anew(self) -> None:
        self._since = time.monotonic()

    async def _keep_beating(self) -> None:
        while True:
            self._hub.send(_BEAT)
            await asyncio.sleep(_BEAT_S)
            now = time.monotonic()
            if now - self._beaten > _BEAT_S + _UNLOCKED_S / 2:
                self._wait_anew()
            self._beaten = now
            self._heard = {
                name: at
                for name, at in self._heard.items()
                if at == float("-inf") or now - at < _FORGOTTEN_S
            }

    async def _keep_locked(self) -> None:
        while True:
            try:
                await self._look()
            except LOST as error:
                heed_cancelling()
                log.warning("PostgreSQL is gone, and will be tried again: %s", error)
            await asyncio.sleep(_AGAIN_S)

    async def _look(self) -> None:
        async with connect(self._url) as connection:
            await connection.execute(_LOCK, (_LOCKS, _key(self.name)))
            self._wait_anew()
            while True:
                async with asyncio.timeout(_ANSWER_S):
                    cursor = await connection.execute(_LOOK, (_LOCKS,))
                    self._locks = frozenset(row[0] for row in await cursor.fetchall())
                heed_cancelling()
                self._is_locked.set()
                await asyncio.sleep(_BEAT_S)


def _key(name: str) -> int:
    return zlib.crc32(name.encode()) & 0x7FFFFFFF
