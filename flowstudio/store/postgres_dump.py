"""Copies of a PostgreSQL database, by PostgreSQL's own programs; loaded only when one is made."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo, sql

from flowstudio.errors import JournalError
from flowstudio.store.failures import explain
from flowstudio.store.snapshot import COUNTED, Taken

#: What libpq reads instead of an address, which other people of the machine could see.
_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "options": "PGOPTIONS",
}
#: What a restore has put aside is of no matter to the next backup.
_ASIDE = "replaced_"
#: Procrastinate's jobs only say which runs may begin, and the runs say that themselves.
_JOBS = "procrastinate"
_SHOWN = 500


def dump(url: str, target: Path) -> Taken:
    """Copy a database as it is at one moment; who reads and writes it meanwhile is not held up.

    Raises:
        JournalError: the server or `pg_dump` cannot be used.
    """
    try:
        with psycopg.connect(url) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            row = connection.execute("SELECT pg_export_snapshot()").fetchone()
            taken = _count(connection)
            # The same moment for the counts and for the copy.
            _run(
                "pg_dump",
                "--format=custom",
                "--no-owner",
                "--no-privileges",
                f"--exclude-schema={_ASIDE}*",
                f"--exclude-schema={_JOBS}",
                f"--snapshot={row[0] if row else ''}",
                f"--file={target}",
                url=url,
            )
    except psycopg.Error as error:
        message = f"The database cannot be copied {explain(error)}"
        raise JournalError(message) from error
    return taken


def look(url: str) -> Taken:
    """What is in a database now; a version of "" is none of FlowStudio's.

    Raises:
        JournalError: it cannot be read.
    """
    try:
        with psycopg.connect(url) as connection:
            return _count(connection)
    except psycopg.Error as error:
        message = f"The database cannot be read {explain(error)}"
        raise JournalError(message) from error


def is_in_use(url: str) -> bool:
    """Whether another FlowStudio is connected to the database."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname=current_database()"
            " AND pid <> pg_backend_pid() AND application_name LIKE 'flowstudio%'"
        ).fetchone()
    return bool(row and row[0])


def load(url: str, source: Path, aside: str = "") -> None:
    """Put a copy into an empty database.

    Args:
        url: of the database.
        source: what `dump` made.
        aside: a schema into which everything that is there goes first.

    Raises:
        JournalError: the server or `pg_restore` cannot be used; the database is as it was.
    """
    if aside:
        _exchange(f"{_ASIDE}{aside}", url)
    try:
        _run(
            "pg_restore",
            "--no-owner",
            "--no-privileges",
            "--single-transaction",
            "--exit-on-error",
            "--dbname=",
            str(source),
            url=url,
        )
    except JournalError:
        undo(url, aside)
        raise


def undo(url: str, aside: str = "") -> None:
    """Take away what `load` has put into the database, and put back what was there."""
    with psycopg.connect(url) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        if aside:
            _rename(connection, f"{_ASIDE}{aside}", "public")
            _rename(connection, f"{_ASIDE}{aside}_jobs", _JOBS)
        else:
            connection.execute("CREATE SCHEMA public")


def _count(connection: "psycopg.Connection[Any]") -> Taken:
    found = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname=current_schema()"
    ).fetchall()
    tables = {row[0] for row in found}
    version = ""
    if "alembic_version" in tables:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        version = str(row[0]) if row else ""
    counts = {}
    for name in COUNTED:
        if name in tables:
            counted = connection.execute(
                sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))
            ).fetchone()
            counts[name] = counted[0] if counted else 0
    return Taken(version, counts)


def _exchange(name: str, url: str) -> None:
    """Give what is there another name, and make an empty schema in its place."""
    try:
        with psycopg.connect(url) as connection:
            _rename(connection, "public", name)
            _rename(connection, _JOBS, f"{name}_jobs")
            connection.execute("CREATE SCHEMA public")
    except psycopg.Error as error:
        message = f"What is in the database cannot be moved aside {explain(error)}"
        raise JournalError(message) from error


def _rename(connection: "psycopg.Connection[Any]", old: str, new: str) -> None:
    """Give a schema another name, if there is one of that name."""
    if connection.execute("SELECT to_regnamespace(%s)", (old,)).fetchone() != (None,):
        names = sql.Identifier(old), sql.Identifier(new)
        connection.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(*names))


def _run(program: str, *arguments: str, url: str) -> None:
    found = shutil.which(program)
    if found is None:
        raise JournalError(
            f"{program} is not installed. It comes with PostgreSQL's client: "
            "apt-get install postgresql-client."
        )
    told = conninfo.conninfo_to_dict(url)
    variables = {_VARIABLES[key]: str(value) for key, value in told.items() if key in _VARIABLES}
    done = subprocess.run(  # noqa: S603 - found on the path, fixed arguments
        (found, *arguments),
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise JournalError(f"{program} failed: {done.stderr.strip()[-_SHOWN:]}")
