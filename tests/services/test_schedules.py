"""Schedules: made, changed, paused and fired, once each, by any number of processes."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlmodel import select

from flowstudio.errors import ConflictError, InvalidInputError, NotFoundError, QueueClosedError
from flowstudio.services.access import OPERATOR
from flowstudio.services.schedules import ScheduleFilter, ScheduleWish
from flowstudio.store.members import remove_member
from flowstudio.store.schedule_slots import Fate, add_slots
from flowstudio.store.tables.audit import AuditRow
from flowstudio.store.tables.notifications import NotificationRow
from flowstudio.store.users import change_user, remove_user
from tests.builders import inputs, node, workflow
from tests.fakes.clock import TurnedClock
from tests.people import person, project_of
from tests.projects import kept, member
from tests.running import ended, opened, reached

pytestmark = pytest.mark.usefixtures("either_database")

DOUBLE = workflow(
    node("start", **inputs(n="integer")),
    node("end", outputs={"twice": "{{ inputs.n * 2 }}"}),
    edges="start>end",
    name="Double",
)
SLOW = workflow(
    node("start"), node("gate", "slow"), node("end"), edges="start>slow>end", name="Slow"
)
EACH_MINUTE = ScheduleWish("cron", "* * * * *", inputs={"n": 2})
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
#: Of ten schedules; a hundred make a thousand slots, in some two minutes.
MINUTES = 15


@pytest.fixture
def schedules(timed):
    return timed.studio.schedules


@pytest.fixture
def owner(timed):
    return person(timed.studio.parts, "owner@example.com")


async def published(runtime, owner, document=DOUBLE):
    workflow_id = await kept(runtime, owner, document)
    await runtime.studio.versions.publish(owner, workflow_id)
    return workflow_id


@pytest.fixture
async def double(timed, owner):
    return await published(timed, owner)


@pytest.fixture
async def slow(timed, owner):
    return await published(timed, owner, SLOW)


async def history(runtime, owner, schedule_id):
    """States of a schedule's slots, the oldest first."""
    found = await runtime.studio.schedules.list_slots(owner, schedule_id, limit=200)
    return [slot.state for slot in reversed(found.items)]


async def runs_of(runtime, owner):
    return await runtime.runs.list(owner, trigger="schedule", limit=2000)


# Making and changing


async def test_a_schedule_shows_its_words_and_next_five_times(schedules, owner, double):
    wish = replace(EACH_MINUTE, expression="0 9 * * 1-5", zone="Europe/Berlin", name="Mornings")
    view = await schedules.create(owner, double, wish)
    assert view.words == "At 09:00, Monday through Friday"
    assert "clocks skip" in view.rule
    assert [time.text for time in view.next_times][:2] == [
        "Mon 5 Jan 2026, 09:00 CET",
        "Tue 6 Jan 2026, 09:00 CET",
    ]
    assert len(view.next_times) == 5
    assert (view.record.name, view.record.workflow) == ("Mornings", "Double")
    assert await schedules.get(owner, view.record.id) == view


async def test_a_zone_without_a_name_goes_by_its_distance(schedules, owner):
    wish = ScheduleWish("once", "2026-12-24T18:00", zone="Asia/Kathmandu")
    preview = await schedules.preview(owner, wish)
    assert preview.times[0].text == "Thu 24 Dec 2026, 18:00 UTC+05:45"


