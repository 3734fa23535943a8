"""Runs, their journal, and what goes with it."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, Text, false, text
from sqlmodel import Column, Field, SQLModel

from flowstudio.store.tables.moment import UtcDateTime

#: Compared by its bytes, as SQLite does, so that an index finds what begins with something.
_BY_BYTES = Text().with_variant(Text(collation="C"), "postgresql")
#: SQLite's integers are of any size.
_SIZE = Integer().with_variant(BigInteger(), "postgresql")


def _part(name: str, *columns: str, where: str) -> Index:
    """An index over the rows for which something is so."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class DocumentRow(SQLModel, table=True):
    """A workflow document as it was when a run began; runs keep to theirs."""

    __tablename__ = "document"

    hash: str = Field(primary_key=True, max_length=64)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class RunRow(SQLModel, table=True):
    """One run, as lists show it; its journal is the truth.

    `project_id` is empty for what the command line runs on this machine; `workflow_id` is empty
    unless a stored workflow was run. `version` is the number of the published version it runs, None
    for a draft; `rerun_of` is the run whose finished steps it kept; `draft` is the JSON of what the
    editor asked for, empty elsewhere; `size_bytes` is what its journal takes, None until somebody
    has measured it. `queue` is where it waits, not before `ready_at`; `queued_at` is since when, None for since it
    was made; `attempt` counts how often it
    was resumed by itself after it failed, and `retry_at` is when that happens next; a failed run is
    a dead letter until somebody has dismissed it or tried it again. `trace` is the span it was made
    in, as a W3C `traceparent`.
    """

    __tablename__ = "run"
    __table_args__ = (
        Index("ix_run_slug_id", "slug", "id"),
        Index("ix_run_status_wake", "status", "wake_at"),
        Index("ix_run_project_id", "project_id", "id"),
        Index("ix_run_workflow_id", "workflow_id", "id"),
        Index("ix_run_created", "created_at", "id"),
        Index("ix_run_document", "document_hash"),
        _part("ix_run_inside", "trigger", where="depth > 0"),
        _part("ix_run_rerun_of", "rerun_of", where="rerun_of != ''"),
        _part(
            "ix_run_queue",
            "queue",
            "project_id",
            "workflow_id",
            "id",
            where="status = 'queued' AND owner = '' AND ready_at IS NULL",
        ),
        _part(
            # With what it is over, or SQLite would look that up in each row.
            "ix_run_waiting",
            *("queue", "created_at", "queued_at", "status", "owner", "ready_at"),
            where="status = 'queued' AND owner = '' AND ready_at IS NULL",
        ),
        _part("ix_run_finished", "finished_at", "queue", where="finished_at IS NOT NULL"),
        _part("ix_run_ready", "ready_at", where="ready_at IS NOT NULL"),
        _part("ix_run_owned", "project_id", "workflow_id", where="owner <> ''"),
        _part("ix_run_retry", "retry_at", where="retry_at IS NOT NULL"),
        _part(
            "ix_run_dead",
            "id",
            where="status = 'failed' AND retry_at IS NULL AND NOT is_dismissed AND draft = ''"
            " AND depth = 0",
        ),
    )

    id: str = Field(primary_key=True, max_length=36)
    document_hash: str = Field(foreign_key="document.hash", ondelete="RESTRICT", max_length=64)
    workflow: str = Field(max_length=200)
    slug: str = Field(default="", max_length=200)
    project_id: str = Field(default="", max_length=36, sa_column_kwargs={"server_default": ""})
    workflow_id: str = Field(default="", max_length=36, sa_column_kwargs={"server_default": ""})
    created_by: str = Field(default="", max_length=36, sa_column_kwargs={"server_default": ""})
    status: str = Field(max_length=20)
    inputs: str = Field(sa_column=Column(Text, nullable=False))
    trigger: str = Field(sa_column=Column(_BY_BYTES, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    started_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    finished_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    wake_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    owner: str = Field(default="", max_length=40)
    epoch: int = 0
    max_cost_usd: str | None = Field(default=None, max_length=40)
    use_cache: bool = True
    depth: int = 0
    base: str = Field(default="", sa_column=Column(Text, nullable=False))
    steps_total: int = 0
    steps_done: int = 0
    cost_usd: str = Field(default="0", max_length=40)
    saved_usd: str = Field(default="0", max_length=40)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    error: str | None = Field(default=None, sa_column=Column(Text))
    error_node: str | None = Field(default=None, max_length=100)
    version: int | None = None
    rerun_of: str = Field(default="", max_length=36, sa_column_kwargs={"server_default": ""})
    draft: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    size_bytes: int | None = Field(default=None, sa_column=Column(_SIZE))
    queue: str = Field(
        default="interactive", max_length=20, sa_column_kwargs={"server_default": "interactive"}
    )
    ready_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    queued_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    attempt: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    retry_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    is_dismissed: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    trace: str = Field(default="", max_length=55, sa_column_kwargs={"server_default": ""})


class RunEventRow(SQLModel, table=True):
    """One entry of a run's journal; a large output stands in `blob` under its hash.

    The index finds the few that refer to a blob, so that removing a run need not read them all.
    """

    __tablename__ = "run_event"
    __table_args__ = (
        _part(
            "ix_run_event_blob",
            "output_hash",
            where="output IS NULL AND output_hash IS NOT NULL",
        ),
        {"sqlite_with_rowid": False},
    )

    run_id: str = Field(primary_key=True, foreign_key="run.id", ondelete="CASCADE", max_length=36)
    seq: int = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    type: str = Field(max_length=20)
    node: str = Field(max_length=100)
    path: str = Field(sa_column=Column(Text, nullable=False))
    data: str = Field(sa_column=Column(Text, nullable=False))
    output: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    output_hash: str | None = Field(default=None, max_length=64)
    output_size: int | None = None


class BlobRow(SQLModel, table=True):
    """A value over 1 MB, once for every place that refers to it."""

    __tablename__ = "blob"

    hash: str = Field(primary_key=True, max_length=64)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class CacheEntryRow(SQLModel, table=True):
    """An output kept under the fingerprint of the step that made it."""

    __tablename__ = "cache_entry"
    __table_args__ = (_part("ix_cache_entry_blob", "output_hash", where="output IS NULL"),)

    fingerprint: str = Field(primary_key=True, max_length=64)
    output: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    output_hash: str = Field(max_length=64)
    output_size: int
    port: str = Field(max_length=100)
    cost_usd: str = Field(max_length=40)
    model: str = Field(max_length=200)
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))


class ModelCallRow(SQLModel, table=True):
    """One paid call: for budgets after a crash, and for predictions."""

    __tablename__ = "model_call"
    __table_args__ = (Index("ix_model_call_config", "config_key", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="run.id", ondelete="CASCADE", index=True, max_length=36)
    path: str = Field(sa_column=Column(Text, nullable=False))
    config_key: str = Field(max_length=64)
    model: str = Field(max_length=200)
    prompt_tokens: int
    completion_tokens: int
    predicted_usd: str = Field(max_length=40)
    cost_usd: str = Field(max_length=40)
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class SignalRow(SQLModel, table=True):
    """A person's or program's wish concerning one run."""

    __tablename__ = "signal"

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="run.id", ondelete="CASCADE", index=True, max_length=36)
    kind: str = Field(max_length=20)
    path: str = Field(default="", sa_column=Column(Text, nullable=False))
    data: str = Field(default="{}", sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class WriterRow(SQLModel, table=True):
    """The latest transaction of a process that writes journals to PostgreSQL, by number.

    After a lost connection it tells whether the commit under way was done (`postgres_link.py`).
    """

    __tablename__ = "writer"

    name: str = Field(primary_key=True, max_length=36)
    number: int
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
