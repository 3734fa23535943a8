"""Runs come to workers, whatever becomes of those."""

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
from collections import Counter

import psycopg
import pytest

from flowstudio.scale.postgres.job_crew import Pace
from flowstudio.scale.postgres.jobs import Jobs
from tests.deferring import defer
from tests.processes import until

QUICK = Pace(beat_s=0.2, stalled_s=1.0, poll_s=0.2, grace_s=5.0)
QUEUES = ("interactive", "triggered", "batch")

WORKER = """
import asyncio, sys
from flowstudio.scale.postgres.job_crew import Pace
from flowstudio.scale.postgres.jobs import Jobs

async def advance(run_id):
    print(run_id, flush=True)
    await asyncio.Event().wait()

async def main():
    async with Jobs(sys.argv[1], Pace(beat_s=0.2)).opened() as jobs:
        await jobs.work(advance, queues=["batch"], concurrency=int(sys.argv[2]))

asyncio.run(main())
"""


class Done:
    """Says which runs were advanced."""

    def __init__(self):
        self.runs = []
        self._more = asyncio.Condition()

    async def __call__(self, run_id):
        async with self._more:
            self.runs.append(run_id)
            self._more.notify_all()

    async def count(self, most):
        async with asyncio.timeout(30), self._more:
            await self._more.wait_for(lambda: len(self.runs) >= most)


@contextlib.asynccontextmanager
async def working(url, advance, *, queues=QUEUES, concurrency=10, pace=QUICK):
    async with Jobs(url, pace).opened() as jobs, asyncio.TaskGroup() as group:
        task = group.create_task(jobs.work(advance, queues=queues, concurrency=concurrency))
        yield task
        task.cancel()


def left(url):
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT status::text, args FROM procrastinate.procrastinate_jobs ORDER BY id"
        ).fetchall()


def listens_to(url, queue):
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN%%' AND query LIKE %s",
            (f"%#{queue}%",),
        ).fetchone()


@pytest.fixture
async def tables(url):
    """The tables there are jobs in."""
    async with Jobs(url).opened():
        pass


@pytest.mark.usefixtures("tables")
async def test_every_run_is_advanced_once_and_no_job_is_left(url):
    done = Done()
    names = [f"run {number}" for number in range(200)]
    defer(url, [("batch", names[start : start + 20]) for start in range(0, 200, 20)])
    async with working(url, done), working(url, done):
        await done.count(200)
    assert Counter(done.runs) == Counter(names)
    assert left(url) == []


@pytest.mark.usefixtures("tables")
async def test_a_job_that_comes_is_done_at_once(url):
    done = Done()
    # A notification tells of it, or nothing does in time.
    async with working(url, done, pace=Pace(poll_s=3_600)):
        await until(lambda: listens_to(url, QUEUES[-1]))
        for number in range(5):
            defer(url, [("interactive", [f"run {number}"])])
            await done.count(number + 1)


@pytest.mark.usefixtures("tables")
async def test_what_somebody_waits_for_goes_first(url):
    done = Done()
    defer(url, [("batch", ["b1"]), ("triggered", ["t1"]), ("interactive", ["i1"])])
    defer(url, [("batch", ["b2"]), ("interactive", ["i2"])])
    async with working(url, done, concurrency=1):
        await done.count(5)
    assert done.runs == ["i1", "i2", "t1", "b1", "b2"]


@pytest.mark.usefixtures("tables")
async def test_what_somebody_waits_for_goes_before_the_rest_of_a_job_begun(url):
    order = []

    async def advance(run_id):
        order.append(run_id)
        if run_id == "b0":
            defer(url, [("interactive", ["i"])])
        await asyncio.sleep(0.01)

    defer(url, [("batch", [f"b{number}" for number in range(200)])])
    async with working(url, advance, concurrency=1), asyncio.timeout(30):
        await until(lambda: "i" in order)
    assert order.index("i") < 100


@pytest.mark.usefixtures("tables")
async def test_no_more_runs_go_on_at_once_than_allowed_and_the_rest_is_left_to_others(url):
    at_once, most, go = 0, 0, asyncio.Event()

    async def advance(_run_id):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await go.wait()
        at_once -= 1

    defer(url, [("batch", [f"{job}.{run}" for run in range(4)]) for job in range(10)])
    done = Done()
    async with working(url, advance, concurrency=6):
        async with working(url, done):
            # Two jobs are in the first one's hands.
            await done.count(32)
        go.set()
        await until(lambda: not left(url))
    assert most == 6


