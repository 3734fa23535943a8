"""What goes with a person who leaves."""

from dataclasses import dataclass

from sqlalchemy import ScalarSelect, func, select
from sqlmodel import Session, col

from flowstudio.store.tables.projects import MemberRow, ProjectRow
from flowstudio.store.tables.runs import RunRow

_GOING = ("queued", "running")


@dataclass(frozen=True, slots=True)
class OwnedProject:
    """A project that has one owner.

    Attributes:
        members: how many belong to it, with the owner.
    """

    id: str
    name: str
    members: int
    going_runs: int


def list_solely_owned(session: Session, user_id: str) -> list[OwnedProject]:
    """The projects whose only owner a person is."""
    mine = select(col(MemberRow.project_id)).where(
        col(MemberRow.user_id) == user_id, col(MemberRow.role) == "owner"
    )
    shared = select(col(MemberRow.project_id)).where(
        col(MemberRow.user_id) != user_id, col(MemberRow.role) == "owner"
    )
    rows = session.execute(
        select(col(ProjectRow.id), col(ProjectRow.name), _members(), _going())
        .where(col(ProjectRow.id).in_(mine), col(ProjectRow.id).not_in(shared))
        .order_by(col(ProjectRow.name))
    )
    return [OwnedProject(*row) for row in rows]


def _members() -> ScalarSelect[int]:
    return (
        select(func.count())
        .select_from(MemberRow)
        .where(col(MemberRow.project_id) == col(ProjectRow.id))
        .scalar_subquery()
    )


def _going() -> ScalarSelect[int]:
    return (
        select(func.count())
        .select_from(RunRow)
        .where(col(RunRow.project_id) == col(ProjectRow.id), col(RunRow.status).in_(_GOING))
        .scalar_subquery()
    )
