"""What makes SQLite quick for tests: one schema to copy, and no waiting for the disk."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from flowstudio.store import migrations, records, sqlite


@contextmanager
def migrated_once(folder: Path) -> Iterator[None]:
    """Within the block, a new database is a copy of one that the migrations made.

    Whatever holds a table already is brought up to date by the migrations themselves.
    """
    upgrade_file, made = migrations.upgrade_file, folder / "migrated.db"

    def copied(path: Path, scripts: Path) -> None:
        if not made.exists():
            # Asked for its version as any new file is, which settles how it frees pages and logs.
            sqlite.read_version(made)
            upgrade_file(made, scripts)
        with closing(sqlite3.connect(path)) as new:
            is_empty = new.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
        if is_empty:
            copy(made, path)
        else:
            upgrade_file(path, scripts)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "upgrade_file", copied)
        yield


def copy(made: Path, path: Path) -> None:
    """Through SQLite's own locks, for others may have the new one open."""
    with closing(sqlite3.connect(made)) as source, closing(sqlite3.connect(path)) as new:
        new.execute("PRAGMA synchronous=OFF")
        source.backup(new)


@contextmanager
def unflushed() -> Iterator[None]:
    """Within the block, this process waits for no disk; what it wrote survives its death anyway.

    Processes that it starts flush as their settings say.
    """
    configure = sqlite.configure

    def configured(connection: sqlite3.Connection, *how: Any) -> None:
        configure(connection, *how)
        connection.execute("PRAGMA synchronous=OFF")

    with pytest.MonkeyPatch.context() as patch:
        for module in (sqlite, records):
            patch.setattr(module, "configure", configured)
        yield
