import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect
from sqlmodel import SQLModel

from flowstudio.errors import JournalError
from flowstudio.settings import Settings
from flowstudio.store.database import MIGRATIONS, newest_version, open_database
from flowstudio.store.migrations import downgrade, upgrade
from flowstudio.store.tables import runs


@pytest.fixture
def database(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'test.db'}")
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


def test_opening_makes_the_newest_schema_and_opening_again_changes_nothing(settings):
    for _ in range(2):
        with sqlite3.connect(open_database(settings)) as connection:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            assert found == (newest_version(),)
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_database_of_a_newer_version_is_refused_and_left_alone(settings):
    path = open_database(settings)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num='9999'")
    with pytest.raises(JournalError, match="newer FlowStudio"):
        open_database(settings)


def test_the_address_may_name_another_file_but_no_other_kind_of_database(tmp_path):
    elsewhere = Settings(data_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/other/x.db")
    assert open_database(elsewhere) == tmp_path / "other" / "x.db"
    with pytest.raises(JournalError, match="FLOWSTUDIO_DATABASE_URL"):
        open_database(Settings(data_dir=tmp_path, database_url="postgresql://localhost/x"))
