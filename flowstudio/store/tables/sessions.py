"""Sign-ins and their refresh tokens."""

from datetime import datetime

from sqlmodel import Column, Field, SQLModel

from flowstudio.store.tables.moment import UtcDateTime


class SessionRow(SQLModel, table=True):
    """One sign-in on one device: a family of refresh tokens.

    `authenticated_at` is when the person last proved who they are; `expires_at` is the end no
    refresh moves.
    """

    __tablename__ = "session"

    id: str = Field(primary_key=True, max_length=36)
    user_id: str = Field(foreign_key="user.id", ondelete="CASCADE", index=True, max_length=36)
    method: str = Field(max_length=20)
    user_agent: str = Field(max_length=300)
    address: str = Field(max_length=64)
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    authenticated_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    refreshed_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))


class RefreshTokenRow(SQLModel, table=True):
    """A refresh token by its SHA-256; used once, and then replaced by the next of its session."""

    __tablename__ = "refresh_token"

    hash: str = Field(primary_key=True, max_length=64)
    session_id: str = Field(foreign_key="session.id", ondelete="CASCADE", index=True, max_length=36)
    issued_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    used_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
