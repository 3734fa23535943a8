"""The audit log, and what the installation knows of itself."""

from datetime import datetime

from sqlalchemy import Index, Text
from sqlmodel import Column, Field, SQLModel

from flowstudio.store.tables.moment import UtcDateTime


class AuditRow(SQLModel, table=True):
    """Who did what to which object, from where.

    `hash` covers this entry and the hash before it; triggers refuse changes and removals.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_project", "project_id", "seq"),)

    seq: int = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    actor_id: str = Field(max_length=36, index=True)
    actor: str = Field(max_length=254)
    verb: str = Field(max_length=40, index=True)
    kind: str = Field(max_length=20)
    object_id: str = Field(max_length=100)
    project_id: str = Field(max_length=36)
    result: str = Field(max_length=10)
    address: str = Field(max_length=64)
    request_id: str = Field(max_length=64)
    details: str = Field(sa_column=Column(Text, nullable=False))
    previous: str = Field(max_length=64)
    hash: str = Field(max_length=64)


class InstanceRow(SQLModel, table=True):
    """A fact about the whole installation, such as the latest hash of the audit log."""

    __tablename__ = "instance"

    name: str = Field(primary_key=True, max_length=40)
    value: str = Field(sa_column=Column(Text, nullable=False))
