"""What admins are told of by themselves: once, and not of what passes by itself."""

import shutil
from collections import namedtuple

import pytest
from sqlmodel import select

from flowstudio.errors import FlowStudioError
from flowstudio.services.access import OPERATOR
from flowstudio.services.backup import BackupService
from flowstudio.services.lookout import LookoutService
from flowstudio.store.notice_choices import Mute
from flowstudio.store.queue_controls import Worker, put_worker
from flowstudio.store.tables.notifications import DeliveryRow
from tests.builders import node, workflow
from tests.people import person, project_of
from tests.projects import member
from tests.running import carry, create

pytestmark = pytest.mark.usefixtures("either_database")

ONE = workflow(node("count", "one"))
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
async def admin(timed):
    await timed.dispatcher.admission.open(())
    return person(timed.studio.parts, "admin@example.com", "admin")


async def titles(runtime, actor):
    found = await runtime.studio.notifications.list_notifications(actor)
    return [item.title for item in found.items]


def worker(now, name="w1", *queues):
    return Worker(name, "box", 7, "worker", queues or ("interactive",), 4, 0, now, now)


async def note(runtime, work):
    await runtime.studio.parts.records.write(work)


async def test_where_all_is_well_nobody_is_told_anything(timed, admin):
    assert await timed.studio.lookout.look() == 0
    assert await titles(timed, admin) == []


async def test_a_queue_that_nobody_serves_is_told_after_five_minutes_once(timed, admin, clock):
    anybody = person(timed.studio.parts, "user@example.com")
    await create(timed, ONE, queue="batch")
    clock.turn(240)
    assert await timed.studio.lookout.look() == 0
    clock.turn(120)
    assert await timed.studio.lookout.look() == 1
    # Another process finds the same.
    assert await LookoutService(timed.studio.parts).look() == 1
    assert await timed.studio.lookout.look() == 0
    assert await titles(timed, admin) == ["Runs wait, and no worker serves their queue"]
    assert await titles(timed, anybody) == []
    clock.turn(86_400)
    assert await timed.studio.lookout.look() == 1
    assert len(await titles(timed, admin)) == 2


async def test_a_paused_queue_is_told_once_runs_have_waited_an_hour(timed, admin, clock):
    await timed.studio.queue.tell(OPERATOR, "batch", is_paused=True)
    await create(timed, ONE, queue="batch")
    for seconds, told in ((3_000, 0), (1_000, 1), (60, 0)):
        clock.turn(seconds)
        await note(timed, lambda session: put_worker(session, worker(clock.now(), "w", "batch")))
        assert await timed.studio.lookout.look() == told
    assert await titles(timed, admin) == ["The queue batch is paused while runs wait in it"]


async def test_a_worker_that_is_gone_is_told_at_the_second_look_and_never_again(
    timed, admin, clock
):
    await note(timed, lambda session: put_worker(session, worker(clock.now())))
    clock.turn(90)
    assert await timed.studio.lookout.look() == 0
    clock.turn(60)
    assert await timed.studio.lookout.look() == 1
    clock.turn(86_400)
    assert await timed.studio.lookout.look() == 0
    assert await titles(timed, admin) == ["A worker on box is gone without stopping"]


async def test_a_worker_whose_machine_slept_is_not_told(timed, admin, clock):
    for _ in range(3):
        await note(timed, lambda session: put_worker(session, worker(clock.now())))
        assert await timed.studio.lookout.look() == 0
        clock.turn(3_600)
        assert await timed.studio.lookout.look() == 0
    assert await titles(timed, admin) == []


async def test_a_disk_nearly_full_is_told_with_what_helps(timed, admin, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9, 10**8))
    assert await timed.studio.lookout.look() == 1
    (item,) = (await timed.studio.notifications.list_notifications(admin)).items
    assert "flowstudio runs prune" in item.body


async def test_notifications_that_reach_nobody_are_told(timed, admin):
    parts, now = timed.studio.parts, timed.clock.now()
    await timed.studio.notification_settings.test(admin)

    def fail(session):
        for row in session.exec(select(DeliveryRow)).all():
            row.state, row.ended_at, row.problem = "failed", now, "no such host"
            session.add(row)

    await parts.records.write(fail)
    assert await timed.studio.lookout.look() == 1
    assert "Notifications do not reach people" in await titles(timed, admin)


async def test_who_has_muted_the_type_is_not_told(timed, admin, clock):
    await timed.studio.notification_settings.mute(admin, Mute(type="system"), is_muted=True)
    await create(timed, ONE, queue="batch")
    clock.turn(600)
    await timed.studio.lookout.look()
    assert await titles(timed, admin) == []


async def test_a_backup_that_fails_is_told_once_a_day(timed, admin, tmp_path):
    service = BackupService(timed.settings, timed.clock)
    for _ in range(2):
        with pytest.raises(FlowStudioError):
            service.create(OPERATOR, tmp_path / "nowhere" / "backup.tar.gz")
    assert await titles(timed, admin) == ["A backup could not be made"]


@pytest.mark.parametrize("is_servers", [True, False])
async def test_a_refused_key_is_told_once_to_who_can_change_it(timed, admin, is_servers):
    place = "FLOWSTUDIO_OPENROUTER_API_KEY" if is_servers else "credential 'Ours'"
    message = f"OpenRouter refused the key (401). Check {place}."
    owner = person(timed.studio.parts, "owner@example.com")
    editor = member(timed, "editor", owner)
    document = workflow(node("flaky", "work", fails=9, message=message, refuses_key=True))
    for _ in range(3):
        run_id = await create(timed, document, project_id=project_of(owner), created_by=owner.id)
        assert (await carry(timed, run_id)).status == "failed"
    await timed.studio.deliveries.tell()
    title = "A provider of models refuses the key"
    told = {
        actor.name: (await titles(timed, actor)).count(title) for actor in (admin, owner, editor)
    }
    assert told == {
        "admin@example.com": int(is_servers),
        "owner@example.com": int(not is_servers),
        editor.name: 0,
    }
