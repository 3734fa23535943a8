"""What people are told, how they want to be told, and what waits for their answer."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, Text, UniqueConstraint, false, text, true
from sqlmodel import Column, Field, SQLModel

from flowstudio.store.tables.moment import UtcDateTime


class NotificationRow(SQLModel, table=True):
    """One thing one person is told; `dedup_key` names the thing, so that nobody is told it twice.

    One that is not shown exists for its deliveries alone. `path` and `seq` are those of the step
    that waits for an answer.
    """

    __tablename__ = "notification"
    __table_args__ = (
        UniqueConstraint("user_id", "dedup_key", name="uq_notification_told"),
        Index("ix_notification_user", "user_id", "id"),
        Index(
            "ix_notification_run",
            "run_id",
            sqlite_where=text("run_id <> ''"),
            postgresql_where=text("run_id <> ''"),
        ),
        Index(
            "ix_notification_unread",
            "user_id",
            sqlite_where=text("read_at IS NULL AND archived_at IS NULL"),
            postgresql_where=text("read_at IS NULL AND archived_at IS NULL"),
        ),
    )

    id: str = Field(primary_key=True, max_length=36)
    user_id: str = Field(foreign_key="user.id", ondelete="CASCADE", max_length=36)
    type: str = Field(max_length=20)
    priority: str = Field(max_length=10)
    title: str = Field(max_length=200)
    body: str = Field(default="", sa_column=Column(Text, nullable=False))
    link: str = Field(default="", max_length=500)
    project_id: str = Field(default="", max_length=36)
    workflow_id: str = Field(default="", max_length=36)
    run_id: str = Field(default="", max_length=36)
    path: str = Field(default="", sa_column=Column(Text, nullable=False))
    seq: int = 0
    dedup_key: str = Field(max_length=200)
    is_shown: bool = Field(default=True, sa_column_kwargs={"server_default": true()})
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    read_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    archived_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))


class DeliveryRow(SQLModel, table=True):
    """A notification on its way out; whoever sets `claim` may try, until `claimed_until`."""

    __tablename__ = "notification_delivery"
    __table_args__ = (
        Index(
            "ix_notification_delivery_due",
            "due_at",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
    )

    id: str = Field(primary_key=True, max_length=36)
    notification_id: str = Field(
        foreign_key="notification.id", ondelete="CASCADE", index=True, max_length=36
    )
    user_id: str = Field(foreign_key="user.id", ondelete="CASCADE", index=True, max_length=36)
    channel: str = Field(max_length=10)
    state: str = Field(default="pending", max_length=10)
    due_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    attempts: int = 0
    claim: str = Field(default="", max_length=36)
    claimed_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    problem: str = Field(default="", sa_column=Column(Text, nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))


class ChannelChoiceRow(SQLModel, table=True):
    """By which channels a person wants to hear of one type; without a row, by the usual ones."""

    __tablename__ = "notification_choice"

    user_id: str = Field(primary_key=True, foreign_key="user.id", ondelete="CASCADE", max_length=36)
    type: str = Field(primary_key=True, max_length=20)
    in_app: bool
    mail: str = Field(max_length=10)
    webhook: bool


class NotificationSettingRow(SQLModel, table=True):
    """A person's quiet hours, by the wall clock of a zone, and where their webhook goes.

    `webhook_secret` is sealed under the key `webhook_key_id` of the ring.
    """

    __tablename__ = "notification_setting"

    user_id: str = Field(primary_key=True, foreign_key="user.id", ondelete="CASCADE", max_length=36)
    quiet_from: str = Field(default="", max_length=5)
    quiet_until: str = Field(default="", max_length=5)
    zone: str = Field(default="UTC", max_length=64)
    webhook_url: str = Field(default="", sa_column=Column(Text, nullable=False))
    webhook_key_id: str = Field(default="", max_length=16)
    webhook_secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary))


class MuteRow(SQLModel, table=True):
    """What a person does not want to hear of; empty stands for every workflow, or every type."""

    __tablename__ = "notification_mute"

    user_id: str = Field(primary_key=True, foreign_key="user.id", ondelete="CASCADE", max_length=36)
    workflow_id: str = Field(primary_key=True, max_length=36)
    type: str = Field(primary_key=True, max_length=20)


class RunNewsRow(SQLModel, table=True):
    """An event of a run of which people are still to be told; written in the event's transaction."""

    __tablename__ = "run_news"

    run_id: str = Field(primary_key=True, foreign_key="run.id", ondelete="CASCADE", max_length=36)
    seq: int = Field(primary_key=True)


class QuestionRow(SQLModel, table=True):
    """A step that asks a person: who was asked in place of those it names, and who has answered.

    `asked` and `escalate_to` are JSON lists; an empty `asked` leaves it at whom the step names.
    """

    __tablename__ = "question"
    __table_args__ = (
        Index(
            "ix_question_escalate",
            "escalate_at",
            sqlite_where=text("escalate_at IS NOT NULL"),
            postgresql_where=text("escalate_at IS NOT NULL"),
        ),
    )

    run_id: str = Field(primary_key=True, foreign_key="run.id", ondelete="CASCADE", max_length=36)
    seq: int = Field(primary_key=True)
    path: str = Field(sa_column=Column(Text, nullable=False))
    asked: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    escalate_to: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    escalate_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    is_escalated: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    answered_by: str = Field(default="", max_length=254, sa_column_kwargs={"server_default": ""})
    answered_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
