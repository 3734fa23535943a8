"""Counting tries where all processes see them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import case, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from flowstudio.store.tables.tries import TryCountRow

#: A window begins with its first try.
WINDOW = timedelta(minutes=1)


def count_try(session: Session, limits: Sequence[tuple[str, int]], now: datetime) -> float:
    """Count a try for each key, up to the first that has no more; gives the seconds to wait, or 0.

    Args:
        session: of a work that counts, on PostgreSQL.
        limits: keys, each with how many tries a window has.
        now: the present moment.
    """
    for name, most in limits:
        key = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        if not _take(session, key, most, now):
            begins_at: datetime = session.execute(
                select(col(TryCountRow.begins_at)).where(col(TryCountRow.key) == key)
            ).scalar_one()
            return max(1.0, (begins_at + WINDOW - now).total_seconds())
    return 0.0


def _take(session: Session, key: str, most: int, now: datetime) -> bool:
    """In one statement, so that of several processes at once none takes what another has taken."""
    begins_at, taken = col(TryCountRow.begins_at), col(TryCountRow.taken)
    # Also over when it begins far ahead, after a clock was set back.
    is_over = or_(begins_at <= now - WINDOW, begins_at >= now + WINDOW)
    statement = (
        insert(TryCountRow)
        .values(key=key, begins_at=now, taken=1)
        .on_conflict_do_update(
            index_elements=["key"],
            set_={
                "taken": case((is_over, 1), else_=taken + 1),
                "begins_at": case((is_over, now), else_=begins_at),
            },
            where=or_(is_over, taken < most),
        )
        .returning(taken)
    )
    return session.execute(statement).first() is not None
