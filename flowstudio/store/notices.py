"""Telling people: written in the transaction of what they are told of, and delivered after it.

What is done and what is told of it are committed together (a transactional outbox), so that neither
is ever without the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from flowstudio.graph.ids import new_id
from flowstudio.store.notice_types import TYPES, Channels, NoticeType, Priority
from flowstudio.store.quiet_hours import QuietHours, due_at
from flowstudio.store.tables.notifications import (
    ChannelChoiceRow,
    DeliveryRow,
    MuteRow,
    NotificationRow,
    NotificationSettingRow,
)
from flowstudio.store.tables.projects import MemberRow
from flowstudio.store.tables.users import UserRow

_MOST_TITLE = 200
_MOST_BODY = 2_000
_MOST_LINK = 500
#: Under this name a session remembers whom it has told, for `Records` to pass on once it is true.
TOLD = "told"


@dataclass(frozen=True, slots=True)
class People:
    """Those with these ids."""

    ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Members:
    """Those with one of these roles in the notice's project."""

    roles: Sequence[str] = ("editor", "owner")


@dataclass(frozen=True, slots=True)
class Admins:
    """Those who look after the installation."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing, and who is told of it.

    Attributes:
        key: names the thing; nobody is told twice of things with the same key.
        title: one line.
        body: some lines of plain text, or "".
        link: a path within this site, such as `/runs/<id>`, or "".
        besides: id of a person who is not told: who did it knows already.
        priority: None for the usual one of its type.
        is_mailed: a mail of its own says it already, so no other one is sent.
        channels: whatever people have chosen or muted.
        path, seq: of the step that waits for an answer, and of its event.
    """

    type: NoticeType
    to: People | Members | Admins
    key: str
    title: str
    at: datetime
    body: str = ""
    link: str = ""
    project_id: str = ""
    workflow_id: str = ""
    run_id: str = ""
    path: str = ""
    seq: int = 0
    besides: str = ""
    is_mailed: bool = False
    priority: Priority | None = None
    channels: Channels | None = None


def add(session: Session, notice: Notice) -> list[str]:
    """Tell people of something, inside a work that writes; gives the ids of those told now.

    Who has muted it, and who was told before, is left out. Everything else about it (lists, mail,
    webhooks, the page that is open) follows from the rows written here.
    """
    told = []
    for user_id in _recipients(session, notice):
        wanted = _wanted(session, user_id, notice)
        if wanted is not None and _note(session, user_id, notice, wanted):
            told.append(user_id)
    session.info.setdefault(TOLD, set()).update(told)
    return told


@dataclass(frozen=True, slots=True)
class _Wanted:
    channels: Channels
    quiet: QuietHours
    has_webhook: bool


def _recipients(session: Session, notice: Notice) -> list[str]:
    query = select(col(UserRow.id)).where(col(UserRow.is_active))
    if isinstance(notice.to, People):
        query = query.where(col(UserRow.id).in_(list(notice.to.ids)))
    elif isinstance(notice.to, Admins):
        query = query.where(col(UserRow.role) == "admin")
    else:
        query = query.join(MemberRow, col(MemberRow.user_id) == col(UserRow.id)).where(
            col(MemberRow.project_id) == notice.project_id,
            col(MemberRow.role).in_(list(notice.to.roles)),
        )
    found = session.execute(query.order_by(col(UserRow.id))).scalars()
    return [user_id for user_id in found if user_id != notice.besides]


def _wanted(session: Session, user_id: str, notice: Notice) -> _Wanted | None:
    """How a person wants to be told, or None when they do not."""
    setting = session.get(NotificationSettingRow, user_id)
    has_webhook = setting is not None and bool(setting.webhook_url)
    if notice.channels is not None:
        return _Wanted(notice.channels, QuietHours(), has_webhook)
    muted = select(col(MuteRow.user_id)).where(
        col(MuteRow.user_id) == user_id,
        col(MuteRow.workflow_id).in_({"", notice.workflow_id}),
        col(MuteRow.type).in_({"", notice.type}),
    )
    if session.execute(muted).first() is not None:
        return None
    choice = session.get(ChannelChoiceRow, (user_id, notice.type))
    channels = TYPES[notice.type].usual
    if choice is not None:
        channels = Channels(choice.in_app, choice.mail, choice.webhook)  # type: ignore[arg-type]
    quiet = QuietHours()
    if setting is not None:
        quiet = QuietHours(setting.quiet_from, setting.quiet_until, setting.zone)
    return _Wanted(channels, quiet, has_webhook)


def _note(session: Session, user_id: str, notice: Notice, wanted: _Wanted) -> bool:
    """Write down that a person is told; False when they were before."""
    priority = notice.priority or TYPES[notice.type].priority
    values = {
        "id": new_id(),
        "user_id": user_id,
        "type": notice.type,
        "priority": priority,
        "title": one_line(notice.title)[:_MOST_TITLE],
        "body": notice.body[:_MOST_BODY],
        "link": notice.link[:_MOST_LINK],
        "project_id": notice.project_id,
        "workflow_id": notice.workflow_id,
        "run_id": notice.run_id,
        "path": notice.path,
        "seq": notice.seq,
        "dedup_key": notice.key[:200],
        "is_shown": wanted.channels.in_app,
        "created_at": notice.at,
    }
    if not _insert_new(session, values):
        return False
    is_urgent = priority == "urgent"
    if wanted.channels.mail != "off" and not notice.is_mailed:
        due = due_at(wanted.channels.mail, wanted.quiet, notice.at, is_urgent=is_urgent)
        _deliver(session, values, "mail", due)
    if wanted.channels.webhook and wanted.has_webhook:
        due = due_at("now", wanted.quiet, notice.at, is_urgent=is_urgent)
        _deliver(session, values, "webhook", due)
    session.flush()
    return True


def _insert_new(session: Session, values: dict[str, Any]) -> bool:
    is_server = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert if is_server else sqlite.insert
    statement = (
        insert(NotificationRow)
        .values(**values)
        .on_conflict_do_nothing(index_elements=["user_id", "dedup_key"])
        .returning(col(NotificationRow.id))
    )
    return session.execute(statement).first() is not None


def _deliver(session: Session, values: dict[str, Any], channel: str, due: datetime) -> None:
    session.add(
        DeliveryRow(
            id=new_id(),
            notification_id=values["id"],
            user_id=values["user_id"],
            channel=channel,
            due_at=due,
        )
    )


def one_line(text: str) -> str:
    """The text without line ends and control characters, which have no place in a mail's head."""
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()
