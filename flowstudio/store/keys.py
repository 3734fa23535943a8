"""API keys."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from flowstudio.store.tables.keys import ApiKeyRow


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """An API key without the key.

    Attributes:
        revoked_at: when it ends or ended; may lie ahead while a rotated key overlaps the next.
    """

    id: str
    user_id: str
    project_id: str | None
    name: str
    hash: str = field(repr=False)
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    def is_over(self, now: datetime) -> bool:
        """Whether it lets nobody in any more."""
        ends = (self.expires_at, self.revoked_at)
        return any(end is not None and end <= now for end in ends)


def add_key(session: Session, *, scopes: frozenset[str], **values: Any) -> KeyRecord:
    """Keep a key, from the columns of `ApiKeyRow`."""
    row = ApiKeyRow(scopes=" ".join(sorted(scopes)), **values)
    session.add(row)
    session.flush()
    return _record(row)


def find_key(session: Session, key_id: str) -> KeyRecord | None:
    """A key, or None."""
    row = session.get(ApiKeyRow, key_id)
    return _record(row) if row is not None else None


def list_keys(
    session: Session, user_id: str, *, limit: int, after: tuple[datetime, str] | None = None
) -> list[KeyRecord]:
    """A person's keys, the newest first; `after` is time and id of the last one seen."""
    query = select(ApiKeyRow).where(ApiKeyRow.user_id == user_id)
    if after is not None:
        at, key_id = after
        created, ids = col(ApiKeyRow.created_at), col(ApiKeyRow.id)
        query = query.where((created < at) | ((created == at) & (ids < key_id)))
    ordered = query.order_by(col(ApiKeyRow.created_at).desc(), col(ApiKeyRow.id).desc())
    return [_record(row) for row in session.exec(ordered.limit(limit))]


def end_key(session: Session, key_id: str, at: datetime) -> KeyRecord:
    """Let a key end at that moment."""
    row = session.get_one(ApiKeyRow, key_id)
    row.revoked_at = at
    session.add(row)
    session.flush()
    return _record(row)


def mark_used(session: Session, key_id: str, now: datetime) -> None:
    """Note that a key was used."""
    session.execute(update(ApiKeyRow).where(col(ApiKeyRow.id) == key_id).values(last_used_at=now))


def _record(row: ApiKeyRow) -> KeyRecord:
    return KeyRecord(
        id=row.id,
        user_id=row.user_id,
        project_id=row.project_id,
        name=row.name,
        hash=row.hash,
        scopes=frozenset(row.scopes.split()),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
