"""Documents of workflows that are kept: named ones, and checkpoints."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import Select, bindparam, delete, func, select
from sqlmodel import Session, col

from flowstudio.graph.ids import new_id
from flowstudio.store.tables.editing import ChangeRow, VersionRow
from flowstudio.store.tables.users import UserRow
from flowstudio.store.tables.workflows import WorkflowRow

Kind = Literal["named", "checkpoint"]
_COLUMNS: tuple[Any, ...] = (
    col(VersionRow.workflow_id),
    col(VersionRow.number),
    col(VersionRow.kind),
    col(VersionRow.name),
    col(VersionRow.note),
    col(VersionRow.revision),
    col(VersionRow.created_by),
    col(UserRow.name),
    col(VersionRow.created_at),
    col(WorkflowRow.published_version),
)
_NUMBER, _AUTHOR = 1, 7


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """A version without its document.

    Attributes:
        number: counts up within the workflow, and is never given twice.
        note: what changed, in a line.
        revision: of the workflow, whose document it is.
        author: name of whoever made it, or "" when nobody knows.
    """

    workflow_id: str
    number: int
    kind: Kind
    name: str
    note: str
    revision: int
    created_by: str | None
    author: str
    created_at: datetime
    is_published: bool


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version with its document, as canonical JSON."""

    record: VersionRecord
    body: bytes


def add_version(session: Session, *, body: bytes, **values: Any) -> VersionRecord:
    """Keep a version under the next number, from the columns of `VersionRow`."""
    workflow_id = values["workflow_id"]
    newest = select(func.max(col(VersionRow.number)))
    last = session.execute(newest.where(col(VersionRow.workflow_id) == workflow_id)).scalar_one()
    row = VersionRow(id=new_id(), number=(last or 0) + 1, document=body, **values)
    session.add(row)
    session.flush()
    return _get(session, workflow_id, row.number)


def find_version(session: Session, workflow_id: str, number: int) -> StoredVersion | None:
    """A version of a workflow, or None."""
    row = session.execute(_select(workflow_id, number, col(VersionRow.document))).first()
    return StoredVersion(_record(row[:-1]), row[-1]) if row is not None else None


def find_newest(session: Session, workflow_id: str) -> VersionRecord | None:
    """The version of a workflow that was made last, or None."""
    row = session.execute(_newest(), {"workflow_id": workflow_id}).first()
    return _record(row) if row is not None else None


def list_versions(
    session: Session,
    workflow_id: str,
    *,
    kind: Kind | None = None,
    limit: int,
    before: int | None = None,
) -> list[VersionRecord]:
    """Versions of a workflow, the newest first; `before` is the last number seen."""
    query = _all().where(col(VersionRow.workflow_id) == workflow_id)
    if kind is not None:
        query = query.where(col(VersionRow.kind) == kind)
    if before is not None:
        query = query.where(col(VersionRow.number) < before)
    rows = session.execute(query.order_by(col(VersionRow.number).desc()).limit(limit))
    return [_record(row) for row in rows]


def name_version(
    session: Session, workflow_id: str, number: int, *, name: str, note: str
) -> VersionRecord:
    """Give a version a name, by which it is kept for ever."""
    row = session.execute(
        select(VersionRow).where(
            col(VersionRow.workflow_id) == workflow_id, col(VersionRow.number) == number
        )
    ).scalar_one()
    row.kind, row.name, row.note = "named", name, note
    session.add(row)
    session.flush()
    return _get(session, workflow_id, number)


def prune_checkpoints(session: Session, workflow_id: str, keep: int) -> None:
    """Remove all checkpoints of a workflow but the newest ones."""
    mine = (col(VersionRow.workflow_id) == workflow_id, col(VersionRow.kind) == "checkpoint")
    kept = select(col(VersionRow.id)).where(*mine).order_by(col(VersionRow.number).desc())
    session.execute(
        delete(VersionRow).where(*mine, col(VersionRow.id).not_in(kept.limit(keep))),
        execution_options={"synchronize_session": False},
    )


def find_changer(session: Session, workflow_id: str, revision: int) -> str | None:
    """Id of the person whose change made a revision, if that is known."""
    query = select(col(ChangeRow.user_id)).where(
        col(ChangeRow.workflow_id) == workflow_id, col(ChangeRow.revision) == revision
    )
    return session.execute(query).scalar_one_or_none()


@lru_cache
def _newest() -> Select[Any]:
    # Each change of a workflow asks, and building it would cost as much as the question itself.
    query = _all().where(col(VersionRow.workflow_id) == bindparam("workflow_id"))
    return query.order_by(col(VersionRow.number).desc()).limit(1)


def _all() -> Select[Any]:
    return (
        select(*_COLUMNS)
        .join(WorkflowRow, col(WorkflowRow.id) == col(VersionRow.workflow_id))
        .outerjoin(UserRow, col(UserRow.id) == col(VersionRow.created_by))
    )


def _select(workflow_id: str, number: int, *more: Any) -> Select[Any]:
    return (
        _all()
        .add_columns(*more)
        .where(col(VersionRow.workflow_id) == workflow_id, col(VersionRow.number) == number)
    )


def _get(session: Session, workflow_id: str, number: int) -> VersionRecord:
    return _record(session.execute(_select(workflow_id, number)).one())


def _record(row: Any) -> VersionRecord:
    values = list(row)
    values[_AUTHOR] = values[_AUTHOR] or ""
    values[-1] = values[-1] == values[_NUMBER]
    return VersionRecord(*values)