@pytest.mark.usefixtures("tables")
async def test_queues_nobody_serves_wait(url):
    done = Done()
    defer(url, [("batch", ["b"]), ("interactive", ["i"])])
    async with working(url, done, queues=["interactive"]):
        await done.count(1)
    assert done.runs == ["i"]
    assert left(url) == [("todo", {"run_ids": ["b"]})]


@pytest.mark.usefixtures("tables")
async def test_the_jobs_of_a_killed_worker_are_done_by_the_living(url):
    defer(url, [("batch", ["a", "b"]), ("batch", ["c"])])
    with subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", WORKER, url, "3"], stdout=subprocess.PIPE, text=True
    ) as killed:
        begun = {killed.stdout.readline().strip() for _ in range(3)}
        killed.kill()
    assert begun == {"a", "b", "c"}
    done = Done()
    async with working(url, done):
        await done.count(3)
    assert set(done.runs) == begun
    assert left(url) == []


@pytest.mark.usefixtures("tables")
async def test_a_worker_that_was_stopped_for_long_finds_its_jobs_done_and_works_on(url):
    defer(url, [("batch", ["a"])])
    with subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", WORKER, url, "2"], stdout=subprocess.PIPE, text=True
    ) as stopped:
        assert stopped.stdout.readline().strip() == "a"
        stopped.send_signal(signal.SIGSTOP)
        done = Done()
        async with working(url, done):
            await done.count(1)
        assert left(url) == []
        stopped.send_signal(signal.SIGCONT)
        defer(url, [("batch", ["b"])])
        assert stopped.stdout.readline().strip() == "b"
        stopped.kill()


@pytest.mark.usefixtures("tables")
async def test_a_worker_that_stops_lets_its_runs_end_or_hands_them_back(url):
    begun, leave = asyncio.Semaphore(0), asyncio.Event()

    async def advance(run_id):
        begun.release()
        if run_id == "long":
            await asyncio.Event().wait()
        await leave.wait()
        return run_id != "left"

    defer(url, [("batch", [run_id]) for run_id in ("ended", "left", "long")])
    async with working(url, advance, pace=Pace(grace_s=0.5)) as task:
        for _ in range(3):
            await begun.acquire()
        task.cancel()
        leave.set()
    assert left(url) == [("todo", {"run_ids": ["left"]}), ("todo", {"run_ids": ["long"]})]
    done = Done()
    async with working(url, done):
        await done.count(2)
        # A job is taken away a moment after its run has ended.
        await until(lambda: not left(url))


@pytest.mark.usefixtures("tables")
async def test_a_run_that_could_not_be_carried_on_is_tried_again_with_its_job(url):
    tried = Counter()
    again = asyncio.Event()

    async def advance(run_id):
        tried[run_id] += 1
        if run_id == "bad" and tried[run_id] == 1:
            message = "not now"
            raise OSError(message)
        if tried["good"] == 2 == tried["bad"]:
            again.set()

    defer(url, [("batch", ["bad", "good"])])
    async with working(url, advance), asyncio.timeout(20):
        await again.wait()
        await until(lambda: not left(url))


@pytest.mark.usefixtures("tables")
async def test_a_worker_outlives_a_restart_of_postgresql(url, postgres):
    done = Done()
    async with working(url, done):
        defer(url, [("batch", ["before"])])
        await done.count(1)
        await asyncio.to_thread(postgres.restart)
        defer(url, [("batch", ["after"])])
        await done.count(2)
        await until(lambda: not left(url))
    assert done.runs == ["before", "after"]


async def test_the_tables_are_made_once_however_many_come_at_once(url):
    async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(stack.enter_async_context(Jobs(url).opened()))
    assert left(url) == []


@pytest.mark.usefixtures("tables")
async def test_migrations_that_were_not_applied_are_when_a_worker_starts(url):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET search_path TO procrastinate")
        connection.execute("DROP FUNCTION procrastinate_fetch_job_v2")
        connection.execute("DELETE FROM applied WHERE name LIKE '03.03.00_01_pre_priority%'")
    done = Done()
    defer(url, [("batch", ["run"])])
    async with working(url, done):
        await done.count(1)


def test_nothing_of_postgresql_is_loaded_for_sqlite():
    code = (
        "import json, sys, flowstudio.runtime, flowstudio.services.studio\n"
        "print(json.dumps([name for name in sys.modules if name in "
        "('psycopg', 'psycopg_pool', 'procrastinate')]))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(found.stdout) == []
