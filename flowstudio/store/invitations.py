"""Invitations to projects."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlmodel import Session, col

from flowstudio.graph.ids import new_id
from flowstudio.store.tables.projects import InvitationRow, ProjectRow
from flowstudio.store.tables.users import UserRow

Outcome = Literal["accepted", "declined", "withdrawn"]


@dataclass(frozen=True, slots=True)
class InvitationRecord:
    """An offer of a place in a project.

    Attributes:
        email: of the one person it is for; "" for a link.
        outcome: "" while it is open, though it may be too late to answer.
    """

    id: str
    project_id: str
    project_name: str
    email: str
    role: str
    invited_by: str
    created_at: datetime
    expires_at: datetime
    outcome: str


def add_invitation(session: Session, **values: Any) -> InvitationRecord:
    """Make one from the columns of `InvitationRow`."""
    row = InvitationRow(id=new_id(), **values)
    session.add(row)
    session.flush()
    found = find_invitation(session, row.id)
    assert found is not None  # noqa: S101 - it was made above
    return found


def find_invitation(session: Session, invitation_id: str) -> InvitationRecord | None:
    """An invitation by its id, or None."""
    row = session.execute(_all().where(col(InvitationRow.id) == invitation_id)).first()
    return InvitationRecord(*row) if row is not None else None


def find_by_hash(session: Session, digest: str) -> InvitationRecord | None:
    """The invitation whose secret has this fingerprint, or None."""
    row = session.execute(_all().where(col(InvitationRow.hash) == digest)).first()
    return InvitationRecord(*row) if row is not None else None


def list_open(
    session: Session, project_id: str, now: datetime, *, limit: int, after: str | None = None
) -> list[InvitationRecord]:
    """A project's invitations that can still be answered, the oldest first."""
    query = _all().where(
        col(InvitationRow.project_id) == project_id,
        col(InvitationRow.outcome) == "",
        col(InvitationRow.expires_at) > now,
    )
    if after is not None:
        query = query.where(col(InvitationRow.id) > after)
    rows = session.execute(query.order_by(col(InvitationRow.id)).limit(limit))
    return [InvitationRecord(*row) for row in rows]


def end_invitation(session: Session, invitation_id: str, outcome: Outcome, now: datetime) -> None:
    """Write down how an invitation ended."""
    row = session.get_one(InvitationRow, invitation_id)
    row.outcome, row.ended_at = outcome, now
    session.add(row)
    session.flush()


def _all() -> Any:
    return (
        select(
            col(InvitationRow.id),
            col(InvitationRow.project_id),
            col(ProjectRow.name),
            col(InvitationRow.email),
            col(InvitationRow.role),
            col(UserRow.name),
            col(InvitationRow.created_at),
            col(InvitationRow.expires_at),
            col(InvitationRow.outcome),
        )
        .join(ProjectRow, col(ProjectRow.id) == col(InvitationRow.project_id))
        .outerjoin(UserRow, col(UserRow.id) == col(InvitationRow.invited_by))
    )
