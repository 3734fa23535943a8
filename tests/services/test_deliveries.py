"""Mail and webhooks of notifications: once each, tried again, and with nothing smuggled in."""

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from sqlmodel import select

from flowstudio.errors import ThrottledError
from flowstudio.nodes.outgoing.http import OutgoingHttp
from flowstudio.services.answer_links import AnswerLinkService
from flowstudio.services.deliveries import DeliveryService
from flowstudio.services.mail import MailService
from flowstudio.services.notification_settings import Channels, NotificationSettingService
from flowstudio.services.notifications import NotificationService
from flowstudio.settings import Settings
from flowstudio.store import deliveries as store
from flowstudio.store import notices
from flowstudio.store.notices import Notice, People
from flowstudio.store.quiet_hours import QuietHours
from flowstudio.store.tables.notifications import DeliveryRow
from tests.fakes.http_server import Answer, HttpServer
from tests.parts import studio_parts
from tests.people import person


@pytest.fixture
def parts(tmp_path, clock):
    with studio_parts(tmp_path, clock) as parts:
        yield parts


@pytest.fixture
def mail(parts):
    service = MailService(parts.settings, parts.clock)
    yield service
    service.close()


@pytest.fixture
def ann(parts):
    return person(parts)


@pytest.fixture
async def hook():
    async with HttpServer() as server:
        server.answers["/hook"] = Answer(204)
        yield server


@pytest.fixture
async def http(parts):
    outgoing = OutgoingHttp(
        Settings(data_dir=parts.settings.data_dir, http_allow_private="127.0.0.1")
    )
    yield outgoing
    await outgoing.close()


def service_of(parts, mail):
    return DeliveryService(parts, mail, AnswerLinkService(parts, None))


@pytest.fixture
def service(parts, mail):
    return service_of(parts, mail)


def tell(parts, actor, *keys, **more):
    def work(session):
        for key in keys:
            values = {"type": "mention", "title": f"About {key}", "at": parts.clock.now()} | more
            notices.add(session, Notice(to=People([actor.id]), key=key, **values))

    parts.records.write_now(work)


def mails(mail):
    files = sorted(mail.folder.glob("*.eml"))
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


def states(parts):
    rows = parts.records.read_now(lambda session: session.exec(select(DeliveryRow)).all())
    return sorted((row.channel, row.state) for row in rows)


async def test_what_is_due_together_is_one_mail(parts, mail, service, ann, http, clock):
    tell(parts, ann, "a", body="The body.", link="/runs/1")
    tell(parts, ann, "b")
    tell(parts, ann, "later", type="comment")
    await service.deliver(http)
    (sent,) = mails(mail)
    assert (sent["To"], sent["Subject"]) == ("ann@example.com", "2 notifications: About a")
    text = sent.get_content()
    assert "About a\n\nThe body.\n\nMore: http://127.0.0.1:3000/runs/1" in text
    assert "About b" in text
    assert "later" not in text
    # The hourly mail goes at the full hour.
    clock.turn(3600)
    await service.deliver(http)
    assert mails(mail)[1]["Subject"] == "About later"
    assert states(parts) == [("mail", "sent")] * 3


async def test_what_was_seen_meanwhile_is_not_mailed(parts, mail, service, ann, http):
    tell(parts, ann, "a")
    inbox = NotificationService(parts)
    await inbox.read_all(ann)
    await service.deliver(http)
    assert mails(mail) == []
    assert states(parts) == [("mail", "dropped")]


async def test_of_several_processes_one_delivers(parts, mail, ann, http):
    tell(parts, ann, "a")
    services = [service_of(parts, mail) for _ in range(5)]
    async with asyncio.TaskGroup() as group:
        for service in services:
            group.create_task(service.deliver(http))
    assert len(mails(mail)) == 1


async def test_what_a_dead_process_had_claimed_another_one_delivers_later(
    parts, service, ann, http, clock
):
    tell(parts, ann, "a")
    now = clock.now()
    claimed = parts.records.write_now(
        lambda session: store.claim_due(session, now, now + timedelta(minutes=10), "dead", 10)
    )
    assert len(claimed) == 1
    assert await service.deliver(http) == 0
    clock.turn(601)
    assert await service.deliver(http) == 1
    # The dead one comes back and can write down nothing any more.
    parts.records.write_now(
        lambda session: store.settle(session, "dead", [claimed[0].id], "failed", now)
    )
    assert states(parts) == [("mail", "sent")]


async def set_hook(parts, actor, url):
    settings = NotificationSettingService(parts)
    await settings.choose(actor, {"mention": Channels(mail="off")})
    return await settings.set_webhook(actor, url)


async def test_a_webhook_is_signed_as_standard_webhooks_says(parts, service, ann, http, hook):
    made = await set_hook(parts, ann, hook.url("/hook"))
    tell(parts, ann, "a", body="Why?", link="/runs/1")
    await service.deliver(http)
    (request,) = hook.requests
    secret = base64.b64decode(made.secret.removeprefix("whsec_"))
    head = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}."
    digest = hmac.new(secret, head.encode() + request.body, hashlib.sha256).digest()
    assert request.headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    said = json.loads(request.body)
    assert said["type"] == "notification.mention"
    assert said["data"]["title"] == "About a"
    assert said["data"]["url"] == "http://127.0.0.1:3000/runs/1"
    assert states(parts) == [("webhook", "sent")]
    assert made.secret not in repr(made)


