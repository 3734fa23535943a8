"""Workflows inside workflows: a step that is a run of its own."""

import json
from decimal import Decimal

import pytest

from flowstudio.engine.runner import Parked
from flowstudio.errors import InvalidDocumentError
from flowstudio.services.access import OPERATOR
from tests.builders import document, inputs, node, workflow
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
    resume,
    run,
    seen,
    succeed,
    tell,
)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


@pytest.fixture
def write(folder):
    """Writes a workflow file beside the outer one."""

    def write(name, *nodes, edges="", **settings):
        (folder / name).write_text(json.dumps(document(*nodes, edges=edges, **settings)))

    return write


def calling(file="inner.json", name="call", **config):
    return node("integration", name, mode="workflow", workflow=file, **config)


async def inner_runs(runtime):
    records = await runtime.runs.list(OPERATOR)
    return [record for record in records if record.trigger.startswith("workflow:")]


async def test_a_step_gives_the_outputs_of_the_workflow_it_runs(runtime, folder, write):
    write(
        "inner.json",
        node("start", **inputs(n="integer")),
        node("end", outputs={"double": "{{ inputs.n * 2 }}"}),
        edges="start>end",
    )
    outer = workflow(
        calling(inputs={"n": 21}), node("count", value="{{ call.double }}"), edges="call>count"
    )
    told = await succeed(runtime, outer, base=str(folder))
    assert told.outputs == {"count": 42}
    (inner,) = await inner_runs(runtime)
    assert inner.status == "succeeded"
    assert "signal_received" not in [event.type for event in told.events]


async def test_a_failing_inner_run_fails_its_step_with_its_reason(runtime, folder, write):
    write("inner.json", node("flaky", fails=9, message="no water"))
    told = await run(runtime, workflow(calling()), base=str(folder))
    assert "The inner workflow failed: Node 'flaky' failed: no water" in told.view.record.error


async def test_resuming_a_run_whose_inner_run_failed_resumes_that_one(
    runtime, folder, write, bench: Bench
):
    write(
        "inner.json", node("count", "before"), node("flaky", fails=1, value=1), edges="before>flaky"
    )
    told = await run(runtime, workflow(calling()), base=str(folder))
    assert told.status == "failed"
    told = await resume(runtime, told.id)
    assert told.outputs == {"call": {"flaky": 1}}
    assert bench.runs == {"before": 1, "flaky": 2}


async def test_an_inner_run_whose_failure_was_handled_is_not_tried_again(
    runtime, folder, write, bench: Bench
):
    write("inner.json", node("flaky", "inside", fails=9))
    outer = workflow(
        calling(rules={"on_error": "continue"}), node("flaky", "late", fails=1), edges="call>late"
    )
    told = await run(runtime, outer, base=str(folder))
    assert told.status == "failed"
    assert (await resume(runtime, told.id)).status == "succeeded"
    assert bench.runs == {"inside": 1, "late": 2}
    assert [inner.status for inner in await inner_runs(runtime)] == ["failed"]


async def test_a28f_workflows_nest_ten_deep_and_no_deeper(runtime, folder, write):
    for depth in range(12):
        write(f"w{depth}.json", calling(f"w{depth + 1}.json"))
    write("w12.json", node("count", value="deep"))
    with pytest.raises(InvalidDocumentError, match="more than 10 deep"):
        await create(runtime, workflow(calling("w0.json")), base=str(folder))
    told = await succeed(runtime, workflow(calling("w4.json")), base=str(folder))
    assert "deep" in json.dumps(told.outputs)
    assert len(await inner_runs(runtime)) == 9


async def test_a28f_a_workflow_that_came_to_run_itself_after_it_was_checked_fails(
    runtime, folder, write
):
    write("inner.json", node("count"))
    run_id = await create(runtime, workflow(calling()), base=str(folder))
    write("inner.json", calling())
    told = await carry(runtime, run_id)
    assert told.status == "failed"
    assert "'inner.json' cannot be run" in told.view.record.error


async def test_an_inner_run_that_waits_parks_the_outer_one_and_wakes_it(runtime, folder, write):
    write("inner.json", node("task", "ask", mode="approval", message="?"))
    outer = workflow(calling(), node("count", value="{{ call.ask.approved }}"), edges="call>count")
    parked = await run(runtime, outer, base=str(folder))
    assert parked.outcome == Parked("waiting")
    assert parked.steps["call"].waiting.kind == "workflow"
    (inner,) = await inner_runs(runtime)
    await runtime.runs.answer(OPERATOR, inner.id, "ask", {"approved": True})
    assert (await reached(runtime, parked.id, "succeeded")).outputs == {"count": True}


async def test_an_inner_run_that_ends_while_the_outer_one_is_busy_is_not_missed(
    runtime, folder, write, bench: Bench
):
    write("inner.json", node("task", "ask", mode="approval", message="?"))
    run_id = await create(runtime, workflow(calling(), node("gate", "busy")), base=str(folder))
    async with advancing(runtime, run_id) as task:
        await seen(runtime, run_id, "step_waiting", "call")
        (inner,) = await inner_runs(runtime)
        await runtime.runs.answer(OPERATOR, inner.id, "ask", {"approved": True})
        await seen(runtime, run_id, "step_succeeded", "call")
        bench.gate("busy").set()
    told = await tell(runtime, run_id, await task)
    assert told.outputs["call"]["ask"]["approved"] is True


