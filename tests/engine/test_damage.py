"""Storage that fails or was damaged: the run says so, loses nothing, and can be carried on."""

import asyncio
import sqlite3
from decimal import Decimal

import pytest

from flowstudio.engine.events import Event
from flowstudio.engine.runner import Broken, Ended
from flowstudio.services.access import OPERATOR
from tests.builders import node, workflow
from tests.engine.conftest import OpenWorkshop
from tests.fakes.nodes import Bench
from tests.running import carry, create, cut_off, opened, succeed

CHAIN = workflow(
    node("count", "a", value="from a", purity="write"),
    node("gate", "b", value="{{ a }}"),
    node("count", "c", value="{{ [a, b] }}", purity="write"),
    edges="a>b>c",
)


async def cut_chain(tmp_path, bench: Bench) -> str:
    """A run cut off in its second step; gives its id."""
    async with opened(tmp_path, bench) as runtime:
        run_id = await create(runtime, CHAIN)
        await cut_off(runtime, run_id, bench.started("b"))
    bench.begun.clear()
    bench.gate("b").set()
    return run_id


def damage(tmp_path, statement: str) -> None:
    """Write to the database as a failing disk does."""
    with sqlite3.connect(tmp_path / "flowstudio.db") as database:
        assert database.execute(statement).rowcount > 0
    database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE run_event SET data='{not json' WHERE type='step_started'",
        "UPDATE run_event SET data=CAST(X'FFFE7B' AS TEXT) WHERE type='run_started'",
        "UPDATE run_event SET at='yesterday' WHERE type='step_started'",
        "UPDATE run_event SET type='step_danced' WHERE type='run_started'",
    ],
)
async def test_a_damaged_row_that_holds_no_result_costs_nothing(tmp_path, bench: Bench, statement):
    run_id = await cut_chain(tmp_path, bench)
    damage(tmp_path, statement)
    async with opened(tmp_path, bench) as runtime:
        told = await carry(runtime, run_id)
    assert told.status == "succeeded"
    assert told.outputs == {"c": ["from a", "from a"]}
    assert bench.runs["a"] == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE run_event SET data='{not json' WHERE path='p' AND type='step_succeeded'",
        "UPDATE run_event SET output=X'00' WHERE path='p' AND type='step_succeeded'",
        "UPDATE run_event SET output=NULL WHERE path='p' AND type='step_succeeded'",
    ],
)
async def test_a_step_whose_result_is_damaged_runs_again_and_the_run_says_so(
    tmp_path, bench: Bench, statement
):
    document = workflow(
        node("count", "p", value="from p", purity="read"),
        node("gate", "b", value="{{ p }}"),
        edges="p>b",
    )
    async with opened(tmp_path, bench) as runtime:
        run_id = await create(runtime, document)
        await cut_off(runtime, run_id, bench.started("b"))
    damage(tmp_path, statement)
    bench.gate("b").set()
    async with opened(tmp_path, bench) as runtime:
        with runtime.dispatcher._bus.subscribe(run_id) as subscription:
            told = await carry(runtime, run_id)
        logs = []
        while (event := await subscription.get()) is not None:
            logs.append((event.path, event.data.get("log", "")))
    assert told.outputs == {"b": "from p"}
    assert bench.runs["p"] == 2
    assert ("p", "Its stored result was damaged; it runs again.") in logs


async def test_a_writing_step_whose_result_is_damaged_asks_a_person(tmp_path, bench: Bench):
    run_id = await cut_chain(tmp_path, bench)
    damage(tmp_path, "UPDATE run_event SET output=X'00' WHERE path='a' AND output NOT NULL")
    async with opened(tmp_path, bench) as runtime:
        told = await carry(runtime, run_id)
    assert told.steps["a"].waiting.kind == "unknown"
    assert bench.runs["a"] == 1


