"""The queue: whose turn it is, what holds runs back, and what becomes of those that fail."""

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from flowstudio.errors import (
    AccessDeniedError,
    InvalidInputError,
    NotFoundError,
    QueueClosedError,
)
from flowstudio.runtime import open_runtime
from flowstudio.services.access import OPERATOR
from flowstudio.services.credential_inputs import NewHeader
from flowstudio.services.queues import QUEUES
from flowstudio.services.retries import retry_due
from flowstudio.settings import Settings
from flowstudio.store.holdups import look
from flowstudio.store.metrics import list_waiting
from flowstudio.store.queue import take
from flowstudio.store.queue_capacity import Capacity
from flowstudio.ui.queue.present import limit_row, rate_row
from tests.builders import document, node, workflow
from tests.fakes.clock import TurnedClock
from tests.people import actor_of, person, project_of
from tests.processes import until
from tests.projects import kept, member
from tests.running import answer, carry, create, cut_off, ended, opened, reached

pytestmark = pytest.mark.usefixtures("either_database")

GATE = workflow(node("gate", "hold"))


def counting(name):
    return workflow(node("count", name))


@asynccontextmanager
async def one_place(folder, bench, clock=None):
    """A process with room for one run."""
    settings = Settings(data_dir=folder, max_concurrent_runs=1)
    async with open_runtime(settings, registry=bench.registry(), clock=clock) as runtime:
        yield runtime


@asynccontextmanager
async def serving(runtime, queues=QUEUES):
    async with asyncio.TaskGroup() as group:
        task = group.create_task(runtime.dispatcher.serve(queues))
        await until(lambda: runtime.dispatcher.admission.queues)
        yield
        task.cancel()


async def begin(runtime, document, **options):
    run_id = await create(runtime, document, **options)
    runtime.runs.launch(run_id)
    return run_id


async def status(runtime, run_id):
    return (await runtime.runs.find(OPERATOR, run_id)).status


async def queued(runtime, run_id):
    async with asyncio.timeout(60):
        while await status(runtime, run_id) != "queued":
            pass


async def test_what_people_wait_for_goes_before_triggers_and_these_before_the_rest(
    tmp_path, bench, either_database
):
    async with one_place(tmp_path, bench) as runtime, serving(runtime):
        first = await begin(runtime, GATE)
        await bench.started("hold").wait()
        waiting = [
            await begin(runtime, counting(name), queue=name)
            for name in ("batch", "triggered", "interactive")
        ]
        assert {await status(runtime, run_id) for run_id in waiting} == {"queued"}
        bench.gate("hold").set()
        for run_id in (first, *waiting):
            await reached(runtime, run_id, "succeeded")
    ran = [line.removeprefix("run ") for line in bench.log if line.startswith("run ")][1:]
    if either_database == "postgres":
        # One was told to the worker ahead of its turn.
        assert ran.index("interactive") < ran.index("batch")
    else:
        assert ran == list(QUEUES)


async def test_a_project_with_many_runs_waiting_does_not_keep_another_from_its_turn(
    tmp_path, bench
):
    async with one_place(tmp_path, bench) as runtime, serving(runtime):
        await begin(runtime, GATE, project_id="many")
        await bench.started("hold").wait()
        runs = [await begin(runtime, counting("of_many"), project_id="many") for _ in range(5)]
        runs.append(await begin(runtime, counting("of_few"), project_id="few"))
        bench.gate("hold").set()
        for run_id in runs:
            await reached(runtime, run_id, "succeeded")
    ran = [line for line in bench.log if line.startswith("run of_")]
    assert "run of_few" in ran[:2]


async def test_a_limit_holds_back_the_runs_it_concerns_and_no_others(runtime, bench):
    await runtime.studio.queue.limit(OPERATOR, "project", "slow", 1)
    async with serving(runtime):
        held = await begin(runtime, GATE, project_id="slow")
        await bench.started("hold").wait()
        waits = await begin(runtime, counting("slow"), project_id="slow")
        other = await begin(runtime, counting("quick"), project_id="other")
        await reached(runtime, other, "succeeded")
        assert await status(runtime, waits) == "queued"
        bench.gate("hold").set()
        for run_id in (held, waits):
            await reached(runtime, run_id, "succeeded")


