"""What is kept of runs: by age, number and size; what goes is gone, and the file shrinks."""

import asyncio
import sqlite3
from datetime import timedelta

import pytest
from sqlalchemy import create_engine

from flowstudio.errors import AccessDeniedError, InvalidInputError
from flowstudio.services.access import OPERATOR
from flowstudio.services.retention import Policy
from flowstudio.settings import Settings
from flowstudio.store import removal
from flowstudio.store.database import MIGRATIONS, open_database
from flowstudio.store.migrations import upgrade
from tests.builders import node, workflow
from tests.fakes.clock import turned_until_done
from tests.people import person
from tests.rows import fetch
from tests.running import create, run, succeed

on_either = pytest.mark.usefixtures("either_database")
ASK = workflow(node("task", "ask", mode="approval", message="?"))
ONE = workflow(node("count", value=1))


async def left(runtime) -> set[str]:
    return {record.id for record in await runtime.runs.list(OPERATOR, limit=1000)}


async def several(runtime, number: int, clock=None, document=ONE) -> list[str]:
    """Runs a day apart, the oldest first."""
    made = []
    for _ in range(number):
        made.append((await succeed(runtime, document)).id)
        if clock is not None:
            clock.turn(timedelta(days=1).total_seconds())
    return made


async def pruned(runtime, clock, policy: Policy, **how):
    """Prune while time passes."""
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        task = group.create_task(runtime.studio.retention.prune(OPERATOR, policy, **how))
        await turned_until_done(clock, task)
    return task.result()


@on_either
async def test_runs_go_by_their_age(timed, clock):
    made = await several(timed, 4, clock)
    done = await pruned(timed, clock, Policy(days=3))
    assert [run.id for run in done.runs] == made[:2]
    assert {run.reason for run in done.runs} == {"age"}
    assert await left(timed) == set(made[2:])


@on_either
async def test_the_newest_so_many_stay(timed, clock):
    made = await several(timed, 5, clock)
    await pruned(timed, clock, Policy(most_runs=2))
    assert await left(timed) == set(made[3:])


@on_either
async def test_the_newest_stay_that_fit_into_so_many_bytes(runtime):
    big = workflow(node("big", size=300_000))
    made = await several(runtime, 4, document=big)
    done = await runtime.studio.retention.prune(OPERATOR, Policy(most_bytes=1_300_000))
    assert [run.reason for run in done.runs] == ["bytes", "bytes"]
    assert all(run.size_bytes > 300_000 for run in done.runs)
    assert await left(runtime) == set(made[2:])


@on_either
async def test_unfinished_runs_stay_whatever_the_policy_says(timed, clock):
    waiting = (await run(timed, ASK)).id
    queued = await create(timed, ONE)
    clock.turn(timedelta(days=400).total_seconds())
    assert (await succeed(timed, ONE)).status == "succeeded"
    await pruned(timed, clock, Policy(days=1, most_runs=1, most_bytes=1))
    assert {waiting, queued} <= await left(timed)


@on_either
async def test_a_dry_run_removes_nothing(timed, clock):
    made = await several(timed, 3, clock)
    done = await pruned(timed, clock, Policy(most_runs=1), is_dry=True)
    assert [run.id for run in done.runs] == made[:2]
    assert await left(timed) == set(made)


async def test_the_job_keeps_to_the_policy_that_is_set(runtime):
    made = await several(runtime, 3)
    retention = runtime.studio.retention
    assert await retention.keep_to_policy() == 0
    await retention.choose(OPERATOR, Policy(most_runs=1))
    assert (await retention.look(OPERATOR)).policy == Policy(most_runs=1)
    assert await retention.keep_to_policy() == 2
    assert await left(runtime) == {made[-1]}


async def test_only_admins_choose_what_is_kept(runtime):
    ann = person(runtime.studio.parts)
    for asked in (
        runtime.studio.retention.look(ann),
        runtime.studio.retention.choose(ann, Policy(days=1)),
        runtime.studio.retention.prune(ann),
    ):
        with pytest.raises(AccessDeniedError):
            await asked


async def test_a_limit_of_nothing_is_refused(runtime):
    with pytest.raises(InvalidInputError, match="days"):
        await runtime.studio.retention.choose(OPERATOR, Policy(days=0))


async def test_the_file_shrinks_by_what_was_removed(runtime):
    await several(runtime, 20, document=workflow(node("big", size=400_000)))
    await runtime.runs.list(OPERATOR)
    checkpointed(runtime)
    before = runtime.path.stat().st_size
    assert before > 8_000_000
    done = await runtime.studio.retention.prune(OPERATOR, Policy(most_runs=1))
    checkpointed(runtime)
    after = runtime.path.stat().st_size
    assert len(done.runs) == 19
    assert after < before - 7_000_000
    assert done.after.free_bytes == 0
    with sqlite3.connect(runtime.path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_free_pages_are_given_back_many_at_a_time(runtime):
    fetch(runtime.database, "CREATE TABLE big AS SELECT zeroblob(400000)")
    fetch(runtime.database, "DROP TABLE big")
    records = runtime.studio.parts.records
    before = records.read_now(removal.file_size)
    records.write_now(lambda session: removal.give_back(session, 50))
    after = records.read_now(removal.file_size)
    assert before.bytes - after.bytes == 50 * 4096


def checkpointed(runtime) -> None:
    with sqlite3.connect(runtime.path) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def test_a_database_that_was_made_without_it_can_shrink_after_its_upgrade(settings_path):
    with sqlite3.connect(settings_path) as database:
        assert database.execute("PRAGMA auto_vacuum").fetchone() == (2,)
        assert database.execute("SELECT count(*) FROM run").fetchone() == (0,)


@pytest.fixture
def settings_path(tmp_path):
    settings = Settings(data_dir=tmp_path)
    engine = create_engine(f"sqlite:///{settings.database_path}")
    upgrade(engine, MIGRATIONS, "0002")
    engine.dispose()
    with sqlite3.connect(settings.database_path) as database:
        assert database.execute("PRAGMA auto_vacuum").fetchone() == (0,)
    return open_database(settings).file


@on_either
async def test_runs_go_on_while_others_are_removed(runtime):
    made = await several(runtime, 30, document=workflow(node("big", size=100_000)))
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        pruning = group.create_task(runtime.studio.retention.prune(OPERATOR, Policy(most_runs=1)))
        meanwhile = 0
        while not pruning.done():
            newest = (await succeed(runtime, ONE)).id
            meanwhile += 1
    gone = {each.id for each in pruning.result().runs}
    # Others go, too, once a newer one has ended; the newest stays.
    assert gone >= set(made[:-1])
    assert newest not in gone
    assert meanwhile >= 3


@on_either
async def test_a_long_run_goes_in_pieces(runtime, monkeypatch):
    monkeypatch.setattr(removal, "PIECE", 7)
    loop = workflow(node("loop", "each", mode="times", times=10), node("count", "a", inside="each"))
    made = await several(runtime, 2, document=loop)
    await runtime.studio.retention.prune(OPERATOR, Policy(most_runs=1))
    assert await left(runtime) == {made[1]}
    rows = fetch(runtime.database, "SELECT DISTINCT run_id FROM run_event")
    assert rows == [(made[1],)]
