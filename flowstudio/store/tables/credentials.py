"""Credentials, sealed."""

from datetime import datetime

from sqlalchemy import LargeBinary, Text, UniqueConstraint
from sqlmodel import Column, Field, SQLModel

from flowstudio.store.tables.moment import UtcDateTime


class CredentialRow(SQLModel, table=True):
    """A project's secret for another service.

    `sealed` holds the whole credential under the key `key_id` of the ring, bound to this row's
    identity; it alone decides what is sent where. `hosts`, a JSON list, and `shown`, JSON of the
    other fields that are no secret, are what lists show.
    """

    __tablename__ = "credential"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    id: str = Field(primary_key=True, max_length=36)
    project_id: str = Field(foreign_key="project.id", ondelete="CASCADE", max_length=36)
    name: str = Field(max_length=100)
    kind: str = Field(max_length=20)
    hosts: str = Field(sa_column=Column(Text, nullable=False))
    shown: str = Field(sa_column=Column(Text, nullable=False))
    key_id: str = Field(max_length=16, index=True)
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_by: str | None = Field(
        default=None, foreign_key="user.id", ondelete="SET NULL", index=True, max_length=36
    )
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    updated_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    last_used_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