async def test_every_problem_is_told_at_once(schedules, owner, double):
    wish = ScheduleWish(
        "cron",
        "61 * * * *",
        zone="Mars/Olympus",
        start="yesterday",
        jitter_s=-1,
        misfire_most=0,
        inputs={"n": "two", "m": 1},
    )
    with pytest.raises(InvalidInputError) as caught:
        await schedules.create(owner, double, wish)
    fields = {problem.partition(":")[0] for problem in caught.value.problems}
    assert fields == {"expression", "zone", "start", "jitter_s", "misfire_most", "inputs"}
    preview = await schedules.preview(owner, wish)
    assert preview.problems
    assert not preview.times


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "once", "expression": "2020-01-01T09:00"}, "all of them are past"),
        ({"end": "2020-01-01T09:00"}, "all of them are past"),
        ({"start": "2027-01-01T09:00", "end": "2026-06-01T09:00"}, "before the start"),
        ({"expression": "0 0 31 2 *"}, "never comes"),
        ({"kind": "once", "expression": "2026-03-29T02:30", "zone": "Europe/Berlin"}, "not exist"),
        ({"kind": "once", "expression": "2026-10-25T02:30", "zone": "Europe/Berlin"}, "twice"),
        ({"kind": "sometimes"}, "Choose one of"),
    ],
)
async def test_times_that_never_come_are_refused(schedules, owner, double, changes, said):
    with pytest.raises(InvalidInputError, match=said):
        await schedules.create(owner, double, replace(EACH_MINUTE, **changes))


async def test_nothing_published_cannot_be_scheduled(timed, schedules, owner):
    draft = await kept(timed, owner, DOUBLE)
    with pytest.raises(ConflictError, match="not published"):
        await schedules.create(owner, draft, EACH_MINUTE)


async def test_a_change_keeps_the_rest_and_counts_from_now(schedules, owner, double, clock):
    made = (await schedules.create(owner, double, replace(EACH_MINUTE, name="A"))).record
    clock.turn(3600)
    changed = await schedules.edit(owner, made.id, {"expression": "30 * * * *"})
    assert changed.record.name == "A"
    assert changed.record.next_slot_at == NOON + timedelta(hours=1, minutes=30)
    with pytest.raises(InvalidInputError, match="inputs"):
        await schedules.edit(owner, made.id, {"inputs": {"n": "x"}})


async def test_lists_have_filters_and_pieces_and_stay_in_the_project(
    timed, schedules, owner, double
):
    names = ("a", "b", "c")
    made = [
        (await schedules.create(owner, double, replace(EACH_MINUTE, name=name))).record.id
        for name in names
    ]
    await schedules.pause(owner, made[0])
    first = await schedules.list_schedules(owner, limit=2)
    rest = await schedules.list_schedules(owner, limit=2, after=first.next)
    assert [view.record.name for view in (*first.items, *rest.items)] == ["c", "b", "a"]
    assert rest.next is None
    paused = await schedules.list_schedules(owner, ScheduleFilter(is_paused=True))
    assert [view.record.id for view in paused.items] == [made[0]]
    assert (await schedules.list_schedules(owner, ScheduleFilter(text="doub"))).items
    stranger = person(timed.studio.parts, "stranger@example.com")
    assert not (await schedules.list_schedules(stranger)).items
    with pytest.raises(NotFoundError):
        await schedules.get(stranger, made[0])


async def test_what_is_done_to_schedules_stands_in_the_audit_log(timed, schedules, owner, double):
    made = (await schedules.create(owner, double, EACH_MINUTE)).record
    await schedules.pause(owner, made.id)
    await schedules.resume(owner, made.id)
    await schedules.delete(owner, made.id)
    entries = timed.studio.parts.records.read_now(
        lambda session: session.exec(select(AuditRow).where(AuditRow.kind == "schedule")).all()
    )
    assert len(entries) == 4
    with pytest.raises(NotFoundError):
        await schedules.get(owner, made.id)


# Firing


async def test_a_slot_fires_once_with_the_published_version_as_its_owner(
    timed, schedules, owner, double, clock
):
    wish = replace(EACH_MINUTE, max_cost_usd=Decimal("0.5"))
    made = (await schedules.create(owner, double, wish)).record
    await schedules.tick()
    assert await history(timed, owner, made.id) == []
    clock.turn(60)
    for _ in range(3):
        await schedules.tick()
    (run,) = await runs_of(timed, owner)
    assert (run.trigger, run.version, run.created_by) == ("schedule", 1, owner.id)
    assert run.max_cost_usd == Decimal("0.5")
    assert (await ended(timed, run.id)).outputs == {"twice": 4}
    view = await schedules.get(owner, made.id)
    assert view.last.run_id == run.id
    assert view.last.run_status == "succeeded"
    assert view.last.fired_at == clock.now()
    assert view.last.slot_utc == NOON + timedelta(minutes=1)


