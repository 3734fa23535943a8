"""Copies of a SQLite database: made while it is in use, and examined before they are trusted."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from flowstudio.errors import JournalError
from flowstudio.store.failures import storage_error

#: What a person can compare; of the rest, the hash of the whole file speaks.
COUNTED = ("user", "project", "workflow", "run", "run_event", "credential", "audit_entry")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Taken:
    """What a copy holds: the number of its latest migration, and rows by table."""

    version: str
    counts: dict[str, int]


def copy_database(source: Path, target: Path) -> Taken:
    """Copy a database as it is at one moment; who reads and writes it meanwhile is not held up.

    Raises:
        JournalError: there is none, it cannot be read or copied, or it is damaged.
    """
    with _opened(source) as database:
        try:
            with closing(sqlite3.connect(target)) as copy:
                # All pages in one step are one read of the log as it stands: writers go on beside
                # it, and it does not begin anew as a copy in several steps would.
                database.backup(copy, pages=-1)
                # A copy is one file, with no log beside it.
                copy.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.Error as error:
            raise storage_error(error) from error
    if faults := find_faults(target):
        message = f"The database is damaged, and no backup was made: {'; '.join(faults)}"
        raise JournalError(message)
    return Taken(read_version(target), count_rows(target))


def find_faults(path: Path, longest_s: float | None = None) -> list[str] | None:
    """What is wrong with the pages, indexes and references of a database; nothing if all is well.

    None when it takes longer than `longest_s`.
    """
    until = time.monotonic() + longest_s if longest_s is not None else None
    with _opened(path) as database:
        if until is not None:
            database.set_progress_handler(lambda: time.monotonic() > until, 100_000)
        try:
            found = [row[0] for row in database.execute(f"PRAGMA integrity_check({_SHOWN})")]
            broken = database.execute("PRAGMA foreign_key_check").fetchmany(_SHOWN)
        except sqlite3.DatabaseError as error:
            return None if "interrupted" in str(error) else [str(error)]
    faults = [] if found == ["ok"] else found
    return faults + [
        f"a row of {row[0]} refers to one of {row[2]} that is not there" for row in broken
    ]


def read_version(path: Path) -> str:
    """The number of the latest migration the database has; empty without any."""
    with _opened(path) as database:
        try:
            row = database.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.DatabaseError:
            return ""
    return str(row[0]) if row else ""


def count_rows(path: Path) -> dict[str, int]:
    """How many rows there are of what people care about."""
    with _opened(path) as database:
        tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
        return {
            name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608 - constant names
            for name in COUNTED
            if name in tables
        }


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        message = f"There is no database at {path}."
        raise JournalError(message)
    try:
        connection = sqlite3.connect(path)
    except sqlite3.Error as error:
        raise storage_error(error) from error
    with closing(connection):
        yield connection
