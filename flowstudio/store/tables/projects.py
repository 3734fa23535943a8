"""Projects, who belongs to them, and who was asked to."""

from datetime import datetime

from sqlmodel import Column, Field, SQLModel

from flowstudio.store.tables.moment import UtcDateTime


class ProjectRow(SQLModel, table=True):
    """A workspace: workflows, runs and credentials belong to exactly one."""

    __tablename__ = "project"

    id: str = Field(primary_key=True, max_length=36)
    name: str = Field(max_length=100)
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class MemberRow(SQLModel, table=True):
    """A person's place in a project."""

    __tablename__ = "member"

    project_id: str = Field(
        primary_key=True, foreign_key="project.id", ondelete="CASCADE", max_length=36
    )
    user_id: str = Field(
        primary_key=True, foreign_key="user.id", ondelete="CASCADE", index=True, max_length=36
    )
    role: str = Field(max_length=10)
    joined_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class InvitationRow(SQLModel, table=True):
    """An offer of a place in a project, by mail to one address or by a link anyone may use once.

    `hash` is the SHA-256 of the secret in the link; `email` is empty for a link.
    """

    __tablename__ = "invitation"

    id: str = Field(primary_key=True, max_length=36)
    project_id: str = Field(foreign_key="project.id", ondelete="CASCADE", index=True, max_length=36)
    email: str = Field(max_length=254)
    role: str = Field(max_length=10)
    hash: str = Field(max_length=64, unique=True)
    invited_by: str | None = Field(
        foreign_key="user.id", ondelete="SET NULL", max_length=36, index=True
    )
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    outcome: str = Field(default="", max_length=10)
