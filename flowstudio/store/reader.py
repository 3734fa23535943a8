"""Reading SQLite off the event loop, each thread with a connection of its own."""

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from flowstudio.store.database import BUSY_TIMEOUT_S, configure
from flowstudio.store.writer import storage_error

Row = tuple[Any, ...]


class Reader:
    """Answers queries beside the one writer."""

    def __init__(self, path: Path, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="reader")
        self._local = threading.local()

    def close(self) -> None:
        """Wait for queries under way, and let the connections go."""
        self._threads.shutdown(wait=True)

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
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._fetch, statement, values)

    def _fetch(self, statement: str, values: Sequence[Any]) -> list[Row]:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        try:
            if connection is None:
                connection = sqlite3.connect(self._path)
                configure(connection, "normal", self._busy_timeout_s)
                connection.text_factory = _read_text
                self._local.connection = connection
            return connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise storage_error(error) from error


def _read_text(text: bytes) -> str:
    # One damaged text must not make the rows around it unreadable.
    return text.decode("utf-8", "surrogateescape")
