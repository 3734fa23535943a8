"""Committing to PostgreSQL: many jobs to a transaction, and each transaction once.

When the connection is lost during a commit, nobody is told whether it was done. So each transaction
writes its number into this writer's row first: one that finds its own number there is done already.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import psycopg

from flowstudio.errors import FlowStudioError
from flowstudio.graph.ids import new_id
from flowstudio.store.dialect import for_psycopg, is_planned_anew, values_for_psycopg
from flowstudio.store.jobs import Cursor, Job, fail
from flowstudio.store.journal_rows import (
    EVENT_COLUMNS,
    START_RUN,
    UPDATE_RUN,
    Append,
    store_blob,
    store_news_of,
    update_values,
)
from flowstudio.store.postgres import LOCK_CLASS, LOCKS, PATIENCE_S, connect, is_away, with_patience
from flowstudio.store.sqlite import BUSY_TIMEOUT_S

_NUMBER = """
    INSERT INTO writer (name, number, at) VALUES (%s, %s, timezone('utc', now()))
    ON CONFLICT (name) DO UPDATE SET number=excluded.number, at=excluded.at
    WHERE writer.number < excluded.number
"""
#: Whoever changes records is alone (`records.py`); journals are written side by side.
_BESIDE = "SELECT pg_advisory_xact_lock_shared(%s, %s)"
_IN_TURN = "SELECT pg_advisory_xact_lock(%s, %s)"
#: In one order, so that two writers do not wait for each other.
_EPOCHS = "SELECT id, epoch FROM run WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
#: In binary: as text, outputs would be twice as long, and a list is searched for what to escape.
_EVENTS = (
    f"INSERT INTO run_event ({EVENT_COLUMNS}) SELECT a, b, c::timestamp, d, e, f, g, h, i, j FROM"  # noqa: S608 - constant columns
    " unnest(%b::text[], %b::int[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[],"
    " %b::bytea[], %b::text[], %b::int[]) AS event (a, b, c, d, e, f, g, h, i, j)"
).encode()
_FORGET = "DELETE FROM writer WHERE name=%s OR at < timezone('utc', now()) - interval '1 day'"
_DEADLOCK = "40P01"


class _LazyCursor:
    """What a statement gave, waited for when it is asked for."""

    def __init__(self, raw: "psycopg.Cursor[Any]", pipeline: psycopg.Pipeline) -> None:
        self._raw = raw
        self._pipeline = pipeline
        self.fetchone, self.fetchall = raw.fetchone, raw.fetchall

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""
        if self._raw.pgresult is None:
            self._pipeline.sync()
        return self._raw.rowcount


class _Later(NamedTuple):
    """What a piece of work gives, as soon as somebody looks."""

    look: Callable[[], Any]


class PostgresConnection:
    """A `jobs.Connection`: statements go out without waiting for what those before them gave.

    Each wait costs a change of threads and of processes, twice.
    """

    def __init__(self, raw: "psycopg.Connection[Any]", pipeline: psycopg.Pipeline) -> None:
        self._raw = raw
        self._pipeline = pipeline
        self._last: dict[Any, list[tuple[Any, Callable[[], bool]]]] = {}

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Cursor:
        """Execute a statement that is written as for SQLite."""
        prepare = False if is_planned_anew(statement) else None
        given = values_for_psycopg(statement, values)
        raw = self._raw.execute(for_psycopg(statement), given, prepare=prepare)
        return _LazyCursor(raw, self._pipeline)

    def execute_all(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Execute it for each row of values."""
        if rows:
            with self._raw.cursor() as cursor:
                given = [values_for_psycopg(statement, values) for values in rows]
                cursor.executemany(for_psycopg(statement), given)

    def add_events(self, rows: Sequence[Sequence[Any]]) -> None:
        """Store events, all at once."""
        if rows:
            self._raw.execute(_EVENTS, [list(column) for column in zip(*rows, strict=True)])

    def in_turn(self) -> None:
        """Wait for those who are here, and keep others off until the commit."""
        self._raw.execute(_IN_TURN, (LOCK_CLASS, LOCKS["turn"]))

    def at_last(
        self, work: Callable[[Any, list[Any]], None], item: Any, when: Callable[[], bool]
    ) -> None:
        """Have work done once before the commit, with all items it was asked to be done with."""
        self._last.setdefault(work, []).append((item, when))

    def later(self, look: Callable[[], Any]) -> Any:
        """Something that `finish` looks into, with one wait for all of them."""
        return _Later(look)

    def finish(self, jobs: Sequence[Job]) -> None:
        """Do what was left for the end."""
        for work, asked in self._last.items():
            if items := [item for item, when in asked if when()]:
                work(self, items)
        for job in jobs:
            if isinstance(job.result, _Later):
                job.result = job.result.look()


