"""Workflows as their project keeps them."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, bindparam, delete, exists, func, select, update
from sqlmodel import Session, col

from flowstudio.graph.ids import new_id
from flowstudio.store.dialect import json_items
from flowstudio.store.tables.editing import VersionRow
from flowstudio.store.tables.workflows import WorkflowRow

Sort = Literal["name", "-name", "updated_at", "-updated_at", "created_at", "-created_at"]
#: In an order: the value it goes by, and the id that decides between equal ones.
Position = tuple[str | datetime, str]
#: Whether the published version says something else than the draft.
_IS_CHANGED = exists().where(
    col(VersionRow.workflow_id) == col(WorkflowRow.id),
    col(VersionRow.number) == col(WorkflowRow.published_version),
    col(VersionRow.revision) != col(WorkflowRow.revision),
    col(VersionRow.document) != col(WorkflowRow.document),
)
_COLUMNS: tuple[Any, ...] = (
    col(WorkflowRow.id),
    col(WorkflowRow.project_id),
    col(WorkflowRow.name),
    col(WorkflowRow.revision),
    col(WorkflowRow.created_by),
    col(WorkflowRow.created_at),
    col(WorkflowRow.updated_at),
    col(WorkflowRow.tags),
    col(WorkflowRow.folder),
    col(WorkflowRow.published_version),
    col(WorkflowRow.deleted_at),
    _IS_CHANGED,
)

_TAGS = 7


@dataclass(frozen=True, slots=True)
class WorkflowRecord:
    """A workflow without its document.

    Attributes:
        revision: grows with each change of the document.
        folder: such as `Support/Mail`, or "".
        published_version: number of the version that schedules, webhooks and forms run.
        deleted_at: since when it is in the trash.
        is_changed: what is published is not what the draft says.
    """

    id: str
    project_id: str
    name: str
    revision: int
    created_by: str | None
    created_at: datetime
    updated_at: datetime
    tags: tuple[str, ...] = ()
    folder: str = ""
    published_version: int | None = None
    deleted_at: datetime | None = None
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a list of workflows is limited to.

    Attributes:
        search: part of a name or tag.
        tags: that each of them has.
        folder: that they are in, or None for all; with `below`, in it or in one inside it.
        is_trash: those in the trash, and no others.
    """

    search: str = ""
    tags: tuple[str, ...] = ()
    folder: str | None = None
    below: bool = False
    is_trash: bool = False


@dataclass(frozen=True, slots=True)
class Labels:
    """How many workflows bear each tag, and stand in each folder itself."""

    tags: dict[str, int] = field(default_factory=dict)
    folders: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredWorkflow:
    """A workflow with its document, as canonical JSON."""

    record: WorkflowRecord
    body: bytes


def add_workflow(session: Session, *, body: bytes, **values: Any) -> WorkflowRecord:
    """Keep a new workflow, from the columns of `WorkflowRow`."""
    values["tags"] = json.dumps(list(values.get("tags", ())), ensure_ascii=False)
    row = WorkflowRow(id=new_id(), document=body, revision=1, **values)
    session.add(row)
    session.flush()
    return _get(session, row.id)


# Made once: building them would cost as much as the questions themselves.
_IS_IT = col(WorkflowRow.id) == bindparam("workflow_id")
_ONE = select(*_COLUMNS, col(WorkflowRow.document)).where(_IS_IT)
_HEAD = select(*_COLUMNS).where(_IS_IT)
_CHANGE = (
    update(WorkflowRow)
    .where(_IS_IT)
    .values(
        name=bindparam("new_name"),
        document=bindparam("body"),
        updated_at=bindparam("now"),
        revision=col(WorkflowRow.revision) + 1,
    )
)


def find_workflow(session: Session, workflow_id: str) -> StoredWorkflow | None:
    """A workflow, also one in the trash, or None."""
    row = session.execute(_ONE, {"workflow_id": workflow_id}).first()
    return _stored(row) if row is not None else None


def find_in_project(session: Session, project_id: str, reference: str) -> StoredWorkflow | None:
    """The project's workflow of that id, else the one latest changed of that name, or None."""
    row = session.execute(
        select(*_COLUMNS, col(WorkflowRow.document))
        .where(
            col(WorkflowRow.project_id) == project_id,
            col(WorkflowRow.deleted_at).is_(None),
            (col(WorkflowRow.id) == reference) | (col(WorkflowRow.name) == reference),
        )
        .order_by((col(WorkflowRow.id) == reference).desc(), col(WorkflowRow.updated_at).desc())
    ).first()
    return _stored(row) if row is not None else None


def list_workflows(
    session: Session,
    projects: tuple[str, ...],
    shelf: Shelf,
    *,
    sort: Sort = "-updated_at",
    limit: int,
    after: Position | None = None,
) -> list[WorkflowRecord]:
    """Workflows of these projects; `after` is the place of the last one seen, in the same order."""
    query = select(*_COLUMNS).where(*_on(shelf, projects), *_beyond(sort, after))
    return [_record(row) for row in session.execute(query.order_by(*_order(sort)).limit(limit))]


