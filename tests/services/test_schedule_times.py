"""The times of schedules, through every change of clocks."""

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowstudio.services.schedule_times import due_at, read_every, read_times
from flowstudio.services.wall_clock import (
    first_change,
    moments_of,
    read_moment,
    read_zone,
    wall_of,
)

ZONES = (
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Havana",
    "America/St_Johns",
    "America/Santiago",
    "Africa/Cairo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
)
BEGIN, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def times(expression, zone="UTC", kind="cron", anchor=BEGIN, **limits):
    return read_times(kind, expression, zone, anchor=anchor, **limits)


def shown(line, zone, after, most=5):
    """The next times as the zone writes them."""
    moment = datetime.fromisoformat(after).replace(tzinfo=ZoneInfo(zone))
    found = times(line, zone).upcoming(moment.astimezone(UTC), most)
    return [slot.astimezone(ZoneInfo(zone)).isoformat()[5:22] for slot in found]


def between(line, zone, begin, end):
    found = []
    for slot in times(line, zone).after(begin):
        if slot >= end:
            return found
        found.append(slot)
    return found


@cache
def changes(zone):
    """Every change of clocks from 2025 to 2030."""
    found, moment = [], BEGIN
    while (moment := first_change(moment, END, ZoneInfo(zone))) is not None:
        found.append(moment)
    return found


ALL_CHANGES = [(zone, change) for zone in ZONES for change in changes(zone)]


def test_the_zones_of_these_tests_change_their_clocks_often_enough():
    assert len(ALL_CHANGES) >= 100
    sizes = {
        (change.astimezone(ZoneInfo(zone)).utcoffset())
        - ((change - DAY).astimezone(ZoneInfo(zone)).utcoffset())
        for zone, change in ALL_CHANGES
    }
    assert {timedelta(minutes=30), -timedelta(minutes=30), timedelta(hours=1)} <= sizes


# Certain hours


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("hour", "minute"), [(0, 30), (1, 45), (2, 30)])
def test_a_daily_time_comes_once_on_every_day_of_six_years(zone, hour, minute):
    found = between(f"{minute} {hour} * * *", zone, BEGIN, END)
    assert found == sorted(set(found))
    walls = [wall_of(slot, ZoneInfo(zone)) for slot in found]
    days = [wall.date() for wall in walls]
    assert len(days) == len(set(days))
    assert {b - a for a, b in pairwise(days)} == {DAY}
    elsewhere = [wall for wall in walls if (wall.hour, wall.minute) != (hour, minute)]
    # Another time only where the clocks skipped that one, and then the moment they were changed.
    for wall in elsewhere:
        assert not moments_of(wall.replace(hour=hour, minute=minute), ZoneInfo(zone))
        assert moments_of(wall, ZoneInfo(zone))[0] in changes(zone)


@pytest.mark.parametrize(("zone", "change"), ALL_CHANGES)
def test_at_every_change_each_wall_time_of_certain_hours_counts_once(zone, change):
    # Twenty-three hours are certain hours; the one left out is far from any change.
    left_out = (wall_of(change, ZoneInfo(zone)).hour + 12) % 24
    hours = ",".join(str(hour) for hour in range(24) if hour != left_out)
    begin, end = change - timedelta(hours=4), change + timedelta(hours=4)
    found = between(f"* {hours} * * *", zone, begin, end)
    walls = [wall_of(slot, ZoneInfo(zone)) for slot in found]
    assert found == sorted(set(found))
    assert walls == sorted(set(walls))
    shown_then = {wall_of(begin + timedelta(minutes=n), ZoneInfo(zone)) for n in range(1, 480)}
    assert set(walls) == shown_then


@pytest.mark.parametrize(("zone", "change"), ALL_CHANGES)
@pytest.mark.parametrize("step", [7, 30])
def test_at_every_change_a_line_of_every_hour_fires_whenever_the_clock_shows_it(zone, change, step):
    begin, end = change - timedelta(hours=5), change + timedelta(hours=5)
    minutes = [begin + timedelta(minutes=n) for n in range(1, 600)]
    expected = [m for m in minutes if wall_of(m, ZoneInfo(zone)).minute % step == 0]
    found = between(f"*/{step} * * * *", zone, begin, end)
    assert found == expected


