"""How long runs have waited in each queue, without reading them all."""

import sqlalchemy as sa

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_WAITING = sa.text("status = 'queued' AND owner = '' AND ready_at IS NULL")


def upgrade() -> None:
    op.create_index(
        "ix_run_waiting",
        "run",
        ["queue", "created_at", "status", "owner", "ready_at"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )


def downgrade() -> None:
    op.drop_index("ix_run_waiting", table_name="run")
