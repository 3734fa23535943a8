"""Addresses and forms through which others start published workflows."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, Text
from sqlmodel import Column, Field, SQLModel

from flowstudio.store.tables.moment import UtcDateTime


class WebhookRow(SQLModel, table=True):
    """An address or a form of a workflow.

    `token` is the part of the address nobody can guess; `methods` is separated by spaces; `sealed`
    holds the secret under the key `key_id` of the ring, bound to this row; runs are those of
    `created_by`.
    """

    __tablename__ = "webhook"

    id: str = Field(primary_key=True, max_length=36)
    workflow_id: str = Field(
        foreign_key="workflow.id", ondelete="CASCADE", index=True, max_length=36
    )
    token: str = Field(max_length=43, unique=True)
    name: str = Field(max_length=100)
    kind: str = Field(max_length=10)
    auth: str = Field(max_length=10)
    auth_header: str = Field(max_length=100)
    methods: str = Field(max_length=100)
    respond: str = Field(max_length=10)
    timeout_s: float
    key_from: str = Field(max_length=100)
    per_minute: int
    per_day: int | None = None
    shows_outputs: bool = False
    is_enabled: bool = True
    key_id: str = Field(default="", max_length=16, index=True)
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    created_by: str | None = Field(
        default=None, foreign_key="user.id", ondelete="SET NULL", index=True, max_length=36
    )
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    updated_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class WebhookKeyRow(SQLModel, table=True):
    """The run that stands for a deduplication key; written in the transaction that makes the run."""

    __tablename__ = "webhook_key"

    webhook_id: str = Field(
        primary_key=True, foreign_key="webhook.id", ondelete="CASCADE", max_length=36
    )
    key: str = Field(primary_key=True, max_length=210)
    run_id: str = Field(max_length=36)
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False, index=True))


class WebhookCountRow(SQLModel, table=True):
    """Requests that were taken, or may be taken by a process, since the window began."""

    __tablename__ = "webhook_count"

    webhook_id: str = Field(
        primary_key=True, foreign_key="webhook.id", ondelete="CASCADE", max_length=36
    )
    is_test: bool = Field(primary_key=True)
    window: str = Field(primary_key=True, max_length=10)
    begins_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    taken: int = 0


class WebhookRequestRow(SQLModel, table=True):
    """What came in lately, without secrets: `headers` and `query` are JSON lists of pairs."""

    __tablename__ = "webhook_request"
    __table_args__ = (Index("ix_webhook_request_webhook", "webhook_id", "id"),)

    id: str = Field(primary_key=True, max_length=36)
    webhook_id: str = Field(foreign_key="webhook.id", ondelete="CASCADE", max_length=36)
    is_test: bool
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    method: str = Field(max_length=10)
    headers: str = Field(sa_column=Column(Text, nullable=False))
    query: str = Field(sa_column=Column(Text, nullable=False))
    body: str = Field(sa_column=Column(Text, nullable=False))
    size: int
    status: int
    detail: str = Field(sa_column=Column(Text, nullable=False))
    run_id: str = Field(default="", max_length=36)
