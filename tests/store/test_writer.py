import asyncio
import sqlite3

import pytest

from flowstudio.errors import ConflictError, JournalError
from flowstudio.store.database import Database
from flowstudio.store.failures import storage_error
from flowstudio.store.writer import Writer


@pytest.fixture
async def writer(tmp_path):
    with sqlite3.connect(tmp_path / "test.db") as database:
        database.execute("CREATE TABLE mark (id INTEGER PRIMARY KEY)")
    writer = Writer(Database(tmp_path / "test.db"), "full")
    yield writer
    await writer.close()


def marks(tmp_path):
    with sqlite3.connect(tmp_path / "test.db") as database:
        return [row[0] for row in database.execute("SELECT id FROM mark ORDER BY id")]


def mark(number):
    return lambda connection: connection.execute("INSERT INTO mark VALUES (?)", (number,))


def refuse(_connection):
    message = "no"
    raise ConflictError(message)


async def test_what_the_future_promises_is_in_the_database(writer, tmp_path):
    await writer.submit(mark(1))
    assert marks(tmp_path) == [1]


async def test_one_refused_piece_of_work_leaves_those_beside_it_alone(writer, tmp_path):
    futures = [writer.submit(mark(1)), writer.submit(refuse), writer.submit(mark(2))]
    outcomes = [await _outcome(future) for future in futures]
    assert outcomes == [None, ConflictError, None]
    assert marks(tmp_path) == [1, 2]


async def test_a_broken_rule_of_the_tables_fails_only_the_work_that_broke_it(writer, tmp_path):
    futures = [writer.submit(mark(number)) for number in (1, 1, 2)]
    outcomes = [await _outcome(future) for future in futures]
    assert outcomes == [None, JournalError, None]
    assert marks(tmp_path) == [1, 2]


async def test_closing_commits_what_is_queued(tmp_path):
    with sqlite3.connect(tmp_path / "test.db") as database:
        database.execute("CREATE TABLE mark (id INTEGER PRIMARY KEY)")
    writer = Writer(Database(tmp_path / "test.db"), "full")
    futures = [writer.submit(mark(number)) for number in range(100)]
    await writer.close()
    assert marks(tmp_path) == list(range(100))
    await asyncio.wait(futures)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("database or disk is full", "free some space"),
        ("database is locked", "Another process"),
        ("database disk image is malformed", "backup"),
        ("attempt to write a readonly database", "permissions"),
    ],
)
def test_what_sqlite_says_is_told_with_what_to_do(text, says):
    assert says in str(storage_error(sqlite3.OperationalError(text)))


async def _outcome(future):
    try:
        await future
    except (ConflictError, JournalError) as error:
        return type(error)
    return None
