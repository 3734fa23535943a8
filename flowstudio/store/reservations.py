"""What clients' `Idempotency-Key`s stand for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Session, col

from flowstudio.store.tables.keys import IdempotencyRow

_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reservation:
    """The run that a client's key stands for, and the hash of what was asked with it."""

    request_hash: str
    run_id: str


def find_reservation(session: Session, user_id: str, key: str, now: datetime) -> Reservation | None:
    """What the key stands for, or None; after a day it stands for nothing."""
    row = session.get(IdempotencyRow, (user_id, key))
    if row is None or row.created_at < now - _KEPT:
        return None
    return Reservation(row.request_hash, row.run_id)


def reserve(
    session: Session, user_id: str, key: str, wanted: Reservation, now: datetime
) -> Reservation:
    """What the key stands for already, else what is wanted, from now on."""
    session.execute(delete(IdempotencyRow).where(col(IdempotencyRow.created_at) < now - _KEPT))
    found = find_reservation(session, user_id, key, now)
    if found is not None:
        return found
    session.add(
        IdempotencyRow(
            user_id=user_id,
            key=key,
            request_hash=wanted.request_hash,
            run_id=wanted.run_id,
            created_at=now,
        )
    )
    session.flush()
    return wanted
