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
_MOST_TOGETHER = 2000


@dataclass(slots=True)
class _Job:
    work: Work
    future: "asyncio.Future[Any] | None"
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Executes pieces of work on one SQLite connection, in order, many to a transaction.

    Work either does all it is for or raises a `FlowStudioError` before it changed anything.
    """

    def __init__(self, path: Path, durability: str) -> None:
        self._path = path
        self._durability = durability
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._serve, name="writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[sqlite3.Connection], T]) -> "asyncio.Future[T]":
        """Queue work; the future is done once it is durable."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(_Job(work, future))
        return future

    async def close(self) -> None:
        """Commit what is queued and stop."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _serve(self) -> None:
        connection = sqlite3.connect(
            self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            configure(connection, self._durability)
            while (jobs := self._gather()) is not None:
                _commit_together(connection, jobs)
                self._loop.call_soon_threadsafe(_resolve, jobs)
        finally:
            connection.close()

    def _gather(self) -> list[_Job] | None:
        first = self._queue.get()
        if first is None:
            return None
        jobs = [first]
        while len(jobs) < _MOST_TOGETHER:
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                break
            if job is None:
                self._queue.put(None)
                break
            jobs.append(job)
        return jobs


def _commit_together(connection: sqlite3.Connection, jobs: Sequence[_Job]) -> None:
    try:
        _transact(connection, jobs)
    except sqlite3.IntegrityError:
        for job in jobs:
            _commit_alone(connection, job)
    except sqlite3.Error as error:
        for job in jobs:
            job.error = storage_error(error)


def _commit_alone(connection: sqlite3.Connection, job: _Job) -> None:
    job.error = None
    try:
        _transact(connection, [job])
    except sqlite3.Error as error:
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
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _resolve(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        if job.future is None or job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)


def storage_error(error: sqlite3.Error) -> JournalError:
    """What SQLite said, for a person: what is wrong and what to do."""
    text = str(error)
    if "full" in text:
        advice = "The disk is full. Finished steps are kept: free some space, then resume the run."
    elif "locked" in text or "busy" in text:
        advice = (
            f"Another process has held the database for over {BUSY_TIMEOUT_S:g} seconds. "
            "Finished steps are kept: end it, then resume the run."
        )
    elif "malformed" in text or "not a database" in text:
        advice = "The database file is damaged. Restore it from a backup."
    elif "readonly" in text or "unable to open" in text:
        advice = "The data directory cannot be written. Check its owner and permissions."
    else:
        advice = "Finished steps are kept; resume the run once this is mended."
    return JournalError(f"The journal could not be written ({text}). {advice}")
