"""Notifications as rows: what the bell and the inbox both show."""

from dataclasses import dataclass
from datetime import datetime

import reflex as rx

from flowstudio.services.notifications import MOST_COUNTED, NotificationRecord
from flowstudio.ui.widgets import words
from flowstudio.ui.widgets.icons import icon

_ICONS = {
    "run_failed": "circle-x",
    "run_waiting": "hourglass",
    "schedule_missed": "calendar-x",
    "budget_near": "gauge",
    "budget_reached": "octagon-x",
    "invitation": "user-plus",
    "mention": "at-sign",
    "comment": "message-square",
    "like": "heart",
    "fork": "git-fork",
    "review": "star",
    "purchase": "shopping-bag",
}
_TONES = {"run_failed": "fail", "budget_reached": "fail", "run_waiting": "wait"}


@dataclass(frozen=True, slots=True)
class ToldRow:
    """One notification.

    Attributes:
        tone: of its icon: fail, wait, stale or idle.
        meta: project, workflow and when, in one quiet line.
        href: where it leads; the inbox when nowhere else.
        asks: it waits for an answer that nobody has given yet.
    """

    id: str
    type: str
    tone: str
    title: str
    body: str
    meta: str
    href: str
    is_read: bool
    is_archived: bool
    is_urgent: bool
    asks: bool
    workflow_id: str
    workflow: str


def told_row(record: NotificationRecord, now: datetime) -> ToldRow:
    """A notification as a row."""
    parts = [record.project, words.since(record.created_at, now)]
    if record.answered_at is not None:
        parts.append(f"answered by {record.answered_by}")
    tone = _TONES.get(record.type, "stale" if record.priority in ("high", "urgent") else "idle")
    return ToldRow(
        id=record.id,
        type=record.type,
        tone=tone,
        title=record.title,
        body=record.body,
        meta=" · ".join(part for part in parts if part),
        href=record.link or "/notifications",
        is_read=record.is_read,
        is_archived=record.is_archived,
        is_urgent=record.priority == "urgent",
        asks=record.type == "run_waiting" and record.answered_at is None and record.run_goes_on,
        workflow_id=record.workflow_id if record.workflow else "",
        workflow=record.workflow,
    )


def unread_label(count: int) -> str:
    """What the bell says: a number, `99+`, or nothing."""
    return f"{MOST_COUNTED - 1}+" if count >= MOST_COUNTED else str(count or "")


def told_icon(row: ToldRow) -> rx.Component:
    """The icon of its type."""
    cases = [(name, icon(picture, 16)) for name, picture in _ICONS.items()]
    return rx.el.span(
        rx.match(row.type, *cases, icon("info", 16)),
        class_name="told-icon",
        custom_attrs={"data-tone": row.tone},
    )


def told_words(row: ToldRow) -> rx.Component:
    """Its title, some of its text, and where and when."""
    return rx.el.span(
        rx.el.span(
            rx.cond(row.is_read, rx.fragment(), rx.el.span("New: ", class_name="told-new")),
            row.title,
            rx.cond(row.is_urgent, rx.el.span("urgent", class_name="tag told-urgent")),
            class_name="told-title",
        ),
        rx.cond(row.body, rx.el.span(row.body, class_name="told-body")),
        rx.el.span(row.meta, class_name="meta"),
        class_name="told-words",
    )