async def test_a_webhook_that_fails_is_tried_again_under_the_same_id_and_in_the_end_given_up(
    parts, service, ann, http, hook, clock
):
    hook.answers["/hook"] = Answer(500)
    await set_hook(parts, ann, hook.url("/hook"))
    tell(parts, ann, "a")
    await service.deliver(http)
    assert await service.deliver(http) == 0
    for pause in store.RETRIES:
        clock.turn(pause.total_seconds() + 1)
        assert await service.deliver(http) == 1
    assert len(hook.requests) == len(store.RETRIES) + 1
    assert len({request.headers["webhook-id"] for request in hook.requests}) == 1
    assert states(parts) == [("webhook", "failed")]
    clock.turn(10 * 86_400)
    assert await service.deliver(http) == 0


async def test_preferences_tell_what_did_not_arrive_and_why_until_something_does(
    parts, service, ann, http, hook, clock
):
    hook.answers["/hook"] = Answer(500)
    await set_hook(parts, ann, hook.url("/hook"))
    settings = NotificationSettingService(parts)
    tell(parts, ann, "a", body="CANARY")
    began = clock.now()
    await service.deliver(http)
    (failure,) = (await settings.look(ann)).failures
    assert (failure.channel, failure.title, failure.at) == ("webhook", "About a", began)
    assert failure.problem == "The webhook answered 500."
    assert (failure.attempts, failure.next_at) == (1, began + store.RETRIES[0])
    assert "CANARY" not in repr(failure)
    hook.answers["/hook"] = Answer(410)
    clock.turn(60)
    await service.deliver(http)
    (failure,) = (await settings.look(ann)).failures
    assert (failure.attempts, failure.next_at, failure.at) == (2, None, clock.now())
    assert (await settings.look(person(parts, "bob@example.com"))).failures == []
    hook.answers["/hook"] = Answer(204)
    clock.turn(60)
    await settings.test(ann)
    await service.deliver(http)
    assert (await settings.look(ann)).failures == []


async def test_a_test_notice_goes_by_every_channel_once_a_minute(
    parts, mail, service, ann, http, hook, clock
):
    await set_hook(parts, ann, hook.url("/hook"))
    settings = NotificationSettingService(parts)
    await settings.choose(ann, {"system": Channels(in_app=False, mail="off", webhook=False)})
    begins, ends = (f"{clock.now() + timedelta(hours=hours):%H:%M}" for hours in (-1, 1))
    await settings.keep_quiet(ann, QuietHours(begins, ends))
    await settings.test(ann)
    with pytest.raises(ThrottledError, match="within this minute"):
        await settings.test(ann)
    await service.deliver(http)
    assert states(parts) == [("mail", "sent"), ("webhook", "sent")]
    (sent,) = mails(mail)
    assert sent["Subject"] == "A test notice"
    assert json.loads(hook.requests[0].body)["data"]["title"] == "A test notice"
    (item,) = (await NotificationService(parts).list_notifications(ann)).items
    assert item.title == "A test notice"


async def test_a61_a_webhook_reaches_no_private_address(parts, service, ann, hook):
    strict = OutgoingHttp(parts.settings)
    try:
        await set_hook(parts, ann, hook.url("/hook"))
        tell(parts, ann, "a")
        await service.deliver(strict)
    finally:
        await strict.close()
    assert hook.requests == []
    assert states(parts) == [("webhook", "failed")]


async def test_a61_a_webhook_follows_no_redirect_to_a_private_address(parts, service, ann, hook):
    hook.answers["/hook"] = Answer.redirect("http://169.254.169.254/latest/meta-data/", 307)
    outgoing = OutgoingHttp(
        Settings(data_dir=parts.settings.data_dir, http_allow_private=f"127.0.0.1:{hook.port}")
    )
    try:
        await set_hook(parts, ann, hook.url("/hook"))
        tell(parts, ann, "a")
        await service.deliver(outgoing)
    finally:
        await outgoing.close()
    assert states(parts) == [("webhook", "failed")]


async def test_a62_no_title_adds_a_header_to_a_mail(parts, mail, service, ann, http):
    tell(parts, ann, "a", title="Hello\r\nBcc: eve@example.com\r\n\r\nBuy!", body="\r\n.\r\nMAIL")
    await service.deliver(http)
    (sent,) = mails(mail)
    assert sent["Subject"] == "Hello  Bcc: eve@example.com    Buy!"
    assert sent["Bcc"] is None
    assert sent.get_all("To") == ["ann@example.com"]


async def test_without_a_webhook_or_an_account_nothing_is_sent(parts, service, ann, http):
    await set_hook(parts, ann, "https://example.com/hook")
    tell(parts, ann, "a")
    await NotificationSettingService(parts).remove_webhook(ann)
    await service.deliver(http)
    assert states(parts) == [("webhook", "dropped")]
