"""What does not move although it should: runs that nobody advances, workers that nobody has seen."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session, col

from flowstudio.store.metrics import LATE
from flowstudio.store.tables.queue import WorkerRow
from flowstudio.store.tables.runs import RunRow

#: A run that should have been woken or begun so long ago is stuck.
_PATIENCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class LateWorker:
    """A worker that was not seen lately, and how many runs are still in its name."""

    name: str
    host: str
    pid: int
    seen_at: datetime
    runs: int


@dataclass(frozen=True, slots=True)
class Standstill:
    """What was found.

    Attributes:
        overdue: ids of waiting runs whose moment has long come.
        owners: who has running runs in hand, and how many.
        latest: when the newest run was made.
    """

    overdue: list[str]
    owners: dict[str, int]
    workers: list[LateWorker]
    latest: datetime | None


def look(session: Session, now: datetime) -> Standstill:
    """Look for all of it."""
    overdue = session.execute(
        select(col(RunRow.id))
        .where(col(RunRow.status) == "waiting", col(RunRow.wake_at) < now - _PATIENCE)
        .order_by(col(RunRow.wake_at))
        .limit(200)
    ).scalars()
    owner = col(RunRow.owner)
    running = col(RunRow.status) == "running"
    owners = session.execute(select(owner, func.count()).where(running).group_by(owner)).all()
    in_hand = {row[0]: row[1] for row in owners}
    latest = session.execute(select(func.max(col(RunRow.created_at)))).scalar_one()
    return Standstill(list(overdue), in_hand, _late(session, now, in_hand), latest)


def _late(session: Session, now: datetime, in_hand: dict[str, int]) -> list[LateWorker]:
    rows = session.execute(
        select(WorkerRow)
        .where(col(WorkerRow.seen_at) < now - LATE)
        .order_by(col(WorkerRow.seen_at))
    ).scalars()
    return [
        LateWorker(row.name, row.host, row.pid, row.seen_at, in_hand.get(row.name, 0))
        for row in rows
    ]
