"""PostgreSQL: its address, its connections' habits, and its schema."""

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import psycopg
from psycopg import conninfo
from sqlalchemy import Engine, create_engine

from flowstudio.errors import JournalError
from flowstudio.store import migrations
from flowstudio.store.database import MIGRATIONS, Database, newest_version
from flowstudio.store.dialect import for_psycopg, values_for_psycopg
from flowstudio.store.failures import explain, storage_error
from flowstudio.store.sqlite import BUSY_TIMEOUT_S

#: Advisory locks of this name (its second number says of what) are FlowStudio's.
LOCK_CLASS = 0x464C5354
LOCKS = {"migrate": 1, "write": 2, "turn": 3}
#: A transaction that begins with it is alone among those that do, and among the journals' commits.
BEGIN_ALONE = f"SELECT pg_advisory_xact_lock({LOCK_CLASS}, {LOCKS['write']})"
#: How long the server may be away before whoever waits for it is told.
PATIENCE_S = 30.0
_READING_PATIENCE_S = 5.0
_PAUSE_S = 0.1
_UNREADABLE = (
    "FLOWSTUDIO_DATABASE_URL does not read as postgresql://USER:PASSWORD@HOST:PORT/DATABASE. "
    "In the password, write @ : / ? # % as %40 %3A %2F %3F %23 %25."
)
#: Unless the address says otherwise. A network that is gone without a word is noticed in a minute.
_DEFAULTS = {
    "connect_timeout": 10,
    "fallback_application_name": "flowstudio",
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
T = TypeVar("T")
#: Ended by the server, or it is starting, stopping or out of reach.
_AWAY = ("08", "57P")


def prepare(url: str) -> Database:
    """Bring the schema of a database up to date.

    Raises:
        JournalError: the address means nothing, or the server cannot be used.
    """
    database = Database(None, url, _show(url))
    try:
        with connect(url) as connection:
            if _version(connection) != newest_version():
                _migrate(connection, database)
    except psycopg.Error as error:
        message = f"The database {database} cannot be opened {explain(error)}"
        raise JournalError(message) from error
    return database


def _show(url: str) -> str:
    """The address without its password."""
    authority, _, path = url.partition("://")[2].partition("?")[0].partition("/")
    if authority.count("@") > 1 or "@" in path:
        # A part of the password would be taken for the host or the database, and shown.
        raise JournalError(_UNREADABLE)
    try:
        parts = conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        # What libpq says of it may quote the password.
        raise JournalError(_UNREADABLE) from None
    host = str(parts.get("host") or "localhost")
    port = f":{parts['port']}" if parts.get("port") else ""
    user = f"{parts['user']}@" if parts.get("user") else ""
    return f"postgresql://{user}{host}{port}/{parts.get('dbname') or parts.get('user') or ''}"


def _version(connection: "psycopg.Connection[Any]") -> str | None:
    if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return row[0] if row else None


def _migrate(connection: "psycopg.Connection[Any]", database: Database) -> None:
    # Of several processes that start at once, one migrates while the others wait.
    lock = (LOCK_CLASS, LOCKS["migrate"])
    connection.execute("SELECT pg_advisory_lock(%s, %s)", lock)
    try:
        if _version(connection) != newest_version():
            migrations.upgrade_named(make_engine(database.url), MIGRATIONS, str(database))
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s, %s)", lock)


def connect(
    url: str,
    durability: str = "full",
    *,
    autocommit: bool = True,
    lock_timeout_s: float = BUSY_TIMEOUT_S,
) -> "psycopg.Connection[Any]":
    """A connection that begins no transaction by itself, unless that is asked for.

    Raises:
        psycopg.Error: the server cannot be reached, or refuses.
    """
    given = conninfo.conninfo_to_dict(url)
    connection = psycopg.connect(**{**_DEFAULTS, **given}, autocommit=True)  # type: ignore[arg-type]
    with connection.pipeline():
        connection.execute(f"SET lock_timeout={int(lock_timeout_s * 1000)}".encode())
        if durability == "normal":
            connection.execute("SET synchronous_commit=off")
    connection.autocommit = autocommit
    return connection


def make_engine(url: str, durability: str = "full") -> Engine:
    """An engine whose connections are made by `connect`, and known to be alive when they are used."""

    def connected() -> "psycopg.Connection[Any]":
        return with_patience(
            lambda: connect(url, durability, autocommit=False),
            lambda error: is_away(error, None),
            _READING_PATIENCE_S,
        )

    return create_engine("postgresql+psycopg://", creator=connected, pool_pre_ping=True)


def is_away(error: Exception, connection: "psycopg.Connection[Any] | None") -> bool:
    """Whether the server, or the way to it, was lost, so that the same may work soon."""
    if not isinstance(error, psycopg.OperationalError):
        return False
    if error.sqlstate is not None:
        return error.sqlstate.startswith(_AWAY)
    if connection is not None:
        return connection.closed
    return not any(words in str(error) for words in ("authentication failed", "does not exist"))


def with_patience(
    work: Callable[[], T], is_passing: Callable[[Exception], bool], patience_s: float
) -> T:
    """Do the work, again and again while what fails is passing, for so many seconds."""
    until = time.monotonic() + patience_s
    while True:
        try:
            return work()
        except psycopg.Error as error:
            if not is_passing(error) or time.monotonic() >= until:
                raise
            time.sleep(_PAUSE_S)


class PostgresReading:
    """Reads on a connection of its own, and gets a new one when that is lost."""

    def __init__(self, url: str, patience_s: float | None = None) -> None:
        self._url = url
        self._patience_s = _READING_PATIENCE_S if patience_s is None else patience_s
        self._connection: psycopg.Connection[Any] | None = None

    def fetch(self, statement: str, several: Sequence[Sequence[Any]]) -> list[list[Any]]:
        """All rows for each of several lists of values, in one trip.

        Raises:
            JournalError: the database could not be read.
        """
        values = [values_for_psycopg(statement, each) for each in several]
        try:
            return with_patience(
                lambda: self._fetch(for_psycopg(statement), values),
                lambda error: is_away(error, self._connection),
                self._patience_s,
            )
        except psycopg.Error as error:
            raise storage_error(error) from error

    def _fetch(self, statement: bytes, several: Sequence[Sequence[Any]]) -> list[list[Any]]:
        if self._connection is None or self._connection.closed:
            self._connection = None
            self._connection = connect(self._url)
        if len(several) == 1:
            return [self._connection.execute(statement, several[0]).fetchall()]
        with self._connection.pipeline():
            cursors = [self._connection.execute(statement, values) for values in several]
            return [cursor.fetchall() for cursor in cursors]

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            self._connection.close()