async def test_a_damaged_turn_of_a_loop_is_made_anew_from_its_steps(tmp_path, bench: Bench):
    document = workflow(
        node("loop", "each", mode="times", times=3),
        node("count", "inner", inside="each", value="{{ index }}", purity="read"),
        node("gate"),
        node("count", "after", value="{{ each['items'] }}"),
        edges="each>gate>after",
    )
    async with opened(tmp_path, bench) as runtime:
        run_id = await create(runtime, document)
        await cut_off(runtime, run_id, bench.started("gate"))
    damage(tmp_path, "UPDATE run_event SET output=X'00' WHERE path='each' AND output NOT NULL")
    damage(tmp_path, "UPDATE run_event SET output=X'00' WHERE path='each/1'")
    bench.gate("gate").set()
    async with opened(tmp_path, bench) as runtime:
        told = await carry(runtime, run_id)
    assert told.outputs == {"after": [0, 1, 2]}
    assert bench.runs["each/1/inner"] == 1


async def test_damaged_events_are_shown_as_such(tmp_path, bench: Bench):
    run_id = await cut_chain(tmp_path, bench)
    damage(tmp_path, "UPDATE run_event SET data='{not json' WHERE seq=1")
    async with opened(tmp_path, bench) as runtime:
        first, *_ = [event async for event in runtime.runs.events(OPERATOR, run_id)]
        assert first.reason
        assert first.seq == 1


async def test_a_run_whose_own_row_is_damaged_says_so_and_others_go_on(tmp_path, bench: Bench):
    run_id = await cut_chain(tmp_path, bench)
    damage(tmp_path, "UPDATE run SET inputs='{'")
    async with opened(tmp_path, bench) as runtime:
        told = await carry(runtime, run_id)
        assert isinstance(told.outcome, Broken)
        assert "damaged" in told.outcome.reason
        assert "damaged" in told.view.record.error
        await succeed(runtime, CHAIN)
        assert len(await runtime.runs.list(OPERATOR)) == 2


async def test_a_document_that_is_gone_or_damaged_ends_the_run_with_a_reason(
    tmp_path, bench: Bench
):
    run_id = await cut_chain(tmp_path, bench)
    damage(tmp_path, "UPDATE document SET body='{'")
    async with opened(tmp_path, bench) as runtime:
        assert await runtime.runs.carry(OPERATOR, run_id) == Ended("failed")
        record = await runtime.runs.find(OPERATOR, run_id)
    assert "can no longer be run" in record.error


async def test_a_full_disk_breaks_the_run_off_and_space_carries_it_on(
    open_workshop: OpenWorkshop, bench: Bench
):
    document = workflow(
        node("count", "a", value="kept", purity="write"),
        node("big", size=500_000),
        node("count", "c", value="{{ a }}"),
        edges="a>big>c",
    )
    async with open_workshop() as workshop:
        run_id = await workshop.create(document)
        await limit_pages(workshop, extra=20)
        outcome = await workshop.engine.advance(run_id)
        assert isinstance(outcome, Broken)
        assert "The disk is full" in outcome.reason
        await limit_pages(workshop, extra=10_000)
        assert await workshop.engine.advance(run_id) == Ended("succeeded")
    assert bench.runs["a"] == 1
    assert bench.runs["c"] == 1


async def test_a_full_disk_inside_a_loop_is_no_failure_of_the_loop(
    open_workshop: OpenWorkshop, bench: Bench
):
    document = workflow(
        node("loop", "each", mode="times", times=3, concurrency=3, rules={"on_error": "continue"}),
        node("big", inside="each", size=300_000),
        node("count", "c", value="{{ len(each['items']) }}"),
        edges="each>c",
    )
    async with open_workshop() as workshop:
        run_id = await workshop.create(document)
        await limit_pages(workshop, extra=20)
        assert isinstance(await workshop.engine.advance(run_id), Broken)
        await limit_pages(workshop, extra=10_000)
        assert await workshop.engine.advance(run_id) == Ended("succeeded")
        assert "step_failed" not in await workshop.types(run_id)
    assert bench.runs["c"] == 1