async def test_two_processes_that_tick_at_once_fire_each_slot_once(tmp_path, bench):
    clock = TurnedClock()
    async with opened(tmp_path, bench, clock) as one, opened(tmp_path, bench, clock) as other:
        owner = person(one.studio.parts, "owner@example.com")
        double = await published(one, owner)
        wish = replace(EACH_MINUTE, overlap="cancel", jitter_s=20)
        made = [(await one.studio.schedules.create(owner, double, wish)).record for _ in range(10)]
        for _ in range(MINUTES):
            clock.turn(60)
            async with asyncio.TaskGroup() as group:
                for each in (one, other):
                    group.create_task(each.studio.schedules.tick())
        clock.turn(30)
        await other.studio.schedules.tick()
        found = Counter(
            (run.workflow_id, run.id)
            for run in await one.runs.list(owner, trigger="schedule", limit=2000)
        )
        expected = {NOON + timedelta(minutes=n) for n in range(1, MINUTES + 1)}
        fired = []
        for schedule in made:
            slots = (await one.studio.schedules.list_slots(owner, schedule.id, limit=200)).items
            assert {slot.state for slot in slots} == {"begun"}
            assert {slot.slot_utc for slot in slots} == expected
            fired += [slot.run_id for slot in slots]
        assert len(fired) == len(set(fired)) == 10 * MINUTES
        assert sorted(fired) == sorted(run_id for _, run_id in found)
        assert set(found.values()) == {1}


async def test_a_slot_whose_process_died_before_its_run_is_begun_by_the_next_tick(
    timed, schedules, owner, double
):
    made = (await schedules.create(owner, double, EACH_MINUTE)).record
    slot = NOON + timedelta(seconds=30)
    timed.studio.parts.records.write_now(
        lambda session: add_slots(session, made.id, [Fate(slot, "claimed")])
    )
    await schedules.tick()
    await schedules.tick()
    (run,) = await runs_of(timed, owner)
    (told,) = (await schedules.list_slots(owner, made.id)).items
    assert (told.state, told.run_id) == ("begun", run.id)


async def test_a_run_made_twice_by_one_id_is_one_run(timed, schedules, owner, double, clock):
    made = (await schedules.create(owner, double, EACH_MINUTE)).record
    clock.turn(60)
    await schedules.tick()
    (told,) = (await schedules.list_slots(owner, made.id)).items
    await schedules._run(told, None)
    assert len(await runs_of(timed, owner)) == 1
    assert (await ended(timed, told.run_id)).status == "succeeded"


async def test_an_edit_and_a_tick_that_cross_fire_nothing_twice(schedules, owner, double, clock):
    made = (await schedules.create(owner, double, EACH_MINUTE)).record
    clock.turn(60)
    async with asyncio.TaskGroup() as group:
        group.create_task(schedules.tick())
        group.create_task(schedules.edit(owner, made.id, {"expression": "*/1 * * * *"}))
        group.create_task(schedules.tick())
    await schedules.tick()
    slots = (await schedules.list_slots(owner, made.id)).items
    assert len({slot.slot_utc for slot in slots}) == len(slots) <= 1


async def test_a_schedule_that_comes_once_is_over_afterwards(schedules, owner, double, clock):
    wish = replace(EACH_MINUTE, kind="once", expression="2026-01-02T12:05", zone="UTC")
    made = (await schedules.create(owner, double, wish)).record
    clock.turn(300)
    await schedules.tick()
    view = await schedules.get(owner, made.id)
    assert view.record.next_at is None
    assert view.next_times == ()
    assert view.last.state == "begun"


# Missed slots


