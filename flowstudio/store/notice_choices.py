"""How people want to be told: channels by type, quiet hours, a webhook, and what is muted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import delete, select
from sqlmodel import Session, col

from flowstudio.security.keyring import Sealed
from flowstudio.store.notice_types import TYPES, Channels, NoticeType
from flowstudio.store.quiet_hours import QuietHours
from flowstudio.store.tables.notifications import (
    ChannelChoiceRow,
    MuteRow,
    NotificationSettingRow,
)
from flowstudio.store.tables.workflows import WorkflowRow


@dataclass(frozen=True, slots=True)
class Mute:
    """What somebody does not want to hear of; an empty part stands for all.

    Attributes:
        workflow: its name now, or "".
    """

    workflow_id: str = ""
    type: str = ""
    workflow: str = ""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where somebody's notifications are posted, and the sealed secret that signs them."""

    url: str = ""
    secret: Sealed | None = field(default=None, repr=False)


def list_channels(session: Session, user_id: str) -> Mapping[NoticeType, Channels]:
    """By which channels a person is told, for every type."""
    rows = session.scalars(select(ChannelChoiceRow).where(col(ChannelChoiceRow.user_id) == user_id))
    chosen = {row.type: Channels(row.in_app, row.mail, row.webhook) for row in rows}  # type: ignore[arg-type]
    return {name: chosen.get(name, facts.usual) for name, facts in TYPES.items()}


def put_channels(session: Session, user_id: str, type_: NoticeType, channels: Channels) -> None:
    """Choose the channels of one type."""
    session.merge(
        ChannelChoiceRow(
            user_id=user_id,
            type=type_,
            in_app=channels.in_app,
            mail=channels.mail,
            webhook=channels.webhook,
        )
    )
    session.flush()


def find_quiet_hours(session: Session, user_id: str) -> QuietHours:
    """A person's quiet hours."""
    row = session.get(NotificationSettingRow, user_id)
    if row is None:
        return QuietHours()
    return QuietHours(row.quiet_from, row.quiet_until, row.zone)


def put_quiet_hours(session: Session, user_id: str, quiet: QuietHours) -> None:
    """Choose quiet hours."""
    row = _setting(session, user_id)
    row.quiet_from, row.quiet_until, row.zone = quiet.begins, quiet.ends, quiet.zone
    session.add(row)
    session.flush()


def find_webhook(session: Session, user_id: str) -> Webhook:
    """Where a person's notifications are posted."""
    row = session.get(NotificationSettingRow, user_id)
    if row is None or not row.webhook_url:
        return Webhook()
    sealed = None
    if row.webhook_secret is not None:
        sealed = Sealed(row.webhook_key_id, row.webhook_secret)
    return Webhook(row.webhook_url, sealed)


def put_webhook(session: Session, user_id: str, webhook: Webhook) -> None:
    """Choose where they are posted; an empty address ends it."""
    row = _setting(session, user_id)
    row.webhook_url = webhook.url
    row.webhook_key_id = webhook.secret.key_id if webhook.secret is not None else ""
    row.webhook_secret = webhook.secret.data if webhook.secret is not None else None
    session.add(row)
    session.flush()


def list_mutes(session: Session, user_id: str) -> list[Mute]:
    """What a person has muted."""
    rows = session.execute(
        select(col(MuteRow.workflow_id), col(MuteRow.type), col(WorkflowRow.name))
        .outerjoin(WorkflowRow, col(WorkflowRow.id) == col(MuteRow.workflow_id))
        .where(col(MuteRow.user_id) == user_id)
        .order_by(col(MuteRow.workflow_id), col(MuteRow.type))
    )
    return [Mute(workflow_id, type_, name or "") for workflow_id, type_, name in rows]


def put_mute(session: Session, user_id: str, mute: Mute) -> None:
    """Mute a workflow, a type, or a type of one workflow."""
    session.merge(MuteRow(user_id=user_id, workflow_id=mute.workflow_id, type=mute.type))
    session.flush()


def remove_mute(session: Session, user_id: str, mute: Mute) -> None:
    """Hear of it again."""
    session.execute(
        delete(MuteRow).where(
            col(MuteRow.user_id) == user_id,
            col(MuteRow.workflow_id) == mute.workflow_id,
            col(MuteRow.type) == mute.type,
        )
    )


def _setting(session: Session, user_id: str) -> NotificationSettingRow:
    found = session.get(NotificationSettingRow, user_id)
    return found or NotificationSettingRow(user_id=user_id)
