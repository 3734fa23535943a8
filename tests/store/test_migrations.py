import sqlite3
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text
from sqlmodel import SQLModel

from flowstudio.errors import JournalError
from flowstudio.settings import Settings
from flowstudio.store.database import MIGRATIONS, newest_version, open_database
from flowstudio.store.migrations import downgrade, upgrade
from flowstudio.store.postgres import make_engine
from flowstudio.store.tables import runs
from tests.rows import fetch


@pytest.fixture(params=["sqlite", "postgres"])
def database(request, tmp_path):
    """An engine for a database without any table."""
    if request.param == "sqlite":
        engine = create_engine(f"sqlite:///{tmp_path / 'test.db'}")
    else:
        engine = make_engine(request.getfixturevalue("empty_postgres"))
    yield engine
    engine.dispose()


def differences(database):
    with database.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection), SQLModel.metadata)


def test_migrations_lead_up_down_and_up_again_to_the_tables_in_the_code(database):
    assert runs.RunRow.__tablename__ in SQLModel.metadata.tables
    upgrade(database, MIGRATIONS)
    assert differences(database) == []
    downgrade(database, MIGRATIONS, "base")
    assert set(inspect(database).get_table_names()) == {"alembic_version"}
    upgrade(database, MIGRATIONS)
    assert differences(database) == []


def test_unfinished_inner_runs_come_into_the_queue_of_the_run_around_them(database):
    def add(run_id, queue, status="waiting", outer=""):
        depth = ids.index(outer) + 1 if outer else 0
        values = {"id": run_id, "queue": queue, "status": status, "depth": depth}
        values["trigger"] = f"workflow:{outer}:call" if outer else "manual"
        connection.execute(text(RUN), values)

    ids = [str(uuid4()) for _ in range(5)]
    upgrade(database, MIGRATIONS, "0012")
    with database.begin() as connection:
        connection.execute(text("INSERT INTO document VALUES ('d', :body)"), {"body": b"{}"})
        add(ids[0], "batch")
        add(ids[1], "interactive", outer=ids[0])
        add(ids[2], "interactive", outer=ids[1])
        add(ids[3], "interactive", "succeeded", outer=ids[0])
        add(ids[4], "interactive")
    upgrade(database, MIGRATIONS)
    with database.connect() as connection:
        found = dict(connection.execute(text("SELECT id, queue FROM run")).all())
    assert [found[each] for each in ids] == [*["batch"] * 3, *["interactive"] * 2]


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request, settings):
    """Settings that lead to a database without any table."""
    if request.param == "sqlite":
        return settings
    url = request.getfixturevalue("empty_postgres")
    return settings.model_copy(update={"database_url": url})


RUN = (
    "INSERT INTO run (id, document_hash, workflow, status, inputs, trigger, created_at, epoch,"
    " use_cache, depth, base, steps_total, steps_done, prompt_tokens, completion_tokens, slug,"
    " owner, cost_usd, saved_usd, queue) VALUES (:id, 'd', 'W', :status, '{}', :trigger,"
    " '2026-01-02 12:00:00', 0, true, :depth, '', 1, 0, 0, 0, '', '', '0', '0', :queue)"
)
VERSION = "SELECT version_num FROM alembic_version"


def test_opening_makes_the_newest_schema_and_opening_again_changes_nothing(empty):
    for _ in range(2):
        assert fetch(open_database(empty), VERSION) == [(newest_version(),)]


def test_the_file_lets_readers_go_on_while_somebody_writes(settings):
    assert fetch(open_database(settings), "PRAGMA journal_mode") == [("wal",)]


def test_of_processes_that_start_at_once_one_makes_the_schema(empty):
    with ThreadPoolExecutor(3) as threads:
        opened = list(threads.map(open_database, [empty] * 3))
    assert fetch(opened[0], VERSION) == [(newest_version(),)]


def test_a_database_of_a_newer_version_is_refused_and_left_alone(empty):
    database = open_database(empty)
    fetch(database, "UPDATE alembic_version SET version_num='9999'")
    with pytest.raises(JournalError, match="newer FlowStudio"):
        open_database(empty)
    assert fetch(database, VERSION) == [("9999",)]


def test_the_audit_log_refuses_changes_on_either(empty):
    database = open_database(empty)
    for statement in ("UPDATE audit_entry SET verb=''", "DELETE FROM audit_entry"):
        fetch(
            database,
            "INSERT INTO audit_entry VALUES ((SELECT count(*) FROM audit_entry) + 1,"
            " '2026-01-01 00:00:00', '', '', '', '', '', '', '', '', '', '{}', '', '')",
        )
        with pytest.raises(Exception, match="append-only"):
            fetch(database, statement)


def test_the_address_may_name_another_file_but_no_other_kind_of_database(tmp_path):
    elsewhere = Settings(data_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/other/x.db")
    assert open_database(elsewhere).file == tmp_path / "other" / "x.db"
    with pytest.raises(JournalError, match="FLOWSTUDIO_DATABASE_URL must begin with"):
        open_database(Settings(data_dir=tmp_path, database_url="mysql://localhost/x"))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:se@cret@localhost/x",
        "postgresql://me:sec/ret@localhost/x",
        "postgresql+psycopg://me:secret@localhost:port/x",
        "postgresql://me:secret@localhost:1/x",
        "postgres://me:secret@/x?host=/nowhere&nonsense=1",
    ],
)
def test_no_error_shows_the_password_of_the_address(tmp_path, url):
    with pytest.raises(JournalError) as refused:
        open_database(Settings(data_dir=tmp_path, database_url=url))
    said = "".join(traceback.format_exception(refused.value, chain=False)) + str(refused.value)
    assert "FLOWSTUDIO_DATABASE_URL" in said
    assert not any(part in said for part in ("secret", "cret@", "sec/", "ret@"))


def test_what_is_wrong_with_the_server_is_told_with_what_to_do(tmp_path, postgres):
    gone = Settings(data_dir=tmp_path, database_url=postgres.url("nothing_of_that_name"))
    with pytest.raises(JournalError, match="Create the database on the server"):
        open_database(gone)
    nobody = postgres.url().replace("postgres@", "nobody@")
    with pytest.raises(JournalError, match="Check the user and the password"):
        open_database(Settings(data_dir=tmp_path, database_url=nobody))


def test_of_processes_that_start_at_once_one_makes_the_schema_and_the_others_wait(tmp_path):
    settings = Settings(data_dir=tmp_path)
    program = f"""
from pathlib import Path
from flowstudio.settings import Settings
from flowstudio.store.database import open_database
open_database(Settings(data_dir=Path({str(tmp_path)!r})))
"""
    started = [
        subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [process.communicate(timeout=60)[1] for process in started] == ["", "", ""]
    with sqlite3.connect(settings.database_path) as connection:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert found == (newest_version(),)
