"""One migrated database for all tests: most need the schema, few the way to it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from flowstudio.store import migrations


@contextmanager
def migrated_once(folder: Path) -> Iterator[None]:
    """Within the block, a new database is a copy of one that the migrations made.

    Whatever holds a table already is brought up to date by the migrations themselves.
    """
    upgrade_file, made = migrations.upgrade_file, folder / "migrated.db"

    def copied(path: Path, scripts: Path) -> None:
        if not made.exists():
            upgrade_file(made, scripts)
        with closing(sqlite3.connect(path)) as new, closing(sqlite3.connect(made)) as old:
            if new.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                new.execute("PRAGMA synchronous=OFF")
                old.backup(new)
                return
        upgrade_file(path, scripts)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "upgrade_file", copied)
        yield
