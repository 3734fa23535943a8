"""What the database knows of the load: runs under way, what waits in queues, who works."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlmodel import Session, col

from flowstudio.store.tables.queue import WorkerRow
from flowstudio.store.tables.runs import RunRow

UNFINISHED = ("queued", "running", "waiting", "paused")
#: A worker that was not seen for so long is late, or dead.
LATE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class QueueLoad:
    """Runs that wait in one queue, and since when the first of them does."""

    name: str
    waiting: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Load:
    """At one moment.

    Attributes:
        runs: unfinished ones, by status.
        workers: by kind, and whether they were seen lately.
    """

    runs: dict[str, int]
    queues: list[QueueLoad]
    workers: dict[tuple[str, bool], int]


def read_load(session: Session, now: datetime) -> Load:
    """Count everything; finished runs are not looked at."""
    status = col(RunRow.status)
    counted = session.execute(
        select(status, func.count()).where(status.in_(UNFINISHED)).group_by(status)
    ).all()
    return Load(
        dict.fromkeys(UNFINISHED, 0) | {row[0]: row[1] for row in counted},
        _queues(session),
        _workers(session, now),
    )


def schema_version(session: Session) -> str:
    """The number of the latest migration that the database has."""
    return str(
        session.connection().execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    )


def _queues(session: Session) -> list[QueueLoad]:
    queue, ready_at, created_at = col(RunRow.queue), col(RunRow.ready_at), col(RunRow.created_at)
    waits = (col(RunRow.status) == "queued", col(RunRow.owner) == "")
    waiting = (
        select(queue, func.count(), func.min(created_at))
        .with_hint(RunRow, "INDEXED BY ix_run_waiting", "sqlite")
        .where(*waits, ready_at.is_(None))
    )
    delayed = (
        select(queue, func.count(), func.min(ready_at))
        .with_hint(RunRow, "INDEXED BY ix_run_ready", "sqlite")
        .where(*waits, ready_at.is_not(None))
    )
    found: dict[str, QueueLoad] = {}
    for asked in (waiting, delayed):
        for name, number, since in session.execute(asked.group_by(queue)).all():
            other = found.get(name)
            if other is not None:
                number, since = number + other.waiting, min(since, other.since)  # noqa: PLW2901
            found[name] = QueueLoad(name, number, since)
    return [found[name] for name in sorted(found)]


def _workers(session: Session, now: datetime) -> dict[tuple[str, bool], int]:
    found: dict[tuple[str, bool], int] = {}
    for kind, seen_at in session.execute(select(col(WorkerRow.kind), col(WorkerRow.seen_at))).all():
        key = (kind, seen_at >= now - LATE)
        found[key] = found.get(key, 0) + 1
    return found
