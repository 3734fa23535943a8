"""Why runs do not begin: what the doctor says of held queues, missing workers and what gave up."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pytest

from flowstudio.services.access import OPERATOR
from flowstudio.services.checks.holdups import HOLDUP_CHECKS
from flowstudio.services.schedules import ScheduleWish
from flowstudio.settings import Settings
from flowstudio.store import holdups
from flowstudio.store.queue_controls import Worker, put_worker
from flowstudio.store.schedules import change_schedule
from flowstudio.store.tables.notifications import DeliveryRow, NotificationRow
from tests.builders import node, workflow
from tests.hooking import published
from tests.people import person
from tests.running import create

ONE = workflow(node("count", "one"))

pytestmark = pytest.mark.usefixtures("either_database")


@dataclass
class Doctor:
    """Asks about one runtime."""

    runtime: object

    async def findings(self, **settings):
        parts, now = self.runtime.studio.parts, self.runtime.clock.now()
        found = await parts.records.read(partial(holdups.look, now=now))
        chosen = Settings(data_dir=self.runtime.settings.data_dir, **settings)
        return {one.what: one for one in (check(found, chosen, now) for check in HOLDUP_CHECKS)}

    async def note(self, work):
        await self.runtime.studio.parts.records.write(work)


@pytest.fixture
async def doctor(timed):
    await timed.dispatcher.admission.open(())
    return Doctor(timed)


def worker(now, *queues):
    return Worker("w1", "box", 7, "worker", queues, 4, 0, now, now)


async def test_without_work_and_failures_all_is_well(doctor):
    assert {one.level for one in (await doctor.findings()).values()} == {"ok"}


async def test_a_paused_queue_is_told_once_something_waits_in_it(doctor, timed):
    await timed.studio.queue.tell(OPERATOR, "batch", is_paused=True)
    quiet = (await doctor.findings())["Queues"]
    assert (quiet.level, quiet.says) == ("ok", "batch paused, with nothing waiting")
    await create(timed, ONE, queue="batch")
    told = (await doctor.findings())["Queues"]
    assert (told.level, told.says) == ("warning", "batch is paused with 1 waiting")


async def test_a_draining_queue_is_told_since_it_refuses_runs(doctor, timed):
    await timed.studio.queue.tell(OPERATOR, "triggered", is_draining=True)
    told = (await doctor.findings())["Queues"]
    assert (told.level, told.says) == ("warning", "triggered is draining")
    assert told.why
    assert told.todo


async def test_work_in_a_queue_that_no_living_process_serves_is_a_problem(doctor, timed, clock):
    await create(timed, ONE, queue="batch")
    await doctor.note(lambda session: put_worker(session, worker(clock.now(), "triggered")))
    clock.turn(30)
    told = (await doctor.findings(run_in_web=False))["Waiting runs"]
    assert told.level == "problem"
    assert "1 wait in batch" in told.says
    assert "worker --queues batch" in told.todo
    assert "FLOWSTUDIO_RUN_IN_WEB" in told.todo
    await doctor.note(lambda session: put_worker(session, worker(clock.now(), "batch")))
    assert (await doctor.findings())["Waiting runs"].level == "ok"
    clock.turn(120)
    assert (await doctor.findings())["Waiting runs"].level == "problem"


async def test_a_run_that_waits_for_its_moment_is_not_missed(doctor, timed, clock):
    run_id = await create(timed, ONE, queue="batch")
    later = (clock.now() + timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S.%f")
    await timed.parts.journal.transact(
        lambda connection: connection.execute(
            "UPDATE run SET ready_at=? WHERE id=?", (later, run_id)
        )
    )
    assert (await doctor.findings())["Waiting runs"].level == "ok"


async def test_a_schedule_that_paused_itself_is_told_and_one_that_somebody_paused_is_not(
    doctor, timed
):
    owner = person(timed.studio.parts, "owner@example.com")
    workflow_id = await published(timed, owner)
    wish = ScheduleWish("cron", "* * * * *", inputs={"n": 2}, name="Each minute")
    made = (await timed.studio.schedules.create(owner, workflow_id, wish)).record
    await timed.studio.schedules.pause(owner, made.id)
    assert (await doctor.findings())["Schedules"].level == "ok"
    reason = "The person it belongs to has left."
    await doctor.note(lambda session: change_schedule(session, made.id, paused_reason=reason))
    told = (await doctor.findings())["Schedules"]
    assert told.level == "warning"
    assert "'Each minute'" in told.says
    assert reason in told.says
    assert "schedules resume" in told.todo


def failed(now, user_id, channel, problem):
    """The rows of a delivery that failed for good just now."""
    known = {"id": f"{channel}-1", "user_id": user_id}
    return (
        NotificationRow(
            **known,
            type="failed",
            priority="normal",
            title="A run failed",
            dedup_key=channel,
            created_at=now,
        ),
        DeliveryRow(
            **known,
            notification_id=f"{channel}-1",
            channel=channel,
            state="failed",
            due_at=now,
            problem=problem,
            ended_at=now,
        ),
    )


async def test_notifications_that_failed_for_good_are_told_for_a_day(doctor, timed, clock):
    user_id = person(timed.studio.parts, "owner@example.com").id
    for channel, problem in (("mail", "The server refused it."), ("webhook", "It answered 500.")):
        for row in failed(clock.now(), user_id, channel, problem):
            await doctor.note(lambda session, row=row: session.add(row))
    told = (await doctor.findings())["Deliveries"]
    assert told.level == "warning"
    assert "1 by mail, the latest because: The server refused it." in told.says
    assert "1 by webhook, the latest because: It answered 500." in told.says
    assert "FLOWSTUDIO_SMTP_URL" in told.todo
    clock.turn(25 * 3600)
    assert (await doctor.findings())["Deliveries"].level == "ok"
