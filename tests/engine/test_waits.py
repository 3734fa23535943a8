"""Durable pauses: approvals, forms and timers, their answers and their ends."""

import asyncio
from datetime import timedelta

import pytest

from flowstudio.engine.runner import Ended, Parked
from flowstudio.errors import ConflictError, InvalidInputError
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
    resume,
    run,
    seen,
    succeed,
    tell,
)


def approval(name="ask", **config):
    return node("task", name, mode="approval", message="Go on?", **config)


async def test_an_approval_parks_the_run_and_its_answer_carries_it_on(runtime, bench: Bench):
    document = workflow(
        node("count", "before"),
        approval(),
        node("count", "after", value="{{ ask.approved }}"),
        edges="before>ask>after",
    )
    parked = await run(runtime, document)
    assert parked.outcome == Parked("waiting")
    assert parked.steps["ask"].waiting.message == "Go on?"
    assert runtime.dispatcher._engine.running == frozenset()
    await answer(runtime, parked.id, "ask", approved=True, comment="fine")
    told = await carry(runtime, parked.id)
    assert told.outputs == {"after": True}
    assert bench.runs == {"before": 1, "after": 1}
    assert told.types("ask") == [
        "step_started",
        "step_waiting",
        "signal_received",
        "step_succeeded",
    ]


async def test_a_form_takes_answers_that_fit_its_fields_only(runtime):
    fields = {
        "type": "object",
        "properties": {"count": {"type": "integer"}},
        "required": ["count"],
    }
    parked = await run(
        runtime, workflow(node("task", "ask", mode="form", message="?", fields=fields))
    )
    with pytest.raises(InvalidInputError):
        await answer(runtime, parked.id, "ask", count="many")
    await answer(runtime, parked.id, "ask", count=3)
    assert (await carry(runtime, parked.id)).outputs == {"ask": {"count": 3}}


async def test_an_answer_in_a_process_that_serves_carries_the_run_on_by_itself(runtime):
    run_id = await runtime.runs.start(OPERATOR, workflow(approval()), {})
    assert (await ended(runtime, run_id)).status == "waiting"
    await runtime.runs.answer(OPERATOR, run_id, "ask", {"approved": False})
    assert (await ended(runtime, run_id)).outputs["ask"]["approved"] is False


async def test_an_answer_after_a_restart_is_taken(tmp_path, bench: Bench):
    async with opened(tmp_path, bench) as runtime:
        parked = await run(runtime, workflow(approval()))
    async with opened(tmp_path, bench) as runtime:
        await answer(runtime, parked.id, "ask", approved=True)
    async with opened(tmp_path, bench) as runtime:
        assert (await carry(runtime, parked.id)).status == "succeeded"


async def test_a_step_that_waits_for_nothing_cannot_be_answered(runtime):
    told = await succeed(runtime, workflow(node("count")))
    with pytest.raises(ConflictError, match="not waiting"):
        await answer(runtime, told.id, "count", approved=True)


async def test_a_run_parks_only_when_nothing_else_can_run(runtime, bench: Bench):
    document = workflow(approval(), node("gate"), node("count", "after"), edges="gate>after")
    run_id = await create(runtime, document)
    async with advancing(runtime, run_id) as task:
        await bench.started("gate").wait()
        bench.gate("gate").set()
    told = await tell(runtime, run_id, await task)
    assert told.outcome == Parked("waiting")
    assert told.statuses["after"] == "succeeded"


@pytest.mark.parametrize("turns", range(0, 90, 5))
async def test_an_answer_at_any_moment_of_parking_is_not_lost(runtime, bench: Bench, turns):
    run_id = await create(runtime, workflow(approval(), node("gate")))
    async with advancing(runtime, run_id) as task:
        await bench.started("gate").wait()
        await seen(runtime, run_id, "step_waiting", "ask")
        journal, engine = runtime.dispatcher._journal, runtime.dispatcher._engine
        now = runtime.dispatcher._clock.now()
        signal = await journal.signal(run_id, "answer", "ask", {"approved": True}, now)
        bench.gate("gate").set()
        for _ in range(turns):
            await asyncio.sleep(0)
        is_heard = engine.receive(signal)
    outcome = await task if is_heard else (await carry(runtime, run_id)).outcome
    assert outcome == Ended("succeeded")


async def test_a_loop_that_computes_keeps_a_waiting_run_in_memory(runtime):
    document = workflow(
        approval(),
        node("loop", "each", mode="times", times=20, result="{{ {'n': index * 2} }}"),
        node("count", "inner", inside="each", value="{{ index + 1 }}"),
        node("loop", "until", mode="while", condition="index < 20"),
        node("count", "step", inside="until", value="{{ index + 1 }}"),
    )
    told = await run(runtime, document)
    assert told.outcome == Parked("waiting")
    assert told.statuses["each"] == told.statuses["until"] == "succeeded"