async def test_a_limit_on_all_runs_counts_those_of_another_process(tmp_path, bench):
    async with opened(tmp_path, bench) as here, opened(tmp_path, bench) as there:
        await here.studio.queue.limit(OPERATOR, "instance", "", 1)
        async with serving(here), serving(there):
            await begin(here, GATE)
            await bench.started("hold").wait()
            waits = await begin(there, counting("next"))
            await there.dispatcher.admission.look()
            assert await status(there, waits) == "queued"
            bench.gate("hold").set()
            await reached(there, waits, "succeeded")


async def test_a_paused_queue_holds_what_waits_until_it_goes_on(runtime):
    queue = runtime.studio.queue
    async with serving(runtime):
        await queue.tell(OPERATOR, "batch", is_paused=True)
        held = await begin(runtime, counting("later"), queue="batch")
        free = await begin(runtime, counting("now"), queue="triggered")
        await reached(runtime, free, "succeeded")
        assert await status(runtime, held) == "queued"
        await queue.tell(OPERATOR, "batch", is_paused=False)
        await reached(runtime, held, "succeeded")


async def test_a_draining_queue_takes_nothing_new_and_finishes_what_it_has(tmp_path, bench):
    async with one_place(tmp_path, bench) as runtime, serving(runtime):
        await begin(runtime, GATE)
        await bench.started("hold").wait()
        waits = await begin(runtime, counting("had"), queue="batch")
        await runtime.studio.queue.tell(OPERATOR, "batch", is_draining=True)
        with pytest.raises(QueueClosedError, match="drained"):
            await begin(runtime, counting("new"), queue="batch")
        bench.gate("hold").set()
        await reached(runtime, waits, "succeeded")


async def test_a_delayed_run_begins_at_its_moment(timed, clock: TurnedClock):
    async with serving(timed):
        run_id = await begin(timed, counting("late"), ready_at=clock.now() + timedelta(hours=1))
        view = await timed.studio.queue.look(OPERATOR)
        assert [queue.depth.delayed for queue in view.queues] == [1, 0, 0]
        clock.turn(3_000)
        assert await status(timed, run_id) == "queued"
        while await status(timed, run_id) != "succeeded":
            clock.turn(600)


async def test_another_process_takes_what_waits(tmp_path, bench):
    async with (
        one_place(tmp_path, bench) as busy,
        opened(tmp_path, bench) as idle,
        serving(busy),
        serving(idle),
    ):
        await begin(busy, GATE)
        await bench.started("hold").wait()
        waits = await begin(busy, counting("helped"))
        await reached(busy, waits, "succeeded")
        bench.gate("hold").set()


async def test_a_process_serves_only_the_queues_it_was_given(tmp_path, bench):
    async with opened(tmp_path, bench) as runtime, serving(runtime, ("triggered",)):
        waits = await begin(runtime, counting("mine"), queue="batch")
        done = await begin(runtime, counting("yours"), queue="triggered")
        await reached(runtime, done, "succeeded")
        assert await status(runtime, waits) == "queued"


async def test_a_run_that_waits_can_be_cancelled_although_its_queue_is_paused(runtime):
    await runtime.studio.queue.tell(OPERATOR, "batch", is_paused=True)
    async with serving(runtime):
        run_id = await begin(runtime, counting("never"), queue="batch")
        await runtime.runs.cancel(OPERATOR, run_id)
        await reached(runtime, run_id, "cancelled")


async def test_a_key_stands_for_one_run_until_that_has_ended(tmp_path, bench):
    async with opened(tmp_path, bench) as here, opened(tmp_path, bench) as there:
        async with asyncio.TaskGroup() as group:
            asked = [
                group.create_task(create(runtime, GATE, project_id="p", dedup_key="order-1"))
                for runtime in (here, there) * 5
            ]
        (run_id,) = {task.result() for task in asked}
        assert await create(here, GATE, project_id="q", dedup_key="order-1") != run_id
        bench.gate("hold").set()
        await carry(here, run_id)
        assert await create(there, GATE, project_id="p", dedup_key="order-1") != run_id


