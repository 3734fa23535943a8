"""The queue beside the runs that wait in it: its state, its limits, and who works on it."""

from datetime import datetime

from sqlmodel import Column, Field, SQLModel

from flowstudio.store.tables.moment import UtcDateTime


class QueueRow(SQLModel, table=True):
    """What an admin has told a queue: to hold what waits, or to take nothing new."""

    __tablename__ = "queue"

    name: str = Field(primary_key=True, max_length=20)
    is_paused: bool = False
    is_draining: bool = False


class RunLimitRow(SQLModel, table=True):
    """How many runs of a project or workflow, or in all (`instance`), go on at once."""

    __tablename__ = "run_limit"

    scope: str = Field(primary_key=True, max_length=12)
    object_id: str = Field(primary_key=True, max_length=36)
    most_at_once: int


class RateLimitRow(SQLModel, table=True):
    """How often a credential or a model is used: `calls` in `per_s` seconds.

    `free_at` (seconds since 1970) is the theoretical arrival time of the generic cell rate
    algorithm (ITU-T I.371): from then on a full burst is allowed again.
    """

    __tablename__ = "rate_limit"

    kind: str = Field(primary_key=True, max_length=12)
    key: str = Field(primary_key=True, max_length=200)
    calls: int
    per_s: float
    free_at: float = 0


class RunKeyRow(SQLModel, table=True):
    """The run that stands for a deduplication key, for as long as it has not ended."""

    __tablename__ = "run_key"

    key: str = Field(primary_key=True, max_length=300)
    run_id: str = Field(foreign_key="run.id", ondelete="CASCADE", index=True, max_length=36)


class WorkerRow(SQLModel, table=True):
    """A process that advances runs; `name` is the one it owns them by."""

    __tablename__ = "worker"

    name: str = Field(primary_key=True, max_length=40)
    host: str = Field(max_length=200)
    pid: int
    kind: str = Field(max_length=10)
    queues: str = Field(max_length=200)
    concurrency: int
    running: int = 0
    started_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    seen_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
