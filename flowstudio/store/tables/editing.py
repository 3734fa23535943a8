"""What the editor keeps beside a workflow's document: changes, drafts, versions and comments."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Column, Field, SQLModel

from flowstudio.store.tables.moment import UtcDateTime


class ChangeRow(SQLModel, table=True):
    """One batch of operations that made a revision of a workflow.

    `client` names an editor of one tab and `batch` counts what it sent, so that a batch sent again is
    known again by its `digest`; `operations` is the JSON of what was really applied, `refused` that of
    positions and reasons of what was not.
    """

    __tablename__ = "workflow_change"
    __table_args__ = (UniqueConstraint("workflow_id", "client", "batch", name="uq_change_batch"),)

    workflow_id: str = Field(
        primary_key=True, foreign_key="workflow.id", ondelete="CASCADE", max_length=36
    )
    revision: int = Field(primary_key=True)
    client: str = Field(max_length=36)
    batch: int
    base_revision: int
    user_id: str | None = Field(
        default=None, foreign_key="user.id", ondelete="SET NULL", index=True, max_length=36
    )
    operations: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    digest: str = Field(default="", max_length=64, sa_column_kwargs={"server_default": ""})
    refused: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class DraftRow(SQLModel, table=True):
    """What the editor of a workflow runs with: the inputs last given, as JSON.

    `wanted_by` has edited what could not run by itself yet, because a run went on that it needs.
    """

    __tablename__ = "draft"

    workflow_id: str = Field(
        primary_key=True, foreign_key="workflow.id", ondelete="CASCADE", max_length=36
    )
    inputs: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    updated_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    wanted_by: str | None = Field(
        default=None, foreign_key="user.id", ondelete="SET NULL", index=True, max_length=36
    )


class DraftOutputRow(SQLModel, table=True):
    """What is kept of one node's last run in the editor, and what a person put in its place.

    `seen` is a JSON object of content hashes by node id, `seen_pinned` a JSON list of node ids,
    `reads` a JSON object of the content hashes of what was really read, by its path;
    outputs over 1 MB stand in `blob` under their hash. `salt` keeps a fresh sample apart.
    """

    __tablename__ = "draft_output"

    workflow_id: str = Field(
        primary_key=True, foreign_key="workflow.id", ondelete="CASCADE", max_length=36
    )
    node_id: str = Field(primary_key=True, max_length=100)
    run_id: str = Field(default="", max_length=36)
    config_key: str = Field(default="", max_length=64)
    version: int = 1
    fingerprint: str = Field(default="", max_length=64)
    salt: str = Field(default="", max_length=36)
    seen: str = Field(default="{}", sa_column=Column(Text, nullable=False))
    seen_pinned: str = Field(default="[]", sa_column=Column(Text, nullable=False))
    reads: str = Field(default="{}", sa_column=Column(Text, nullable=False))
    inputs_hash: str = Field(default="", max_length=64)
    port: str = Field(default="", max_length=100)
    output: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    output_hash: str = Field(default="", max_length=64)
    output_size: int = 0
    error: str | None = Field(default=None, sa_column=Column(Text))
    cached: bool = False
    cost_usd: str = Field(default="0", max_length=40)
    saved_usd: str = Field(default="0", max_length=40)
    model: str = Field(default="", max_length=200)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    duration_s: float | None = None
    expires_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    pinned: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    pinned_hash: str = Field(default="", max_length=64)
    pinned_port: str = Field(default="", max_length=100)
    pinned_kind: str = Field(default="", max_length=10)
    pinned_by: str | None = Field(
        default=None, foreign_key="user.id", ondelete="SET NULL", index=True, max_length=36
    )


class VersionRow(SQLModel, table=True):
    """A document of a workflow that is kept: named by a person, or a checkpoint made by itself."""

    __tablename__ = "workflow_version"
    __table_args__ = (UniqueConstraint("workflow_id", "number", name="uq_version_number"),)

    id: str = Field(primary_key=True, max_length=36)
    workflow_id: str = Field(foreign_key="workflow.id", ondelete="CASCADE", max_length=36)
    number: int
    kind: str = Field(max_length=12)
    name: str = Field(default="", max_length=200)
    note: str = Field(default="", sa_column=Column(Text, nullable=False))
    revision: int
    document: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_by: str | None = Field(
        default=None, foreign_key="user.id", ondelete="SET NULL", index=True, max_length=36
    )
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class CommentRow(SQLModel, table=True):
    """A remark on a node, or on the whole workflow (`node_id` empty); answers name the first one."""

    __tablename__ = "comment"
    __table_args__ = (Index("ix_comment_workflow", "workflow_id", "id"),)

    id: str = Field(primary_key=True, max_length=36)
    workflow_id: str = Field(foreign_key="workflow.id", ondelete="CASCADE", max_length=36)
    node_id: str = Field(default="", max_length=100)
    thread_id: str | None = Field(
        default=None, foreign_key="comment.id", ondelete="CASCADE", index=True, max_length=36
    )
    author_id: str | None = Field(
        default=None, foreign_key="user.id", ondelete="SET NULL", index=True, max_length=36
    )
    text: str = Field(sa_column=Column(Text, nullable=False))
    mentions: str = Field(default="[]", sa_column=Column(Text, nullable=False))
    resolved_by: str | None = Field(
        default=None, foreign_key="user.id", ondelete="SET NULL", index=True, max_length=36
    )
    resolved_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    edited_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
