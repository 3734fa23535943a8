"""The database: where it is, how its connections behave, and its schema's version."""

import importlib
import logging
import sqlite3
from pathlib import Path

from flowstudio.errors import JournalError
from flowstudio.settings import SQLITE, Settings

MIGRATIONS = Path(__file__).resolve().parents[2] / "alembic"
BUSY_TIMEOUT_S = 10.0
_INCREMENTAL = 2
log = logging.getLogger(__name__)


def open_database(settings: Settings) -> Path:
    """Make the database if there is none, and bring its schema up to date; gives its file.

    Raises:
        JournalError: it cannot be opened or written, or it is no SQLite database.
    """
    if settings.database_url and not settings.database_url.startswith(SQLITE):
        raise JournalError(
            f"FLOWSTUDIO_DATABASE_URL must begin with {SQLITE}: this version keeps its data in "
            "SQLite alone. Leave it empty for a file in the data directory."
        )
    path = settings.database_path
    try:
        for folder in (settings.data_dir, path.parent):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise JournalError(
            f"The data directory {settings.data_dir} cannot be made ({error.strerror}). "
            "Choose another with FLOWSTUDIO_DATA_DIR."
        ) from error
    try:
        migrate(path)
    except sqlite3.Error as error:
        raise JournalError(f"The database at {path} cannot be opened: {error}") from error
    return path


def migrate(path: Path) -> None:
    """Apply the migrations the database lacks."""
    if _version(path) != newest_version():
        # Alembic takes a while to load, and is needed only once for each version.
        importlib.import_module("flowstudio.store.migrations").upgrade_file(path, MIGRATIONS)
        _let_shrink(path)


def _let_shrink(path: Path) -> None:
    """Have a database that was made without it give pages back once they are free."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        if connection.execute("PRAGMA auto_vacuum").fetchone()[0] != _INCREMENTAL:
            connection.execute(f"PRAGMA auto_vacuum={_INCREMENTAL}")
            connection.execute("VACUUM")
    except sqlite3.OperationalError as error:
        # Another process holds it, or the disk is too full for the copy: it works as it is, and the
        # space of removed runs is used again for new ones.
        log.warning("The database %s keeps its size: %s", path, error)
    finally:
        connection.close()


def _version(path: Path) -> str | None:
    is_new = not path.exists() or path.stat().st_size == 0
    connection = sqlite3.connect(path)
    try:
        if is_new:
            # Only before anything is written to it.
            connection.execute(f"PRAGMA auto_vacuum={_INCREMENTAL}")
        configure(connection, "full")
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise
    finally:
        connection.close()
    return row[0] if row else None


def newest_version() -> str:
    """The number of the latest migration, from its file's name."""
    return max(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


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
