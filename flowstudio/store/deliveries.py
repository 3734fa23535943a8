"""Notifications on their way out: who may try to deliver them, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import func, or_, select, update
from sqlmodel import Session, col

from flowstudio.store.tables.notifications import DeliveryRow, NotificationRow

Channel = Literal["mail", "webhook"]
#: `failed` and `dropped` are final: it was tried often enough, or there is nowhere to deliver it.
State = Literal["pending", "sent", "failed", "dropped"]
#: How long to wait after each failed attempt; after the last, it has failed for good.
RETRIES = tuple(
    timedelta(seconds=seconds) for seconds in (30, 120, 600, 3_600, 6 * 3_600, 24 * 3_600)
)


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One notification on its way by one channel.

    Attributes:
        attempts: including the one for which it was claimed.
        read_at: when the person saw it on the page.
    """

    id: str
    notification_id: str
    user_id: str
    channel: Channel
    attempts: int
    run_id: str
    path: str
    seq: int
    type: str
    priority: str
    title: str
    body: str
    link: str
    created_at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """A notification that did not reach its person by one channel.

    Attributes:
        is_final: it is not tried again.
        due_at: of the next attempt, or the last one.
        ended_at: when it was given up.
    """

    channel: Channel
    title: str
    problem: str
    attempts: int
    is_final: bool
    due_at: datetime
    ended_at: datetime | None


def list_troubles(session: Session, user_id: str, limit: int) -> list[Trouble]:
    """The latest deliveries to a person that have failed, or are to be tried again."""
    columns = (DeliveryRow.channel, NotificationRow.title, DeliveryRow.problem)
    moments = (DeliveryRow.due_at, DeliveryRow.ended_at)
    found = session.execute(
        select(*map(col, columns), col(DeliveryRow.attempts), col(DeliveryRow.state))
        .add_columns(*map(col, moments))
        .join(NotificationRow, col(NotificationRow.id) == col(DeliveryRow.notification_id))
        .where(
            col(DeliveryRow.user_id) == user_id,
            col(DeliveryRow.problem) != "",
            col(DeliveryRow.state).in_(("pending", "failed")),
        )
        .order_by(func.coalesce(col(DeliveryRow.ended_at), col(DeliveryRow.due_at)).desc())
        .limit(limit)
    )
    return [
        Trouble(channel, title, problem, attempts, state == "failed", due_at, ended_at)
        for channel, title, problem, attempts, state, due_at, ended_at in found
    ]


def find_last_sent(session: Session, user_id: str) -> dict[str, datetime]:
    """When something last reached a person, by channel."""
    latest = func.max(col(DeliveryRow.ended_at)).label("latest")
    found = session.execute(
        select(col(DeliveryRow.channel), latest)
        .where(col(DeliveryRow.user_id) == user_id, col(DeliveryRow.state) == "sent")
        .group_by(col(DeliveryRow.channel))
    )
    return {channel: at for channel, at in found if at is not None}


def has_due(session: Session, now: datetime) -> bool:
    """Whether anything is due and in nobody's hands."""
    return session.execute(_due(now).limit(1)).first() is not None


def claim_due(
    session: Session, now: datetime, until: datetime, claim: str, limit: int
) -> list[DeliveryRecord]:
    """Take what is due and in nobody's hands, until a moment; of several processes one gets it.

    A claim that runs out, as when its process dies, is free again.
    """
    due = _due(now).order_by(col(DeliveryRow.due_at), col(DeliveryRow.id)).limit(limit)
    ids = list(session.execute(due).scalars())
    if not ids:
        return []
    session.execute(
        update(DeliveryRow)
        # Asked again in the statement that takes it: only one of two processes finds it true.
        .where(col(DeliveryRow.id).in_(ids), col(DeliveryRow.state) == "pending", _is_free(now))
        .values(claim=claim, claimed_until=until, attempts=DeliveryRow.attempts + 1)
    )
    rows = session.execute(_all().where(col(DeliveryRow.claim) == claim))
    return [DeliveryRecord(*row) for row in rows]


def settle(  # noqa: PLR0913 - what became of them
    session: Session,
    claim: str,
    ids: Sequence[str],
    state: State,
    now: datetime,
    *,
    problem: str = "",
    due_at: datetime | None = None,
) -> None:
    """Write down what became of claimed deliveries; `due_at` is when they are tried again."""
    values: dict[str, Any] = {"state": state, "problem": problem[:500], "claim": ""}
    values["claimed_until"] = None
    if due_at is not None:
        values["due_at"] = due_at
    else:
        values["ended_at"] = now
    session.execute(
        update(DeliveryRow)
        .where(col(DeliveryRow.id).in_(list(ids)), col(DeliveryRow.claim) == claim)
        .values(**values)
    )


def _due(now: datetime) -> Any:
    return select(col(DeliveryRow.id)).where(
        col(DeliveryRow.state) == "pending", col(DeliveryRow.due_at) <= now, _is_free(now)
    )


def _is_free(now: datetime) -> Any:
    claimed_until = col(DeliveryRow.claimed_until)
    return or_(claimed_until.is_(None), claimed_until < now)


def _all() -> Any:
    return (
        select(
            col(DeliveryRow.id),
            col(DeliveryRow.notification_id),
            col(DeliveryRow.user_id),
            col(DeliveryRow.channel),
            col(DeliveryRow.attempts),
            col(NotificationRow.run_id),
            col(NotificationRow.path),
            col(NotificationRow.seq),
            col(NotificationRow.type),
            col(NotificationRow.priority),
            col(NotificationRow.title),
            col(NotificationRow.body),
            col(NotificationRow.link),
            col(NotificationRow.created_at),
            col(NotificationRow.read_at),
        )
        .join(NotificationRow, col(NotificationRow.id) == col(DeliveryRow.notification_id))
        .order_by(col(NotificationRow.id))
    )
