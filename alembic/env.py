"""Runs the migrations over the connection that the application hands in."""

from sqlmodel import SQLModel

from alembic import context
from flowstudio.store.tables import (  # noqa: F401 - fills the metadata
    audit,
    credentials,
    editing,
    keys,
    notifications,
    projects,
    queue,
    runs,
    schedules,
    sessions,
    tries,
    users,
    webhooks,
    workflows,
)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
