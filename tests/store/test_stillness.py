"""A look at the log instead of a question to the database: it may ask too often, never too seldom."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from flowstudio.settings import Settings
from flowstudio.store.database import Database, open_database
from flowstudio.store.stillness import Stillness


@pytest.fixture
def database(tmp_path: Path):
    made = open_database(Settings(data_dir=tmp_path))
    with closing(sqlite3.connect(made.file)) as held:
        # The log is there for as long as somebody has the file open.
        held.execute("SELECT count(*) FROM run").fetchone()
        yield made


def commit(database: Database, value: int) -> None:
    with closing(sqlite3.connect(database.file)) as other, other:
        other.execute("INSERT OR REPLACE INTO instance VALUES ('x', ?)", (str(value),))


def settle(database: Database) -> None:
    """As if the last commit had been a while ago."""
    os.utime(f"{database.file}-wal", (1, 1))


def test_it_is_still_once_nothing_was_committed_between_two_looks(database: Database) -> None:
    commit(database, 1)
    settle(database)
    still = Stillness(database)
    assert [still.is_still() for _ in range(3)] == [False, True, True]


def test_every_commit_of_another_connection_is_noticed(database: Database) -> None:
    still = Stillness(database)
    for value in range(200):
        commit(database, value)
        assert not still.is_still()
        if value % 3 == 0:
            settle(database)
            still.is_still()
            assert still.is_still()


def test_a_commit_of_just_now_is_looked_at_again_for_another_may_share_its_stamp(
    database: Database,
) -> None:
    commit(database, 1)
    still = Stillness(database)
    assert [still.is_still() for _ in range(3)] == [False, False, False]


def test_who_could_not_ask_is_told_to_ask_again(database: Database) -> None:
    commit(database, 1)
    settle(database)
    still = Stillness(database)
    assert [still.is_still() for _ in range(2)] == [False, True]
    still.forget()
    assert [still.is_still() for _ in range(2)] == [False, True]


def test_a_log_that_is_gone_and_a_server_are_never_still(tmp_path: Path) -> None:
    assert not Stillness(Database(tmp_path / "none.db")).is_still()
    assert not Stillness(Database(None, "postgresql://u@h/d")).is_still()
