"""Brings notifications to people outside of the page: by mail and by webhook, and asks others in time.

What is to be delivered stands in the database, so a crash loses nothing; each delivery is claimed by
one process at a time, and what was sent twice after a crash carries the same id both times.
"""

import base64
import hashlib
import hmac
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import orjson
from sqlmodel import Session

from flowstudio.errors import FlowStudioError, StepError
from flowstudio.graph.ids import new_id
from flowstudio.nodes.outgoing.http import OutgoingHttp
from flowstudio.services.answer_links import AnswerLinkService
from flowstudio.services.letters import letter
from flowstudio.services.mail import MailService
from flowstudio.services.run_news import escalate, tell_news
from flowstudio.services.sealing import Sealing, identity_of_notifications
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.system_notices import tell_of_schema
from flowstudio.store import deliveries as store
from flowstudio.store import notice_choices, notifications, questions, users
from flowstudio.store.deliveries import RETRIES, DeliveryRecord
from flowstudio.store.notice_choices import Webhook
from flowstudio.store.stillness import Stillness

log = logging.getLogger(__name__)

_EVERY_S = 1.0
_DUE_EVERY_ROUNDS = 5
_ESCALATE_EVERY_ROUNDS = 5
_REMOVE_EVERY_ROUNDS = 3_600
_MOST_NEWS = 100
_MOST_DELIVERIES = 10
#: Longer than all of them together may take.
_LEASE = timedelta(minutes=10)
_WEBHOOK_S = 15.0
#: How long notifications are kept that were read, and that nobody has ever looked at.
_KEPT = timedelta(days=90)
_KEPT_UNREAD = timedelta(days=365)
_MOST_REMOVED = 500


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of an attempt; `is_final` failures are not tried again."""

    problem: str = ""
    is_final: bool = False


class DeliveryService:
    """The job that does it; it asks nobody's leave, since it acts on what was decided before."""

    def __init__(
        self,
        parts: StudioParts,
        mail: MailService,
        links: AnswerLinkService,
        http: Callable[[], OutgoingHttp] | None = None,
    ) -> None:
        self._parts = parts
        self._records = parts.records
        self._mail = mail
        self._links = links
        self._sealing = Sealing(parts)
        self._make_http = http or (lambda: OutgoingHttp(parts.settings))
        self._stillness = Stillness(parts.records.database)

    async def serve(self) -> None:
        """Until cancelled: tell of what happens in runs, and deliver what is due."""
        rounds, http = 0, self._make_http()
        try:
            while True:
                try:
                    if rounds == 0:
                        await tell_of_schema(self._parts)
                    await self._round(rounds, http)
                except FlowStudioError as error:
                    self._stillness.forget()
                    log.warning("Notifications could not be looked through: %s", error)
                except Exception:
                    # One notification's unforeseen end must not keep all others back.
                    self._stillness.forget()
                    log.exception("Delivering notifications failed in a way nobody foresaw")
                rounds += 1
                await self._parts.clock.sleep(_EVERY_S)
        finally:
            await http.close()

    async def _round(self, rounds: int, http: OutgoingHttp) -> None:
        is_still = self._stillness.is_still()
        if not is_still:
            await self.tell()
        if rounds % _ESCALATE_EVERY_ROUNDS == 0:
            await self.escalate()
        # What waits for a moment comes due without a commit, too.
        if not is_still or rounds % _DUE_EVERY_ROUNDS == 0:
            while await self.deliver(http):
                pass
        if rounds % _REMOVE_EVERY_ROUNDS == 0:
            while await self.remove_old() == _MOST_REMOVED:
                pass

    async def remove_old(self) -> int:
        """Remove some of the old notifications; gives how many."""
        now = self._parts.clock.now()
        return await self._records.write(
            lambda session: notifications.remove_older(
                session, now - _KEPT, _MOST_REMOVED, unread_before=now - _KEPT_UNREAD
            )
        )

    async def tell(self) -> int:
        """Tell people of what has happened in runs since; gives of how much."""
        told = 0
        while await self._records.read(questions.has_news):
            now = self._parts.clock.now()
            told += await self._records.write(lambda session: tell_news(session, _MOST_NEWS, now))  # noqa: B023 - done before the next turn
        return told

    async def escalate(self) -> int:
        """Ask others where nobody has answered in time; gives how often."""
        now = self._parts.clock.now()
        if not await self._records.read(lambda session: questions.has_late(session, now)):
            return 0
        return await self._records.write(lambda session: escalate(session, _MOST_NEWS, now))

    async def deliver(self, http: OutgoingHttp) -> int:
        """Try some of what is due; gives how much."""
        now, claim = self._parts.clock.now(), new_id()
        if not await self._records.read(lambda session: store.has_due(session, now)):
            return 0
        claimed = await self._records.write(
            lambda session: store.claim_due(session, now, now + _LEASE, claim, _MOST_DELIVERIES)
        )
        for (channel, user_id), found in groupby(
            sorted(claimed, key=lambda one: (one.channel, one.user_id)),
            key=lambda one: (one.channel, one.user_id),
        ):
            group = list(found)
            if channel == "mail":
                await self._send_mail(claim, user_id, group)
            else:
                for delivery in group:
                    await self._post(claim, delivery, http)
        return len(claimed)

    # Mail

    async def _send_mail(self, claim: str, user_id: str, group: list[DeliveryRecord]) -> None:
        """One mail with everything that is due for a person; what they have seen is left out."""
        unseen = [one for one in group if one.read_at is None]
        await self._drop(claim, [one for one in group if one.read_at is not None])
        if not unseen:
            return
        user = await self._records.read(lambda session: users.find_user(session, user_id))
        if user is None or not user.is_active:
            await self._drop(claim, unseen)
            return
        links = {one.id: await self._answer_link(one) for one in unseen}
        subject, text = letter(unseen, links, self._parts.settings.base_url)
        sent = await self._mail.send(user.email, subject, text, key=unseen[0].id)
        outcome = _Outcome(sent.problem) if sent.kind == "failed" else _Outcome()
        await self._settle(claim, unseen, outcome)

    async def _answer_link(self, delivery: DeliveryRecord) -> str:
        if delivery.type != "run_waiting":
            return ""
        return await self._links.make(delivery.user_id, delivery.run_id, delivery.seq)

    # Webhooks

    async def _post(self, claim: str, delivery: DeliveryRecord, http: OutgoingHttp) -> None:
        hook = await self._records.read(
            lambda session: notice_choices.find_webhook(session, delivery.user_id)
        )
        if not hook.url or hook.secret is None:
            await self._drop(claim, [delivery])
            return
        await self._settle(claim, [delivery], await self._try(delivery, hook, http))

    async def _try(self, delivery: DeliveryRecord, hook: Webhook, http: OutgoingHttp) -> _Outcome:
        body = orjson.dumps(_payload(delivery, self._parts.settings.base_url))
        try:
            headers = self._sign(delivery, hook, body)
            reply = await http.request(
                "POST", hook.url, headers=headers, body=body, timeout_s=_WEBHOOK_S
            )
        except StepError as error:
            return _Outcome(str(error), is_final=not error.retryable)
        except FlowStudioError as error:
            return _Outcome(str(error), is_final=True)
        if 200 <= reply.status < 300:
            return _Outcome()
        return _Outcome(f"The webhook answered {reply.status}.", is_final=reply.status == 410)

    def _sign(self, delivery: DeliveryRecord, hook: Webhook, body: bytes) -> dict[str, str]:
        """The headers of Standard Webhooks (standardwebhooks.com): an id, a time, and a signature."""
        assert hook.secret is not None  # noqa: S101 - looked at before
        plain = self._sealing.open(hook.secret, identity_of_notifications(delivery.user_id))
        moment = int(self._parts.clock.now().timestamp())
        signed = b".".join((delivery.id.encode(), str(moment).encode(), body))
        digest = hmac.new(base64.b64decode(plain), signed, hashlib.sha256).digest()
        return {
            "content-type": "application/json",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(moment),
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        }

    # What became of it

    async def _drop(self, claim: str, group: Sequence[DeliveryRecord]) -> None:
        ids, now = [one.id for one in group], self._parts.clock.now()
        if ids:
            await self._records.write(
                lambda session: store.settle(session, claim, ids, "dropped", now)
            )

    async def _settle(self, claim: str, group: Sequence[DeliveryRecord], outcome: _Outcome) -> None:
        now = self._parts.clock.now()

        def work(session: Session) -> None:
            for one in group:
                state, due_at = _next(one.attempts, outcome, now)
                store.settle(
                    session, claim, [one.id], state, now, problem=outcome.problem, due_at=due_at
                )

        await self._records.write(work)


def _next(attempts: int, outcome: _Outcome, now: datetime) -> tuple[store.State, datetime | None]:
    if not outcome.problem:
        return "sent", None
    if outcome.is_final or attempts > len(RETRIES):
        return "failed", None
    return "pending", now + RETRIES[attempts - 1]


def _payload(delivery: DeliveryRecord, base_url: str) -> dict[str, Any]:
    return {
        "type": f"notification.{delivery.type}",
        "timestamp": delivery.created_at,
        "data": {
            "id": delivery.notification_id,
            "type": delivery.type,
            "priority": delivery.priority,
            "title": delivery.title,
            "body": delivery.body,
            "url": f"{base_url}{delivery.link}" if delivery.link else None,
            "run_id": delivery.run_id or None,
        },
    }
