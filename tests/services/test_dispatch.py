"""Runs that another process left, wakes, signals from outside, and the end of a process."""

import asyncio

from flowstudio.engine.runner import Ended
from flowstudio.services.access import OPERATOR
from tests.builders import node, workflow
from tests.fakes.clock import TurnedClock
from tests.fakes.nodes import Bench
from tests.running import (
    advancing,
    answer,
    carry,
    create,
    cut_off,
    ended,
    opened,
    reached,
    run,
    seen,
    tell,
)

CHAIN = workflow(node("count", "a"), node("gate", "b"), node("count", "c"), edges="a>b>c")


async def test_a_start_carries_on_every_run_a_dead_process_left(tmp_path, bench: Bench):
    async with opened(tmp_path, bench) as runtime:
        ids = [await create(runtime, CHAIN) for _ in range(5)]
        for run_id in ids[:3]:
            await cut_off(runtime, run_id, bench.started("b"))
            bench.begun.clear()
    bench.gate("b").set()
    async with opened(tmp_path, bench) as runtime:
        assert await runtime.dispatcher.carry_on() == sorted(ids)
        for run_id in ids:
            assert (await ended(runtime, run_id)).status == "succeeded"
    assert bench.runs == {"a": 5, "b": 8, "c": 5}


async def test_a_run_of_a_living_process_is_left_alone(tmp_path, bench: Bench):
    async with opened(tmp_path, bench) as here:
        run_id = await create(here, CHAIN)
        async with opened(tmp_path, bench) as there, advancing(there, run_id) as task:
            await bench.started("b").wait()
            assert await here.dispatcher.carry_on() == []
            assert await here.dispatcher.holders.is_elsewhere(run_id)
            bench.gate("b").set()
        assert await task == Ended("succeeded")


async def test_a_process_that_closes_leaves_its_runs_to_the_next(tmp_path, bench: Bench):
    async with opened(tmp_path, bench) as runtime:
        run_id = await runtime.runs.start(OPERATOR, CHAIN, {})
        await bench.started("b").wait()
    assert "cut b" in bench.log
    bench.gate("b").set()
    async with opened(tmp_path, bench) as runtime:
        record = await runtime.runs.find(OPERATOR, run_id)
        assert record.status == "running"
        assert await runtime.dispatcher.carry_on() == [run_id]
        assert (await ended(runtime, run_id)).status == "succeeded"
    assert bench.runs["a"] == 1


async def test_a_step_that_overhears_the_end_of_the_process_does_not_hold_it_up(
    tmp_path, bench: Bench
):
    document = workflow(
        node("deaf", "a", value="fails", rules={"retry": {"attempts": 9, "backoff_s": 30}}),
        node("count", "b"),
        edges="a>b",
    )
    async with asyncio.timeout(20), opened(tmp_path, bench) as runtime:
        run_id = await runtime.runs.start(OPERATOR, document, {})
        await bench.started("a").wait()
    async with opened(tmp_path, bench) as runtime:
        assert (await runtime.runs.find(OPERATOR, run_id)).status == "running"
    assert bench.runs == {"a": 1}


async def test_a_run_that_was_taken_up_again_and_cut_off_counts_as_running(tmp_path, bench: Bench):
    document = workflow(
        node("task", "ask", mode="approval", message="?"), node("gate"), edges="ask>gate"
    )
    async with opened(tmp_path, bench) as runtime:
        parked = await run(runtime, document)
        await answer(runtime, parked.id, "ask", approved=True)
        async with advancing(runtime, parked.id) as task:
            await bench.started("gate").wait()
            assert (await runtime.runs.find(OPERATOR, parked.id)).status == "running"
            task.cancel()
    async with opened(tmp_path, bench) as runtime:
        assert await runtime.dispatcher.carry_on() == [parked.id]
        bench.gate("gate").set()
        assert (await ended(runtime, parked.id)).status == "succeeded"


async def test_a_serving_process_wakes_runs_at_their_moment(timed, clock: TurnedClock):
    run_id = await create(timed, workflow(node("task", "nap", mode="wait", seconds=3600)))
    assert (await carry(timed, run_id)).status == "waiting"
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        serving = group.create_task(timed.dispatcher.serve())
        while (await timed.runs.find(OPERATOR, run_id)).status != "succeeded":
            clock.turn(600)
        serving.cancel()


