"""People, and the secrets sent to them by mail."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, update
from sqlmodel import Session, col, select

from flowstudio.errors import NotFoundError
from flowstudio.graph.ids import new_id
from flowstudio.store.tables.keys import ApiKeyRow
from flowstudio.store.tables.users import IdentityRow, MailTokenRow, UserRow

ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A person."""

    id: str
    email: str
    name: str
    role: str
    password_hash: str | None = field(repr=False)
    email_verified_at: datetime | None
    is_active: bool
    version: int
    created_at: datetime
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class MailToken:
    """A secret sent by mail.

    Attributes:
        email: the address it went to, which it proves.
    """

    purpose: str
    user_id: str
    email: str
    expires_at: datetime


def add_user(session: Session, **values: Any) -> UserRecord:
    """Make a person from the columns of `UserRow`; their address must be free."""
    row = UserRow(id=new_id(), **values)
    session.add(row)
    session.flush()
    return _record(row)


def find_user(session: Session, user_id: str) -> UserRecord | None:
    """A person, or None."""
    row = session.get(UserRow, user_id)
    return _record(row) if row is not None else None


def get_user(session: Session, user_id: str) -> UserRecord:
    """A person.

    Raises:
        NotFoundError: there is none.
    """
    record = find_user(session, user_id)
    if record is None:
        message = "There is no such user."
        raise NotFoundError(message)
    return record


def find_user_by_email(session: Session, email: str) -> UserRecord | None:
    """The person with that address, in lower case, or None."""
    row = session.exec(select(UserRow).where(UserRow.email == email)).first()
    return _record(row) if row is not None else None


def change_user(session: Session, user_id: str, **values: Any) -> UserRecord:
    """Set columns of a person."""
    row = session.get_one(UserRow, user_id)
    for name, value in values.items():
        setattr(row, name, value)
    session.add(row)
    session.flush()
    return _record(row)


def remove_user(session: Session, user_id: str) -> None:
    """Remove a person, and with them what the schema says belongs to them."""
    session.execute(delete(UserRow).where(col(UserRow.id) == user_id))


def has_admin(session: Session) -> bool:
    """Whether anybody is an admin."""
    return session.exec(select(UserRow.id).where(UserRow.role == ADMIN)).first() is not None


def count_other_admins(session: Session, user_id: str) -> int:
    """How many active admins there are besides one person."""
    query = select(func.count()).select_from(UserRow)
    return session.exec(
        query.where(UserRow.role == ADMIN, col(UserRow.is_active), UserRow.id != user_id)
    ).one()


def list_users(
    session: Session, *, limit: int, after: str | None = None, search: str = "", role: str = ""
) -> list[UserRecord]:
    """People in the order they came; `search` is part of a name or address."""
    wheres: list[ColumnElement[bool]] = []
    if after is not None:
        wheres.append(col(UserRow.id) > after)
    if search:
        wheres.append(
            or_(
                col(UserRow.email).contains(search.lower(), autoescape=True),
                col(UserRow.name).icontains(search, autoescape=True),
            )
        )
    if role:
        wheres.append(col(UserRow.role) == role)
    rows = session.exec(select(UserRow).where(*wheres).order_by(col(UserRow.id)).limit(limit))
    return [_record(row) for row in rows]


def remove_ways_in(session: Session, user_id: str) -> None:
    """Remove a person's API keys and linked accounts, whoever made them."""
    session.execute(delete(ApiKeyRow).where(col(ApiKeyRow.user_id) == user_id))
    session.execute(delete(IdentityRow).where(col(IdentityRow.user_id) == user_id))


def add_mail_token(session: Session, token_hash: str, token: MailToken, now: datetime) -> None:
    """Keep a secret by its hash; earlier ones of the person with the same purpose end."""
    session.execute(
        delete(MailTokenRow).where(
            or_(
                (col(MailTokenRow.user_id) == token.user_id)
                & (col(MailTokenRow.purpose) == token.purpose),
                col(MailTokenRow.expires_at) < now,
            )
        )
    )
    session.add(
        MailTokenRow(
            hash=token_hash,
            purpose=token.purpose,
            user_id=token.user_id,
            email=token.email,
            created_at=now,
            expires_at=token.expires_at,
        )
    )
    session.flush()


def find_mail_token(
    session: Session, token_hash: str, purpose: str, now: datetime
) -> MailToken | None:
    """What a secret is for, or None if it is unknown, used or too old."""
    row = session.get(MailTokenRow, token_hash)
    if row is None or row.purpose != purpose or row.used_at is not None or row.expires_at <= now:
        return None
    return MailToken(row.purpose, row.user_id, row.email, row.expires_at)


def use_mail_token(session: Session, token_hash: str, now: datetime) -> None:
    """Use a secret up."""
    session.execute(
        update(MailTokenRow).where(col(MailTokenRow.hash) == token_hash).values(used_at=now)
    )


def end_mail_tokens(session: Session, user_id: str) -> None:
    """Make every secret sent to a person worthless."""
    session.execute(delete(MailTokenRow).where(col(MailTokenRow.user_id) == user_id))


def _record(row: UserRow) -> UserRecord:
    return UserRecord(
        id=row.id,
        email=row.email,
        name=row.name,
        role=row.role,
        password_hash=row.password_hash,
        email_verified_at=row.email_verified_at,
        is_active=row.is_active,
        version=row.version,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
    )
