"""What one person was told, and what they have done about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import delete, func, select, update
from sqlmodel import Session, col

from flowstudio.store.metrics import UNFINISHED
from flowstudio.store.notice_types import NoticeType, Priority
from flowstudio.store.tables.notifications import NotificationRow, QuestionRow
from flowstudio.store.tables.projects import ProjectRow
from flowstudio.store.tables.runs import RunRow
from flowstudio.store.tables.workflows import WorkflowRow

Show = Literal["inbox", "unread", "archived"]


@dataclass(frozen=True, slots=True)
class NotificationRecord:
    """One thing a person was told.

    Attributes:
        link: a path within this site, or "".
        path, seq: of the step that waits for an answer, and of its event.
        workflow, project: their names now, or "" when they are gone.
        answered_by, answered_at: who has answered what it asks, and when.
        run_goes_on: whether the run it is about has not ended.
    """

    id: str
    user_id: str
    type: NoticeType
    priority: Priority
    title: str
    body: str
    link: str
    project_id: str
    workflow_id: str
    run_id: str
    path: str
    seq: int
    created_at: datetime
    read_at: datetime | None
    archived_at: datetime | None
    project: str = ""
    workflow: str = ""
    answered_by: str = ""
    answered_at: datetime | None = None
    run_goes_on: bool = False

    @property
    def is_read(self) -> bool:
        """Whether the person has seen it."""
        return self.read_at is not None

    @property
    def is_archived(self) -> bool:
        """Whether the person has put it away."""
        return self.archived_at is not None


@dataclass(frozen=True, slots=True)
class NotificationQuery:
    """Which to list; what is empty does not count."""

    show: Show = "inbox"
    types: Sequence[str] = ()
    workflow_id: str = ""


_OWN = (
    "id", "user_id", "type", "priority", "title", "body", "link", "project_id", "workflow_id",
    "run_id", "path", "seq", "created_at", "read_at", "archived_at",
)  # fmt: skip


def list_notifications(
    session: Session,
    user_id: str,
    query: NotificationQuery,
    *,
    limit: int,
    after: str | None = None,
) -> list[NotificationRecord]:
    """A person's, the latest first."""
    wanted = _all().where(col(NotificationRow.user_id) == user_id, col(NotificationRow.is_shown))
    is_archived = query.show == "archived"
    archived = col(NotificationRow.archived_at)
    wanted = wanted.where(archived.is_not(None) if is_archived else archived.is_(None))
    if query.show == "unread":
        wanted = wanted.where(col(NotificationRow.read_at).is_(None))
    if query.types:
        wanted = wanted.where(col(NotificationRow.type).in_(list(query.types)))
    if query.workflow_id:
        wanted = wanted.where(col(NotificationRow.workflow_id) == query.workflow_id)
    if after is not None:
        wanted = wanted.where(col(NotificationRow.id) < after)
    rows = session.execute(wanted.order_by(col(NotificationRow.id).desc()).limit(limit))
    return [NotificationRecord(*row) for row in rows]


def find_notification(session: Session, notification_id: str) -> NotificationRecord | None:
    """One, whoever was told, or None."""
    row = session.execute(_all().where(col(NotificationRow.id) == notification_id)).first()
    return NotificationRecord(*row) if row is not None else None


def count_unread(session: Session, user_id: str, most: int) -> int:
    """How many a person has not seen yet; counting ends at `most`."""
    unread = (
        select(col(NotificationRow.id))
        .where(
            col(NotificationRow.user_id) == user_id,
            col(NotificationRow.is_shown),
            col(NotificationRow.read_at).is_(None),
            col(NotificationRow.archived_at).is_(None),
        )
        .limit(most)
        .subquery()
    )
    return int(session.execute(select(func.count()).select_from(unread)).scalar_one())


def mark(session: Session, user_id: str, ids: Sequence[str], **moments: datetime | None) -> int:
    """Set `read_at` or `archived_at` of some of a person's own; gives how many there were."""
    changed: Any = session.execute(
        update(NotificationRow)
        .where(col(NotificationRow.user_id) == user_id, col(NotificationRow.id).in_(list(ids)))
        .values(**moments)
    )
    return int(changed.rowcount)


def mark_all_read(session: Session, user_id: str, at: datetime) -> int:
    """Mark whatever a person has not seen as read; gives how many that were."""
    changed: Any = session.execute(
        update(NotificationRow)
        .where(col(NotificationRow.user_id) == user_id, col(NotificationRow.read_at).is_(None))
        .values(read_at=at)
    )
    return int(changed.rowcount)


def archive_read(session: Session, user_id: str, at: datetime) -> int:
    """Put away whatever a person has seen in their inbox; gives how many that were."""
    changed: Any = session.execute(
        update(NotificationRow)
        .where(
            col(NotificationRow.user_id) == user_id,
            col(NotificationRow.is_shown),
            col(NotificationRow.read_at).is_not(None),
            col(NotificationRow.archived_at).is_(None),
        )
        .values(archived_at=at)
    )
    return int(changed.rowcount)


def remove_older(session: Session, before: datetime, limit: int, *, unread_before: datetime) -> int:
    """Remove some of those read and told before a moment, or told before another; gives how many."""
    told = col(NotificationRow.created_at)
    is_over = (told < before) & col(NotificationRow.read_at).is_not(None)
    old = select(col(NotificationRow.id)).where(is_over | (told < unread_before)).limit(limit)
    gone: Any = session.execute(delete(NotificationRow).where(col(NotificationRow.id).in_(old)))
    return int(gone.rowcount)


def _all() -> Any:
    return (
        select(
            *(getattr(NotificationRow, name) for name in _OWN),
            func.coalesce(col(ProjectRow.name), ""),
            func.coalesce(col(WorkflowRow.name), ""),
            func.coalesce(col(QuestionRow.answered_by), ""),
            col(QuestionRow.answered_at),
            func.coalesce(col(RunRow.status), "").in_(UNFINISHED),
        )
        .outerjoin(RunRow, col(RunRow.id) == col(NotificationRow.run_id))
        .outerjoin(ProjectRow, col(ProjectRow.id) == col(NotificationRow.project_id))
        .outerjoin(WorkflowRow, col(WorkflowRow.id) == col(NotificationRow.workflow_id))
        .outerjoin(
            QuestionRow,
            (col(QuestionRow.run_id) == col(NotificationRow.run_id))
            & (col(QuestionRow.seq) == col(NotificationRow.seq)),
        )
    )
