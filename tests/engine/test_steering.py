"""Cancelling, pausing and resuming runs."""

import asyncio
from datetime import UTC, datetime

import pytest

from flowstudio.engine.events import Event
from flowstudio.engine.runner import Ended, Parked
from flowstudio.errors import ConflictError
from flowstudio.services.access import OPERATOR
from tests.builders import node, workflow
from tests.engine.conftest import OpenWorkshop
from tests.fakes.nodes import Bench
from tests.running import (
    advancing,
    answer,
    carry,
    create,
    cut_off,
    ended,
    opened,
    resume,
    run,
    succeed,
    tell,
)


async def test_cancelling_reaches_every_running_step(runtime, bench: Bench):
    document = workflow(
        node("gate", "a"),
        node("gate", "b", rules={"timeout_s": 600}),
        node("loop", "each", mode="times", times=3, concurrency=3),
        node("gate", "inner", inside="each"),
        node("parallel", "ways"),
        node("gate", "way", inside="ways"),
    )
    run_id = await create(runtime, document)
    paths = ["a", "b", "each/0/inner", "each/1/inner", "each/2/inner", "ways/way"]
    async with advancing(runtime, run_id) as task:
        for path in paths:
            await bench.started(path).wait()
        await runtime.runs.cancel(OPERATOR, run_id)
    told = await tell(runtime, run_id, await task)
    assert told.outcome == Ended("cancelled")
    assert {line for line in bench.log if line.startswith("cut")} == {f"cut {p}" for p in paths}
    assert told.types()[-1] == "run_cancelled"
    assert told.types().count("run_cancelled") == 1
    assert told.statuses["a"] == "cancelled"


async def test_a_cancelled_run_starts_nothing_even_if_a_step_overhears_it(runtime, bench: Bench):
    document = workflow(node("deaf", value="goes on"), node("count", "after"), edges="deaf>after")
    run_id = await create(runtime, document)
    async with advancing(runtime, run_id) as task:
        await bench.started("deaf").wait()
        await runtime.runs.cancel(OPERATOR, run_id)
    assert await task == Ended("cancelled")
    assert "after" not in bench.runs


async def test_a_step_that_fails_as_it_is_cancelled_does_not_fail_the_run(runtime, bench: Bench):
    rules = {"retry": {"attempts": 3, "backoff_s": 0}}
    run_id = await create(runtime, workflow(node("deaf", value="fails", rules=rules)))
    async with advancing(runtime, run_id) as task:
        await bench.started("deaf").wait()
        await runtime.runs.cancel(OPERATOR, run_id)
    assert await task == Ended("cancelled")
    assert bench.runs["deaf"] == 1


async def test_a_run_cancelled_before_it_started_never_does(runtime, bench: Bench):
    run_id = await create(runtime, workflow(node("count")))
    await runtime.runs.cancel(OPERATOR, run_id, launch=False)
    told = await carry(runtime, run_id)
    assert told.outcome == Ended("cancelled")
    assert bench.runs == {}


async def test_a_run_cancelled_by_another_process_before_it_started_never_does(
    tmp_path, bench: Bench
):
    async with opened(tmp_path, bench) as here, opened(tmp_path, bench) as there:
        run_id = await create(here, workflow(node("count")))
        await there.runs.cancel(OPERATOR, run_id, launch=False)
        # This process learns of it as it looks for signals.
        await here.dispatcher._journal.signals_since(0)
        assert (await carry(here, run_id)).status == "cancelled"
    assert bench.runs == {}


async def test_a_run_that_has_ended_cannot_be_cancelled(runtime):
    told = await succeed(runtime, workflow(node("count")))
    with pytest.raises(ConflictError, match="ended already"):
        await runtime.runs.cancel(OPERATOR, told.id)


async def test_cancelling_a_run_that_waits_ends_it(runtime):
    run_id = await create(runtime, workflow(node("task", "ask", mode="approval", message="?")))
    assert (await carry(runtime, run_id)).status == "waiting"
    await runtime.runs.cancel(OPERATOR, run_id, launch=False)
    assert (await carry(runtime, run_id)).status == "cancelled"


async def test_a_cancel_that_was_received_but_not_carried_out_survives_a_crash(
    tmp_path, bench: Bench, open_workshop: OpenWorkshop
):
    document = workflow(node("gate", "a"), node("count", "b"), edges="a>b")
    async with opened(tmp_path, bench) as runtime:
        run_id = await create(runtime, document)
        await cut_off(runtime, run_id, bench.started("a"))
        await runtime.runs.cancel(OPERATOR, run_id, launch=False)
    async with open_workshop() as workshop:
        # What a process had written when it died between receiving the signal and ending the run.
        claimed = await workshop.journal.claim(run_id, "dying")
        (signal,) = await workshop.journal.signals(run_id, 0)
        await workshop.journal.append(run_id, claimed.epoch, [_received(signal, 10)])
    bench.gate("a").set()
    async with opened(tmp_path, bench) as runtime:
        assert (await carry(runtime, run_id)).status == "cancelled"
    assert "b" not in bench.runs


def _received(signal, seq):
    data = {"signal_id": signal.id, "kind": signal.kind, "data": {}}
    return Event(seq, datetime.now(UTC), "signal_received", data=data)


async def test_pausing_finishes_what_is_in_flight_and_starts_nothing_new(runtime, bench: Bench):
    document = workflow(node("gate", "a"), node("count", "b"), edges="a>b")
    run_id = await create(runtime, document)
    async with advancing(runtime, run_id) as task:
        await bench.started("a").wait()
        await runtime.runs.pause(OPERATOR, run_id)
        bench.gate("a").set()
    told = await tell(runtime, run_id, await task)
    assert told.outcome == Parked("paused")
    assert told.statuses == {"a": "succeeded"}
    assert told.view.record.owner == ""


