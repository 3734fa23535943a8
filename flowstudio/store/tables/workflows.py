"""Workflows as their project keeps them."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, Text
from sqlmodel import Column, Field, SQLModel

from flowstudio.store.tables.moment import UtcDateTime


class WorkflowRow(SQLModel, table=True):
    """A workflow's current document.

    `revision` grows by one with each change and is its ETag; `name` repeats the document's; `tags` is
    a JSON list; `folder` is a path such as `Support/Mail`; `deleted_at` says since when it is in the
    trash; `published_version` is the number of the version that schedules, webhooks and forms run.
    """

    __tablename__ = "workflow"
    __table_args__ = (Index("ix_workflow_project_updated", "project_id", "updated_at"),)

    id: str = Field(primary_key=True, max_length=36)
    project_id: str = Field(foreign_key="project.id", ondelete="CASCADE", max_length=36)
    name: str = Field(max_length=200)
    document: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    revision: int = 1
    tags: str = Field(default="[]", sa_column=Column(Text, nullable=False, server_default="[]"))
    folder: str = Field(default="", max_length=200, sa_column_kwargs={"server_default": ""})
    published_version: int | None = None
    created_by: str | None = Field(
        default=None, foreign_key="user.id", ondelete="SET NULL", index=True, max_length=36
    )
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    updated_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    deleted_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
