"""A PostgreSQL server: its version, notifications, the tables of the queue, and its clock."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql

from flowstudio.services.checks.finding import Finding, problem, warning
from flowstudio.settings import Settings
from flowstudio.store.database import find_server, newest_version

_LEAST_VERSION = 140000
_CONNECT_S = 5
_MOST_SKEW_S = 2.0
_NOTIFIED_S = 2.0


def check_server(settings: Settings) -> list[Finding]:
    """Everything about the server; one finding when it is not in reach."""
    try:
        with _connected(settings) as connection:
            return [
                _version(connection),
                _schema(connection),
                _notifications(connection),
                _queue(connection),
                _clock(connection),
            ]
    except psycopg.Error as error:
        return [
            problem(
                "Database",
                f"PostgreSQL cannot be used: {str(error).splitlines()[0][:300]}",
                "It holds every workflow, run and account.",
                "Look whether it runs, and correct FLOWSTUDIO_DATABASE_URL.",
            )
        ]


@contextmanager
def _connected(settings: Settings) -> Iterator["psycopg.Connection[Any]"]:
    url = find_server(settings)
    with psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_S) as connection:
        yield connection


def _version(connection: "psycopg.Connection[Any]") -> Finding:
    number = connection.info.server_version
    says = f"PostgreSQL {number // 10000}.{number % 10000}"
    if number >= _LEAST_VERSION:
        return Finding("Database", says)
    return problem(
        "Database",
        f"{says}; 14 is needed",
        "Older ones lack what the queue is built on.",
        "Upgrade the server.",
    )


def _schema(connection: "psycopg.Connection[Any]") -> Finding:
    if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
        return Finding("Schema", "none yet; the first start makes it")
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    found, newest = str(row[0]) if row else "", newest_version()
    if found == newest:
        return Finding("Schema", found)
    if found > newest:
        return problem(
            "Schema",
            f"{found}; this version knows {newest}",
            "A newer FlowStudio made it, and this one would not understand it.",
            "Install that version.",
        )
    return warning(
        "Schema",
        f"{found}; this version needs {newest}",
        "The next start brings it up to date.",
        "Make a backup first: flowstudio backup FILE.",
    )


def _notifications(connection: "psycopg.Connection[Any]") -> Finding:
    connection.execute("LISTEN flowstudio_doctor")
    token = str(time.monotonic_ns())
    connection.execute(
        sql.SQL("NOTIFY flowstudio_doctor, {}").format(sql.Literal(token)),
    )
    heard = list(connection.notifies(timeout=_NOTIFIED_S, stop_after=1))
    if [one.payload for one in heard] == [token]:
        return Finding("Notifications", "LISTEN and NOTIFY work")
    return problem(
        "Notifications",
        "what is sent by NOTIFY does not arrive",
        "Pages and workers learn from each other only by looking again and again.",
        "Connect to the server itself, or set the pooler in between to session mode.",
    )


def _queue(connection: "psycopg.Connection[Any]") -> Finding:
    found = connection.execute("SELECT to_regclass('procrastinate.procrastinate_jobs')").fetchone()
    if found != (None,):
        return Finding("Queue", "its tables are there")
    return warning(
        "Queue",
        "its tables are not there",
        "Workers have nothing to take runs from.",
        "The next start makes them; the account of FLOWSTUDIO_DATABASE_URL must be let to.",
    )


def _clock(connection: "psycopg.Connection[Any]") -> Finding:
    began = datetime.now(UTC)
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    ended = datetime.now(UTC)
    if row is None:
        return Finding("Clock", "the server does not say")
    skew = abs((row[0] - (began + (ended - began) / 2)).total_seconds())
    if skew <= _MOST_SKEW_S:
        return Finding("Clock", f"{skew:.2f} s away from the database's")
    return problem(
        "Clock",
        f"{skew:.1f} s away from the database's",
        "Machines would not agree when a run is due, or whether a worker is alive.",
        "Set both by NTP.",
    )