def test_skipped_times_come_once_at_the_moment_clocks_go_forward():
    assert shown("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", 2) == [
        "03-29T03:00:00+02",
        "03-30T02:30:00+02",
    ]
    assert shown("0,15,30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", 2) == [
        "03-29T03:00:00+02",
        "03-30T02:00:00+02",
    ]
    assert shown("30 2,3 * * *", "Europe/Berlin", "2026-03-28T12:00", 3) == [
        "03-29T03:00:00+02",
        "03-29T03:30:00+02",
        "03-30T02:30:00+02",
    ]


def test_times_that_come_twice_count_the_first_time():
    assert shown("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", 2) == [
        "10-25T02:30:00+02",
        "10-26T02:30:00+01",
    ]


def test_half_an_hour_of_change_and_changes_at_midnight_lose_nothing():
    assert shown("15,40 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00", 3) == [
        "10-04T02:30:00+11",
        "10-04T02:40:00+11",
        "10-05T02:15:00+11",
    ]
    assert shown("30 0 * * *", "America/Havana", "2026-03-07T12:00", 2) == [
        "03-08T01:00:00-04",
        "03-09T00:30:00-04",
    ]


# Calendars


def test_leap_day_and_ends_of_months():
    leap = between("0 12 29 2 *", "UTC", BEGIN, datetime(2037, 1, 1, tzinfo=UTC))
    assert [slot.year for slot in leap] == [2028, 2032, 2036]
    ends = between("0 0 31 * *", "Asia/Kolkata", BEGIN, datetime(2026, 1, 1, tzinfo=UTC))
    assert [wall_of(slot, ZoneInfo("Asia/Kolkata")).month for slot in ends] == [
        *(1, 3, 5, 7, 8, 10, 12)
    ]


def test_weekdays_are_numbered_as_in_crontab():
    for line in ("0 9 * * 0", "0 9 * * 7", "0 9 * * sun", "0 9 * * SUN"):
        assert times(line).next(BEGIN).isoweekday() == 7
    days = {slot.isoweekday() for slot in times("0 9 * * fri-sun").upcoming(BEGIN, 12)}
    assert days == {5, 6, 7}
    assert {s.isoweekday() for s in times("0 9 * * 1-5").upcoming(BEGIN, 20)} == {1, 2, 3, 4, 5}


def test_of_a_day_and_a_weekday_either_is_enough():
    found = between("0 9 1 * 1", "UTC", BEGIN, datetime(2025, 2, 1, tzinfo=UTC))
    assert [slot.day for slot in found] == [1, 6, 13, 20, 27]


def test_nicknames_stand_for_their_lines():
    assert times("@daily").next(BEGIN) == BEGIN + DAY
    assert times("@hourly").next(BEGIN) == BEGIN + timedelta(hours=1)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0 0 31 2 *", "never comes: no year has 31 Feb"),
        ("0 0 30 feb *", "never comes"),
        ("0 0 31 4,6 *", "never comes"),
        ("* * * *", "five fields"),
        ("0 0 0 * * *", "five fields"),
        ("60 * * * *", "Minute '60'"),
        ("* 24 * * *", "Hour '24'"),
        ("* * 0 * *", "Day of the month '0'"),
        ("* * * 13 *", "Month '13'"),
        ("* * * * 8", "Weekday '8'"),
        ("*/0 * * * *", "A step is"),
        ("10-5 * * * *", "runs backwards"),
        ("*-5 * * * *", "Write a number"),
        ("1,,2 * * * *", "Write a number"),
        ("٣ * * * *", "Minute"),
        ("", "five fields"),
        ("0 0 * * " + "1," * 200, "at most 200"),
    ],
)
def test_an_impossible_line_is_refused_with_the_reason(line, said):
    with pytest.raises(ValueError, match=said.replace("*", r"\*")):
        times(line)


def test_every_wrong_field_is_named_at_once():
    with pytest.raises(ValueError, match=r"Minute '99'.*\nHour '99'.*\nWeekday 'x'"):
        times("99 99 * * x")


# Zones and moments


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "../etc/passwd", "/etc/passwd", "a" * 999, "\0"]
)
def test_a_zone_that_does_not_exist_is_refused(name):
    with pytest.raises(ValueError, match="no time zone"):
        read_zone(name)