async def test_word_of_an_inner_runs_end_that_was_lost_is_found_when_a_process_serves(
    tmp_path, folder, write, bench: Bench
):
    write("inner.json", node("task", "ask", mode="approval", message="?"))
    async with opened(tmp_path, bench) as runtime:
        parked = await run(runtime, workflow(calling()), base=str(folder))
        (inner,) = await inner_runs(runtime)
        await answer(runtime, inner.id, "ask", approved=True)
        # As if the process had died right after the inner run ended.
        await runtime.dispatcher._engine.advance(inner.id)
        assert (await runtime.runs.find(OPERATOR, parked.id)).status == "waiting"
    async with opened(tmp_path, bench) as runtime:
        assert await runtime.dispatcher._store.list_untold() == [parked.id]
        assert (await carry(runtime, parked.id)).status == "succeeded"
        assert await runtime.dispatcher._store.list_untold() == []


async def test_resuming_the_outer_run_takes_the_answered_inner_one_along(runtime, folder, write):
    write("inner.json", node("task", "ask", mode="approval", message="?"))
    parked = await run(runtime, workflow(calling()), base=str(folder))
    (inner,) = await inner_runs(runtime)
    await answer(runtime, inner.id, "ask", approved=True)
    assert (await resume(runtime, parked.id)).status == "succeeded"


async def test_a_step_cut_off_takes_up_the_same_inner_run(tmp_path, folder, write, bench: Bench):
    write("inner.json", node("count", "a"), node("gate", "b", value=2), edges="a>b")
    outer = workflow({**calling(), "retry": {"attempts": 3}})
    async with opened(tmp_path, bench) as runtime:
        run_id = await create(runtime, outer, base=str(folder))
        await cut_off(runtime, run_id, bench.started("b"))
    bench.gate("b").set()
    async with opened(tmp_path, bench) as runtime:
        told = await carry(runtime, run_id)
        if told.status == "waiting":
            await answer(runtime, run_id, "call", action="retry")
            told = await carry(runtime, run_id)
        assert told.outputs == {"call": {"b": 2}}
        assert len(await inner_runs(runtime)) == 1
    assert bench.runs == {"a": 1, "b": 2}


async def test_cancelling_the_outer_run_cancels_the_inner_one(runtime, folder, write, bench: Bench):
    write("inner.json", node("gate"))
    run_id = await create(runtime, workflow(calling()), base=str(folder))
    async with advancing(runtime, run_id):
        await bench.started("gate").wait()
        await runtime.runs.cancel(OPERATOR, run_id)
    (inner,) = await inner_runs(runtime)
    assert (await ended(runtime, inner.id)).status == "cancelled"


async def test_an_inner_run_whose_step_was_given_up_does_not_go_on_for_ever(
    runtime, folder, write, bench: Bench
):
    write("inner.json", node("gate"))
    rules = {"timeout_s": 0.2, "on_error": "continue"}
    told = await succeed(runtime, workflow(calling(rules=rules)), base=str(folder))
    assert told.statuses == {"call": "failed"}
    (inner,) = await inner_runs(runtime)
    assert (await ended(runtime, inner.id)).status == "cancelled"
    assert "cut gate" in bench.log


async def test_the_cost_of_an_inner_run_is_counted_once_in_the_outer_one(
    tmp_path, folder, write, bench: Bench
):
    write(
        "inner.json",
        node("paid", cost_usd="0.05"),
        node("task", "ask", mode="approval", message="?"),
        edges="paid>ask",
    )
    outer = workflow(calling(), node("gate"), edges="call>gate", max_cost_usd="1")
    async with opened(tmp_path, bench) as runtime:
        parked = await run(runtime, outer, base=str(folder))
        (inner,) = await inner_runs(runtime)
        await answer(runtime, inner.id, "ask", approved=True)
        await cut_off(runtime, parked.id, bench.started("gate"))
    bench.gate("gate").set()
    async with opened(tmp_path, bench) as runtime:
        told = await carry(runtime, parked.id)
    assert told.view.record.cost_usd == Decimal("0.05")
    assert told.steps["call"].cost_usd == Decimal("0.05")
    assert told.view.record.usage.prompt_tokens == 10


async def test_an_inner_run_may_cost_no_more_than_the_outer_one_has_left(runtime, folder, write):
    write("inner.json", node("paid", predicted_usd="0.05"))
    outer = workflow(
        node("paid", "first", value="first", cost_usd="0.07"),
        calling(),
        edges="first>call",
        max_cost_usd="0.10",
    )
    told = await run(runtime, outer, base=str(folder))
    assert "the run may cost $0.03" in told.view.record.error


async def test_a27_a_file_outside_the_folder_is_not_run(runtime, folder, tmp_path):
    (tmp_path / "secret.json").write_text(json.dumps(document(node("count"))))
    with pytest.raises(InvalidDocumentError, match="no workflow"):
        await create(runtime, workflow(calling("../secret.json")), base=str(folder))
