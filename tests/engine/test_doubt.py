"""Steps that a crash cut off: those that may simply run again, and those a person is asked about."""

import pytest

from flowstudio.engine.doubt import MOST_FREE_REPEATS, judge
from flowstudio.engine.fold import StepRecord
from flowstudio.engine.runner import Ended, Parked
from flowstudio.graph.document import Retry
from tests.builders import node, workflow
from tests.fakes.nodes import Bench, Count, Plain, Write
from tests.running import answer, carry, create, cut_off, opened

WRITES = workflow(
    node("write", value="sent"), node("count", "after", value="{{ write }}"), edges="write>after"
)


async def cut_write(tmp_path, bench: Bench) -> str:
    """A run whose writing step was cut off; gives its id."""
    async with opened(tmp_path, bench) as runtime:
        run_id = await create(runtime, WRITES)
        await cut_off(runtime, run_id, bench.started("write"))
    bench.begun.clear()
    return run_id


@pytest.mark.parametrize("purity", ["pure", "read", "paid"])
async def test_a_step_that_changes_nothing_outside_runs_again_with_the_same_key(
    tmp_path, bench: Bench, purity
):
    async with opened(tmp_path, bench) as runtime:
        run_id = await create(runtime, workflow(node("gate", purity=purity)))
        await cut_off(runtime, run_id, bench.started("gate"))
    bench.gate("gate").set()
    async with opened(tmp_path, bench) as runtime:
        told = await carry(runtime, run_id)
    assert told.outcome == Ended("succeeded")
    assert bench.attempts["gate"] == [1, 1]
    assert bench.keys["gate"] == {f"{run_id}/gate"}


async def test_a_step_that_may_not_be_repeated_asks_a_person(tmp_path, bench: Bench):
    run_id = await cut_write(tmp_path, bench)
    async with opened(tmp_path, bench) as runtime:
        told = await carry(runtime, run_id)
    assert told.outcome == Parked("waiting")
    assert told.steps["write"].waiting.kind == "unknown"
    assert "may or may not have done its work" in told.steps["write"].waiting.message
    assert bench.runs == {"write": 1}


async def test_a_person_may_have_it_run_again(tmp_path, bench: Bench):
    run_id = await cut_write(tmp_path, bench)
    bench.gate("write").set()
    async with opened(tmp_path, bench) as runtime:
        await carry(runtime, run_id)
        await answer(runtime, run_id, "write", action="retry")
        told = await carry(runtime, run_id)
    assert told.outputs == {"after": "sent"}
    assert bench.runs["write"] == 2


async def test_a_person_may_say_that_it_was_done(tmp_path, bench: Bench):
    run_id = await cut_write(tmp_path, bench)
    async with opened(tmp_path, bench) as runtime:
        await carry(runtime, run_id)
        await answer(runtime, run_id, "write", action="done", output="by hand")
        told = await carry(runtime, run_id)
    assert told.outputs == {"after": "by hand"}
    assert bench.runs["write"] == 1


async def test_a_person_may_let_it_fail(tmp_path, bench: Bench):
    run_id = await cut_write(tmp_path, bench)
    async with opened(tmp_path, bench) as runtime:
        await carry(runtime, run_id)
        await answer(runtime, run_id, "write", action="fail")
        told = await carry(runtime, run_id)
    assert told.status == "failed"
    assert "a person decided" in told.view.record.error


async def test_a_step_cut_off_once_more_asks_once_more(tmp_path, bench: Bench):
    run_id = await cut_write(tmp_path, bench)
    async with opened(tmp_path, bench) as runtime:
        await carry(runtime, run_id)
        await answer(runtime, run_id, "write", action="retry")
        await cut_off(runtime, run_id, bench.started("write"))
    async with opened(tmp_path, bench) as runtime:
        told = await carry(runtime, run_id)
    assert told.outcome == Parked("waiting")
    assert bench.runs["write"] == 2


async def test_a_paid_step_is_repeated_as_often_as_its_retries_allow(tmp_path, bench: Bench):
    document = workflow(node("paid", waits=True, rules={"retry": {"attempts": 2}}))
    async with opened(tmp_path, bench) as runtime:
        run_id = await create(runtime, document)
    for _ in range(3):
        async with opened(tmp_path, bench) as runtime:
            await cut_off(runtime, run_id, bench.started("paid"))
        bench.begun.clear()
    async with opened(tmp_path, bench) as runtime:
        told = await carry(runtime, run_id)
    assert told.steps["paid"].waiting.kind == "unknown"
    assert "cut off 3 times" in told.steps["paid"].waiting.message
    assert bench.runs["paid"] == 3


def cut(interruptions: int) -> StepRecord:
    return StepRecord(status="running", attempts=1, interruptions=interruptions)


def test_a_free_step_that_keeps_ending_the_process_is_not_repeated_for_ever():
    kind, config, once = Count(Bench()), Plain(), Retry()
    assert judge(kind, config, once, cut(MOST_FREE_REPEATS - 1)) is None
    assert judge(kind, config, once, cut(MOST_FREE_REPEATS)).kind == "unknown"


def test_a_write_is_never_repeated_unasked():
    patient = Retry(attempts=50)
    assert judge(Write(Bench()), Plain(), patient, cut(0)).kind == "unknown"
