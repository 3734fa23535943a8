"""The one writer: a thread that commits whatever has gathered since its last commit.

Durability costs one flush to disk per commit, so many small writes share one (group commit).
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from flowstudio.errors import FlowStudioError, JournalError
from flowstudio.store.database import BUSY_TIMEOUT_S, configure

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]
Lost = Callable[[BaseException], None]
_MOST_TOGETHER = 2000


@dataclass(slots=True)
class _Job:
    work: Work
    future: "asyncio.Future[Any]"
    lost: Lost | None = None
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Executes pieces of work on one SQLite connection, in order, many to a transaction.

    Work either does all it is for or raises a `FlowStudioError` before it changed anything.
    """

    def __init__(self, path: Path, durability: str, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self._path = path
        self._durability = durability
        self._busy_timeout_s = busy_timeout_s
        self._queue: queue.SimpleQueue[list[_Job] | None] = queue.SimpleQueue()
        self._gathered: list[_Job] = []
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._serve, name="writer", daemon=True)
        self._thread.start()

    def submit(
        self, work: Callable[[sqlite3.Connection], T], lost: Lost | None = None
    ) -> "asyncio.Future[T]":
        """Queue work; the future is done once it is durable.

        Args:
            work: done in any case, even if the future is cancelled.
            lost: told of a failure that nobody waits for any more.
        """
        future: asyncio.Future[T] = self._loop.create_future()
        if not self._gathered:
            # What comes in one turn of the event loop goes together: runs that were woken by the
            # same commit then share the next one too, instead of drifting apart.
            self._loop.call_soon(self._ship)
        self._gathered.append(_Job(work, future, lost))
        return future

    @property
    def is_alive(self) -> bool:
        """Whether its thread still serves."""
        return self._thread.is_alive()

    @property
    def waiting(self) -> int:
        """How many pieces of work, or groups of them, no commit has taken yet."""
        return self._queue.qsize() + len(self._gathered)

    def _ship(self) -> None:
        if self._gathered:
            jobs, self._gathered = self._gathered, []
            self._queue.put(jobs)

    async def close(self) -> None:
        """Commit what is queued and stop."""
        self._ship()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _serve(self) -> None:
        connection: sqlite3.Connection | None = None
        while (jobs := self._gather()) is not None:
            # The thread must outlive whatever goes wrong, or every run would wait for it for ever.
            try:
                connection = connection or self._connect()
                _commit_together(connection, jobs)
            except Exception as error:  # noqa: BLE001
                _fail(jobs, error)
            self._loop.call_soon_threadsafe(_resolve, jobs)
        if connection is not None:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None)
        configure(connection, self._durability, self._busy_timeout_s)
        return connection

    def _gather(self) -> list[_Job] | None:
        jobs = self._queue.get()
        while jobs is not None and len(jobs) < _MOST_TOGETHER and not self._queue.empty():
            more = self._queue.get()
            if more is None:
                self._queue.put(None)
                break
            jobs += more
        return jobs


def _commit_together(connection: sqlite3.Connection, jobs: Sequence[_Job]) -> None:
    try:
        _transact(connection, jobs)
    except sqlite3.OperationalError as error:
        # The disk or the lock: no job's fault, and no job would fare better alone.
        _fail(jobs, error)
    except Exception:  # noqa: BLE001 - whoever is at fault is told below; the others must not suffer
        for job in jobs:
            job.error = None
            try:
                _transact(connection, [job])
            except Exception as error:  # noqa: BLE001
                _fail([job], error)


def _fail(jobs: Sequence[_Job], error: Exception) -> None:
    for job in jobs:
        job.error = storage_error(error)


def _transact(connection: sqlite3.Connection, jobs: Sequence[_Job]) -> None:
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


def _resolve(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        if job.future.done():
            if job.error is not None and job.lost is not None:
                job.lost(job.error)
        elif job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)


def storage_error(error: Exception) -> JournalError:
    """What SQLite said, for a person: what is wrong and what to do."""
    text = str(error)
    if not isinstance(error, sqlite3.Error):
        advice = "This is no trouble with the disk but with what was to be written."
    elif "full" in text:
        advice = "The disk is full. Finished steps are kept: free some space, then resume the run."
    elif "locked" in text or "busy" in text:
        advice = "Another process has held the database for too long. Finished steps are kept: end it, then resume the run."
    elif "malformed" in text or "not a database" in text:
        advice = "The database file is damaged. Restore it from a backup."
    elif "readonly" in text or "unable to open" in text:
        advice = "The data directory cannot be written. Check its owner and permissions."
    else:
        advice = "Finished steps are kept; resume the run once this is mended."
    failure = JournalError(f"The journal could not be written ({text}). {advice}")
    failure.__cause__ = error
    return failure
