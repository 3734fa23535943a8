"""Every noun that is not on a run's path: SQLModel sessions, off the event loop."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any, TypeVar

from sqlalchemy import Engine, TextClause, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from flowstudio.store.database import Database
from flowstudio.store.failures import storage_error
from flowstudio.store.notices import TOLD
from flowstudio.store.sqlite import configure

T = TypeVar("T")
_POSTGRES = "flowstudio.store.postgres"


class Records:
    """Runs pieces of work, each in one session and one transaction.

    Work is a plain function of a `Session`; it gives back records, never rows. Works that write
    come one after another, over all processes: what one reads, nobody changes before it has written.
    """

    def __init__(self, database: Database, durability: str) -> None:
        self.database = database
        self._engine, self._begin = _open(database, durability)
        self._readers = ThreadPoolExecutor(4, thread_name_prefix="records")
        self._writing = threading.Lock()
        #: Called with the ids of people who have just been told something, once that is committed.
        self.on_told: Callable[[set[str]], None] | None = None
        #: Grows with each commit of this process: what was read at another revision may be old.
        self.revision = 0

    def close(self) -> None:
        """Wait for work under way, and let the connections go."""
        self._readers.shutdown(wait=True)
        self._engine.dispose()

    async def read(self, work: Callable[[Session], T]) -> T:
        """What the work finds.

        Raises:
            JournalError: the database could not be read.
        """
        return await self._in_thread(self.read_now, work)

    async def write(self, work: Callable[[Session], T]) -> T:
        """Do the work and commit it whole; whatever it raises leaves nothing behind.

        Raises:
            JournalError: the database could not be written.
        """
        told: set[str] = set()

        def remembering(session: Session) -> T:
            result = work(session)
            told.update(session.info.get(TOLD, ()))
            return result

        result = await self._in_thread(self.write_now, remembering)
        if told and self.on_told is not None:
            self.on_told(told)
        return result

    async def count(self, work: Callable[[Session], T]) -> T:
        """Do and commit a work whose statements each stand by themselves.

        It waits for no other work, and nothing that was read grows old by it.

        Raises:
            JournalError: the database could not be written.
        """

        def counting(session: Session) -> T:
            result = work(session)
            session.commit()
            return result

        return await self._in_thread(self.read_now, counting)

    def read_now(self, work: Callable[[Session], T]) -> T:
        """As `read`, in the caller's thread."""
        try:
            with Session(self._engine) as session:
                return work(session)
        except DBAPIError as error:
            raise storage_error(_cause(error)) from error

    def write_now(self, work: Callable[[Session], T]) -> T:
        """As `write`, in the caller's thread."""
        try:
            with self._writing, Session(self._engine, expire_on_commit=False) as session:
                session.execute(self._begin)
                result = work(session)
                session.commit()
                self.revision += 1
                return result
        except DBAPIError as error:
            raise storage_error(_cause(error)) from error

    async def _in_thread(
        self, run: Callable[[Callable[[Session], T]], T], work: Callable[[Session], T]
    ) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, run, work)


def _open(database: Database, durability: str) -> tuple[Engine, TextClause]:
    """An engine, and what a work that writes begins with."""
    if database.file is None:
        postgres = import_module(_POSTGRES)
        return postgres.make_engine(database.url, durability), text(postgres.BEGIN_ALONE)
    # With no isolation level sqlite3 begins no transaction of its own.
    engine = create_engine(
        f"sqlite:///{database.file}",
        connect_args={"isolation_level": None, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        configure(connection, durability)

    return engine, text("BEGIN IMMEDIATE")


def _cause(error: DBAPIError) -> Exception:
    return error.orig if isinstance(error.orig, Exception) else error
