"""How a person wants to be told: channels by type, quiet hours, mutes, and a webhook of their own."""

import base64
import secrets
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time

from sqlmodel import Session

from flowstudio.errors import InvalidInputError, StepError, ThrottledError
from flowstudio.nodes.outgoing.urls import check_url
from flowstudio.services.access import Actor, Target, authorize
from flowstudio.services.sealing import Sealing, identity_of_notifications
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.workflow_access import allowed_in
from flowstudio.store import audit, deliveries, notices
from flowstudio.store import notice_choices as store
from flowstudio.store.deliveries import RETRIES, Channel
from flowstudio.store.notice_choices import Mute, Webhook
from flowstudio.store.notice_types import (
    OFFERED,
    TYPES,
    Channels,
    MailPace,
    NoticeType,
    SentType,
    TypeFacts,
)
from flowstudio.store.notices import Notice, People
from flowstudio.store.quiet_hours import QuietHours

__all__ = [
    "OFFERED",
    "TYPES",
    "Channels",
    "FailedDelivery",
    "MailPace",
    "Mute",
    "NoticeType",
    "NotificationSettingService",
    "QuietHours",
    "SentType",
    "TypeFacts",
]

_MOST_URL = 2_000
_MOST_MUTES = 500
_MOST_FAILURES = 5
_SECRET_BYTES = 32
#: How signing secrets begin (standardwebhooks.com).
SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix alone


@dataclass(frozen=True, slots=True)
class FailedDelivery:
    """A notification that did not arrive by one channel.

    Attributes:
        title: of the notification.
        at: of the last attempt.
        next_at: of the next attempt, or None when it was given up.
    """

    channel: Channel
    title: str
    at: datetime
    problem: str
    attempts: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Preferences:
    """Everything a person has chosen.

    Attributes:
        webhook_url: where notifications are posted, or "".
        failures: deliveries that failed since one last arrived by the same channel.
    """

    channels: Mapping[NoticeType, Channels]
    quiet: QuietHours
    mutes: list[Mute]
    webhook_url: str
    failures: list[FailedDelivery]


@dataclass(frozen=True, slots=True)
class MadeWebhook:
    """A webhook that was set up; its secret is shown this once."""

    url: str
    secret: str = field(repr=False)


