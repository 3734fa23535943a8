"""Schedules: kept, listed, and moved on from slot to slot."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, delete, func, or_, select, update
from sqlmodel import Session, col

from flowstudio.graph.ids import new_id
from flowstudio.store.tables.schedules import ScheduleRow
from flowstudio.store.tables.users import UserRow
from flowstudio.store.tables.workflows import WorkflowRow


@dataclass(frozen=True, slots=True)
class ScheduleRecord:
    """When a workflow runs by itself; see `ScheduleRow`.

    Attributes:
        workflow: its name.
        owner: name of the person as whom it runs, or "" when they have left.
    """

    id: str
    project_id: str
    workflow_id: str
    workflow: str
    owner_id: str | None
    owner: str
    name: str
    kind: str
    expression: str
    zone: str
    start_at: datetime | None
    end_at: datetime | None
    jitter_s: int
    misfire: str
    misfire_most: int
    overlap: str
    inputs: dict[str, Any]
    max_cost_usd: Decimal | None
    is_paused: bool
    paused_reason: str
    revision: int
    next_slot_at: datetime | None
    next_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ScheduleFilter:
    """What a list of schedules is limited to.

    Attributes:
        text: part of the schedule's or the workflow's name.
    """

    workflow_id: str | None = None
    is_paused: bool | None = None
    text: str = ""


_QUERY = (
    select(ScheduleRow, col(WorkflowRow.name), col(UserRow.name))
    .join(WorkflowRow, col(WorkflowRow.id) == col(ScheduleRow.workflow_id))
    .join(UserRow, col(UserRow.id) == col(ScheduleRow.owner_id), isouter=True)
)


def add_schedule(session: Session, **values: Any) -> ScheduleRecord:
    """Keep a new schedule, from the columns of `ScheduleRow`."""
    row = ScheduleRow(id=values.pop("id", new_id()), revision=1, **_columns(values))
    session.add(row)
    session.flush()
    return get_schedule(session, row.id)


def find_schedule(session: Session, schedule_id: str) -> ScheduleRecord | None:
    """A schedule, or None."""
    found = session.execute(_QUERY.where(col(ScheduleRow.id) == schedule_id)).first()
    return _record(*found) if found is not None else None


def get_schedule(session: Session, schedule_id: str) -> ScheduleRecord:
    """A schedule that there is."""
    return _record(*session.execute(_QUERY.where(col(ScheduleRow.id) == schedule_id)).one())


def list_schedules(
    session: Session,
    projects: Sequence[str] | None,
    only: ScheduleFilter,
    *,
    limit: int,
    after: str | None = None,
) -> list[ScheduleRecord]:
    """Schedules of these projects, the newest first; `after` is the id of the last one seen.

    None stands for all projects.
    """
    conditions = _on(only)
    if projects is not None:
        conditions.append(col(ScheduleRow.project_id).in_(projects))
    if after is not None:
        conditions.append(col(ScheduleRow.id) < after)
    query = _QUERY.where(*conditions).order_by(col(ScheduleRow.id).desc()).limit(limit)
    return [_record(*found) for found in session.execute(query)]


def change_schedule(session: Session, schedule_id: str, **values: Any) -> ScheduleRecord:
    """Give columns of a schedule other values, and raise its revision."""
    row = session.get_one(ScheduleRow, schedule_id)
    for name, value in _columns(values).items():
        setattr(row, name, value)
    row.revision += 1
    session.add(row)
    session.flush()
    return get_schedule(session, schedule_id)


def remove_schedule(session: Session, schedule_id: str) -> None:
    """Remove a schedule with its history; its runs stay."""
    session.execute(delete(ScheduleRow).where(col(ScheduleRow.id) == schedule_id))


def list_due(session: Session, now: datetime, limit: int) -> list[ScheduleRecord]:
    """Schedules with a slot that is to be begun by now, the latest last."""
    query = _QUERY.where(col(ScheduleRow.is_paused).is_(False), col(ScheduleRow.next_at) <= now)
    found = session.execute(query.order_by(col(ScheduleRow.next_at)).limit(limit))
    return [_record(*each) for each in found]


def find_next_due(session: Session) -> datetime | None:
    """When the next slot of any schedule is to be begun."""
    query = select(func.min(col(ScheduleRow.next_at))).where(col(ScheduleRow.is_paused).is_(False))
    return session.execute(query).scalar()


def advance(
    session: Session,
    seen: ScheduleRecord,
    next_slot_at: datetime | None,
    next_at: datetime | None,
) -> bool:
    """Move a schedule on to its next slot, if it stands as it was seen.

    True makes the caller the one process that has the slots in between.
    """
    done = session.execute(
        update(ScheduleRow)
        .where(
            col(ScheduleRow.id) == seen.id,
            col(ScheduleRow.revision) == seen.revision,
            col(ScheduleRow.next_slot_at) == seen.next_slot_at,
            col(ScheduleRow.is_paused).is_(False),
        )
        .values(next_slot_at=next_slot_at, next_at=next_at)
    )
    return cast("CursorResult[Any]", done).rowcount == 1


def _on(only: ScheduleFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if only.workflow_id is not None:
        conditions.append(col(ScheduleRow.workflow_id) == only.workflow_id)
    if only.is_paused is not None:
        conditions.append(col(ScheduleRow.is_paused).is_(only.is_paused))
    if only.text:
        names = (col(ScheduleRow.name), col(WorkflowRow.name))
        conditions.append(or_(*(name.icontains(only.text, autoescape=True) for name in names)))
    return conditions


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    if "inputs" in values:
        values["inputs"] = json.dumps(values["inputs"])
    if values.get("max_cost_usd") is not None:
        values["max_cost_usd"] = str(values["max_cost_usd"])
    return values


def _record(row: ScheduleRow, workflow: str, owner: str | None) -> ScheduleRecord:
    values = row.model_dump() | {
        "workflow": workflow,
        "owner": owner or "",
        "inputs": json.loads(row.inputs),
        "max_cost_usd": Decimal(row.max_cost_usd) if row.max_cost_usd is not None else None,
    }
    return ScheduleRecord(**values)