async def test_two_processes_that_look_at_once_take_no_run_twice(tmp_path, bench):
    async with opened(tmp_path, bench) as here, opened(tmp_path, bench) as there:
        for runtime in (here, there):
            await runtime.dispatcher.admission.open(())
        made = [await begin(here, counting("one")) for _ in range(40)]
        async with serving(here), serving(there):
            for run_id in made:
                await reached(here, run_id, "succeeded")
            epochs = await here.parts.journal.query("SELECT epoch FROM run")
    assert bench.runs["one"] == 40
    assert {row[0] for row in epochs} == {1}


async def test_a_failed_run_is_taken_up_again_where_it_failed(timed, clock, bench):
    document = workflow(
        node("count", "once"),
        node("flaky", "shaky", fails=2),
        edges="once>shaky",
        retry={"attempts": 3, "backoff_s": 60},
    )
    async with serving(timed):
        run_id = await begin(timed, document)
        while await status(timed, run_id) != "succeeded":
            clock.turn(30)
    record = await timed.runs.find(OPERATOR, run_id)
    assert (record.attempt, record.retry_at) == (2, None)
    assert bench.runs == {"once": 1, "shaky": 3}


async def test_a_run_that_failed_for_good_is_a_dead_letter_until_somebody_sees_to_it(
    runtime, bench
):
    document = workflow(node("flaky", "shaky", fails=2, message="no such host"))
    async with serving(runtime):
        run_id = await begin(runtime, document, queue="triggered")
        await reached(runtime, run_id, "failed")
        (dead,) = await runtime.runs.list_dead(OPERATOR)
        assert "no such host" in dead.reason
        assert await runtime.studio.dead_runs.requeue(OPERATOR, [run_id]) == 1
        assert await runtime.runs.list_dead(OPERATOR) == []
        await until(lambda: bench.runs["shaky"] == 2)
        await reached(runtime, run_id, "failed")
        assert await runtime.studio.dead_runs.dismiss(OPERATOR) == 1
        assert await runtime.runs.list_dead(OPERATOR) == []
        assert await status(runtime, run_id) == "failed"


def calling(folder, *nodes):
    """A workflow around another one, whose file is written."""
    folder.mkdir(exist_ok=True)
    (folder / "inner.json").write_text(json.dumps(document(*nodes, edges="before>shaky")))
    inner = node("integration", "call", mode="workflow", workflow="inner.json")
    return workflow(inner, retry={"attempts": 2, "backoff_s": 60})


async def test_a_run_that_failed_through_a_run_inside_it_is_taken_up_again_with_that_one(
    timed, clock, bench, tmp_path
):
    outer = calling(tmp_path / "files", node("count", "before"), node("flaky", "shaky", fails=2))
    async with serving(timed):
        run_id = await begin(timed, outer, base=str(tmp_path / "files"), queue="batch")
        while await status(timed, run_id) != "failed" or bench.runs["shaky"] < 2:
            clock.turn(30)
        (inner,) = [run for run in await timed.runs.list(OPERATOR) if run.id != run_id]
        assert inner.queue == "batch"
        assert await timed.studio.dead_runs.requeue(OPERATOR, [run_id]) == 1
        while await status(timed, run_id) != "succeeded":
            clock.turn(1)
    assert bench.runs == {"before": 1, "shaky": 3}