@pytest.mark.parametrize(
    ("misfire", "expected"),
    [
        ("skip", ["missed", "missed", "missed", "claimed"]),
        ("once", ["missed", "missed", "missed", "claimed"]),
        ("all", ["missed", "claimed", "queued", "skipped"]),
    ],
)
async def test_slots_missed_while_nobody_ticked_stand_in_the_history(
    timed, schedules, owner, double, clock, misfire, expected
):
    wish = replace(EACH_MINUTE, misfire=misfire, misfire_most=2, expression="*/10 * * * *")
    made = (await schedules.create(owner, double, wish)).record
    clock.turn(40 * 60)
    await schedules.tick()
    states = [
        "claimed" if state == "begun" else state for state in await history(timed, owner, made.id)
    ]
    assert states == expected


async def test_slots_of_a_pause_are_missed_and_made_up_for_once(
    timed, schedules, owner, double, clock
):
    wish = replace(EACH_MINUTE, expression="*/10 * * * *")
    made = (await schedules.create(owner, double, wish)).record
    await schedules.pause(owner, made.id)
    clock.turn(35 * 60)
    await schedules.tick()
    assert await history(timed, owner, made.id) == []
    assert len((await schedules.get(owner, made.id)).next_times) == 5
    await schedules.resume(owner, made.id)
    await schedules.tick()
    assert await history(timed, owner, made.id) == ["missed", "missed", "begun"]


async def test_missed_slots_are_made_up_for_one_after_another(
    timed, schedules, owner, double, clock
):
    wish = replace(EACH_MINUTE, misfire="all", misfire_most=3, expression="*/10 * * * *")
    made = (await schedules.create(owner, double, wish)).record
    clock.turn(35 * 60)
    for _ in range(3):
        await schedules.tick()
        for run in await runs_of(timed, owner):
            await ended(timed, run.id)
    assert await history(timed, owner, made.id) == ["begun", "begun", "begun"]
    assert len(await runs_of(timed, owner)) == 3


# Runs that overlap


async def test_a_slot_during_a_run_is_skipped(timed, schedules, owner, slow, clock):
    made = (await schedules.create(owner, slow, replace(EACH_MINUTE, inputs={}))).record
    for _ in range(2):
        clock.turn(60)
        await schedules.tick()
    assert await history(timed, owner, made.id) == ["begun", "skipped"]
    (slot, _) = (await schedules.list_slots(owner, made.id)).items
    assert "had not ended" in slot.reason


async def test_a_slot_during_a_run_waits_for_its_end(timed, schedules, owner, slow, clock, bench):
    wish = replace(EACH_MINUTE, inputs={}, overlap="queue")
    made = (await schedules.create(owner, slow, wish)).record
    for _ in range(2):
        clock.turn(60)
        await schedules.tick()
    assert await history(timed, owner, made.id) == ["begun", "queued"]
    (first,) = await runs_of(timed, owner)
    bench.gate("slow").set()
    await ended(timed, first.id)
    await schedules.tick()
    assert await history(timed, owner, made.id) == ["begun", "begun"]


async def test_a_slot_during_a_run_replaces_it(timed, schedules, owner, slow, clock):
    wish = replace(EACH_MINUTE, inputs={}, overlap="cancel")
    made = (await schedules.create(owner, slow, wish)).record
    for _ in range(2):
        clock.turn(60)
        await schedules.tick()
    assert await history(timed, owner, made.id) == ["begun", "begun"]
    newest, oldest = await runs_of(timed, owner)
    assert (await reached(timed, oldest.id, "cancelled")).status == "cancelled"
    await timed.runs.cancel(owner, newest.id)


@pytest.fixture
async def retried(timed, owner):
    """A workflow whose runs fail at first, and are tried again after a while."""
    flaky = node("flaky", "shaky", fails=1)
    retry = {"attempts": 3, "backoff_s": 600}
    return await published(timed, owner, workflow(flaky, name="Retried", retry=retry))


