"""The queue: where runs wait, limits, and workers."""

import sqlalchemy as sa

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

#: Conditions of partial indexes: what waits, what waits for a moment, what is in hand, what failed.
_PARTS = {
    "ix_run_queue": (
        ["queue", "project_id", "workflow_id", "id"],
        "status = 'queued' AND owner = '' AND ready_at IS NULL",
    ),
    "ix_run_ready": (["ready_at"], "ready_at IS NOT NULL"),
    "ix_run_owned": (["project_id", "workflow_id"], "owner <> ''"),
    "ix_run_retry": (["retry_at"], "retry_at IS NOT NULL"),
    "ix_run_dead": (
        ["id"],
        "status = 'failed' AND retry_at IS NULL AND NOT is_dismissed AND draft = '' AND depth = 0",
    ),
}


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
    for name, (columns, condition) in _PARTS.items():
        where = sa.text(condition)
        op.create_index(name, "run", columns, sqlite_where=where, postgresql_where=where)
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
    for name in _PARTS:
        op.drop_index(name, "run")
    with op.batch_alter_table("run") as batch:
        for column in ("is_dismissed", "retry_at", "attempt", "ready_at", "queue"):
            batch.drop_column(column)
