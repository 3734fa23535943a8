"""Who belongs to which project."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from flowstudio.store.tables.projects import MemberRow
from flowstudio.store.tables.users import UserRow


@dataclass(frozen=True, slots=True)
class MemberRecord:
    """A person's place in a project."""

    project_id: str
    user_id: str
    name: str
    email: str
    role: str
    joined_at: datetime


def find_member(session: Session, project_id: str, user_id: str) -> MemberRecord | None:
    """A person's place in a project, or None."""
    row = session.execute(
        _all().where(col(MemberRow.project_id) == project_id, col(MemberRow.user_id) == user_id)
    ).first()
    return MemberRecord(*row) if row is not None else None


def list_members(
    session: Session, project_id: str, *, limit: int, after: str | None = None
) -> list[MemberRecord]:
    """A project's members, in the order of their ids."""
    query = _all().where(col(MemberRow.project_id) == project_id)
    if after is not None:
        query = query.where(col(MemberRow.user_id) > after)
    rows = session.execute(query.order_by(col(MemberRow.user_id)).limit(limit))
    return [MemberRecord(*row) for row in rows]


def put_member(session: Session, project_id: str, user_id: str, role: str, now: datetime) -> None:
    """Give a person a place in a project, or another role there."""
    row = session.get(MemberRow, (project_id, user_id))
    if row is None:
        row = MemberRow(project_id=project_id, user_id=user_id, role=role, joined_at=now)
    row.role = role
    session.add(row)
    session.flush()


def remove_member(session: Session, project_id: str, user_id: str) -> None:
    """Take a person's place in a project away."""
    session.execute(
        delete(MemberRow).where(
            col(MemberRow.project_id) == project_id, col(MemberRow.user_id) == user_id
        )
    )


def count_owners(session: Session, project_id: str) -> int:
    """How many active people own a project."""
    query = (
        select(func.count())
        .select_from(MemberRow)
        .join(UserRow, col(UserRow.id) == col(MemberRow.user_id))
        .where(
            col(MemberRow.project_id) == project_id,
            col(MemberRow.role) == "owner",
            col(UserRow.is_active),
            col(UserRow.role) != "guest",
        )
    )
    return int(session.execute(query).scalar_one())


def _all() -> Any:
    return select(
        col(MemberRow.project_id),
        col(MemberRow.user_id),
        col(UserRow.name),
        col(UserRow.email),
        col(MemberRow.role),
        col(MemberRow.joined_at),
    ).join(UserRow, col(UserRow.id) == col(MemberRow.user_id))