def test_a_moment_that_comes_twice_or_never_has_to_be_said_otherwise():
    berlin = ZoneInfo("Europe/Berlin")
    with pytest.raises(ValueError, match=r"does not exist in Europe/Berlin.*Give 2026-03-29 03:00"):
        read_moment("2026-03-29T02:30", berlin)
    with pytest.raises(ValueError, match=r"twice.*T02:30\+02:00 or .*T02:30\+01:00"):
        read_moment("2026-10-25T02:30", berlin)
    assert read_moment("2026-10-25T02:30+01:00", berlin) == datetime(
        2026, 10, 25, 1, 30, tzinfo=UTC
    )
    assert read_moment("2026-10-25T04:30", berlin) == datetime(2026, 10, 25, 3, 30, tzinfo=UTC)
    for text in ("", "tomorrow", "2026-13-01T00:00", "2026-11-24 25:00"):
        with pytest.raises(ValueError, match="Give a time"):
            read_moment(text, berlin)


@pytest.mark.parametrize("text", ["0001-01-01T00:00+14:00", "9999-12-31T23:59", "1999-12-31"])
def test_a_moment_of_another_age_is_refused(text):
    with pytest.raises(ValueError, match="from the years 2000 to 2200"):
        read_moment(text, ZoneInfo("America/New_York"))


# Intervals, and times that come once


@pytest.mark.parametrize("zone", ZONES)
def test_intervals_go_by_time_that_passes_whatever_clocks_show(zone):
    found = times("6h", zone, "interval").upcoming(BEGIN, 4 * 365 * 2)
    assert {b - a for a, b in pairwise(found)} == {timedelta(hours=6)}


def test_intervals_count_from_the_start():
    start = datetime(2026, 5, 1, 10, 7, tzinfo=UTC)
    found = times("1d 12h", kind="interval", start_at=start).upcoming(BEGIN, 2)
    assert found == [start, start + timedelta(hours=36)]
    assert times("1h", kind="interval", start_at=start).next(start + DAY) == start + DAY + DAY / 24


@pytest.mark.parametrize("text", ["", "5", "1s", "9s", "m", "1y", "-5m", "99999w", "1.5h"])
def test_a_length_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r"length such as|shortest"):
        read_every(text)


def test_a_time_that_comes_once_comes_once():
    once = times("2026-05-01T09:00", "Asia/Kathmandu", "once")
    assert once.upcoming(BEGIN, 5) == [datetime(2026, 5, 1, 3, 15, tzinfo=UTC)]


def test_start_and_end_are_included():
    start, end = datetime(2026, 5, 1, 9, tzinfo=UTC), datetime(2026, 5, 3, 9, tzinfo=UTC)
    found = times("0 9 * * *", start_at=start, end_at=end).upcoming(BEGIN, 10)
    assert found == [start, start + DAY, end]


def test_the_latest_of_very_many_are_found_without_counting_them_all():
    found, has_older = times("* * * * *").latest(BEGIN, END, 100)
    assert found[-1] == END
    assert len(found) == 100
    assert has_older
    few, has_older = times("0 0 1 1 *").latest(BEGIN, END, 100)
    assert len(few) == 6
    assert not has_older


# Any line, any moment

_LINES = st.sampled_from(
    [
        *("*/5 * * * *", "17 * * * *", "0 */2 * * *", "30 2 * * *", "0 0 * * *", "59 23 * * *"),
        *("0,30 1-3 * * *", "15 2 29 2 *", "0 9 1 * 1", "30 2 * 3,10,11 0", "*/20 0-23/3 31 * *"),
    ]
)
_MOMENTS = st.integers(int(BEGIN.timestamp()), int(END.timestamp())).map(
    lambda second: datetime.fromtimestamp(second, UTC)
)


@given(_LINES, st.sampled_from(ZONES), _MOMENTS)
def test_the_next_slot_is_later_and_nothing_lies_between(line, zone, moment):
    source = times(line, zone)
    slot = source.next(moment)
    assert slot > moment
    # Asked at any moment before it, the answer is the same: two processes agree.
    middle = moment + (slot - moment) / 2
    assert source.next(middle) == slot
    assert source.next(slot - timedelta(microseconds=1)) == slot
    assert source.next(slot) > slot


@given(st.text(max_size=30))
def test_any_text_is_a_line_or_refused_with_a_sentence(text):
    try:
        found = times(text)
    except ValueError as error:
        said = str(error)
    else:
        said = found.next(BEGIN).isoformat()
    assert len(said) > 20


@given(_MOMENTS, st.integers(0, 86_400))
def test_jitter_is_the_same_each_time_and_within_its_limit(slot, jitter_s):
    due = due_at("a", slot, jitter_s)
    assert due == due_at("a", slot, jitter_s)
    assert timedelta() <= due - slot <= timedelta(seconds=jitter_s)
