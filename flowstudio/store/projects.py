"""Projects."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from flowstudio.graph.ids import new_id
from flowstudio.store.tables.projects import MemberRow, ProjectRow
from flowstudio.store.tables.runs import RunRow

_UNFINISHED = ("queued", "running", "waiting", "paused")


@dataclass(frozen=True, slots=True)
class ProjectRecord:
    """A project."""

    id: str
    name: str
    created_at: datetime


def add_project(session: Session, *, name: str, owner_id: str, now: datetime) -> ProjectRecord:
    """Make a project with its first owner."""
    row = ProjectRow(id=new_id(), name=name, created_at=now)
    session.add(row)
    session.flush()
    session.add(MemberRow(project_id=row.id, user_id=owner_id, role="owner", joined_at=now))
    session.flush()
    return _record(row)


def find_project(session: Session, project_id: str) -> ProjectRecord | None:
    """A project, or None."""
    row = session.get(ProjectRow, project_id)
    return _record(row) if row is not None else None


def list_projects(
    session: Session, ids: Sequence[str], *, limit: int, after: str | None = None
) -> list[ProjectRecord]:
    """Those of the projects that there are, in the order they were made."""
    query = select(ProjectRow).where(col(ProjectRow.id).in_(ids))
    if after is not None:
        query = query.where(col(ProjectRow.id) > after)
    return [
        _record(row) for row in session.scalars(query.order_by(col(ProjectRow.id)).limit(limit))
    ]


def rename_project(session: Session, project_id: str, name: str) -> ProjectRecord:
    """Change a project's name."""
    row = session.get_one(ProjectRow, project_id)
    row.name = name
    session.add(row)
    session.flush()
    return _record(row)


def count_unfinished_runs(session: Session, project_id: str) -> int:
    """How many runs of a project have not ended."""
    query = select(func.count()).select_from(RunRow)
    query = query.where(col(RunRow.project_id) == project_id, col(RunRow.status).in_(_UNFINISHED))
    return int(session.execute(query).scalar_one())


def remove_project(session: Session, project_id: str) -> None:
    """Remove a project with everything in it, its runs and their journals included."""
    session.execute(delete(RunRow).where(col(RunRow.project_id) == project_id))
    session.execute(delete(ProjectRow).where(col(ProjectRow.id) == project_id))


def _record(row: ProjectRow) -> ProjectRecord:
    return ProjectRecord(row.id, row.name, row.created_at)
