"""Since when a run waits that came back into its queue, and inner runs in the queue of their outer one."""

import sqlalchemy as sa

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_WAITING = sa.text("status = 'queued' AND owner = '' AND ready_at IS NULL")
_MOST_NESTED = 10
#: The outer run's id stands in the trigger, after `workflow:`.
_OUTER = "FROM run AS outside WHERE outside.id = substr(run.trigger, 10, 36)"
_INHERIT = (
    f"UPDATE run SET queue = (SELECT outside.queue {_OUTER}) WHERE depth = :depth"  # noqa: S608 - constant text
    " AND trigger LIKE 'workflow:%' AND status IN ('queued', 'running', 'waiting', 'paused')"
    f" AND EXISTS (SELECT 1 {_OUTER} AND outside.queue <> run.queue)"
)


def upgrade() -> None:
    op.add_column("run", sa.Column("queued_at", sa.DateTime(), nullable=True))
    _index("queue", "created_at", "queued_at", "status", "owner", "ready_at")
    # Made before there were queues, or before inner runs took theirs from the one around them: a
    # worker that does not serve the queue they happen to be in would never come for them.
    for depth in range(1, _MOST_NESTED + 1):
        op.get_bind().execute(sa.text(_INHERIT), {"depth": depth})


def downgrade() -> None:
    _index("queue", "created_at", "status", "owner", "ready_at")
    op.drop_column("run", "queued_at")


def _index(*columns: str) -> None:
    op.drop_index("ix_run_waiting", table_name="run")
    op.create_index(
        "ix_run_waiting",
        "run",
        list(columns),
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
