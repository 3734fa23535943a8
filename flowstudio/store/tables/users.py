"""People, and the accounts elsewhere by which they sign in."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Column, Field, SQLModel

from flowstudio.store.tables.moment import UtcDateTime


class UserRow(SQLModel, table=True):
    """One person.

    `email` is lower case. `version` grows whenever every open session has to end; access tokens
    carry it.
    """

    __tablename__ = "user"

    id: str = Field(primary_key=True, max_length=36)
    email: str = Field(max_length=254, unique=True)
    name: str = Field(max_length=100)
    role: str = Field(max_length=10, index=True)
    password_hash: str | None = Field(default=None, max_length=200)
    email_verified_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    is_active: bool = True
    version: int = 0
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    last_seen_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))


class IdentityRow(SQLModel, table=True):
    """An account at an OAuth provider that belongs to a person, by issuer and subject."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: str = Field(primary_key=True, max_length=36)
    user_id: str = Field(foreign_key="user.id", ondelete="CASCADE", index=True, max_length=36)
    provider: str = Field(max_length=20)
    issuer: str = Field(max_length=200)
    subject: str = Field(max_length=255)
    label: str = Field(max_length=254)
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    last_used_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))


class MailTokenRow(SQLModel, table=True):
    """A secret sent by mail, by its SHA-256: to verify an address or to reset a password."""

    __tablename__ = "mail_token"

    hash: str = Field(primary_key=True, max_length=64)
    purpose: str = Field(max_length=10)
    user_id: str = Field(foreign_key="user.id", ondelete="CASCADE", index=True, max_length=36)
    email: str = Field(max_length=254)
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    used_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
