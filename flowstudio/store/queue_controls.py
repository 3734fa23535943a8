"""What people tell the queue: states, limits and rates; the list of workers; dead letters."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, not_, or_, update
from sqlmodel import Session, col, delete, exists, select

from flowstudio.store.runs import UNFINISHED
from flowstudio.store.tables.queue import QueueRow, RateLimitRow, RunLimitRow, WorkerRow
from flowstudio.store.tables.runs import RunRow

Scope = Literal["instance", "project", "workflow"]
RateKind = Literal["model", "credential"]


@dataclass(frozen=True, slots=True)
class QueueState:
    """What a queue is told."""

    is_paused: bool = False
    is_draining: bool = False


@dataclass(frozen=True, slots=True)
class RunLimit:
    """How many runs of something go on at once."""

    scope: Scope
    object_id: str
    most_at_once: int


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a model or credential may be used: `calls` in `per_s` seconds."""

    kind: RateKind
    key: str
    calls: int
    per_s: float


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that advances runs, as it last told."""

    name: str
    host: str
    pid: int
    kind: Literal["web", "worker"]
    queues: tuple[str, ...]
    concurrency: int
    running: int
    started_at: datetime
    seen_at: datetime


#: Nobody waits for less: the next turn comes that much later instead.
_SOON_S = 0.001


def list_states(session: Session) -> dict[str, QueueState]:
    """Queues that were told something, by name."""
    rows = session.exec(select(QueueRow))
    return {row.name: QueueState(row.is_paused, row.is_draining) for row in rows}


def put_state(session: Session, name: str, state: QueueState) -> None:
    """Note what a queue is told."""
    row = session.get(QueueRow, name) or QueueRow(name=name)
    row.is_paused, row.is_draining = state.is_paused, state.is_draining
    session.add(row)


def list_limits(session: Session) -> list[RunLimit]:
    """All limits."""
    order = (col(RunLimitRow.scope), col(RunLimitRow.object_id))
    rows = session.exec(select(RunLimitRow).order_by(*order))
    return [RunLimit(row.scope, row.object_id, row.most_at_once) for row in rows]  # type: ignore[arg-type]


def put_limit(session: Session, scope: Scope, object_id: str, most_at_once: int | None) -> None:
    """Note a limit, or take it away."""
    row = session.get(RunLimitRow, (scope, object_id))
    if most_at_once is None:
        if row is not None:
            session.delete(row)
        return
    row = row or RunLimitRow(scope=scope, object_id=object_id, most_at_once=most_at_once)
    row.most_at_once = most_at_once
    session.add(row)


def list_rates(session: Session) -> list[Rate]:
    """All rates."""
    rows = session.exec(
        select(RateLimitRow).order_by(col(RateLimitRow.kind), col(RateLimitRow.key))
    )
    return [Rate(row.kind, row.key, row.calls, row.per_s) for row in rows]  # type: ignore[arg-type]


def put_rate(session: Session, rate: Rate) -> None:
    """Note how often something may be used."""
    row = session.get(RateLimitRow, (rate.kind, rate.key))
    row = row or RateLimitRow(kind=rate.kind, key=rate.key, calls=rate.calls, per_s=rate.per_s)
    row.calls, row.per_s, row.free_at = rate.calls, rate.per_s, 0
    session.add(row)


def remove_rate(session: Session, kind: RateKind, key: str) -> None:
    """Let something be used as often as anybody wants."""
    row = session.get(RateLimitRow, (kind, key))
    if row is not None:
        session.delete(row)


def take_turn(session: Session, rate: Rate, now: float) -> float:
    """Take a turn and give 0, or give the seconds until there is one to be taken.

    The generic cell rate algorithm (ITU-T I.371): a burst of `calls` at once, then evenly.
    """
    row = session.get(RateLimitRow, (rate.kind, rate.key))
    if row is None:
        return 0
    between = row.per_s / row.calls
    arrival = max(row.free_at, now)
    wait_s = arrival - (row.per_s - between) - now
    if wait_s > _SOON_S:
        return wait_s
    row.free_at = arrival + between
    session.add(row)
    return 0


def list_workers(session: Session) -> list[Worker]:
    """The processes that told of themselves, the oldest first."""
    rows = session.exec(select(WorkerRow).order_by(col(WorkerRow.started_at)))
    return [
        Worker(
            row.name,
            row.host,
            row.pid,
            row.kind,  # type: ignore[arg-type]
            tuple(row.queues.split(",")),
            row.concurrency,
            row.running,
            row.started_at,
            row.seen_at,
        )
        for row in rows
    ]


def put_worker(session: Session, worker: Worker) -> None:
    """Note that a process works."""
    session.merge(
        WorkerRow(
            name=worker.name,
            host=worker.host,
            pid=worker.pid,
            kind=worker.kind,
            queues=",".join(worker.queues),
            concurrency=worker.concurrency,
            running=worker.running,
            started_at=worker.started_at,
            seen_at=worker.seen_at,
        )
    )


def remove_workers(
    session: Session, *, name: str = "", unseen_since: datetime | None = None
) -> None:
    """Forget one process, or those not heard of since a moment."""
    if name:
        session.exec(delete(WorkerRow).where(col(WorkerRow.name) == name))
    if unseen_since is not None:
        session.exec(delete(WorkerRow).where(col(WorkerRow.seen_at) < unseen_since))


def retry_dead(
    session: Session, ids: Sequence[str] | None, projects: Sequence[str] | None, now: datetime
) -> list[tuple[str, str]]:
    """Have failed runs taken up again: these, or all of these projects; ids and projects of them."""
    return _change(session, _failed_for_good(ids), projects, retry_at=now)


def dismiss_dead(
    session: Session,
    ids: Sequence[str] | None,
    projects: Sequence[str] | None,
    left: Sequence[str] = (),
) -> list[tuple[str, str]]:
    """Take dead runs off the list: failed ones as above, and those `left`; ids and projects."""
    unfinished = and_(
        col(RunRow.id).in_(left), col(RunRow.status).in_(UNFINISHED), not_(col(RunRow.is_dismissed))
    )
    return _change(session, or_(_failed_for_good(ids), unfinished), projects, is_dismissed=True)


def _failed_for_good(ids: Sequence[str] | None) -> ColumnElement[bool]:
    again = RunRow.__table__.alias("again")  # type: ignore[attr-defined]
    these = () if ids is None else (col(RunRow.id).in_(ids),)
    return and_(
        col(RunRow.status) == "failed",
        col(RunRow.retry_at).is_(None),
        not_(col(RunRow.is_dismissed)),
        col(RunRow.draft) == "",
        col(RunRow.depth) == 0,
        not_(exists().where(again.c.rerun_of == RunRow.id, again.c.rerun_of != "")),
        *these,
    )


def _change(
    session: Session, which: ColumnElement[bool], projects: Sequence[str] | None, **changes: Any
) -> list[tuple[str, str]]:
    statement = update(RunRow).where(which).values(**changes)
    if projects is not None:
        statement = statement.where(col(RunRow.project_id).in_(projects))
    changed = statement.returning(col(RunRow.id), col(RunRow.project_id))
    done = session.execute(changed, execution_options={"synchronize_session": False})
    return [(run_id, project_id) for run_id, project_id in done]
