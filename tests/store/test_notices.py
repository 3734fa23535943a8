from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from flowstudio.services.access import Actor
from flowstudio.store import notices
from flowstudio.store.members import put_member
from flowstudio.store.notices import Admins, Members, Notice, People
from flowstudio.store.quiet_hours import QuietHours, due_at
from flowstudio.store.tables.notifications import (
    ChannelChoiceRow,
    DeliveryRow,
    MuteRow,
    NotificationRow,
    NotificationSettingRow,
)
from tests.parts import studio_parts
from tests.people import person, project_of

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def parts(tmp_path):
    with studio_parts(tmp_path) as parts:
        yield parts


def notice(to, key="thing", **more):
    values = {"type": "mention", "title": "Ann names you", "at": NOON} | more
    return Notice(to=to, key=key, **values)


def tell(parts, *given):
    return parts.records.write_now(
        lambda session: [user_id for one in given for user_id in notices.add(session, one)]
    )


def rows(parts, kind):
    return parts.records.read_now(lambda session: list(session.exec(select(kind)).all()))


def put(parts, *given):
    parts.records.write_now(lambda session: session.add_all(given))


def test_nobody_is_told_twice_of_one_thing(parts):
    ann, ben = person(parts), person(parts, "ben@example.com")
    assert tell(parts, notice(People([ann.id])), notice(People([ann.id, ben.id]))) == [
        ann.id,
        ben.id,
    ]
    assert tell(parts, notice(People([ann.id, ben.id]), type="comment")) == []
    assert len(rows(parts, NotificationRow)) == 2


def test_what_is_told_goes_with_the_deed_when_that_is_taken_back(parts):
    ann = person(parts)

    def work(session):
        notices.add(session, notice(People([ann.id])))
        message = "the deed failed"
        raise ValueError(message)

    with pytest.raises(ValueError, match="the deed failed"):
        parts.records.write_now(work)
    assert rows(parts, NotificationRow) == []
    assert rows(parts, DeliveryRow) == []


def test_rules_find_members_and_admins_but_not_who_did_it_or_cannot_sign_in(parts):
    ann, ben = person(parts), person(parts, "ben@example.com")
    eve, boss = person(parts, "eve@example.com"), person(parts, "boss@example.com", "admin")
    project_id = project_of(ann)

    def join(session):
        put_member(session, project_id, ben.id, "editor", NOON)
        put_member(session, project_id, eve.id, "viewer", NOON)

    parts.records.write_now(join)
    everybody = notice(Members(), project_id=project_id)
    assert tell(parts, everybody) == sorted([ann.id, ben.id])
    others = notice(Members(), "other", project_id=project_id, besides=ann.id)
    assert tell(parts, others) == [ben.id]
    assert tell(parts, notice(Admins(), "system", type="system")) == [boss.id]
    assert tell(parts, notice(People([]), "none")) == []


def test_who_has_muted_a_workflow_or_a_type_is_not_told(parts):
    ann = person(parts)
    put(
        parts,
        MuteRow(user_id=ann.id, workflow_id="loud", type=""),
        MuteRow(user_id=ann.id, workflow_id="", type="like"),
    )
    assert tell(parts, notice(People([ann.id]), "a", workflow_id="loud")) == []
    assert tell(parts, notice(People([ann.id]), "b", type="like")) == []
    assert tell(parts, notice(People([ann.id]), "c", workflow_id="calm")) == [ann.id]


def channels_of(parts, ann: Actor, **more):
    tell(parts, notice(People([ann.id]), **more))
    return sorted((row.channel, row.due_at) for row in rows(parts, DeliveryRow))


def test_a_choice_decides_the_channels(parts):
    ann = person(parts)
    put(
        parts,
        ChannelChoiceRow(user_id=ann.id, type="mention", in_app=False, mail="off", webhook=True),
        NotificationSettingRow(user_id=ann.id, webhook_url="https://example.com/hook"),
    )
    assert channels_of(parts, ann) == [("webhook", NOON)]
    (row,) = rows(parts, NotificationRow)
    assert not row.is_shown


def test_without_a_choice_mail_goes_at_once_and_no_webhook_is_tried(parts):
    assert channels_of(parts, person(parts)) == [("mail", NOON)]


def test_quiet_hours_hold_back_all_but_what_is_urgent(parts):
    ann = person(parts)
    put(
        parts,
        NotificationSettingRow(
            user_id=ann.id, quiet_from="11:00", quiet_until="15:30", zone="Europe/Berlin"
        ),
    )
    tell(parts, notice(People([ann.id]), "calm"))
    tell(parts, notice(People([ann.id]), "urgent", priority="urgent"))
    due = [row.due_at for row in rows(parts, DeliveryRow)]
    assert sorted(due) == [NOON, datetime(2026, 3, 2, 14, 30, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("pace", "quiet", "at", "expected"),
    [
        ("now", QuietHours(), NOON, NOON),
        ("hourly", QuietHours(), NOON + timedelta(minutes=5), NOON + timedelta(hours=1)),
        ("daily", QuietHours(), NOON, datetime(2026, 3, 3, 8, tzinfo=UTC)),
        ("daily", QuietHours(zone="Asia/Tokyo"), NOON, datetime(2026, 3, 2, 23, tzinfo=UTC)),
        # Over midnight: what comes in the evening waits for the next morning.
        (
            "now",
            QuietHours("22:00", "07:00"),
            datetime(2026, 3, 2, 23, tzinfo=UTC),
            datetime(2026, 3, 3, 7, tzinfo=UTC),
        ),
        (
            "now",
            QuietHours("22:00", "07:00"),
            datetime(2026, 3, 2, 6, 59, tzinfo=UTC),
            datetime(2026, 3, 2, 7, tzinfo=UTC),
        ),
        ("now", QuietHours("22:00", "07:00"), NOON, NOON),
        # The night in which clocks go forward: two o'clock in Berlin does not exist.
        (
            "now",
            QuietHours("22:00", "02:30", "Europe/Berlin"),
            datetime(2026, 3, 28, 23, tzinfo=UTC),
            datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        ),
        # A digest that would fall into quiet hours waits for their end.
        ("daily", QuietHours("06:00", "09:15"), NOON, datetime(2026, 3, 3, 9, 15, tzinfo=UTC)),
    ],
)
def test_moments_follow_the_wall_clock_of_the_zone(pace, quiet, at, expected):
    assert due_at(pace, quiet, at, is_urgent=False) == expected


def test_a_title_is_one_line_whatever_it_was_made_of(parts):
    ann = person(parts)
    tell(parts, notice(People([ann.id]), title="Hello\r\nBcc: eve@example.com\x00"))
    (row,) = rows(parts, NotificationRow)
    assert row.title == "Hello  Bcc: eve@example.com"


def test_a_zone_that_is_gone_is_read_as_utc_and_keeps_nobody_from_being_told():
    at = datetime(2026, 1, 2, 12, tzinfo=UTC)
    quiet = QuietHours("11:00", "13:00", "Europe/Nowhere")
    assert due_at("now", quiet, at, is_urgent=False) == at.replace(hour=13)
