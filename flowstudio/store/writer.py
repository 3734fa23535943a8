"""The one writer: a thread that commits whatever has gathered since its last commit.

Durability costs one flush to disk per commit, so many small writes share one (group commit).
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TypeVar

from flowstudio.store.database import Database
from flowstudio.store.jobs import Connection, Job, Link, Lost, fail
from flowstudio.store.sqlite import BUSY_TIMEOUT_S, SqliteLink

T = TypeVar("T")
_MOST_TOGETHER = 2000
_POSTGRES = "flowstudio.store.postgres_link"


class Writer:
    """Executes pieces of work on one connection, in order, many to a transaction.

    Work either does all it is for or raises a `FlowStudioError` before it changed anything.
    """

    def __init__(
        self, database: Database, durability: str, patience_s: float | None = None
    ) -> None:
        """Start the thread.

        Args:
            database: where to.
            durability: whether a commit is on disk before it is told of.
            patience_s: how long to wait for a lock, or for a server that is away.
        """
        self._database = database
        self._durability = durability
        self._patience_s = patience_s
        self._queue: queue.SimpleQueue[list[Job] | None] = queue.SimpleQueue()
        self._gathered: list[Job] = []
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._serve, name="writer", daemon=True)
        self._thread.start()

    def submit(
        self, work: Callable[[Connection], T], lost: Lost | None = None
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
        self._gathered.append(Job(work, future, lost))
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
        link: Link | None = None
        while (jobs := self._gather()) is not None:
            # The thread must outlive whatever goes wrong, or every run would wait for it for ever.
            try:
                link = link or self._open()
                link.commit(jobs)
            except Exception as error:  # noqa: BLE001
                fail(jobs, error)
            self._loop.call_soon_threadsafe(_resolve, jobs)
        if link is not None:
            link.close()

    def _open(self) -> Link:
        if self._database.file is not None:
            patience_s = BUSY_TIMEOUT_S if self._patience_s is None else self._patience_s
            return SqliteLink(self._database.file, self._durability, patience_s)
        link: Link = import_module(_POSTGRES).PostgresLink(
            self._database.url, self._durability, self._patience_s
        )
        return link

    def _gather(self) -> list[Job] | None:
        jobs = self._queue.get()
        while jobs is not None and len(jobs) < _MOST_TOGETHER and not self._queue.empty():
            more = self._queue.get()
            if more is None:
                self._queue.put(None)
                break
            jobs += more
        return jobs


def _resolve(jobs: Sequence[Job]) -> None:
    for job in jobs:
        if job.future.done():
            if job.error is not None and job.lost is not None:
                job.lost(job.error)
        elif job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
