"""What the database knows of the load: runs under way, what waits in queues, who works."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import func, select, text
from sqlmodel import Session, col

from flowstudio.store.dialect import is_postgres
from flowstudio.store.moments import from_column
from flowstudio.store.tables.queue import WorkerRow
from flowstudio.store.tables.runs import RunRow

UNFINISHED = ("queued", "running", "waiting", "paused")
#: A worker that was not seen for so long is late, or dead.
LATE = timedelta(seconds=60)


_OWNERLESS = "status = 'queued' AND owner = ''"
_WAITING = (
    ("created_at", "ix_run_waiting", f"{_OWNERLESS} AND ready_at IS NULL"),
    ("ready_at", "ix_run_ready", f"{_OWNERLESS} AND ready_at IS NOT NULL"),
)


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
    found: dict[str, QueueLoad] = {}
    for moment, index, condition in _WAITING:
        # SQLite does not know how many are queued, and would read all of them.
        hint = "" if is_postgres(session) else f" INDEXED BY {index}"
        asked = f"SELECT queue, count(*), min({moment}) FROM run{hint} WHERE {condition}"  # noqa: S608 - constant text
        for name, number, at in session.execute(text(f"{asked} GROUP BY queue")).all():
            since, other = cast("datetime", from_column(at)), found.get(name)
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
