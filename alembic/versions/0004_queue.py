"""The queue: where runs wait, limits, and workers."""

import sqlalchemy as sa

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_WAITING = "status = 'queued' AND owner = ''"
_RETRIED = "retry_at IS NOT NULL"


def upgrade() -> None:
    with op.batch_alter_table("run") as batch:
        batch.add_column(
            sa.Column("queue", sa.String(length=20), nullable=False, server_default="interactive")
        )
        batch.add_column(sa.Column("ready_at", sa.DateTime(), nullable=True))
        batch.add_column(sa.Column("attempt", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("retry_at", sa.DateTime(), nullable=True))
        batch.add_column(
            sa.Column("is_dismissed", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.create_index(
        "ix_run_queue",
        "run",
        ["queue", "project_id", "id"],
        sqlite_where=sa.text(_WAITING),
        postgresql_where=sa.text(_WAITING),
    )
    op.create_index(
        "ix_run_retry",
        "run",
        ["retry_at"],
        sqlite_where=sa.text(_RETRIED),
        postgresql_where=sa.text(_RETRIED),
    )
    op.create_table(
        "queue",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("is_draining", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "run_limit",
        sa.Column("scope", sa.String(length=12), nullable=False),
        sa.Column("object_id", sa.String(length=36), nullable=False),
        sa.Column("most_at_once", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "object_id"),
    )
    op.create_table(
        "rate_limit",
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("per_s", sa.Float(), nullable=False),
        sa.Column("free_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key"),
    )
    op.create_table(
        "run_key",
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_run_key_run_id", "run_key", ["run_id"])
    op.create_table(
        "worker",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("host", sa.String(length=200), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("queues", sa.String(length=200), nullable=False),
        sa.Column("concurrency", sa.Integer(), nullable=False),
        sa.Column("running", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    for table in ("worker", "run_key", "rate_limit", "run_limit", "queue"):
        op.drop_table(table)
    op.drop_index("ix_run_retry", "run")
    op.drop_index("ix_run_queue", "run")
    with op.batch_alter_table("run") as batch:
        for column in ("is_dismissed", "retry_at", "attempt", "ready_at", "queue"):
            batch.drop_column(column)
