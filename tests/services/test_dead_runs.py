"""Runs that need somebody: counted, taken up again and dismissed, all of them alike."""

import pytest

from flowstudio.clock import utc_now
from flowstudio.services.access import OPERATOR
from flowstudio.services.queues import QUEUES
from flowstudio.ui.queue.dead_present import dead_card
from tests.builders import node, workflow
from tests.fakes.nodes import Bench
from tests.people import person, project_of
from tests.processes import until
from tests.projects import member
from tests.running import carry, create, cut_off, opened, reached
from tests.services.test_queue import serving

pytestmark = pytest.mark.usefixtures("either_database")

FLAKY = workflow(node("flaky", "shaky", fails=1, message="no such host"))


async def asking(folder, bench: Bench, **options) -> str:
    """A run whose step may or may not have been done."""
    async with opened(folder, bench) as runtime:
        run_id = await create(runtime, workflow(node("write")), **options)
        await cut_off(runtime, run_id, bench.started("write"))
    async with opened(folder, bench) as runtime:
        await carry(runtime, run_id)
    return run_id


async def noted(runtime, verb):
    page = await runtime.studio.audit.list_entries(OPERATOR)
    return [record.entry for record in page.items if record.entry.verb == verb]


async def test_the_count_of_dead_runs_is_of_those_the_buttons_touch(tmp_path, bench):
    asks = await asking(tmp_path, bench)
    async with opened(tmp_path, bench) as runtime:
        dead = runtime.studio.dead_runs
        failed = (await carry(runtime, await create(runtime, FLAKY))).id
        left = await create(runtime, workflow(node("count", "left")))
        view = await dead.look(OPERATOR, most=100)
        counts = view.counts
        assert (counts.failed, counts.unknown, counts.abandoned) == (1, 1, 1)
        assert {each.record.id: each.kind for each in view.latest} == {
            asks: "unknown",
            failed: "failed",
            left: "abandoned",
        }
        card = dead_card(view, utc_now())
        assert (card.said, card.again) == ("3 runs need somebody.", "Take 2 up again")
        assert "1 that asks what became of a step stays" in card.again_sure
        assert [row.id for row in card.rows if row.why_not] == [asks]
        assert await dead.dismiss(OPERATOR) == 3
        assert (await dead.look(OPERATOR, most=100)).counts.total == 0
        assert await runtime.runs.list_dead(OPERATOR) == []
        assert await dead.dismiss(OPERATOR) == 0


async def test_everything_dead_is_taken_up_but_what_asks_for_a_word(tmp_path, bench):
    asks = await asking(tmp_path, bench)
    async with opened(tmp_path, bench) as runtime:
        failed = (await carry(runtime, await create(runtime, FLAKY))).id
        left = await create(runtime, workflow(node("count", "left")))
        async with serving(runtime, QUEUES):
            assert await runtime.studio.dead_runs.requeue(OPERATOR) == 2
            await reached(runtime, failed, "succeeded")
            await reached(runtime, left, "succeeded")
            assert await runtime.studio.dead_runs.requeue(OPERATOR, [asks]) == 0
        (dead,) = await runtime.runs.list_dead(OPERATOR)
        assert (dead.record.id, dead.kind) == (asks, "unknown")
        assert bench.runs["write"] == 1


async def test_a_dismissed_run_is_listed_anew_once_it_was_taken_up_and_failed(runtime):
    run_id = (await carry(runtime, await create(runtime, workflow(node("bug"))))).id
    assert await runtime.studio.dead_runs.dismiss(OPERATOR, [run_id]) == 1
    assert await runtime.runs.list_dead(OPERATOR) == []
    await runtime.runs.resume(OPERATOR, run_id)
    await until(lambda: runtime.dispatcher.running == 0)
    (dead,) = await runtime.runs.list_dead(OPERATOR)
    assert dead.record.id == run_id


async def test_the_audit_log_of_each_project_tells_what_was_done_with_its_dead_runs(runtime):
    owner = person(runtime.studio.parts, "a@example.com")
    mine = project_of(owner)
    bug = workflow(node("bug"))
    first, second = [
        (await carry(runtime, await create(runtime, bug, project_id=mine))).id for _ in range(2)
    ]
    elsewhere = (await carry(runtime, await create(runtime, bug, project_id="other"))).id
    assert await runtime.studio.dead_runs.dismiss(owner, [first, elsewhere]) == 1
    (entry,) = await noted(runtime, "dead_run.dismiss")
    assert (entry.actor, entry.project_id, entry.object_id) == (owner.name, mine, first)
    assert await runtime.studio.dead_runs.requeue(OPERATOR) == 2
    entries = await noted(runtime, "dead_run.requeue")
    told = {entry.project_id: entry.details for entry in entries}
    assert told == {
        mine: {"runs": 1, "run_ids": [second]},
        "other": {"runs": 1, "run_ids": [elsewhere]},
    }


async def test_what_somebody_may_only_look_at_is_neither_counted_nor_touched(runtime):
    owner = person(runtime.studio.parts, "a@example.com")
    await carry(runtime, await create(runtime, FLAKY, project_id=project_of(owner)))
    viewer = member(runtime, "viewer", owner)
    assert len(await runtime.runs.list_dead(viewer)) == 1
    assert (await runtime.studio.dead_runs.look(viewer, most=10)).counts.total == 0
    assert await runtime.studio.dead_runs.dismiss(viewer) == 0
    assert (await runtime.studio.dead_runs.look(owner, most=10)).counts.total == 1
