"""`python -m tests.faults.locker DATABASE SECONDS` holds a database, so that nobody else can write."""

import sqlite3
import sys
import time

import psycopg

_LOCK = "LOCK TABLE run, run_event IN ACCESS EXCLUSIVE MODE"


def hold(database: str, length_s: float) -> None:
    """Lock a SQLite file as a whole, or the tables of the journal of a PostgreSQL database."""
    if not database.startswith("postgresql"):
        held = sqlite3.connect(database, isolation_level=None, timeout=120)
        held.execute("BEGIN EXCLUSIVE")
        time.sleep(length_s)
        held.execute("ROLLBACK")
        return
    with psycopg.connect(database) as connection:
        connection.execute(_LOCK)
        time.sleep(length_s)


if __name__ == "__main__":
    hold(sys.argv[1], float(sys.argv[2]))
