"""API keys, and the requests that must not be carried out twice."""

from datetime import datetime

from sqlmodel import Column, Field, SQLModel

from flowstudio.store.tables.moment import UtcDateTime


class ApiKeyRow(SQLModel, table=True):
    """A program's key: `id` is the public part of `fsk_<id>_…`, `hash` the whole key's SHA-256.

    `scopes` are separated by spaces; `project_id` limits the key to one project.
    """

    __tablename__ = "api_key"

    id: str = Field(primary_key=True, max_length=10)
    user_id: str = Field(foreign_key="user.id", ondelete="CASCADE", index=True, max_length=36)
    project_id: str | None = Field(
        default=None, foreign_key="project.id", ondelete="CASCADE", index=True, max_length=36
    )
    name: str = Field(max_length=100)
    hash: str = Field(max_length=64)
    scopes: str = Field(max_length=500)
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    last_used_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))


class IdempotencyRow(SQLModel, table=True):
    """What a client's `Idempotency-Key` stands for: the same request gives the same run."""

    __tablename__ = "idempotency"

    user_id: str = Field(primary_key=True, foreign_key="user.id", ondelete="CASCADE", max_length=36)
    key: str = Field(primary_key=True, max_length=200)
    request_hash: str = Field(max_length=64)
    run_id: str = Field(max_length=36)
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False, index=True))