async def test_money_spent_while_the_disk_was_full_is_written_down_later(
    open_workshop: OpenWorkshop, bench: Bench
):
    document = workflow(node("paid", value="x" * 400_000, cost_usd="0.07"))
    async with open_workshop() as workshop:
        run_id = await workshop.create(document)
        await limit_pages(workshop, extra=20)
        assert isinstance(await workshop.engine.advance(run_id), Broken)
        await limit_pages(workshop, extra=10_000)
        assert await workshop.engine.advance(run_id) == Ended("succeeded")
        cost_usd, usage = await workshop.journal.spent(run_id)
    # The second execution may find the first one's output kept, and then costs nothing.
    calls = bench.log.count("call paid")
    assert (cost_usd, usage.prompt_tokens) == (calls * Decimal("0.07"), calls * 10)


async def limit_pages(workshop, *, extra: int) -> None:
    """Let the database grow by that many pages, and no more."""

    def work(connection: sqlite3.Connection) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages + extra}")

    await workshop.journal._writer.submit(work)


async def test_a_locked_database_breaks_the_run_off_and_it_can_be_carried_on(
    open_workshop: OpenWorkshop, bench: Bench, tmp_path
):
    async with open_workshop(busy_timeout_s=0.05) as workshop:
        run_id = await workshop.create(CHAIN)
        bench.gate("b").set()
        other = sqlite3.connect(tmp_path / "flowstudio.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        outcome = await workshop.engine.advance(run_id)
        assert isinstance(outcome, Broken)
        assert "Another process has held the database" in outcome.reason
        other.execute("ROLLBACK")
        other.close()
        assert await workshop.engine.advance(run_id) == Ended("succeeded")
    assert bench.runs == {"a": 1, "b": 1, "c": 1}


async def test_a_lock_in_the_middle_of_a_run_loses_no_result(
    open_workshop: OpenWorkshop, bench: Bench, tmp_path
):

    async with open_workshop(busy_timeout_s=0.05) as workshop:
        run_id = await workshop.create(CHAIN)
        other = sqlite3.connect(tmp_path / "flowstudio.db", isolation_level=None)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(workshop.engine.advance(run_id))
            await bench.started("b").wait()
            other.execute("BEGIN EXCLUSIVE")
            bench.gate("b").set()
        assert isinstance(task.result(), Broken)
        other.execute("ROLLBACK")
        other.close()
        assert await workshop.engine.advance(run_id) == Ended("succeeded")
    assert bench.runs == {"a": 1, "b": 2, "c": 1}


async def test_a_broken_run_in_the_background_is_carried_on_when_storage_is_well_again(
    tmp_path, bench: Bench
):
    document = workflow(node("gate"), node("big", size=500_000), edges="gate>big")
    async with opened(tmp_path, bench) as runtime:
        run_id = await runtime.runs.start(OPERATOR, document, {})
        await bench.started("gate").wait()
        journal = runtime.dispatcher._journal
        (pages,) = await journal._reader.one("PRAGMA page_count", ())
        await journal._writer.submit(lambda db: db.execute(f"PRAGMA max_page_count={pages + 20}"))
        with runtime.dispatcher._bus.subscribe(run_id) as subscription:
            bench.gate("gate").set()
            told = []
            while (heard := await subscription.get()) is not None:
                if isinstance(heard, Event):
                    told.append(heard.data.get("log", ""))
        assert any("The disk is full" in log for log in told)
        await journal._writer.submit(lambda db: db.execute("PRAGMA max_page_count=100000"))
        assert await runtime.dispatcher.carry_on() == [run_id]
        async for _ in runtime.runs.watch(OPERATOR, run_id):
            pass
        assert (await runtime.runs.find(OPERATOR, run_id)).status == "succeeded"
