"""Runs on PostgreSQL: handed to workers as jobs, watched from elsewhere, taken over from the dead."""

import asyncio
from contextlib import asynccontextmanager
from functools import partial

import pytest

from flowstudio.scale.postgres import jobs
from flowstudio.scale.postgres.job_crew import Pace
from flowstudio.services import signals
from flowstudio.services.access import OPERATOR
from flowstudio.services.queues import QUEUES
from flowstudio.settings import Settings
from flowstudio.store.queue_controls import Worker, put_worker
from tests.builders import node, workflow
from tests.processes import until
from tests.running import answer, create, ended, opened, reached

GATE = workflow(node("gate", "hold"))
ONE = workflow(node("count", "one"))


@pytest.fixture(autouse=True)
def _on_postgres(monkeypatch, postgres_url):
    monkeypatch.setenv("FLOWSTUDIO_DATABASE_URL", postgres_url)
    # A run that hangs holds up the end of its worker for so long.
    monkeypatch.setattr(jobs, "Pace", partial(Pace, grace_s=1.0))


@asynccontextmanager
async def serving(runtime, queues=QUEUES, *, works=True):
    async with asyncio.TaskGroup() as group:
        task = group.create_task(runtime.dispatcher.serve(queues, works=works))
        yield
        task.cancel()


async def begin(runtime, document, **options):
    run_id = await create(runtime, document, **options)
    runtime.runs.launch(run_id)
    return run_id


async def jobs_of(runtime):
    return await runtime.parts.journal.query(
        "SELECT status, queue_name, args FROM procrastinate.procrastinate_jobs"
    )


async def jobs_but(runtime, run_id):
    return [row for row in await jobs_of(runtime) if row[2]["run_ids"] != [run_id]]


@asynccontextmanager
async def web_and_worker(tmp_path, bench):
    """A process that only takes requests, and one that only advances runs."""
    async with opened(tmp_path / "web", bench) as web, opened(tmp_path / "worker", bench) as worker:
        await web.dispatcher.admission.open(())
        async with serving(web, works=False), serving(worker):
            yield web, worker


async def test_a_worker_advances_what_a_web_process_was_asked_for(tmp_path, bench):
    async with web_and_worker(tmp_path, bench) as (web, _):
        run_id = await begin(web, ONE)
        told = await ended(web, run_id)
        assert told.status == "succeeded"
        while await jobs_of(web):
            pass
    assert bench.runs == {"one": 1}


async def test_whoever_asked_sees_live_what_the_worker_does(tmp_path, bench):
    async with web_and_worker(tmp_path, bench) as (web, worker):
        run_id = await begin(web, GATE)
        seen = []
        async with asyncio.timeout(30):
            async for event in web.runs.watch(OPERATOR, run_id):
                seen.append(event.type)
                if event.type == "step_started":
                    assert worker.dispatcher.is_here(run_id)
                    bench.gate("hold").set()
        assert seen == ["run_started", "step_started", "step_succeeded", "run_succeeded"]


async def test_a_cancel_reaches_a_run_of_another_process(tmp_path, bench):
    async with web_and_worker(tmp_path, bench) as (web, _):
        run_id = await begin(web, GATE)
        await bench.started("hold").wait()
        await web.runs.cancel(OPERATOR, run_id)
        assert (await reached(web, run_id, "cancelled")).status == "cancelled"


async def test_a_cancel_is_told_of_and_not_only_looked_for(tmp_path, bench, monkeypatch):
    monkeypatch.setattr(signals, "_TOLD_EVERY_S", 3_600)
    async with web_and_worker(tmp_path, bench) as (web, _):
        run_id = await begin(web, GATE)
        await bench.started("hold").wait()
        await web.runs.cancel(OPERATOR, run_id)
        assert (await reached(web, run_id, "cancelled")).status == "cancelled"


async def test_a_run_and_its_job_come_with_one_commit(tmp_path, bench):
    async with web_and_worker(tmp_path, bench) as (web, _):
        await reached(web, await begin(web, ONE), "succeeded")
        # The first look has told how much room there is.
        await until(lambda: web.dispatcher.admission._ahead is not None)
        run_id = await create(web, ONE)
        assert (await web.runs.find(OPERATOR, run_id)).owner != ""
        await reached(web, run_id, "succeeded")


async def test_runs_that_wait_share_jobs_and_each_queue_has_its_own(tmp_path, bench):
    async with opened(tmp_path / "web", bench) as web:
        await web.dispatcher.admission.open(())
        made = [await begin(web, ONE, queue="batch") for _ in range(10)]
        made += [await begin(web, ONE, queue="triggered") for _ in range(2)]
        async with serving(web, works=False):
            # As many as eight runs, since no worker has told of itself.
            async with asyncio.timeout(30):
                while len(await jobs_of(web)) < 2:
                    pass
        jobs = await jobs_of(web)
        assert sorted((row[1], len(row[2]["run_ids"])) for row in jobs) == [
            ("batch", 6),
            ("triggered", 2),
        ]
        async with opened(tmp_path / "worker", bench) as worker, serving(worker):
            for run_id in made:
                await reached(web, run_id, "succeeded")
    assert bench.runs["one"] == 12


def told_of_a_worker(runtime, queues, concurrency):
    now = runtime.clock.now()
    worker = Worker("worker", "host", 1, "worker", queues, concurrency, 0, now, now)
    runtime.studio.parts.records.write_now(lambda session: put_worker(session, worker))


