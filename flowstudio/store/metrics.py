"""What the database knows of the load: runs under way, what waits in queues, who works."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import func, select, text
from sqlmodel import Session, col

from flowstudio.store.dialect import is_postgres
from flowstudio.store.moments import from_column
from flowstudio.store.queue import QUEUED_AT
from flowstudio.store.runs import JOBS
from flowstudio.store.tables.queue import QueueRow, WorkerRow
from flowstudio.store.tables.runs import RunRow

UNFINISHED = ("queued", "running", "waiting", "paused")
#: A worker that was not seen for so long is late, or dead.
LATE = timedelta(seconds=60)


_OWNERLESS = "status = 'queued' AND owner = ''"
_WAITING = (
    (QUEUED_AT, "ix_run_waiting", f"{_OWNERLESS} AND ready_at IS NULL"),
    ("ready_at", "ix_run_ready", f"{_OWNERLESS} AND ready_at IS NOT NULL"),
    # Told to workers, and taken by none yet.
    (QUEUED_AT, "ix_run_owned", f"owner <> '' AND owner = '{JOBS}' AND status = 'queued'"),
)
_DEAD = (
    "status = 'failed' AND retry_at IS NULL AND NOT is_dismissed AND draft = '' AND depth = 0"
    " AND NOT EXISTS (SELECT 1 FROM run r WHERE r.rerun_of = run.id AND r.rerun_of != '')"
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
        dead: failed runs that need somebody.
        paused: queues that hold what waits.
        draining: queues that take nothing new.
    """

    runs: dict[str, int]
    queues: list[QueueLoad]
    workers: dict[tuple[str, bool], int]
    dead: int = 0
    paused: frozenset[str] = frozenset()
    draining: frozenset[str] = frozenset()


def read_load(session: Session, now: datetime) -> Load:
    """Count everything; finished runs are not looked at."""
    status = col(RunRow.status)
    counted = session.execute(
        select(status, func.count()).where(status.in_(UNFINISHED)).group_by(status)
    ).all()
    told = session.execute(select(QueueRow)).scalars().all()
    return Load(
        dict.fromkeys(UNFINISHED, 0) | {row[0]: row[1] for row in counted},
        list_waiting(session),
        _workers(session, now),
        _dead(session),
        frozenset(queue.name for queue in told if queue.is_paused),
        frozenset(queue.name for queue in told if queue.is_draining),
    )


def schema_version(session: Session) -> str:
    """The number of the latest migration that the database has."""
    return str(
        session.connection().execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    )


def list_waiting(session: Session) -> list[QueueLoad]:
    """The queues in which runs wait; those told to workers wait, too, until one takes them."""
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


def _dead(session: Session) -> int:
    hint = "" if is_postgres(session) else " INDEXED BY ix_run_dead"
    asked = f"SELECT count(*) FROM run{hint} WHERE {_DEAD}"  # noqa: S608 - constant text
    return int(session.execute(text(asked)).scalar_one())


def _workers(session: Session, now: datetime) -> dict[tuple[str, bool], int]:
    found: dict[tuple[str, bool], int] = {}
    for kind, seen_at in session.execute(select(col(WorkerRow.kind), col(WorkerRow.seen_at))).all():
        key = (kind, seen_at >= now - LATE)
        found[key] = found.get(key, 0) + 1
    return found