async def test_a_run_that_is_tried_again_waits_for_its_turn(runtime, bench):
    document = workflow(node("flaky", "shaky", fails=1))
    queue = runtime.studio.queue
    async with serving(runtime):
        run_id = await begin(runtime, document, queue="batch")
        await reached(runtime, run_id, "failed")
        await queue.tell(OPERATOR, "batch", is_paused=True)
        assert await runtime.studio.dead_runs.requeue(OPERATOR, [run_id]) == 1
        await queued(runtime, run_id)
        other = await begin(runtime, counting("meanwhile"))
        await reached(runtime, other, "succeeded")
        await runtime.dispatcher.admission.look()
        record = await runtime.runs.find(OPERATOR, run_id)
        assert (record.status, record.owner, record.finished_at) == ("queued", "", None)
        await queue.tell(OPERATOR, "batch", is_paused=False)
        await reached(runtime, run_id, "succeeded")
    assert bench.runs["shaky"] == 2


async def test_a_run_that_waits_to_be_tried_again_can_be_cancelled(runtime, bench):
    async with serving(runtime):
        run_id = await begin(runtime, workflow(node("flaky", "shaky", fails=1)), queue="batch")
        await reached(runtime, run_id, "failed")
        await runtime.studio.queue.tell(OPERATOR, "batch", is_paused=True)
        await runtime.studio.dead_runs.requeue(OPERATOR, [run_id])
        await queued(runtime, run_id)
        await runtime.runs.cancel(OPERATOR, run_id)
        await reached(runtime, run_id, "cancelled")
    assert bench.runs["shaky"] == 1


async def test_a_process_advances_nothing_of_queues_it_does_not_serve(tmp_path, bench, clock):
    async with opened(tmp_path, bench, clock) as runtime:
        nap = workflow(node("task", "nap", mode="wait", seconds=3600))
        parked = await create(runtime, nap, queue="batch")
        await carry(runtime, parked)
        failed = await create(runtime, workflow(node("flaky", "shaky", fails=1)), queue="batch")
        await carry(runtime, failed)
        left = await create(runtime, GATE, queue="batch")
        await cut_off(runtime, left, bench.started("hold"))
    bench.gate("hold").set()
    clock.turn(3600)
    async with opened(tmp_path, bench, clock) as runtime:

        async def statuses():
            return [await status(runtime, run_id) for run_id in (parked, failed, left)]

        await runtime.studio.dead_runs.requeue(OPERATOR, [failed])
        async with serving(runtime, ("interactive",)):
            done = await begin(runtime, counting("yours"))
            while await status(runtime, failed) == "failed":
                clock.turn(1)
            while await status(runtime, done) != "succeeded":
                clock.turn(1)
            assert await runtime.dispatcher.carry_on() == []
            assert await statuses() == ["waiting", "queued", "running"]
        async with serving(runtime, ("batch",)):
            while await statuses() != ["succeeded"] * 3:
                clock.turn(1)


async def test_what_was_answered_while_nobody_served_goes_on_when_somebody_does(runtime):
    questions = [node("task", name, mode="approval", message="?") for name in ("one", "two")]
    run_id = await create(runtime, workflow(*questions, edges="one>two"), queue="batch")
    await carry(runtime, run_id)
    unheeded = runtime.parts.store.list_unheeded
    await answer(runtime, run_id, "one", approved=True)
    assert await unheeded(("interactive",)) == []
    assert await unheeded(QUEUES) == [run_id]
    async with serving(runtime):
        steps = {}
        async with asyncio.timeout(60):
            while steps != {"one": "succeeded", "two": "waiting"}:
                found = await runtime.runs.steps(OPERATOR, run_id)
                steps = {step.path: step.status for step in found}
    assert await unheeded(QUEUES) == []


async def test_of_dead_runs_only_those_the_actor_may_steer_are_taken_up(runtime):
    parts = runtime.studio.parts
    mine, stranger = person(parts, "a@example.com"), person(parts, "b@example.com")
    document = workflow(node("flaky", "shaky", fails=9))
    run_id = await create(runtime, document, project_id=project_of(mine))
    runtime.runs.launch(run_id)
    await ended(runtime, run_id)
    dead = runtime.studio.dead_runs
    assert await dead.requeue(actor_of(parts, stranger.id)) == 0
    assert await dead.dismiss(actor_of(parts, stranger.id), [run_id]) == 0
    with pytest.raises(NotFoundError):
        await dead.requeue(actor_of(parts, stranger.id), None, project_of(mine))
    assert await dead.dismiss(actor_of(parts, mine.id), [run_id]) == 1


