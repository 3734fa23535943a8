"""The database: where it is, how its connections behave, and its schema's version."""

import importlib
import sqlite3
from pathlib import Path

from sqlalchemy import Engine, create_engine, event, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from flowstudio.errors import JournalError
from flowstudio.settings import Settings

MIGRATIONS = Path(__file__).resolve().parents[2] / "alembic"
BUSY_TIMEOUT_S = 10.0


def open_database(settings: Settings) -> Engine:
    """Open the database, make it if there is none, and bring its schema up to date.

    Raises:
        JournalError: the file cannot be opened or written, or is of a newer version.
    """
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise JournalError(
            f"The data directory {settings.data_dir} cannot be made ({error.strerror}). "
            "Choose another with FLOWSTUDIO_DATA_DIR."
        ) from error
    url = settings.database_url or f"sqlite:///{settings.database_path}"
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare)
    try:
        migrate(engine)
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise JournalError(
            f"The database at {engine.url.render_as_string()} cannot be opened: {error}"
        ) from error
    return engine


def migrate(engine: Engine) -> None:
    """Apply the migrations the database lacks."""
    with engine.connect() as connection:
        if inspect(connection).has_table("alembic_version"):
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            if found == newest_version():
                return
    importlib.import_module("flowstudio.store.migrations").upgrade(engine, MIGRATIONS)


def newest_version() -> str:
    """The number of the latest migration, from its file's name."""
    return max(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    configure(connection, "full")


def configure(
    connection: sqlite3.Connection, durability: str, busy_timeout_s: float = BUSY_TIMEOUT_S
) -> None:
    """Set a SQLite connection's habits.

    WAL lets readers go on while one writes. With `synchronous=FULL` each commit is on disk before
    it returns; with NORMAL, a power cut may take the last ones (sqlite.org/wal.html).
    """
    connection.execute(f"PRAGMA busy_timeout={int(busy_timeout_s * 1000)}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={'FULL' if durability == 'full' else 'NORMAL'}")
    connection.execute("PRAGMA foreign_keys=ON")
