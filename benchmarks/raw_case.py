"""The limits of the disk and of SQLite, on the disk where the engines write."""

import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.cases import Row
from benchmarks.child import Job, Meter, serve

_BLOCK = b"x" * 4096
_BODY = "x" * 100


@contextmanager
def _fdatasync(directory: Path) -> Iterator[Callable[[], object]]:
    file = os.open(directory / "block", os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def write() -> None:
        os.write(file, _BLOCK)
        os.fdatasync(file)

    try:
        yield write
    finally:
        os.close(file)


@contextmanager
def _commits(directory: Path, synchronous: str) -> Iterator[Callable[[], object]]:
    path = directory / "rows.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, body TEXT NOT NULL)")
        yield lambda: connection.execute("INSERT INTO item (body) VALUES (?)", (_BODY,))


@contextmanager
def _open(job: Job) -> Iterator[Callable[[], object]]:
    limits = {
        "fdatasync-4k": lambda: _fdatasync(job.directory),
        "wal-full": lambda: _commits(job.directory, "FULL"),
        "wal-normal": lambda: _commits(job.directory, "NORMAL"),
    }
    with limits[job.case]() as write:
        yield write


async def measure(job: Job) -> AsyncIterator[Row]:
    """Write again and again, one row or block at a time."""
    with _open(job) as write:
        write()
        meter, writes = Meter(), 0
        while meter.elapsed_s() < job.at_least_s:
            write()
            writes += 1
        yield meter.row(job, None, writes)


if __name__ == "__main__":
    serve(measure)
