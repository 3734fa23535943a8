"""Times at which published workflows run by themselves, and what became of each of them."""

from datetime import datetime

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlmodel import Column, Field, SQLModel

from flowstudio.store.tables.moment import UtcDateTime

_OPEN = "state IN ('claimed', 'queued')"


class ScheduleRow(SQLModel, table=True):
    """When a workflow runs by itself.

    `expression` is a cron line, a length such as `15m`, or a time; `start_at` and `end_at` include
    those moments. `misfire` says what becomes of missed slots, `misfire_most` of how many at most;
    `overlap` what becomes of a slot while the former's run goes on. `inputs` is JSON.
    `next_slot_at` is the next slot, None after the last, and `next_at` when it is begun: later by
    the jitter of that slot. Whoever moves these two on has the slots before them. `revision` grows
    with each change that a person makes.
    """

    __tablename__ = "schedule"
    __table_args__ = (
        Index("ix_schedule_next", "is_paused", "next_at"),
        Index("ix_schedule_project", "project_id", "id"),
    )

    id: str = Field(primary_key=True, max_length=36)
    project_id: str = Field(foreign_key="project.id", ondelete="CASCADE", max_length=36)
    workflow_id: str = Field(
        foreign_key="workflow.id", ondelete="CASCADE", index=True, max_length=36
    )
    owner_id: str | None = Field(
        default=None, foreign_key="user.id", ondelete="SET NULL", index=True, max_length=36
    )
    name: str = Field(max_length=100)
    kind: str = Field(max_length=10)
    expression: str = Field(max_length=200)
    zone: str = Field(max_length=64)
    start_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    end_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    jitter_s: int
    misfire: str = Field(max_length=10)
    misfire_most: int
    overlap: str = Field(max_length=10)
    inputs: str = Field(sa_column=Column(Text, nullable=False))
    max_cost_usd: str | None = Field(default=None, max_length=40)
    is_paused: bool
    paused_reason: str = Field(sa_column=Column(Text, nullable=False))
    revision: int
    next_slot_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    next_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    updated_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class ScheduleSlotRow(SQLModel, table=True):
    """One time of a schedule that has come, and what became of it.

    `run_id` is written down before the run is made, so that a process that dies in between leaves
    behind what another one needs to make it, once. `fired_at` is when the run was begun.
    """

    __tablename__ = "schedule_slot"
    __table_args__ = (
        UniqueConstraint("schedule_id", "slot_utc", name="uq_schedule_slot"),
        Index(
            "ix_schedule_slot_open",
            "state",
            "slot_utc",
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
    )

    id: str = Field(primary_key=True, max_length=36)
    schedule_id: str = Field(foreign_key="schedule.id", ondelete="CASCADE", max_length=36)
    slot_utc: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    run_id: str = Field(max_length=36)
    state: str = Field(max_length=10)
    reason: str = Field(sa_column=Column(Text, nullable=False))
    fired_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