async def test_only_admins_see_and_change_the_queue(runtime):
    parts = runtime.studio.parts
    user = person(parts, "user@example.com")
    queue = runtime.studio.queue
    with pytest.raises(AccessDeniedError):
        await queue.look(user)
    with pytest.raises(AccessDeniedError):
        await queue.tell(user, "batch", is_paused=True)
    with pytest.raises(NotFoundError):
        await queue.tell(OPERATOR, "nowhere", is_paused=True)
    with pytest.raises(InvalidInputError):
        await queue.limit(OPERATOR, "instance", "", 0)
    await queue.limit(user, "project", project_of(user), 3)
    (limit,) = (await queue.look(OPERATOR)).limits
    assert (limit.scope, limit.object_id, limit.most_at_once) == ("project", project_of(user), 3)


async def test_limits_and_rates_tell_what_they_are_set_for_by_name(runtime):
    owner, queue = person(runtime.studio.parts, "a@example.com"), runtime.studio.queue
    workflow_id = await kept(runtime, owner, workflow(node("count", "a"), name="Counting"))
    made = await runtime.studio.credentials.create(
        owner,
        project_of(owner),
        NewHeader(name="Shop", kind="header", header="X-Key", value="secret", hosts=("a.example",)),
    )
    await queue.limit(owner, "workflow", workflow_id, 2)
    await queue.limit(owner, "project", project_of(owner), 3)
    await queue.limit(OPERATOR, "instance", "", 9)
    await queue.rate(OPERATOR, "credential", made.id, 5, 60)
    await queue.rate(OPERATOR, "model", "test/model", 5, 60)
    ((credential_id, label),) = await queue.list_credentials(OPERATOR)
    view = await queue.look(OPERATOR)
    titles = [limit_row(each, view.names).title for each in view.limits]
    assert (credential_id, label) == (made.id, f"Shop ({view.names[project_of(owner)]})")
    assert titles[0] == "All runs together"
    assert titles[1:] == [f"Project “{view.names[project_of(owner)]}”", "Workflow “Counting”"]
    rates = [rate_row(each, view.names).title for each in view.rates]
    assert rates == [f"Credential “{label}”", "Model test/model"]
    with pytest.raises(AccessDeniedError):
        await queue.list_credentials(owner)


async def test_who_sees_a_workflow_sees_how_many_of_its_runs_go_on_at_once(runtime):
    owner = person(runtime.studio.parts, "a@example.com")
    stranger = person(runtime.studio.parts, "b@example.com")
    workflow_id = await kept(runtime, owner, counting("a"))
    queue = runtime.studio.queue
    assert await queue.workflow_limit(owner, workflow_id) is None
    await queue.limit(owner, "workflow", workflow_id, 2)
    assert await queue.workflow_limit(member(runtime, "viewer", owner), workflow_id) == 2
    with pytest.raises(NotFoundError):
        await queue.workflow_limit(stranger, workflow_id)


async def test_the_depth_of_each_queue_and_its_age_are_known(tmp_path, bench):
    async with one_place(tmp_path, bench) as runtime, serving(runtime):
        await begin(runtime, GATE)
        await bench.started("hold").wait()
        first = await begin(runtime, counting("a"), queue="batch")
        await begin(runtime, counting("b"), queue="batch")
        interactive, _, batch = (await runtime.studio.queue.look(OPERATOR)).queues
        made = (await runtime.runs.find(OPERATOR, first)).created_at
        assert (batch.depth.waiting, batch.depth.oldest_at) == (2, made)
        assert interactive.depth.running == 1
        bench.gate("hold").set()


