"""News of runs, answers and deliveries on PostgreSQL, where statements are told apart."""

import pytest

from flowstudio.errors import ConflictError
from flowstudio.runtime import open_runtime
from flowstudio.services.access import NOBODY
from flowstudio.services.notifications import NotificationQuery
from flowstudio.services.workflows import RunWish
from flowstudio.settings import Settings
from tests.builders import node, workflow
from tests.fakes.clock import TurnedClock
from tests.people import HERE, person
from tests.projects import kept, member
from tests.running import reached


async def test_a_question_is_told_escalated_mailed_and_answered_once(
    empty_postgres, tmp_path, bench
):
    clock = TurnedClock()
    settings = Settings(data_dir=tmp_path, database_url=empty_postgres)
    ask = node(
        "task",
        "ask",
        mode="approval",
        message="Pay?",
        assignees=["runner"],
        escalate_to=["owner"],
        expires_s=60,
        on_expiry="escalate",
    )
    document = workflow(ask, node("end"), edges="ask>end", name="Pay")
    async with open_runtime(settings, clock=clock, registry=bench.registry()) as runtime:
        studio = runtime.studio
        owner = person(studio.parts, "owner@example.com")
        runner = member(runtime, "runner", owner)
        workflow_id = await kept(runtime, owner, document)
        run_id = await studio.workflows.run(owner, workflow_id, RunWish({}))
        await reached(runtime, run_id, "waiting")
        assert await studio.deliveries.tell() == 1
        clock.turn(61)
        assert await studio.deliveries.escalate() == 1
        unread = NotificationQuery("unread", ("run_waiting",), workflow_id)
        (told,) = (await studio.notifications.list_notifications(runner, unread)).items
        assert await studio.deliveries.deliver(None) == 2
        link = await studio.answer_links.make(runner.id, run_id, told.seq)
        token = link.rpartition("/")[2]
        await studio.answer_links.answer(NOBODY, token, {"approved": True}, HERE)
        with pytest.raises(ConflictError, match="has answered this"):
            await studio.answer_links.answer(NOBODY, token, {"approved": False}, HERE)
        assert await studio.notifications.count(runner) == 0
        await reached(runtime, run_id, "succeeded")