class PostgresLink:
    """Commits jobs to a database of a server."""

    def __init__(self, url: str, durability: str, patience_s: float | None = None) -> None:
        self._url = url
        self._durability = durability
        self._patience_s = PATIENCE_S if patience_s is None else patience_s
        self._name = new_id()
        self._number = 0
        self._connection: psycopg.Connection[Any] | None = None

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None and not self._connection.closed:
            # Where that fails, another writer does it in a day.
            with suppress(psycopg.Error):
                self._connection.execute(_FORGET, (self._name,))
            self._connection.close()

    def commit(self, jobs: Sequence[Job]) -> None:
        """All in one transaction; each in its own when one of them breaks it."""
        try:
            self._transact(jobs)
        except psycopg.OperationalError as error:
            # The server or its disk: no job's fault, and no job would fare better alone.
            fail(jobs, error)
        except Exception:  # noqa: BLE001 - whoever is at fault is told below; the others must not suffer
            for job in jobs:
                try:
                    self._transact([job])
                except Exception as error:  # noqa: BLE001
                    fail([job], error)

    def _transact(self, jobs: Sequence[Job]) -> None:
        self._number += 1
        with_patience(lambda: self._attempt(jobs), self._is_passing, self._patience_s)

    def _is_passing(self, error: Exception) -> bool:
        if isinstance(error, psycopg.Error) and error.sqlstate == _DEADLOCK:
            return True
        return is_away(error, self._connection)

    def _attempt(self, jobs: Sequence[Job]) -> None:
        connection = self._connect()
        appends = [job for job in jobs if isinstance(job.work, Append)]
        try:
            with connection.pipeline() as pipeline:
                connection.execute("BEGIN")
                numbered = connection.execute(_NUMBER, (self._name, self._number))
                connection.execute(_BESIDE, (LOCK_CLASS, LOCKS["write"]))
                ids = sorted({job.work.run_id for job in appends})  # type: ignore[attr-defined]
                # Planned anew, as `is_planned_anew` says.
                epochs = connection.execute(_EPOCHS, (ids,), prepare=False) if ids else None
                pipeline.sync()
                if numbered.rowcount == 1:
                    on = PostgresConnection(connection, pipeline)
                    if epochs is not None:
                        _append(on, appends, dict(epochs.fetchall()))
                    for job in jobs:
                        if not isinstance(job.work, Append):
                            _do(job, on)
                    on.finish(jobs)
                connection.execute("COMMIT")
        except BaseException:
            self._undo(connection)
            raise

    def _connect(self) -> "psycopg.Connection[Any]":
        if self._connection is None or self._connection.closed:
            self._connection = None
            self._connection = connect(
                self._url,
                self._durability,
                lock_timeout_s=min(self._patience_s, BUSY_TIMEOUT_S),
            )
        return self._connection

    def _undo(self, connection: "psycopg.Connection[Any]") -> None:
        try:
            connection.execute("ROLLBACK")
        except psycopg.Error:
            connection.close()


def _do(job: Job, on: PostgresConnection) -> None:
    job.result, job.error = None, None
    try:
        job.result = job.work(on)
    except FlowStudioError as error:
        job.error = error


def _append(on: PostgresConnection, jobs: Sequence[Job], epochs: dict[str, int]) -> None:
    """The events of all runs at once, instead of each one's by its own statement."""
    appends = []
    for job in jobs:
        append: Append = job.work  # type: ignore[assignment]
        job.result, job.error = None, append.stale(epochs.get(append.run_id))
        if job.error is None:
            appends.append(append)
    on.add_events([row for append in appends for row in append.rows()])
    for append in appends:
        for output in append.outputs():
            store_blob(on, output)
        for event in append.news():
            store_news_of(on, append.run_id, event)
    on.execute_all(START_RUN, [row for append in appends for row in append.starts()])
    on.execute_all(
        UPDATE_RUN,
        [update_values(one.run_id, one.update) for one in appends if one.update is not None],
    )
