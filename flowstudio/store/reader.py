"""Reading off the event loop, each thread with a connection of its own."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any, Protocol

from flowstudio.store.database import Database
from flowstudio.store.gathered import Gathered, Row
from flowstudio.store.sqlite import BUSY_TIMEOUT_S, SqliteReading

_POSTGRES = "flowstudio.store.postgres"


class Reading(Protocol):
    """A connection that reads."""

    def fetch(self, statement: str, several: Sequence[Sequence[Any]]) -> list[list[Row]]:
        """All rows for each of several lists of values.

        Raises:
            JournalError: the database could not be read.
        """

    def close(self) -> None:
        """Let the connection go."""


class Reader:
    """Answers queries beside the one writer."""

    def __init__(self, database: Database, patience_s: float | None = None) -> None:
        self._database = database
        self._patience_s = patience_s
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="reader")
        self._local = threading.local()
        self._opened: list[Reading] = []

    def close(self) -> None:
        """Wait for queries under way, and let the connections go."""
        self._threads.shutdown(wait=True)
        for reading in self._opened:
            reading.close()

    async def one(self, statement: str, values: Sequence[Any] = ()) -> Row | None:
        """The first row, or None.

        Raises:
            JournalError: the database could not be read.
        """
        rows = await self.all(statement, values)
        return rows[0] if rows else None

    async def all(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """All rows.

        Raises:
            JournalError: the database could not be read.
        """
        (rows,) = await self.each(statement, [values])
        return rows

    async def each(self, statement: str, several: Sequence[Sequence[Any]]) -> list[list[Row]]:
        """All rows for each of several lists of values, read in one go.

        Raises:
            JournalError: the database could not be read.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._fetch, statement, several)

    def gathered(self, statement: str) -> Gathered:
        """The first row of a statement whose one value is a key, for many who ask at a time."""

        def read(keys: Sequence[str]) -> list[Row | None]:
            return [
                rows[0] if rows else None
                for rows in self._fetch(statement, [(key,) for key in keys])
            ]

        return Gathered(self._threads, read)

    def _fetch(self, statement: str, several: Sequence[Sequence[Any]]) -> list[list[Row]]:
        fetch: Callable[[str, Sequence[Sequence[Any]]], list[list[Row]]] | None
        if (fetch := getattr(self._local, "fetch", None)) is None:
            reading = self._open()
            self._opened.append(reading)
            fetch = self._local.fetch = reading.fetch
        return fetch(statement, several)

    def _open(self) -> Reading:
        if self._database.file is not None:
            patience_s = BUSY_TIMEOUT_S if self._patience_s is None else self._patience_s
            return SqliteReading(self._database.file, patience_s)
        reading: Reading = import_module(_POSTGRES).PostgresReading(
            self._database.url, self._patience_s
        )
        return reading