async def test_a_serving_process_takes_over_what_another_left(tmp_path, bench: Bench):
    async with opened(tmp_path, bench) as runtime:
        run_id = await create(runtime, CHAIN)
        await cut_off(runtime, run_id, bench.started("b"))
    bench.gate("b").set()
    async with (
        opened(tmp_path, bench) as runtime,
        asyncio.timeout(30),
        asyncio.TaskGroup() as group,
    ):
        serving = group.create_task(runtime.dispatcher.serve())
        assert (await ended(runtime, run_id)).status == "succeeded"
        serving.cancel()


async def test_a_cancel_from_another_process_is_heard(tmp_path, bench: Bench):
    async with opened(tmp_path, bench) as here, opened(tmp_path, bench) as there:
        run_id = await create(here, CHAIN)
        async with advancing(here, run_id) as task:
            await bench.started("b").wait()
            await there.runs.cancel(OPERATOR, run_id)
        assert (await tell(here, run_id, await task)).status == "cancelled"


async def test_an_answer_from_another_process_is_taken_up_by_the_one_that_serves(
    tmp_path, bench: Bench
):
    document = workflow(node("task", "ask", mode="approval", message="?"))
    async with opened(tmp_path, bench) as here, opened(tmp_path, bench) as there:
        parked = await run(here, document)
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            serving = group.create_task(here.dispatcher.serve())
            await asyncio.sleep(0)
            await answer(there, parked.id, "ask", approved=True)
            await reached(here, parked.id, "succeeded")
            serving.cancel()


async def test_an_answer_to_a_run_held_by_another_process_reaches_it(tmp_path, bench: Bench):
    document = workflow(node("task", "ask", mode="approval", message="?"), node("gate"))
    async with opened(tmp_path, bench) as here, opened(tmp_path, bench) as there:
        run_id = await create(here, document)
        async with advancing(here, run_id) as task:
            await seen(here, run_id, "step_waiting", "ask")
            await there.runs.answer(OPERATOR, run_id, "ask", {"approved": True})
            await seen(here, run_id, "step_succeeded", "ask")
            bench.gate("gate").set()
        assert await task == Ended("succeeded")


async def test_a_signal_is_acted_on_once_though_it_is_heard_twice(runtime, bench: Bench):
    run_id = await runtime.runs.start(OPERATOR, workflow(node("gate")), {})
    await bench.started("gate").wait()
    await runtime.runs.cancel(OPERATOR, run_id)
    told = await ended(runtime, run_id)
    for signal in await runtime.dispatcher._journal.signals_since(0):
        await runtime.dispatcher._heed(signal)
    again = await ended(runtime, run_id)
    assert [event.seq for event in again.events] == [event.seq for event in told.events]
    assert told.types().count("signal_received") == 1


async def test_no_more_runs_are_advanced_at_once_than_set(tmp_path, bench: Bench, monkeypatch):
    monkeypatch.setenv("FLOWSTUDIO_MAX_CONCURRENT_RUNS", "2")
    async with opened(tmp_path, bench) as runtime:
        ids = [await runtime.runs.start(OPERATOR, workflow(node("gate")), {}) for _ in range(4)]
        await bench.started("gate").wait()
        await asyncio.sleep(0)
        assert len(runtime.dispatcher._engine.running) == 2
        bench.gate("gate").set()
        for run_id in ids:
            assert (await ended(runtime, run_id)).status == "succeeded"


async def test_a_run_cancelled_while_it_waits_for_its_turn_never_starts(
    tmp_path, bench: Bench, monkeypatch
):
    monkeypatch.setenv("FLOWSTUDIO_MAX_CONCURRENT_RUNS", "1")
    async with opened(tmp_path, bench) as runtime:
        first = await runtime.runs.start(OPERATOR, workflow(node("gate")), {})
        second = await runtime.runs.start(OPERATOR, workflow(node("count")), {})
        await bench.started("gate").wait()
        await runtime.runs.cancel(OPERATOR, second)
        bench.gate("gate").set()
        assert (await ended(runtime, first)).status == "succeeded"
        assert (await ended(runtime, second)).status == "cancelled"
    assert "count" not in bench.runs
