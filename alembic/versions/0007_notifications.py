"""Notifications, preferences, and links that answer."""

import sqlalchemy as sa

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_UNREAD = "read_at IS NULL AND archived_at IS NULL"
_OF_RUN = "run_id <> ''"
_PENDING = "state = 'pending'"
_ESCALATES = "escalate_at IS NOT NULL"


def _owned(name: str, table: str) -> list[sa.Column | sa.ForeignKeyConstraint]:
    return [
        sa.Column(name, sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint([name], [f"{table}.id"], ondelete="CASCADE"),
    ]


def _text(name: str, length: int, default: str | None = None) -> sa.Column:
    return sa.Column(name, sa.String(length=length), nullable=False, server_default=default)


def _notifications() -> None:
    op.create_table(
        "notification",
        _text("id", 36),
        *_owned("user_id", "user"),
        _text("type", 20),
        _text("priority", 10),
        _text("title", 200),
        sa.Column("body", sa.Text(), nullable=False),
        _text("link", 500),
        _text("project_id", 36),
        _text("workflow_id", 36),
        _text("run_id", 36),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        _text("dedup_key", 200),
        sa.Column("is_shown", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("read_at", sa.DateTime(), nullable=True),
        sa.Column("archived_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "dedup_key", name="uq_notification_told"),
    )
    op.create_index("ix_notification_user", "notification", ["user_id", "id"])
    op.create_index(
        "ix_notification_run",
        "notification",
        ["run_id"],
        sqlite_where=sa.text(_OF_RUN),
        postgresql_where=sa.text(_OF_RUN),
    )
    op.create_index(
        "ix_notification_unread",
        "notification",
        ["user_id"],
        sqlite_where=sa.text(_UNREAD),
        postgresql_where=sa.text(_UNREAD),
    )


def _deliveries() -> None:
    op.create_table(
        "notification_delivery",
        _text("id", 36),
        *_owned("notification_id", "notification"),
        *_owned("user_id", "user"),
        _text("channel", 10),
        _text("state", 10),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _text("claim", 36),
        sa.Column("claimed_until", sa.DateTime(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("notification_id", "user_id"):
        op.create_index(f"ix_notification_delivery_{column}", "notification_delivery", [column])
    op.create_index(
        "ix_notification_delivery_due",
        "notification_delivery",
        ["due_at"],
        sqlite_where=sa.text(_PENDING),
        postgresql_where=sa.text(_PENDING),
    )


def _preferences() -> None:
    op.create_table(
        "notification_choice",
        *_owned("user_id", "user"),
        _text("type", 20),
        sa.Column("in_app", sa.Boolean(), nullable=False),
        _text("mail", 10),
        sa.Column("webhook", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "type"),
    )
    op.create_table(
        "notification_setting",
        *_owned("user_id", "user"),
        _text("quiet_from", 5),
        _text("quiet_until", 5),
        _text("zone", 64),
        sa.Column("webhook_url", sa.Text(), nullable=False),
        _text("webhook_key_id", 16),
        sa.Column("webhook_secret", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.create_table(
        "notification_mute",
        *_owned("user_id", "user"),
        _text("workflow_id", 36),
        _text("type", 20),
        sa.PrimaryKeyConstraint("user_id", "workflow_id", "type"),
    )


def _of_runs() -> None:
    op.create_table(
        "run_news",
        *_owned("run_id", "run"),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "seq"),
    )
    op.create_table(
        "question",
        *_owned("run_id", "run"),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False, server_default=""),
        sa.Column("escalate_to", sa.Text(), nullable=False, server_default=""),
        sa.Column("escalate_at", sa.DateTime(), nullable=True),
        sa.Column("is_escalated", sa.Boolean(), nullable=False, server_default=sa.false()),
        _text("answered_by", 254, ""),
        sa.Column("answered_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", "seq"),
    )
    op.create_index(
        "ix_question_escalate",
        "question",
        ["escalate_at"],
        sqlite_where=sa.text(_ESCALATES),
        postgresql_where=sa.text(_ESCALATES),
    )


def upgrade() -> None:
    _notifications()
    _deliveries()
    _preferences()
    _of_runs()


def downgrade() -> None:
    for table in (
        "question",
        "run_news",
        "notification_mute",
        "notification_setting",
        "notification_choice",
        "notification_delivery",
        "notification",
    ):
        op.drop_table(table)