async def test_a_timer_wakes_a_parked_run_at_its_moment(timed, clock: TurnedClock):
    run_id = await create(timed, workflow(node("task", "nap", mode="wait", seconds=3600)))
    moment = clock.now() + timedelta(hours=1)
    assert (await carry(timed, run_id)).outcome == Parked("waiting", moment)
    assert await timed.dispatcher._store.list_due(clock.now()) == []
    clock.turn(3601)
    assert await timed.dispatcher._store.list_due(clock.now()) == [run_id]
    told = await carry(timed, run_id)
    assert told.status == "succeeded"
    assert await timed.dispatcher._store.list_due(clock.now()) == []


async def test_a_short_timer_is_waited_for_in_memory(runtime):
    told = await succeed(runtime, workflow(node("task", "nap", mode="wait", seconds=0.05)))
    assert "T" in told.outputs["nap"]


async def test_a_run_is_woken_by_its_first_timer_and_parks_again_for_the_next(
    timed, clock: TurnedClock
):
    document = workflow(
        node("task", "short", mode="wait", seconds=100),
        node("task", "long", mode="wait", seconds=900),
        node("count", "after"),
        edges="short>after",
    )
    start = clock.now()
    run_id = await create(timed, document)
    assert (await carry(timed, run_id)).outcome == Parked("waiting", start + timedelta(seconds=100))
    clock.turn(101)
    told = await carry(timed, run_id)
    assert told.outcome == Parked("waiting", start + timedelta(seconds=900))
    assert told.statuses == {"short": "succeeded", "long": "waiting", "after": "succeeded"}


@pytest.mark.parametrize(("on_expiry", "status"), [("reject", "succeeded"), ("fail", "failed")])
async def test_a_question_nobody_answers_expires_as_it_says(
    timed, clock: TurnedClock, on_expiry, status
):
    asking = approval(expires_s=3600, on_expiry=on_expiry)
    run_id = await create(timed, workflow(asking))
    await carry(timed, run_id)
    clock.turn(3601)
    told = await carry(timed, run_id)
    assert told.status == status
    if status == "succeeded":
        assert told.outputs["ask"]["approved"] is False


async def test_waits_inside_loops_and_branches_are_answered_one_by_one(runtime):
    document = workflow(
        node("loop", "each", mode="for_each", items=["a", "b"], concurrency=2),
        node("task", "ask", inside="each", mode="approval", message="{{ item }}?"),
        node("parallel", "ways"),
        node("task", "left", inside="ways", mode="approval", message="left?"),
        node("count", "right", inside="ways", value="r"),
    )
    parked = await run(runtime, document)
    waiting = {path: step.waiting.message for path, step in parked.steps.items() if step.waiting}
    assert waiting == {"each/0/ask": "a?", "each/1/ask": "b?", "ways/left": "left?"}
    for path in list(waiting)[:2]:
        await answer(runtime, parked.id, path, approved=True)
        assert (await carry(runtime, parked.id)).outcome == Parked("waiting")
    await answer(runtime, parked.id, list(waiting)[2], approved=False)
    told = await carry(runtime, parked.id)
    assert [item["approved"] for item in told.outputs["each"]["items"]] == [True, True]
    assert told.outputs["ways"]["left"]["approved"] is False
    assert told.outputs["ways"]["right"] == "r"


async def test_waits_in_turns_one_after_another_each_ask_anew(runtime):
    document = workflow(
        node("loop", "each", mode="times", times=3),
        node("task", "ask", inside="each", mode="approval", message="{{ index }}"),
    )
    run_id = await create(runtime, document)
    for turn in range(3):
        told = await carry(runtime, run_id)
        assert told.steps[f"each/{turn}/ask"].waiting.message == str(turn)
        await answer(runtime, run_id, f"each/{turn}/ask", approved=turn == 1)
    told = await carry(runtime, run_id)
    assert [item["approved"] for item in told.outputs["each"]["items"]] == [False, True, False]


async def test_a_failed_run_still_waits_for_its_answer_when_it_is_resumed(runtime, bench: Bench):
    document = workflow(approval(), node("gate"), node("flaky"), edges="gate>flaky")
    run_id = await create(runtime, document)
    async with advancing(runtime, run_id):
        await bench.started("gate").wait()
        await seen(runtime, run_id, "step_waiting", "ask")
        bench.gate("gate").set()
    told = await resume(runtime, run_id)
    assert told.outcome == Parked("waiting")
    assert told.statuses == {"ask": "waiting", "gate": "succeeded", "flaky": "succeeded"}
    await answer(runtime, run_id, "ask", approved=True)
    assert (await carry(runtime, run_id)).status == "succeeded"


async def test_a_run_cut_off_after_it_was_taken_up_from_a_wait_is_carried_on(
    tmp_path, bench: Bench
):
    async with opened(tmp_path, bench) as runtime:
        run_id = await create(runtime, workflow(approval(), node("gate"), edges="ask>gate"))
        await carry(runtime, run_id)
        await answer(runtime, run_id, "ask", approved=True)
        await cut_off(runtime, run_id, bench.started("gate"))
    async with opened(tmp_path, bench) as runtime:
        bench.gate("gate").set()
        assert await runtime.dispatcher.carry_on() == [run_id]
        assert (await ended(runtime, run_id)).status == "succeeded"