async def test_a_queue_that_no_worker_serves_holds_up_no_other(tmp_path, bench):
    async with opened(tmp_path / "web", bench) as web, opened(tmp_path / "worker", bench) as worker:
        told_of_a_worker(web, ("interactive",), 2)
        await web.dispatcher.admission.open(())
        waits = [await begin(web, ONE, queue="batch") for _ in range(9)]
        async with serving(web, works=False):
            await until(lambda: web.dispatcher.admission._ahead is not None)
            async with serving(worker, ("interactive",)):
                for _ in range(5):
                    await reached(web, await begin(web, ONE), "succeeded")
        assert {(await web.runs.find(OPERATOR, run_id)).owner for run_id in waits} == {""}
    assert bench.runs["one"] == 5


async def test_what_a_worker_that_is_gone_left_in_its_queue_takes_no_place_of_another(
    tmp_path, bench
):
    async with opened(tmp_path / "web", bench) as web, opened(tmp_path / "worker", bench) as worker:
        await web.dispatcher.admission.open(())
        left = [await begin(web, ONE, queue="batch") for _ in range(9)]
        async with serving(web, works=False):
            # While no worker is known, eight go.
            await until(lambda: web.dispatcher.admission._ahead)
            told_of_a_worker(web, ("interactive",), 2)
            await web.dispatcher.admission.refresh()
            async with serving(worker, ("interactive",)):
                await reached(web, await begin(web, ONE), "succeeded")
        assert {(await web.runs.find(OPERATOR, run_id)).status for run_id in left} == {"queued"}


async def test_a_worker_that_stops_leaves_its_run_to_another(tmp_path, bench):
    async with opened(tmp_path / "web", bench) as web:
        await web.dispatcher.admission.open(())
        async with serving(web, works=False):
            async with opened(tmp_path / "first", bench) as first:
                serving_first = serving(first)
                await serving_first.__aenter__()
                run_id = await begin(web, GATE)
                await bench.started("hold").wait()
                await first.dispatcher.finish(0)
                await serving_first.__aexit__(None, None, None)
            assert (await web.runs.find(OPERATOR, run_id)).status == "running"
            bench.gate("hold").set()
            async with opened(tmp_path / "second", bench) as second, serving(second):
                await reached(web, run_id, "succeeded")
    assert bench.runs == {"hold": 2}


async def test_a_worker_that_stops_takes_nothing_new_and_ends_what_it_has(
    tmp_path, bench, monkeypatch
):
    monkeypatch.setattr(jobs, "Pace", partial(Pace, grace_s=3_600))
    monkeypatch.setenv("FLOWSTUDIO_MAX_CONCURRENT_RUNS", "1")
    ask = workflow(
        node("task", "ask", mode="approval", message="?"), node("count", "b"), edges="ask>b"
    )
    async with opened(tmp_path / "web", bench) as web, asyncio.TaskGroup() as group:
        await web.dispatcher.admission.open(())
        async with serving(web, works=False):
            async with opened(tmp_path / "first", bench) as first:
                serving_first = serving(first)
                await serving_first.__aenter__()
                parked = await begin(web, ask)
                await reached(web, parked, "waiting")
                running = await begin(web, GATE)
                await bench.started("hold").wait()
                # Told to it already, and waiting for its only place.
                waits = [await begin(web, ONE) for _ in range(3)]
                finishing = group.create_task(first.dispatcher.finish(60))
                await until(lambda: not first.dispatcher.admission.queues)
                waits.append(await begin(web, ONE))
                await answer(web, parked, "ask", approved=True)
                while any(row[0] == "doing" for row in await jobs_but(web, running)):
                    pass
                bench.gate("hold").set()
                assert await finishing
                assert bench.runs == {"hold": 1}
                async with asyncio.timeout(30):
                    await serving_first.__aexit__(None, None, None)
            found = [(await web.runs.find(OPERATOR, run_id)).status for run_id in waits]
            assert found == ["queued"] * 4
            async with opened(tmp_path / "second", bench) as second, serving(second):
                for run_id in (running, parked, *waits):
                    await reached(web, run_id, "succeeded")
    assert bench.runs == {"hold": 1, "one": 4, "b": 1}


async def test_a_worker_is_given_its_time_to_stop_once(tmp_path, bench, monkeypatch):
    monkeypatch.setattr(jobs, "Pace", partial(Pace, grace_s=3_600))
    async with opened(tmp_path / "web", bench) as web:
        await web.dispatcher.admission.open(())
        async with serving(web, works=False), opened(tmp_path / "worker", bench) as worker:
            async with asyncio.timeout(30), serving(worker):
                run_id = await begin(web, GATE)
                await bench.started("hold").wait()
                assert not await worker.dispatcher.finish(0)
            assert [row[0] for row in await jobs_of(web)] == ["todo"]
            assert (await web.runs.find(OPERATOR, run_id)).status == "running"


async def test_a_web_process_that_works_takes_its_own_runs_as_jobs_too(tmp_path, bench):
    async with opened(tmp_path, bench) as web, serving(web):
        await until(lambda: web.dispatcher.admission.queues)
        run_id = await begin(web, GATE)
        await bench.started("hold").wait()
        assert [row[0] for row in await jobs_of(web)] == ["doing"]
        bench.gate("hold").set()
        await reached(web, run_id, "succeeded")
    assert bench.runs == {"hold": 1}


def test_a_web_process_may_be_told_not_to_advance_runs(monkeypatch):
    assert Settings().run_in_web
    monkeypatch.setenv("FLOWSTUDIO_RUN_IN_WEB", "false")
    assert not Settings().run_in_web
