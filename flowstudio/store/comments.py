"""Remarks on workflows and their nodes."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlmodel import Session, col

from flowstudio.graph.ids import new_id
from flowstudio.store.tables.editing import CommentRow
from flowstudio.store.tables.projects import MemberRow
from flowstudio.store.tables.users import UserRow


@dataclass(frozen=True, slots=True)
class CommentRecord:
    """One remark; `thread_id` is that of the first of its thread, None for a first one."""

    id: str
    workflow_id: str
    node_id: str
    thread_id: str | None
    author_id: str | None
    author: str
    text: str
    mentions: tuple[str, ...]
    resolved_by: str | None
    resolved_at: datetime | None
    created_at: datetime
    edited_at: datetime | None


def add_comment(session: Session, **values: Any) -> CommentRecord:
    """Keep a remark, from the columns of `CommentRow`; `mentions` are ids of people."""
    mentions = json.dumps(list(values.pop("mentions", ())))
    row = CommentRow(id=new_id(), mentions=mentions, **values)
    session.add(row)
    session.flush()
    return _told(session, row)


def find_comment(session: Session, workflow_id: str, comment_id: str) -> CommentRecord | None:
    """A remark on that workflow, or None."""
    row = session.get(CommentRow, comment_id)
    return _told(session, row) if row is not None and row.workflow_id == workflow_id else None


def list_comments(session: Session, workflow_id: str) -> list[CommentRecord]:
    """All remarks on a workflow, oldest first."""
    rows = session.execute(
        select(CommentRow, col(UserRow.name))
        .join(UserRow, col(UserRow.id) == col(CommentRow.author_id), isouter=True)
        .where(col(CommentRow.workflow_id) == workflow_id)
        .order_by(col(CommentRow.id))
    )
    return [_record(row, name) for row, name in rows]


def change_comment(session: Session, comment_id: str, **values: Any) -> CommentRecord:
    """Give columns of a remark other values."""
    row = session.get_one(CommentRow, comment_id)
    if "mentions" in values:
        values["mentions"] = json.dumps(list(values["mentions"]))
    for name, value in values.items():
        setattr(row, name, value)
    session.add(row)
    session.flush()
    return _told(session, row)


def remove_comment(session: Session, comment_id: str) -> None:
    """Remove a remark; of a first one, with its answers."""
    session.execute(delete(CommentRow).where(col(CommentRow.id) == comment_id))


def members_named(session: Session, project_id: str, names: Iterable[str]) -> dict[str, str]:
    """Ids of a project's members by those of these names they go by, in lower case."""
    wanted = {name.lower() for name in names}
    rows = session.execute(
        select(col(UserRow.id), col(UserRow.name), col(UserRow.email))
        .join(MemberRow, col(MemberRow.user_id) == col(UserRow.id))
        .where(col(MemberRow.project_id) == project_id)
    )
    found: dict[str, str] = {}
    for user_id, name, email in rows:
        for word in {name.lower().replace(" ", "_"), email.lower(), email.lower().split("@")[0]}:
            if word in wanted:
                found.setdefault(word, user_id)
    return found


def _told(session: Session, row: CommentRow) -> CommentRecord:
    author = session.get(UserRow, row.author_id) if row.author_id else None
    return _record(row, author.name if author is not None else None)


def _record(row: CommentRow, author: str | None) -> CommentRecord:
    return CommentRecord(
        id=row.id,
        workflow_id=row.workflow_id,
        node_id=row.node_id,
        thread_id=row.thread_id,
        author_id=row.author_id,
        author=author or "Somebody who left",
        text=row.text,
        mentions=tuple(json.loads(row.mentions)),
        resolved_by=row.resolved_by,
        resolved_at=row.resolved_at,
        created_at=row.created_at,
        edited_at=row.edited_at,
    )
