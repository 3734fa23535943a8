import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect
from sqlmodel import SQLModel

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
        engine = open_database(settings)
        with engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
            assert found == newest_version()
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        engine.dispose()
