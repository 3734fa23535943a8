"""What the one writer is given to do, and what it does it on."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from flowstudio.store.failures import storage_error


class Cursor(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All rows."""


class Connection(Protocol):
    """A connection within a transaction, on whichever database there is.

    Statements are written as SQLite takes them, as far as `dialect.py` knows how to say the same
    to PostgreSQL.
    """

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Cursor:
        """Execute one statement; a `?` stands for each value."""

    def in_turn(self) -> None:
        """Wait until no other process is here, and keep them off until the commit.

        What comes after sees all that those before have done.
        """

    def at_last(
        self, work: Callable[[Any, list[Any]], None], item: Any, when: Callable[[], bool], /
    ) -> None:
        """Have work done before the commit, once with the items of all for whom `when` holds."""

    def later(self, look: Callable[[], Any], /) -> Any:
        """What a piece of work gives back for `look()`, if it need not know that itself yet."""


Work = Callable[[Connection], Any]
Lost = Callable[[BaseException], None]


@dataclass(slots=True)
class Job:
    """A piece of work, whoever waits for it, and what came of it."""

    work: Work
    future: "asyncio.Future[Any]"
    lost: Lost | None = None
    result: Any = None
    error: BaseException | None = None


class Link(Protocol):
    """A connection that commits jobs."""

    def commit(self, jobs: Sequence[Job]) -> None:
        """Do them in as few transactions as possible, and set each one's result or error."""

    def close(self) -> None:
        """Let the connection go."""


def fail(jobs: Sequence[Job], error: Exception) -> None:
    """Have all of them failed with what the database said."""
    for job in jobs:
        job.error = storage_error(error)