async def fail_first(timed, schedules, owner, clock):
    """Have the first slot's run fail, then the next slot come; gives the run."""
    clock.turn(60)
    await schedules.tick()
    (first,) = await runs_of(timed, owner)
    record = (await ended(timed, first.id)).view.record
    assert record.status == "failed"
    assert record.retry_at is not None
    clock.turn(60)
    await schedules.tick()
    return first


async def test_a_slot_before_a_failed_run_is_tried_again_is_skipped(
    timed, schedules, owner, retried, clock
):
    made = (await schedules.create(owner, retried, replace(EACH_MINUTE, inputs={}))).record
    await fail_first(timed, schedules, owner, clock)
    assert await history(timed, owner, made.id) == ["begun", "skipped"]


async def test_a_slot_before_a_failed_run_is_tried_again_waits_for_that(
    timed, schedules, owner, retried, clock
):
    wish = replace(EACH_MINUTE, inputs={}, overlap="queue")
    made = (await schedules.create(owner, retried, wish)).record
    first = await fail_first(timed, schedules, owner, clock)
    assert await history(timed, owner, made.id) == ["begun", "queued"]
    await timed.runs.resume(owner, first.id)
    await reached(timed, first.id, "succeeded")
    await schedules.tick()
    assert await history(timed, owner, made.id) == ["begun", "begun"]


async def test_a_slot_that_replaces_the_former_run_ends_its_retries(
    timed, schedules, owner, retried, clock
):
    wish = replace(EACH_MINUTE, inputs={}, overlap="cancel")
    made = (await schedules.create(owner, retried, wish)).record
    first = await fail_first(timed, schedules, owner, clock)
    assert await history(timed, owner, made.id) == ["begun", "begun"]
    former = await timed.runs.find(owner, first.id)
    assert (former.status, former.retry_at) == ("failed", None)


# By hand


async def test_run_now_runs_at_once_and_leaves_the_times_alone(timed, schedules, owner, double):
    made = (await schedules.create(owner, double, EACH_MINUTE)).record
    runner = member(timed, "runner", owner)
    first = await schedules.run_now(runner, made.id)
    second = await schedules.run_now(runner, made.id)
    assert first.run_id != second.run_id
    assert {run.created_by for run in await runs_of(timed, owner)} == {runner.id}
    assert (await schedules.get(owner, made.id)).record.next_at == made.next_at
    assert "by user-runner@example.com" in first.reason


async def test_run_now_that_cannot_run_says_why_and_pauses_nothing(timed, schedules, owner, double):
    made = (await schedules.create(owner, double, EACH_MINUTE)).record
    await timed.studio.versions.unpublish(owner, double)
    with pytest.raises(ConflictError, match="not published"):
        await schedules.run_now(owner, made.id)
    assert not (await schedules.get(owner, made.id)).record.is_paused


# While its queue is drained


async def test_a_slot_waits_for_its_queue_to_be_open_again(timed, schedules, owner, double, clock):
    made = (await schedules.create(owner, double, EACH_MINUTE)).record
    await timed.studio.queue.tell(OPERATOR, "triggered", is_draining=True)
    clock.turn(60)
    await schedules.tick()
    assert await history(timed, owner, made.id) == ["claimed"]
    assert not (await schedules.get(owner, made.id)).record.is_paused
    await timed.studio.queue.tell(OPERATOR, "triggered", is_draining=False)
    await schedules.tick()
    assert await history(timed, owner, made.id) == ["begun"]
    (run,) = await runs_of(timed, owner)
    assert (await ended(timed, run.id)).outputs == {"twice": 4}


async def test_run_now_while_its_queue_is_drained_is_refused_for_good(
    timed, schedules, owner, double
):
    made = (await schedules.create(owner, double, EACH_MINUTE)).record
    await timed.studio.queue.tell(OPERATOR, "triggered", is_draining=True)
    with pytest.raises(QueueClosedError, match="drained"):
        await schedules.run_now(owner, made.id)
    await timed.studio.queue.tell(OPERATOR, "triggered", is_draining=False)
    await schedules.tick()
    (slot,) = (await schedules.list_slots(owner, made.id)).items
    assert (slot.state, "drained" in slot.reason) == ("failed", True)
    assert await runs_of(timed, owner) == []


