"""What becomes of slots: every policy for missed ones, and for those that come during a run."""

from datetime import UTC, datetime, timedelta

import pytest

from flowstudio.services.schedule_plans import (
    MOST_MISSED,
    MOST_QUEUED,
    Come,
    Policy,
    decide,
    slots_until,
)
from flowstudio.services.schedule_times import due_at, read_times

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EACH_MINUTE = read_times("cron", "* * * * *", "UTC", anchor=NOON)


def fates(minutes_ago, misfire="once", overlap="skip", *, most=3, busy=False, queued=0):
    """States of slots that came so many minutes ago, the oldest first."""
    slots = tuple(NOON - ago * MINUTE for ago in minutes_ago)
    policy = Policy(misfire, most, overlap)
    found = decide(Come(slots, None), policy, slots, NOON, busy=busy, queued=queued)
    by_slot = {fate.slot: fate.state for fate in found}
    assert set(by_slot) == set(slots)
    assert len(found) == len(slots)
    return [by_slot[slot] for slot in slots]


@pytest.mark.parametrize(
    ("misfire", "expected"),
    [
        ("skip", ["missed", "missed", "missed", "missed"]),
        ("once", ["missed", "missed", "missed", "claimed"]),
        ("all", ["missed", "claimed", "queued", "queued"]),
    ],
)
def test_missed_slots_are_skipped_made_up_for_once_or_up_to_so_many(misfire, expected):
    assert fates([40, 30, 20, 10], misfire) == expected


@pytest.mark.parametrize(
    ("misfire", "expected"),
    [
        ("skip", ["missed", "missed", "claimed"]),
        ("once", ["missed", "missed", "claimed"]),
        ("all", ["claimed", "queued", "skipped"]),
    ],
)
def test_a_slot_that_is_on_time_stands_for_missed_ones_too(misfire, expected):
    assert fates([20, 10, 0], misfire) == expected


def test_a_slot_is_on_time_for_a_minute():
    assert fates([1], "skip") == ["claimed"]
    assert fates([1.1], "skip") == ["missed"]


@pytest.mark.parametrize(
    ("overlap", "expected"), [("skip", "skipped"), ("queue", "queued"), ("cancel", "claimed")]
)
def test_a_slot_during_a_run_is_skipped_waits_or_replaces_it(overlap, expected):
    assert fates([0], overlap=overlap, busy=True) == [expected]
    assert fates([0], overlap=overlap) == ["claimed"]


def test_the_queue_of_a_schedule_has_an_end():
    assert fates([0], overlap="queue", busy=True, queued=MOST_QUEUED - 1) == ["queued"]
    assert fates([0], overlap="queue", busy=True, queued=MOST_QUEUED) == ["skipped"]
    late = fates([30, 20, 10], "all", busy=True, queued=MOST_QUEUED - 1)
    assert late == ["queued", "skipped", "skipped"]


def test_the_slots_that_have_come_end_where_the_next_is_due_later():
    come = slots_until(EACH_MINUTE, NOON, NOON + 3.5 * MINUTE, "id", 0)
    assert come.slots == tuple(NOON + n * MINUTE for n in range(4))
    assert come.next_slot == NOON + 4 * MINUTE
    assert not come.has_older


def test_jitter_moves_each_slot_and_keeps_their_order():
    now = NOON + 10 * MINUTE
    come = slots_until(EACH_MINUTE, NOON, now, "id", 600)
    assert all(due_at("id", slot, 600) <= now for slot in come.slots)
    if come.next_slot is not None and come.next_slot <= now:
        assert due_at("id", come.next_slot, 600) > now
    assert list(come.slots) == sorted(come.slots)


def test_of_a_year_of_missed_minutes_the_latest_are_named_and_the_rest_is_told_of():
    now = NOON + timedelta(days=365)
    come = slots_until(EACH_MINUTE, NOON, now, "id", 0)
    assert come.has_older
    assert len(come.slots) == MOST_MISSED + 1
    assert come.slots[-1] == now
    policy = Policy("skip", 1, "skip")
    found = decide(come, policy, come.slots, now, busy=False, queued=0)
    assert found[0].reason.endswith("More were missed before.")
    assert [fate.state for fate in found if fate.state != "missed"] == ["claimed", "skipped"]
