"""Accounts at OAuth providers and the people they belong to."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from flowstudio.store.tables.users import IdentityRow


@dataclass(frozen=True, slots=True)
class IdentityRecord:
    """An account elsewhere by which a person signs in.

    Attributes:
        label: by which the person knows it: a login name or an e-mail address.
    """

    id: str
    user_id: str
    provider: str
    issuer: str
    subject: str
    label: str
    created_at: datetime
    last_used_at: datetime | None = None


def find(session: Session, issuer: str, subject: str) -> IdentityRecord | None:
    """The identity of an outside account; no e-mail is asked about."""
    query = select(IdentityRow).where(IdentityRow.issuer == issuer, IdentityRow.subject == subject)
    row = session.exec(query).first()
    return _record(row) if row else None


def find_by_id(session: Session, identity_id: str) -> IdentityRecord | None:
    """The identity, or None."""
    row = session.get(IdentityRow, identity_id)
    return _record(row) if row else None


def of_user(session: Session, user_id: str) -> list[IdentityRecord]:
    """A person's identities, oldest first."""
    query = select(IdentityRow).where(IdentityRow.user_id == user_id).order_by(col(IdentityRow.id))
    return [_record(row) for row in session.exec(query)]


def add(session: Session, record: IdentityRecord) -> None:
    """Link an outside account to a person."""
    session.add(
        IdentityRow(
            id=record.id,
            user_id=record.user_id,
            provider=record.provider,
            issuer=record.issuer,
            subject=record.subject,
            label=record.label,
            created_at=record.created_at,
            last_used_at=record.last_used_at,
        )
    )
    session.flush()


def mark_used(session: Session, identity_id: str, label: str, now: datetime) -> None:
    """Note that a person signed in by it, and what it is called now."""
    row = session.get(IdentityRow, identity_id)
    if row:
        row.label, row.last_used_at = label, now
        session.add(row)


def remove(session: Session, identity_id: str) -> None:
    """Unlink it."""
    row = session.get(IdentityRow, identity_id)
    if row:
        session.delete(row)
        session.flush()


def _record(row: IdentityRow) -> IdentityRecord:
    return IdentityRecord(
        id=row.id,
        user_id=row.user_id,
        provider=row.provider,
        issuer=row.issuer,
        subject=row.subject,
        label=row.label,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
    )
