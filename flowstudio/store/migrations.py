"""Brings a database to the newest schema. Imported only when there is something to do."""

from pathlib import Path

from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError

from alembic import command
from flowstudio.errors import JournalError


def upgrade_file(path: Path, scripts: Path) -> None:
    """Bring a SQLite file to the newest schema.

    Raises:
        JournalError: it cannot be written, or it is of a newer version.
    """
    upgrade_named(create_engine(f"sqlite:///{path}"), scripts, f"at {path}")


def upgrade_named(engine: Engine, scripts: Path, name: str) -> None:
    """Bring a database to the newest schema, and let its engine go.

    Raises:
        JournalError: it cannot be written, or it is of a newer version; it is called by its name.
    """
    try:
        upgrade(engine, scripts)
    except (SQLAlchemyError, CommandError) as error:
        raise JournalError(
            f"The database {name} cannot be brought up to date: {error}. "
            "If a newer FlowStudio made it, use that one."
        ) from error
    finally:
        engine.dispose()


def upgrade(engine: Engine, scripts: Path, revision: str = "head") -> None:
    """Apply the migrations up to a revision, in one transaction."""
    with engine.begin() as connection:
        command.upgrade(_config(connection, scripts), revision)


def downgrade(engine: Engine, scripts: Path, revision: str) -> None:
    """Take migrations back down to a revision."""
    with engine.begin() as connection:
        command.downgrade(_config(connection, scripts), revision)


def _config(connection: object, scripts: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.attributes["connection"] = connection
    return config