async def test_the_age_of_what_comes_back_into_its_queue_begins_when_it_comes(timed, clock):
    async def oldest():
        view = await timed.studio.queue.look(OPERATOR)
        load = await timed.studio.parts.records.read(list_waiting)
        found = await timed.studio.parts.records.read(lambda session: look(session, clock.now()))
        batch = view.queues[2].depth.oldest_at
        assert {batch} == {each.since for each in load} == {found.waiting["batch"].since}
        return batch

    flaky = workflow(node("flaky", "shaky", fails=1))
    await timed.dispatcher.admission.open(())
    run_id = await create(timed, flaky, queue="batch")
    assert (await carry(timed, run_id)).status == "failed"
    clock.turn(86_400)
    assert await timed.studio.dead_runs.requeue(OPERATOR, [run_id]) == 1
    back_at = clock.now()
    assert await retry_due(timed.parts)
    clock.turn(60)
    assert await oldest() == back_at
    assert await retry_due(timed.parts) == []


async def test_the_age_of_a_delayed_run_begins_when_its_delay_is_over(timed, clock):
    await timed.dispatcher.admission.open(())
    due_at = clock.now() + timedelta(hours=1)
    await create(timed, counting("a"), queue="batch", ready_at=due_at)
    clock.turn(3_700)
    await timed.parts.journal.transact(take("me", (), Capacity({}), clock.now(), {}))
    (waiting,) = await timed.studio.parts.records.read(list_waiting)
    assert (waiting.name, waiting.since) == ("batch", due_at)


async def test_what_ended_within_the_last_minute_counts_however_long_it_took(timed, clock, bench):
    async def ended_of_late():
        view = await timed.studio.queue.look(OPERATOR)
        return [queue.depth.ended for queue in view.queues]

    async with serving(timed):
        run_id = await begin(timed, GATE, queue="triggered")
        await bench.started("hold").wait()
        clock.turn(600)
        bench.gate("hold").set()
        await reached(timed, run_id, "succeeded")
        assert await ended_of_late() == [0, 1, 0]
        clock.turn(61)
        assert await ended_of_late() == [0, 0, 0]


async def test_turns_come_in_a_burst_first_and_then_evenly(timed, clock: TurnedClock):
    await timed.studio.queue.rate(OPERATOR, "model", "test/model", 3, 60)
    rates = timed.studio.credentials.rates

    def waited():
        # The rest is the process listening to signals.
        return sorted(seconds for seconds in clock.slept if seconds > 2)

    for _ in range(3):
        await rates.wait("model", "test/model")
    assert waited() == []
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(rates.wait("model", "test/model"))
        await until(lambda: waited() == [20])
        clock.turn(20)
        await until(lambda: waited() == [20, 20])
        clock.turn(20)
    await rates.wait("model", "another/model")
    await timed.studio.queue.unlimited(OPERATOR, "model", "test/model")
    clock.turn(10)
    await rates.wait("model", "test/model")
    assert waited() == [20, 20]


async def test_who_stops_waiting_for_a_turn_leaves_it_to_the_next(timed, clock: TurnedClock):
    await timed.studio.queue.rate(OPERATOR, "model", "test/model", 1, 60)
    rates = timed.studio.credentials.rates
    await rates.wait("model", "test/model")
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(rates.wait("model", "test/model")) for _ in range(5)]
        await until(lambda: 60 in clock.slept)
        for task in waiting[:4]:
            task.cancel()
        await until(lambda: clock.slept.count(60) == 2)
        clock.turn(60)
        await waiting[4]


async def test_a_rate_is_for_a_credential_that_there_is(runtime):
    with pytest.raises(InvalidInputError, match="no credential"):
        await runtime.studio.queue.rate(OPERATOR, "credential", "nobody", 1, 60)


async def test_a_worker_tells_of_itself_and_takes_its_name_back_when_it_stops(runtime):
    workers = runtime.studio.workers

    async def known():
        return [each.worker for each in (await runtime.studio.queue.look(OPERATOR)).workers]

    async with serving(runtime), asyncio.TaskGroup() as group:
        task = group.create_task(workers.serve("worker"))
        while not await known():
            pass
        (worker,) = await known()
        assert (worker.name, worker.kind) == (runtime.dispatcher.owner, "worker")
        assert worker.queues == QUEUES
        task.cancel()
    assert await known() == []
