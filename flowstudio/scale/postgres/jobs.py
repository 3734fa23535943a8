"""Runs on their way to workers: jobs of Procrastinate, each with the ids of some runs.

A job is done once for sure and sometimes twice: when a worker is silent for a while, another does
its jobs anew. The journal's epoch sees to it that only one of them writes.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import procrastinate
import psycopg
import psycopg_pool

from flowstudio.errors import JournalError
from flowstudio.scale.handing import Executes, Turn
from flowstudio.scale.postgres import job_schema
from flowstudio.scale.postgres.connecting import LOST, connect
from flowstudio.scale.postgres.job_crew import Advance, Crew, Pace
from flowstudio.scale.postgres.job_deferral import hand_over

_CONNECTIONS = 4
_FIRST_S = 15.0


class Jobs:
    """Hands runs to workers, and is one if asked to."""

    def __init__(self, url: str, pace: Pace | None = None) -> None:
        self._url = url
        self._pace = pace or Pace()
        self._pool: psycopg_pool.AsyncConnectionPool[Any] | None = None
        self._app = procrastinate.App(connector=procrastinate.PsycopgConnector())

    async def open(self) -> None:
        """Make or complete Procrastinate's tables, and connect.

        Raises:
            JournalError: the database cannot be reached, or its tables cannot be made.
        """
        pool: psycopg_pool.AsyncConnectionPool[Any] = psycopg_pool.AsyncConnectionPool(
            self._url, min_size=1, max_size=_CONNECTIONS, open=False, configure=_configure
        )
        try:
            async with connect(self._url) as connection:
                await job_schema.prepare(connection)
            await pool.open(wait=True, timeout=_FIRST_S)
        except LOST as error:
            await pool.close()
            raise JournalError(f"The queue of jobs could not be opened: {error}") from error
        self._pool = pool
        await self._app.connector.open_async(pool)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator["Jobs"]:
        """Be open for the length of the block."""
        await self.open()
        try:
            yield self
        finally:
            await self.close()

    def hand_over(self, connection: Executes, turns: Sequence[Turn]) -> None:
        """Make jobs of runs within the transaction of a connection, so that none is without."""
        hand_over(connection, turns)

    async def work(
        self,
        advance: Advance,
        *,
        queues: Sequence[str],
        concurrency: int,
        stopping: asyncio.Event | None = None,
    ) -> None:
        """Do jobs until cancelled, then let those in hand end for a while, or hand them back.

        Args:
            advance: carries a run on until it has ended or waits. False, an exception or its
                cancellation hands the job back; it must not mind runs that need nothing more.
            queues: whose jobs to do.
            concurrency: how many runs at once.
            stopping: once it is set, nothing new is begun, what has not begun is handed back, and
                what is in hand goes on until it has ended or this is cancelled.
        """
        stopping = stopping or asyncio.Event()
        manager = self._app.job_manager
        await Crew(manager, advance, queues, concurrency, self._pace, stopping).work()


async def _configure(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)
    await job_schema.use(connection)
