"""Brings a database to the newest schema. Imported only when there is something to do."""

from pathlib import Path

from alembic.config import Config
from sqlalchemy import Engine

from alembic import command


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