class NotificationSettingService:
    """Use cases of one's own preferences."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        self._sealing = Sealing(parts)

    async def look(self, actor: Actor) -> Preferences:
        """What the actor has chosen, with what is usual for the rest."""
        authorize(actor, "notification.read", _own(actor))

        def work(session: Session) -> Preferences:
            return Preferences(
                store.list_channels(session, actor.id),
                store.find_quiet_hours(session, actor.id),
                store.list_mutes(session, actor.id),
                store.find_webhook(session, actor.id).url,
                _failures(session, actor.id),
            )

        return await self._parts.records.read(work)

    async def test(self, actor: Actor) -> None:
        """Tell the actor something by every channel there is, now, whatever they have chosen.

        Raises:
            ThrottledError: that was asked for within the same minute.
        """
        authorize(actor, "notification.edit", _own(actor))
        now = self._parts.clock.now()
        notice = Notice(
            type="system",
            to=People([actor.id]),
            key=f"test:{now:%Y-%m-%dT%H:%M}",
            title="A test notice",
            body="You asked for it among your preferences. It comes here, by mail, and by your "
            "webhook if you have one.",
            at=now,
            link="/account#notifications",
            channels=Channels(),
        )
        if not await self._parts.records.write(lambda session: notices.add(session, notice)):
            message = "A test notice was sent within this minute. Wait for the next one."
            raise ThrottledError(message, 60.0 - now.second)

    async def choose(self, actor: Actor, channels: Mapping[NoticeType, Channels]) -> None:
        """Choose the channels of some types."""
        authorize(actor, "notification.edit", _own(actor))

        def work(session: Session) -> None:
            for type_, chosen in channels.items():
                store.put_channels(session, actor.id, type_, chosen)

        await self._parts.records.write(work)

    async def keep_quiet(self, actor: Actor, quiet: QuietHours) -> None:
        """Choose quiet hours, or none.

        Raises:
            InvalidInputError: a time or the zone does not read.
        """
        authorize(actor, "notification.edit", _own(actor))
        if problems := _quiet_problems(quiet):
            raise InvalidInputError(problems)
        await self._parts.records.write(
            lambda session: store.put_quiet_hours(session, actor.id, quiet)
        )

    async def mute(self, actor: Actor, mute: Mute, *, is_muted: bool) -> None:
        """Hear no more, or again, of a workflow, a type, or a type of one workflow.

        Raises:
            NotFoundError: the actor cannot see that workflow.
            InvalidInputError: there is no such type, or nothing is named.
        """
        authorize(actor, "notification.edit", _own(actor))
        if mute.type and mute.type not in TYPES:
            raise InvalidInputError([f"type: There is no type {mute.type!r}."])
        if not mute.type and not mute.workflow_id:
            raise InvalidInputError(["Name a workflow, a type, or both."])

        def work(session: Session) -> None:
            if not is_muted:
                # Also of a workflow that the actor cannot see any more.
                store.remove_mute(session, actor.id, mute)
                return
            if mute.workflow_id:
                allowed_in(session, actor, "workflow.read", mute.workflow_id)
            if len(store.list_mutes(session, actor.id)) >= _MOST_MUTES:
                raise InvalidInputError([f"At most {_MOST_MUTES} things can be muted."])
            store.put_mute(session, actor.id, mute)

        await self._parts.records.write(work)

    async def set_webhook(self, actor: Actor, url: str) -> MadeWebhook:
        """Have notifications posted to an address, signed with a secret made now.

        Raises:
            InvalidInputError: the address is none that requests may go to.
        """
        authorize(actor, "notification.edit", _own(actor))
        if problem := _url_problem(url):
            raise InvalidInputError([f"url: {problem}"])
        plain = base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()

        def work(session: Session) -> None:
            sealed = self._sealing.seal(
                session, plain.encode(), identity_of_notifications(actor.id)
            )
            store.put_webhook(session, actor.id, Webhook(url, sealed))
            entry = self._parts.entry(actor, "notification.edit", _own(actor), webhook=True)
            audit.append(session, entry)

        await self._parts.records.write(work)
        return MadeWebhook(url, f"{SECRET_PREFIX}{plain}")

    async def remove_webhook(self, actor: Actor) -> None:
        """Post nothing any more."""
        authorize(actor, "notification.edit", _own(actor))

        def work(session: Session) -> None:
            store.put_webhook(session, actor.id, Webhook())
            entry = self._parts.entry(actor, "notification.edit", _own(actor), webhook=False)
            audit.append(session, entry)

        await self._parts.records.write(work)


def _own(actor: Actor) -> Target:
    return Target("notification", actor.id, user_id=actor.id)


def _failures(session: Session, user_id: str) -> list[FailedDelivery]:
    arrived = deliveries.find_last_sent(session, user_id)
    failures = [
        FailedDelivery(
            each.channel,
            each.title,
            each.ended_at or each.due_at - RETRIES[min(each.attempts, len(RETRIES)) - 1],
            each.problem,
            each.attempts,
            None if each.is_final else each.due_at,
        )
        for each in deliveries.list_troubles(session, user_id, _MOST_FAILURES)
    ]
    return [
        each for each in failures if each.channel not in arrived or each.at > arrived[each.channel]
    ]


def _url_problem(url: str) -> str:
    if len(url) > _MOST_URL:
        return f"At most {_MOST_URL:,} characters."
    try:
        check_url(url)
    except StepError as error:
        return str(error)
    return ""


def _quiet_problems(quiet: QuietHours) -> list[str]:
    problems = []
    if bool(quiet.begins) != bool(quiet.ends):
        problems.append("quiet: Give both times, or neither.")
    for name, text in (("from", quiet.begins), ("until", quiet.ends)):
        try:
            is_time = not text or time.fromisoformat(text).strftime("%H:%M") == text
        except ValueError:
            is_time = False
        if not is_time:
            problems.append(f"{name}: Give a time of day, such as 22:00.")
    if quiet.zone not in zoneinfo.available_timezones():
        problems.append("zone: Give a time zone, such as Europe/Berlin.")
    return problems