def list_bodies(session: Session, workflow_ids: tuple[str, ...]) -> dict[str, bytes]:
    """The documents of these workflows, by id."""
    query = select(col(WorkflowRow.id), col(WorkflowRow.document))
    rows = session.execute(query.where(col(WorkflowRow.id).in_(workflow_ids)))
    return {row[0]: row[1] for row in rows}


def count_labels(session: Session, project_id: str) -> Labels:
    """The tags and folders of a project's workflows."""
    labels = Labels()
    query = select(col(WorkflowRow.tags), col(WorkflowRow.folder))
    for tags, folder in session.execute(query.where(*_on(Shelf(), (project_id,)))):
        labels.folders[folder] = labels.folders.get(folder, 0) + 1
        for tag in json.loads(tags):
            labels.tags[tag] = labels.tags.get(tag, 0) + 1
    return labels


def change_workflow(
    session: Session, workflow_id: str, *, name: str, body: bytes, now: datetime
) -> WorkflowRecord:
    """Replace a workflow's document."""
    values = {"workflow_id": workflow_id, "new_name": name, "body": body, "now": now}
    session.execute(_CHANGE, values, execution_options={"synchronize_session": False})
    return _get(session, workflow_id)


def label_workflow(session: Session, workflow_id: str, **values: Any) -> WorkflowRecord:
    """Change what stands around a document: `tags`, `folder`, `published_version`, `deleted_at`."""
    if "tags" in values:
        values["tags"] = json.dumps(list(values["tags"]), ensure_ascii=False)
    row = session.get_one(WorkflowRow, workflow_id)
    for name, value in values.items():
        setattr(row, name, value)
    session.add(row)
    session.flush()
    return _get(session, workflow_id)


def move_folder(session: Session, project_id: str, before: str, after: str) -> int:
    """Give a folder of a project and those inside it another path; gives how many workflows moved."""
    query = select(WorkflowRow).where(
        col(WorkflowRow.project_id) == project_id, _in_folder(before, below=True)
    )
    rows = session.execute(query).scalars().all()
    for row in rows:
        row.folder = f"{after}{row.folder[len(before) :]}".strip("/")
        session.add(row)
    return len(rows)


def remove_workflow(session: Session, workflow_id: str) -> None:
    """Remove a workflow; its runs keep the documents they ran."""
    session.execute(delete(WorkflowRow).where(col(WorkflowRow.id) == workflow_id))


def list_trashed(session: Session, before: datetime) -> list[WorkflowRecord]:
    """Workflows that went into the trash before that moment."""
    query = select(*_COLUMNS).where(col(WorkflowRow.deleted_at) < before)
    return [_record(row) for row in session.execute(query.limit(200))]


def _on(shelf: Shelf, projects: tuple[str, ...]) -> list[ColumnElement[bool]]:
    deleted_at = col(WorkflowRow.deleted_at)
    found: list[ColumnElement[bool]] = [
        col(WorkflowRow.project_id).in_(projects),
        deleted_at.is_not(None) if shelf.is_trash else deleted_at.is_(None),
    ]
    if shelf.search:
        in_name = col(WorkflowRow.name).icontains(shelf.search, autoescape=True)
        tag = json_items(col(WorkflowRow.tags)).table_valued("value")
        found.append(in_name | exists().where(tag.c.value.icontains(shelf.search, autoescape=True)))
    for wanted in shelf.tags:
        tag = json_items(col(WorkflowRow.tags)).table_valued("value")
        found.append(exists().where(func.lower(tag.c.value) == func.lower(wanted)))
    if shelf.folder is not None:
        found.append(_in_folder(shelf.folder, below=shelf.below))
    return found


def _in_folder(path: str, *, below: bool) -> ColumnElement[bool]:
    folder = col(WorkflowRow.folder)
    if not below:
        return folder == path
    if not path:
        return folder.is_not(None)
    return (folder == path) | folder.startswith(f"{path}/", autoescape=True)


def _sorted_by(sort: Sort) -> Any:
    name = sort.removeprefix("-")
    column = col(getattr(WorkflowRow, name))
    # As people read a list: capitals beside their small letters.
    return func.lower(column) if name == "name" else column


def _order(sort: Sort) -> tuple[Any, Any]:
    column, ids = _sorted_by(sort), col(WorkflowRow.id)
    return (column.desc(), ids.desc()) if sort.startswith("-") else (column, ids)


def _beyond(sort: Sort, after: Position | None) -> list[ColumnElement[bool]]:
    if after is None:
        return []
    (value, last_id), column, ids = after, _sorted_by(sort), col(WorkflowRow.id)
    at = func.lower(value) if isinstance(value, str) else value
    if sort.startswith("-"):
        return [(column < at) | ((column == at) & (ids < last_id))]
    return [(column > at) | ((column == at) & (ids > last_id))]


def _get(session: Session, workflow_id: str) -> WorkflowRecord:
    return _record(session.execute(_HEAD, {"workflow_id": workflow_id}).one())


def _stored(row: Any) -> StoredWorkflow:
    return StoredWorkflow(_record(row[:-1]), row[-1])


def _record(row: Any) -> WorkflowRecord:
    values = list(row)
    values[_TAGS] = tuple(json.loads(values[_TAGS]))
    return WorkflowRecord(*values)
