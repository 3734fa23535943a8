"""Workflows as their project keeps them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import delete, select
from sqlmodel import Session, col

from flowstudio.graph.ids import new_id
from flowstudio.store.tables.workflows import WorkflowRow

Sort = Literal["name", "-name", "updated_at", "-updated_at", "created_at", "-created_at"]
#: In an order: the value it goes by, and the id that decides between equal ones.
Position = tuple[str | datetime, str]
_COLUMNS = (
    col(WorkflowRow.id),
    col(WorkflowRow.project_id),
    col(WorkflowRow.name),
    col(WorkflowRow.revision),
    col(WorkflowRow.created_by),
    col(WorkflowRow.created_at),
    col(WorkflowRow.updated_at),
)


@dataclass(frozen=True, slots=True)
class WorkflowRecord:
    """A workflow without its document; `revision` grows with each change."""

    id: str
    project_id: str
    name: str
    revision: int
    created_by: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class StoredWorkflow:
    """A workflow with its document, as canonical JSON."""

    record: WorkflowRecord
    body: bytes


def add_workflow(session: Session, *, body: bytes, **values: Any) -> WorkflowRecord:
    """Keep a new workflow, from the columns of `WorkflowRow`."""
    row = WorkflowRow(id=new_id(), document=body, revision=1, **values)
    session.add(row)
    session.flush()
    return _record(row)


def find_workflow(session: Session, workflow_id: str) -> StoredWorkflow | None:
    """A workflow, or None."""
    row = session.execute(
        select(*_COLUMNS, col(WorkflowRow.document)).where(col(WorkflowRow.id) == workflow_id)
    ).first()
    return StoredWorkflow(WorkflowRecord(*row[:-1]), row[-1]) if row is not None else None


def find_in_project(session: Session, project_id: str, reference: str) -> StoredWorkflow | None:
    """The project's workflow of that id, else the one latest changed of that name, or None."""
    row = session.execute(
        select(*_COLUMNS, col(WorkflowRow.document))
        .where(
            col(WorkflowRow.project_id) == project_id,
            (col(WorkflowRow.id) == reference) | (col(WorkflowRow.name) == reference),
        )
        .order_by((col(WorkflowRow.id) == reference).desc(), col(WorkflowRow.updated_at).desc())
    ).first()
    return StoredWorkflow(WorkflowRecord(*row[:-1]), row[-1]) if row is not None else None


def list_workflows(
    session: Session,
    projects: tuple[str, ...],
    *,
    search: str = "",
    sort: Sort = "-updated_at",
    limit: int,
    after: Position | None = None,
) -> list[WorkflowRecord]:
    """Workflows of these projects; `after` is the place of the last one seen, in the same order."""
    name, descends = sort.removeprefix("-"), sort.startswith("-")
    column, ids = col(getattr(WorkflowRow, name)), col(WorkflowRow.id)
    query = select(*_COLUMNS).where(col(WorkflowRow.project_id).in_(projects))
    if search:
        query = query.where(col(WorkflowRow.name).icontains(search, autoescape=True))
    if after is not None:
        at, last_id = after
        beyond = (column < at) | ((column == at) & (ids < last_id))
        ahead = (column > at) | ((column == at) & (ids > last_id))
        query = query.where(beyond if descends else ahead)
    order = (column.desc(), ids.desc()) if descends else (column, ids)
    return [WorkflowRecord(*row) for row in session.execute(query.order_by(*order).limit(limit))]


def change_workflow(
    session: Session, workflow_id: str, *, name: str, body: bytes, now: datetime
) -> WorkflowRecord:
    """Replace a workflow's document."""
    row = session.get_one(WorkflowRow, workflow_id)
    row.name, row.document, row.updated_at = name, body, now
    row.revision += 1
    session.add(row)
    session.flush()
    return _record(row)


def remove_workflow(session: Session, workflow_id: str) -> None:
    """Remove a workflow; its runs keep the documents they ran."""
    session.execute(delete(WorkflowRow).where(col(WorkflowRow.id) == workflow_id))


def _record(row: WorkflowRow) -> WorkflowRecord:
    return WorkflowRecord(
        row.id,
        row.project_id,
        row.name,
        row.revision,
        row.created_by,
        row.created_at,
        row.updated_at,
    )
