"""The database: where it is, and bringing its schema up to date."""

import fcntl
import importlib
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from flowstudio.errors import JournalError
from flowstudio.settings import SQLITE, Settings
from flowstudio.store import sqlite

MIGRATIONS = Path(__file__).resolve().parents[2] / "alembic"
#: How the address of a PostgreSQL database begins; the driver is always psycopg.
POSTGRES = ("postgresql://", "postgresql+psycopg://", "postgres://")
_POSTGRES_MODULE = "flowstudio.store.postgres"


@dataclass(frozen=True, slots=True)
class Database:
    """Where the data is kept: in a SQLite file, or in a database of a PostgreSQL server.

    Attributes:
        file: None on PostgreSQL.
        url: as psycopg takes it, with its password; empty for a file.
        shown: for people.
    """

    file: Path | None
    url: str = field(default="", repr=False)
    shown: str = ""

    def __str__(self) -> str:
        return self.shown or str(self.file)


def open_database(settings: Settings) -> Database:
    """Make the database if there is none, and bring its schema up to date.

    Raises:
        JournalError: it cannot be opened or written, or its address means nothing.
    """
    if server_url := find_server(settings):
        _make_folders(settings)
        # Its driver takes a while to load.
        postgres = importlib.import_module(_POSTGRES_MODULE)
        server: Database = postgres.prepare(server_url)
        return server
    url = settings.database_url
    if url and not url.startswith(SQLITE):
        raise JournalError(
            f"FLOWSTUDIO_DATABASE_URL must begin with {SQLITE} or {POSTGRES[0]}. Leave it empty "
            "for a SQLite file in the data directory."
        )
    _make_folders(settings)
    path = settings.database_path
    try:
        migrate(path)
    except sqlite3.Error as error:
        raise JournalError(f"The database at {path} cannot be opened: {error}") from error
    return Database(path)


def find_server(settings: Settings) -> str:
    """The address of the database on a PostgreSQL server, as psycopg takes it; "" for a file."""
    for beginning in POSTGRES:
        if settings.database_url.startswith(beginning):
            return f"postgresql://{settings.database_url.removeprefix(beginning)}"
    return ""


def _make_folders(settings: Settings) -> None:
    try:
        for folder in (settings.data_dir, settings.database_path.parent):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise JournalError(
            f"The data directory {settings.data_dir} cannot be made ({error.strerror}). "
            "Choose another with FLOWSTUDIO_DATA_DIR."
        ) from error


def migrate(path: Path) -> None:
    """Apply the migrations a file lacks."""
    if sqlite.read_version(path) != newest_version():
        with path.with_name(f"{path.name}.migrating").open("wb") as lock:
            # Of several processes that start at once, one does it.
            fcntl.flock(lock, fcntl.LOCK_EX)
            if sqlite.read_version(path) != newest_version():
                # Alembic takes a while to load, and is needed only once for each version.
                importlib.import_module("flowstudio.store.migrations").upgrade_file(
                    path, MIGRATIONS
                )
                sqlite.let_shrink(path)


def newest_version() -> str:
    """The number of the latest migration, from its file's name."""
    return max(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
