"""What keeps work from being begun: held queues, queues nobody serves, schedules and mail that gave up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from flowstudio.store.metrics import LATE
from flowstudio.store.runs import JOBS
from flowstudio.store.tables.notifications import DeliveryRow
from flowstudio.store.tables.queue import QueueRow, WorkerRow
from flowstudio.store.tables.runs import RunRow
from flowstudio.store.tables.schedules import ScheduleRow
from flowstudio.store.tables.workflows import WorkflowRow

#: What failed before is no news.
LATELY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Queued:
    """Runs of one queue that could begin; the first of them came into it at `since`."""

    count: int
    since: datetime


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Things that gave up, and what the latest of them says."""

    count: int
    latest: str
    reason: str


@dataclass(frozen=True, slots=True)
class Holdups:
    """What was found.

    Attributes:
        waiting: by queue; runs that wait for a moment to come are not among them.
        served: queues that a process seen lately takes runs from.
        schedules: paused by themselves, of workflows that are not in the trash.
        deliveries: failed for good lately, by channel.
    """

    paused: frozenset[str]
    draining: frozenset[str]
    waiting: dict[str, Queued]
    served: frozenset[str]
    schedules: GivenUp | None
    deliveries: dict[str, GivenUp]


def look(session: Session, now: datetime) -> Holdups:
    """Look for all of it."""
    told = session.execute(select(QueueRow)).scalars().all()
    alive = session.execute(
        select(col(WorkerRow.queues)).where(col(WorkerRow.seen_at) >= now - LATE)
    ).scalars()
    return Holdups(
        frozenset(queue.name for queue in told if queue.is_paused),
        frozenset(queue.name for queue in told if queue.is_draining),
        _waiting(session, now),
        frozenset(name for queues in alive for name in queues.split(",")),
        _schedules(session),
        {
            channel: found
            for channel in ("mail", "webhook")
            if (found := _deliveries(session, channel, now)) is not None
        },
    )


def _waiting(session: Session, now: datetime) -> dict[str, Queued]:
    queue, ready_at = col(RunRow.queue), col(RunRow.ready_at)
    rows = session.execute(
        select(
            queue,
            func.count(),
            func.min(func.coalesce(col(RunRow.queued_at), ready_at, col(RunRow.created_at))),
        )
        .where(
            col(RunRow.status) == "queued",
            col(RunRow.owner).in_(("", JOBS)),
            or_(ready_at.is_(None), ready_at <= now),
        )
        .group_by(queue)
    ).all()
    return {row[0]: Queued(row[1], row[2]) for row in rows}


def _schedules(session: Session) -> GivenUp | None:
    rows = session.execute(
        select(col(ScheduleRow.name), col(ScheduleRow.paused_reason))
        .join(WorkflowRow, col(WorkflowRow.id) == col(ScheduleRow.workflow_id))
        .where(
            col(ScheduleRow.is_paused),
            col(ScheduleRow.paused_reason) != "",
            col(WorkflowRow.deleted_at).is_(None),
        )
        .order_by(col(ScheduleRow.updated_at).desc())
    ).all()
    return GivenUp(len(rows), *rows[0]) if rows else None


def _deliveries(session: Session, channel: str, now: datetime) -> GivenUp | None:
    failed = (
        col(DeliveryRow.channel) == channel,
        col(DeliveryRow.state) == "failed",
        col(DeliveryRow.ended_at) >= now - LATELY,
    )
    count = session.execute(select(func.count()).select_from(DeliveryRow).where(*failed))
    latest = session.execute(
        select(col(DeliveryRow.problem))
        .where(*failed)
        .order_by(col(DeliveryRow.ended_at).desc())
        .limit(1)
    ).scalar_one_or_none()
    return None if latest is None else GivenUp(count.scalar_one(), channel, latest)
