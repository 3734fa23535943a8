"""One's own inbox: what is in it, what is done with it, and that nobody else gets at it."""

import pytest

from flowstudio.errors import InvalidInputError, NotFoundError
from flowstudio.services.answer_links import AnswerLinkService
from flowstudio.services.deliveries import DeliveryService
from flowstudio.services.mail import MailService
from flowstudio.services.notification_settings import (
    Channels,
    Mute,
    NotificationSettingService,
    QuietHours,
)
from flowstudio.services.notifications import NotificationQuery, NotificationService
from flowstudio.store import notices
from flowstudio.store.notices import Notice, People
from tests.builders import node, workflow
from tests.parts import studio_parts
from tests.people import person
from tests.projects import kept, member

DRAFT = workflow(node("start"), name="Draft")


@pytest.fixture
def parts(tmp_path, clock):
    with studio_parts(tmp_path, clock) as parts:
        yield parts


@pytest.fixture
def service(parts):
    return NotificationService(parts)


@pytest.fixture
def settings(parts):
    return NotificationSettingService(parts)


def tell(parts, actor, *keys, **more):
    def work(session):
        for key in keys:
            values = {"type": "mention", "title": key, "at": parts.clock.now()} | more
            notices.add(session, Notice(to=People([actor.id]), key=key, **values))

    parts.records.write_now(work)


async def titles(service, actor, show="inbox", **more):
    page = await service.list_notifications(actor, NotificationQuery(show=show, **more))
    return [item.title for item in page.items]


async def test_the_latest_come_first_and_in_pieces(parts, service):
    ann = person(parts)
    tell(parts, ann, "a", "b", "c")
    first = await service.list_notifications(ann, limit=2)
    assert [item.title for item in first.items] == ["c", "b"]
    rest = await service.list_notifications(ann, limit=2, after=first.next)
    assert ([item.title for item in rest.items], rest.next) == (["a"], None)


async def test_read_archived_and_of_one_type(parts, service):
    ann = person(parts)
    tell(parts, ann, "a", "b")
    tell(parts, ann, "c", type="system")
    ids = {item.title: item.id for item in (await service.list_notifications(ann)).items}
    assert await service.count(ann) == 3
    await service.change(ann, [ids["a"]], "read")
    assert (await titles(service, ann, "unread"), await service.count(ann)) == (["c", "b"], 2)
    await service.change(ann, [ids["a"]], "unread")
    await service.change(ann, [ids["b"]], "archive")
    assert await titles(service, ann) == ["c", "a"]
    assert await titles(service, ann, "archived") == ["b"]
    assert await titles(service, ann, types=("system",)) == ["c"]
    await service.change(ann, [ids["b"]], "unarchive")
    assert await service.read_all(ann) == 2
    assert await service.count(ann) == 0
    with pytest.raises(InvalidInputError):
        await titles(service, ann, types=("gossip",))


async def test_a60_anothers_notification_is_not_there(parts, service):
    ann, eve = person(parts), person(parts, "eve@example.com", "admin")
    tell(parts, ann, "secret")
    (item,) = (await service.list_notifications(ann)).items
    assert await titles(service, eve) == []
    with pytest.raises(NotFoundError):
        await service.get(eve, item.id)
    for change in ("read", "unread", "archive", "unarchive"):
        with pytest.raises(NotFoundError):
            await service.change(eve, [item.id], change)
    assert await service.count(ann) == 1


async def test_open_pages_hear_of_it_as_soon_as_it_is_committed(runtime):
    owner = person(runtime.studio.parts, "owner@example.com")
    other = member(runtime, "viewer", owner)
    draft = await kept(runtime, owner, DRAFT)
    channels = runtime.studio.parts.channels
    with channels.listen(f"user:{owner.id}") as mine, channels.listen(f"user:{other.id}") as theirs:
        await runtime.studio.comments.add(other, draft, "Why?")
        assert await mine.get() == {"t": "notification"}
        assert theirs._queue.empty()


async def test_a_comment_is_told_as_a_mention_or_as_a_comment_and_never_as_both(runtime):
    owner = person(runtime.studio.parts, "owner@example.com")
    other = member(runtime, "editor", owner)
    draft = await kept(runtime, owner, DRAFT)
    service, comments = runtime.studio.notifications, runtime.studio.comments
    first = await comments.add(owner, draft, "Look, @user-editor")
    await comments.add(other, draft, "At what, @owner?", thread_id=first.id)
    await comments.edit(owner, draft, first.id, "Look here, @user-editor")
    assert await titles(service, other) == ["Owner mentions you on “Draft”"]
    assert await titles(service, owner) == ["User-Editor mentions you on “Draft”"]
    await comments.add(other, draft, "Never mind.", thread_id=first.id)
    assert (await titles(service, owner))[0] == "User-Editor comments on “Draft”"


