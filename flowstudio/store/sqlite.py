"""SQLite: its connections' habits, its file, and committing to it."""

import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from flowstudio.errors import FlowStudioError
from flowstudio.store.failures import storage_error
from flowstudio.store.jobs import Job, fail

BUSY_TIMEOUT_S = 10.0
_INCREMENTAL = 2
log = logging.getLogger(__name__)


class SqliteConnection(sqlite3.Connection):
    """A `jobs.Connection`."""

    def in_turn(self) -> None:
        """Whoever writes to SQLite is alone."""

    def at_last(
        self, work: Callable[[Any, list[Any]], None], item: Any, when: Callable[[], bool]
    ) -> None:
        """At once: a statement costs no wait."""
        if when():
            work(self, [item])

    def later(self, look: Callable[[], Any]) -> Any:
        """What it gives."""
        return look()


def connect(
    file: Path, durability: str, busy_timeout_s: float = BUSY_TIMEOUT_S
) -> SqliteConnection:
    """A connection that begins no transaction by itself."""
    connection = sqlite3.connect(file, isolation_level=None, factory=SqliteConnection)
    configure(connection, durability, busy_timeout_s)
    return connection


def configure(
    connection: sqlite3.Connection, durability: str, busy_timeout_s: float = BUSY_TIMEOUT_S
) -> None:
    """Set a SQLite connection's habits.

    WAL lets readers go on while one writes. With `synchronous=FULL` each commit is on disk before
    it returns; with NORMAL, a power cut may take the last ones (sqlite.org/wal.html).
    """
    connection.execute(f"PRAGMA busy_timeout={int(busy_timeout_s * 1000)}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={'FULL' if durability == 'full' else 'NORMAL'}")
    connection.execute("PRAGMA foreign_keys=ON")


def read_version(file: Path) -> str | None:
    """The version of the file's schema; None when it has none yet."""
    is_new = not file.exists() or file.stat().st_size == 0
    connection = sqlite3.connect(file)
    try:
        if is_new:
            # Only before anything is written to it.
            connection.execute(f"PRAGMA auto_vacuum={_INCREMENTAL}")
        configure(connection, "full")
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise
    finally:
        connection.close()
    return row[0] if row else None


def let_shrink(file: Path) -> None:
    """Have a database that was made without it give pages back once they are free."""
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        if connection.execute("PRAGMA auto_vacuum").fetchone()[0] != _INCREMENTAL:
            connection.execute(f"PRAGMA auto_vacuum={_INCREMENTAL}")
            connection.execute("VACUUM")
    except sqlite3.OperationalError as error:
        # Another process holds it, or the disk is too full for the copy: it works as it is, and the
        # space of removed runs is used again for new ones.
        log.warning("The database %s keeps its size: %s", file, error)
    finally:
        connection.close()


class SqliteReading:
    """Reads on a connection of its own."""

    def __init__(self, file: Path, busy_timeout_s: float) -> None:
        self._file = file
        self._busy_timeout_s = busy_timeout_s
        self._connection: sqlite3.Connection | None = None

    def fetch(self, statement: str, several: Sequence[Sequence[Any]]) -> list[list[Any]]:
        """All rows for each of several lists of values.

        Raises:
            JournalError: the database could not be read.
        """
        try:
            if self._connection is None:
                self._connection = self._connect()
            execute = self._connection.execute
            return [execute(statement, values).fetchall() for values in several]
        except sqlite3.Error as error:
            raise storage_error(error) from error

    def _connect(self) -> sqlite3.Connection:
        # Closed by another thread than it serves.
        connection = sqlite3.connect(self._file, check_same_thread=False)
        configure(connection, "normal", self._busy_timeout_s)
        connection.text_factory = _read_text
        return connection

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            self._connection.close()


def _read_text(text: bytes) -> str:
    # One damaged text must not make the rows around it unreadable.
    return text.decode("utf-8", "surrogateescape")


class SqliteLink:
    """Commits jobs to a file."""

    def __init__(self, file: Path, durability: str, busy_timeout_s: float) -> None:
        self._connection = connect(file, durability, busy_timeout_s)

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()

    def commit(self, jobs: Sequence[Job]) -> None:
        """All in one transaction; each in its own when one of them breaks it."""
        try:
            self._transact(jobs)
        except sqlite3.OperationalError as error:
            # The disk or the lock: no job's fault, and no job would fare better alone.
            fail(jobs, error)
        except Exception:  # noqa: BLE001 - whoever is at fault is told below; the others must not suffer
            for job in jobs:
                job.error = None
                try:
                    self._transact([job])
                except Exception as error:  # noqa: BLE001
                    fail([job], error)

    def _transact(self, jobs: Sequence[Job]) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            for job in jobs:
                try:
                    job.result = job.work(connection)
                except FlowStudioError as error:
                    job.error = error
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