# Pausing by itself


async def left(runtime, owner, editor):
    runtime.studio.parts.records.write_now(
        lambda session: remove_member(session, project_of(owner), editor.id)
    )


async def disabled(runtime, _, editor):
    runtime.studio.parts.records.write_now(
        lambda session: change_user(session, editor.id, is_active=False)
    )


async def gone(runtime, _, editor):
    runtime.studio.parts.records.write_now(lambda session: remove_user(session, editor.id))


@pytest.mark.parametrize(
    ("happen", "said"), [(left, "has left this project"), (disabled, "disabled"), (gone, "is gone")]
)
async def test_a_schedule_whose_person_cannot_run_it_pauses_until_somebody_takes_it(
    timed, schedules, owner, double, clock, happen, said
):
    editor = member(timed, "editor", owner)
    made = (await schedules.create(editor, double, EACH_MINUTE)).record
    await happen(timed, owner, editor)
    clock.turn(60)
    await schedules.tick()
    view = await schedules.get(owner, made.id)
    assert view.record.is_paused
    assert said in view.record.paused_reason
    assert view.last.state == "failed"
    assert said in view.last.reason
    with pytest.raises(ConflictError):
        await schedules.resume(OPERATOR, made.id)
    assert (await schedules.resume(owner, made.id)).record.owner_id == owner.id
    clock.turn(60)
    await schedules.tick()
    assert (await schedules.get(owner, made.id)).last.state == "begun"


async def test_a_schedule_of_nothing_published_pauses_with_the_reason(
    timed, schedules, owner, double, clock
):
    made = (await schedules.create(owner, double, EACH_MINUTE)).record
    await timed.studio.versions.unpublish(owner, double)
    clock.turn(60)
    await schedules.tick()
    record = (await schedules.get(owner, made.id)).record
    assert record.is_paused
    assert "not published" in record.paused_reason
    clock.turn(60)
    await schedules.tick()
    assert await history(timed, owner, made.id) == ["failed"]


async def test_inputs_that_do_not_fit_any_more_pause_the_schedule(
    timed, schedules, owner, double, clock
):
    made = (await schedules.create(owner, double, EACH_MINUTE)).record
    other = workflow(
        node("start", **inputs(text="string")), node("end"), edges="start>end", name="Other"
    )
    found = await timed.studio.workflows.get(owner, double)
    await timed.studio.workflows.replace(owner, double, other, found.record.revision)
    await timed.studio.versions.publish(owner, double)
    clock.turn(60)
    await schedules.tick()
    assert "do not fit" in (await schedules.get(owner, made.id)).record.paused_reason


# Telling people


def told(runtime, user_id):
    found = select(NotificationRow).where(NotificationRow.user_id == user_id)
    read = runtime.studio.parts.records.read_now
    return [row.title for row in read(lambda session: session.exec(found).all())]


async def test_people_are_told_once_of_missed_slots_and_of_a_pause(
    timed, schedules, owner, double, clock
):
    wish = replace(EACH_MINUTE, expression="*/10 * * * *", misfire="skip", name="Reports")
    await schedules.create(owner, double, wish)
    clock.turn(35 * 60)
    await schedules.tick()
    assert told(timed, owner.id) == ["The schedule Reports missed 3 times"]
    await timed.studio.versions.unpublish(owner, double)
    clock.turn(5 * 60)
    await schedules.tick()
    await schedules.tick()
    assert told(timed, owner.id)[1:] == ["The schedule Reports has paused itself"]


# Waiting


async def test_serving_sleeps_until_the_next_slot_and_not_for_long(schedules, owner, double):
    assert await schedules.tick() == 5.0
    await schedules.create(owner, double, replace(EACH_MINUTE, kind="interval", expression="10s"))
    assert 0 < await schedules.tick() <= 5.0
