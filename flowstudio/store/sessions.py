"""Sign-ins, their refresh tokens, and who is behind them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, select, update
from sqlmodel import Session, col

from flowstudio.store.tables.projects import MemberRow
from flowstudio.store.tables.sessions import RefreshTokenRow, SessionRow
from flowstudio.store.tables.users import UserRow


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A sign-in on one device.

    Attributes:
        authenticated_at: when the person last proved who they are.
        expires_at: the end that no refresh moves.
    """

    id: str
    user_id: str
    method: str
    user_agent: str
    address: str
    created_at: datetime
    authenticated_at: datetime
    refreshed_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class RefreshRecord:
    """A refresh token."""

    session_id: str
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is behind a session, as far as a question of access needs it."""

    id: str
    email: str
    role: str
    version: int
    authenticated_at: datetime
    refreshed_at: datetime


def add_session(session: Session, record: SessionRecord) -> None:
    """Begin a sign-in."""
    session.add(SessionRow(**asdict(record)))
    session.flush()


def find_session(session: Session, session_id: str) -> SessionRecord | None:
    """A sign-in, or None."""
    row = session.get(SessionRow, session_id)
    return _record(row) if row is not None else None


# Every request asks these two: made once, they cost half.
_SIGNED_IN = (
    select(
        col(UserRow.id),
        col(UserRow.email),
        col(UserRow.role),
        col(UserRow.version),
        col(SessionRow.authenticated_at),
        col(SessionRow.refreshed_at),
    )
    .join(SessionRow, col(SessionRow.user_id) == col(UserRow.id))
    .where(
        col(SessionRow.id) == bindparam("session_id"),
        col(SessionRow.revoked_at).is_(None),
        col(SessionRow.expires_at) > bindparam("now"),
        col(UserRow.is_active),
    )
)
_ROLES = select(col(MemberRow.project_id), col(MemberRow.role)).where(
    col(MemberRow.user_id) == bindparam("user_id")
)


def find_signed_in(session: Session, session_id: str, now: datetime) -> SignedIn | None:
    """The active person behind a sign-in that was neither ended nor is over, or None."""
    row = session.execute(_SIGNED_IN, {"session_id": session_id, "now": now}).first()
    return SignedIn(*row) if row is not None else None


def find_roles(session: Session, user_id: str) -> Mapping[str, str]:
    """A person's role by project."""
    rows = session.execute(_ROLES, {"user_id": user_id})
    return {row.project_id: row.role for row in rows}


def list_sessions(
    session: Session, user_id: str, *, now: datetime, idle_since: datetime
) -> list[SessionRecord]:
    """A person's sign-ins that can still be used, the latest used first."""
    rows = session.scalars(
        select(SessionRow)
        .where(
            col(SessionRow.user_id) == user_id,
            col(SessionRow.revoked_at).is_(None),
            col(SessionRow.expires_at) > now,
            col(SessionRow.refreshed_at) > idle_since,
        )
        .order_by(col(SessionRow.refreshed_at).desc(), col(SessionRow.id).desc())
    )
    return [_record(row) for row in rows]


def revoke_session(session: Session, session_id: str, now: datetime) -> None:
    """End one sign-in."""
    session.execute(
        update(SessionRow)
        .where(col(SessionRow.id) == session_id, col(SessionRow.revoked_at).is_(None))
        .values(revoked_at=now)
    )


def revoke_sessions(session: Session, user_id: str, now: datetime, besides: str = "") -> int:
    """End a person's sign-ins, all but one if it is named; gives how many it ended."""
    done = session.execute(
        update(SessionRow)
        .where(
            col(SessionRow.user_id) == user_id,
            col(SessionRow.revoked_at).is_(None),
            col(SessionRow.id) != besides,
        )
        .values(revoked_at=now)
        .returning(col(SessionRow.id))
    )
    return len(done.all())


def mark_proved(session: Session, session_id: str, now: datetime) -> None:
    """Remember that the person has just proved who they are."""
    session.execute(
        update(SessionRow).where(col(SessionRow.id) == session_id).values(authenticated_at=now)
    )


def mark_refreshed(session: Session, session_id: str, user_id: str, now: datetime) -> None:
    """Remember that a sign-in is in use, and so its person."""
    session.execute(
        update(SessionRow).where(col(SessionRow.id) == session_id).values(refreshed_at=now)
    )
    session.execute(update(UserRow).where(col(UserRow.id) == user_id).values(last_seen_at=now))


def remove_ended_sessions(session: Session, user_id: str, before: datetime) -> None:
    """Forget a person's sign-ins that ended before a moment."""
    session.execute(
        delete(SessionRow).where(
            col(SessionRow.user_id) == user_id,
            (col(SessionRow.revoked_at) < before) | (col(SessionRow.expires_at) < before),
        )
    )


def add_refresh_token(
    session: Session, token_hash: str, session_id: str, *, now: datetime, expires_at: datetime
) -> None:
    """Keep a refresh token by its hash, and forget those of its session that are over."""
    session.execute(
        delete(RefreshTokenRow).where(
            col(RefreshTokenRow.session_id) == session_id, col(RefreshTokenRow.expires_at) < now
        )
    )
    session.add(
        RefreshTokenRow(
            hash=token_hash, session_id=session_id, issued_at=now, expires_at=expires_at
        )
    )
    session.flush()


def find_refresh_token(session: Session, token_hash: str) -> RefreshRecord | None:
    """A refresh token, or None."""
    row = session.get(RefreshTokenRow, token_hash)
    return RefreshRecord(row.session_id, row.expires_at, row.used_at) if row is not None else None


def use_refresh_token(session: Session, token_hash: str, now: datetime) -> bool:
    """Use a refresh token up; False if somebody was faster."""
    done = session.execute(
        update(RefreshTokenRow)
        .where(col(RefreshTokenRow.hash) == token_hash, col(RefreshTokenRow.used_at).is_(None))
        .values(used_at=now)
        .returning(col(RefreshTokenRow.hash))
    )
    return done.first() is not None


def use_refresh_tokens(session: Session, session_id: str, now: datetime) -> None:
    """Use up every refresh token of a sign-in."""
    session.execute(
        update(RefreshTokenRow)
        .where(
            col(RefreshTokenRow.session_id) == session_id, col(RefreshTokenRow.used_at).is_(None)
        )
        .values(used_at=now)
    )


def _record(row: SessionRow) -> SessionRecord:
    return SessionRecord(
        id=row.id,
        user_id=row.user_id,
        method=row.method,
        user_agent=row.user_agent,
        address=row.address,
        created_at=row.created_at,
        authenticated_at=row.authenticated_at,
        refreshed_at=row.refreshed_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