async def test_a_paused_run_goes_on_when_it_is_resumed(runtime, bench: Bench):
    document = workflow(node("gate", "a"), node("count", "b", value=2), edges="a>b")
    run_id = await create(runtime, document)
    async with advancing(runtime, run_id):
        await bench.started("a").wait()
        await runtime.runs.pause(OPERATOR, run_id)
        bench.gate("a").set()
    told = await resume(runtime, run_id)
    assert told.outputs == {"b": 2}
    assert bench.runs == {"a": 1, "b": 1}


async def test_a_run_resumed_before_it_left_memory_goes_on_at_once(runtime, bench: Bench):
    document = workflow(node("gate", "a"), node("count", "b"), edges="a>b")
    run_id = await create(runtime, document)
    async with advancing(runtime, run_id) as task:
        await bench.started("a").wait()
        await runtime.runs.pause(OPERATOR, run_id)
        await runtime.dispatcher.send(run_id, "resume")
        bench.gate("a").set()
    assert await task == Ended("succeeded")


@pytest.mark.parametrize("turns", range(0, 60, 3))
async def test_a_resumption_at_any_moment_of_parking_is_not_lost(runtime, bench: Bench, turns):
    document = workflow(node("gate", "a"), node("count", "b"), edges="a>b")
    run_id = await create(runtime, document)
    async with advancing(runtime, run_id) as task:
        await bench.started("a").wait()
        await runtime.runs.pause(OPERATOR, run_id)
        signal = await runtime.dispatcher._journal.signal(run_id, "resume", "", {}, _now(runtime))
        bench.gate("a").set()
        for _ in range(turns):
            await asyncio.sleep(0)
        is_heard = runtime.dispatcher._engine.receive(signal)
    outcome = await task
    if not is_heard:
        outcome = (await carry(runtime, run_id)).outcome
    assert outcome == Ended("succeeded")


def _now(runtime):
    return runtime.dispatcher._clock.now()


async def test_a_run_paused_inside_a_loop_starts_no_further_turn(runtime, bench: Bench):
    document = workflow(
        node("loop", "each", mode="times", times=3), node("gate", "inner", inside="each")
    )
    run_id = await create(runtime, document)
    async with advancing(runtime, run_id) as task:
        await bench.started("each/0/inner").wait()
        await runtime.runs.pause(OPERATOR, run_id)
        bench.gate("each/0/inner").set()
    assert await task == Parked("paused")
    assert bench.runs == {"each/0/inner": 1}
    for turn in (1, 2):
        bench.gate(f"each/{turn}/inner").set()
    assert (await resume(runtime, run_id)).status == "succeeded"
    assert bench.runs == {f"each/{turn}/inner": 1 for turn in range(3)}


async def test_a_run_paused_while_it_waits_for_a_person_stays_paused_when_answered(runtime):
    document = workflow(
        node("task", "ask", mode="approval", message="?"), node("count", "after"), edges="ask>after"
    )
    run_id = await create(runtime, document)
    assert (await carry(runtime, run_id)).status == "waiting"
    await runtime.runs.pause(OPERATOR, run_id)
    await answer(runtime, run_id, "ask", approved=True)
    told = await carry(runtime, run_id)
    assert told.outcome == Parked("paused")
    assert "after" not in told.steps
    assert (await resume(runtime, run_id)).status == "succeeded"


async def test_a_pause_survives_a_crash(tmp_path, bench: Bench):
    document = workflow(node("gate", "a"), node("count", "b"), edges="a>b")
    async with opened(tmp_path, bench) as runtime:
        run_id = await create(runtime, document)
        async with advancing(runtime, run_id) as task:
            await bench.started("a").wait()
            await runtime.runs.pause(OPERATOR, run_id)
            task.cancel()
    async with opened(tmp_path, bench) as runtime:
        assert (await carry(runtime, run_id)).outcome == Parked("paused")
        bench.gate("a").set()
        assert (await resume(runtime, run_id)).status == "succeeded"


async def test_a_cancel_that_comes_as_the_run_ends_adds_no_second_end(runtime, bench: Bench):
    document = workflow(node("gate", "a"))
    for turns in range(0, 40, 2):
        run_id = await create(runtime, document)
        bench.begun.clear()
        bench.gates.clear()
        async with advancing(runtime, run_id):
            await bench.started("a").wait()
            journal = runtime.dispatcher._journal
            signal = await journal.signal(run_id, "cancel", "", {}, _now(runtime))
            bench.gate("a").set()
            for _ in range(turns):
                await asyncio.sleep(0)
            runtime.dispatcher._engine.receive(signal)
        told = await tell(runtime, run_id, Ended("succeeded"))
        ends = [kind for kind in told.types() if kind in ("run_succeeded", "run_cancelled")]
        assert ends == [f"run_{told.status}"]


async def test_a_run_in_the_background_is_cancelled_too(runtime, bench: Bench):
    run_id = await runtime.runs.start(OPERATOR, workflow(node("gate")), {})
    await bench.started("gate").wait()
    await runtime.runs.cancel(OPERATOR, run_id)
    assert (await ended(runtime, run_id)).status == "cancelled"


async def test_only_a_failed_or_parked_run_can_be_resumed(runtime):
    told = await run(runtime, workflow(node("count")))
    with pytest.raises(ConflictError, match="nothing to resume"):
        await runtime.runs.resume(OPERATOR, told.id)