async def test_an_invited_person_with_an_account_sees_it_and_gets_one_mail(runtime):
    studio = runtime.studio
    owner, ann = person(studio.parts, "owner@example.com"), person(studio.parts)
    await studio.invitations.create(owner, min(owner.memberships), "editor", email=ann.name)
    (title,) = await titles(studio.notifications, ann)
    assert title == "Owner invites you to “Owner's project”"
    studio.mail.flush()
    assert not await studio.deliveries.deliver(None)
    assert len(list(studio.mail.folder.glob("*.eml"))) == 1


async def test_choices_are_kept_and_the_rest_stays_as_usual(parts, settings):
    ann = person(parts)
    await settings.choose(ann, {"mention": Channels(in_app=True, mail="daily", webhook=False)})
    await settings.keep_quiet(ann, QuietHours("22:00", "07:00", "Europe/Berlin"))
    found = await settings.look(ann)
    assert found.channels["mention"] == Channels(in_app=True, mail="daily", webhook=False)
    assert found.channels["run_failed"] == Channels()
    assert found.quiet == QuietHours("22:00", "07:00", "Europe/Berlin")


@pytest.mark.parametrize(
    "quiet",
    [
        QuietHours("22:00", ""),
        QuietHours("25:00", "07:00"),
        QuietHours("22:00:30", "07:00"),
        QuietHours("22:00", "07:00", "Atlantis/Poseidonis"),
        QuietHours(zone="../../etc/passwd"),
    ],
)
async def test_quiet_hours_that_mean_nothing_are_refused(parts, settings, quiet):
    with pytest.raises(InvalidInputError):
        await settings.keep_quiet(person(parts), quiet)


async def test_what_is_muted_is_heard_of_again_when_it_is_not(runtime):
    studio = runtime.studio
    owner, stranger = person(studio.parts, "owner@example.com"), person(studio.parts)
    draft = await kept(runtime, owner, DRAFT)
    settings = studio.notification_settings
    with pytest.raises(NotFoundError):
        await settings.mute(stranger, Mute(draft), is_muted=True)
    for empty in (Mute(), Mute(type="gossip")):
        with pytest.raises(InvalidInputError):
            await settings.mute(owner, empty, is_muted=True)
    await settings.mute(owner, Mute(draft), is_muted=True)
    (found,) = (await settings.look(owner)).mutes
    assert found == Mute(draft, "", "Draft")
    tell(studio.parts, owner, "quiet", workflow_id=draft)
    await settings.mute(owner, Mute(draft), is_muted=False)
    tell(studio.parts, owner, "loud", workflow_id=draft)
    assert await titles(studio.notifications, owner) == ["loud"]


@pytest.mark.parametrize(
    "url",
    ["ftp://example.com", "https://user:pass@example.com/", "nonsense", "https://" + "x" * 3000],
)
async def test_a_webhook_goes_to_an_http_address_alone(parts, settings, url):
    with pytest.raises(InvalidInputError):
        await settings.set_webhook(person(parts), url)


async def test_all_that_was_read_is_put_away_at_once_and_nothing_of_others(parts, service):
    ann, ben = person(parts, "a@example.com"), person(parts, "b@example.com")
    tell(parts, ann, "seen", "new")
    tell(parts, ben, "of ben")
    ids = {item.title: item.id for item in (await service.list_notifications(ann)).items}
    await service.change(ann, [ids["seen"]], "read")
    await service.read_all(ben)
    assert await service.archive_read(ann) == 1
    assert await titles(service, ann) == ["new"]
    assert await titles(service, ann, "archived") == ["seen"]
    assert await titles(service, ben) == ["of ben"]
    assert await service.archive_read(ann) == 0


async def test_a_type_that_is_muted_is_told_no_more(parts, service, settings):
    ann = person(parts)
    await settings.mute(ann, Mute(type="mention"), is_muted=True)
    tell(parts, ann, "a")
    tell(parts, ann, "b", type="comment")
    assert await titles(service, ann) == ["b"]


async def test_what_was_read_goes_after_three_months_and_what_nobody_read_after_a_year(
    parts, service, clock
):
    ann = person(parts)
    tell(parts, ann, "read", "unread")
    ids = {item.title: item.id for item in (await service.list_notifications(ann)).items}
    await service.change(ann, [ids["read"]], "read")
    mail = MailService(parts.settings, clock)
    deliveries = DeliveryService(parts, mail, AnswerLinkService(parts, None))
    clock.turn(91 * 86_400)
    assert await deliveries.remove_old() == 1
    assert await titles(service, ann) == ["unread"]
    clock.turn(275 * 86_400)
    tell(parts, ann, "later")
    assert await deliveries.remove_old() == 1
    assert await titles(service, ann) == ["later"]
    mail.close()
