"""Looking into a database, and meddling with it, past everything that uses it."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

import psycopg

from flowstudio.store.database import Database
from flowstudio.store.dialect import for_psycopg


def fetch(database: Database, statement: str, values: Sequence[Any] = ()) -> list[Any]:
    """Execute a statement in a transaction of its own; gives its rows."""
    if database.file is None:
        with psycopg.connect(database.url) as connection:
            cursor = connection.execute(for_psycopg(statement), values)
            return cursor.fetchall() if cursor.description else []
    with closing(sqlite3.connect(database.file)) as file, file:
        return file.execute(statement, values).fetchall()


@contextmanager
def held(database: Database) -> Iterator[None]:
    """Within the block, nobody else can write: another process has a transaction open."""
    if database.file is None:
        with psycopg.connect(database.url) as connection:
            connection.execute("LOCK TABLE run IN EXCLUSIVE MODE")
            yield
            # It may have been lost meanwhile, and the lock with it.
            with suppress(psycopg.OperationalError):
                connection.rollback()
        return
    with closing(sqlite3.connect(database.file, isolation_level=None)) as file:
        file.execute("BEGIN IMMEDIATE")
        yield
        file.execute("ROLLBACK")
