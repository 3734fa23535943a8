"""A new run keeps what finished in an ended one, and does the rest again."""

import pytest

from flowstudio.engine.runner import Ended
from flowstudio.errors import ConflictError, NotFoundError
from flowstudio.services.access import OPERATOR
from tests.builders import node, workflow
from tests.running import carry, create, cut_off, ended, opened, run, succeed, tell

CHAIN = workflow(
    node("count", "a", value=[1]),
    node("count", "b", value="{{ a }}"),
    node("flaky", "c", value="{{ b }}", fails=1),
    node("count", "d", value="{{ c + a }}"),
    edges="a>b>c>d; a>d",
)


async def again(runtime, run_id, from_path=None):
    new_id = await runtime.runs.rerun(OPERATOR, run_id, from_path, launch=False)
    return await carry(runtime, new_id)


async def test_a_failed_step_and_what_is_below_it_run_again_and_the_rest_is_kept(runtime, bench):
    failed = await run(runtime, CHAIN)
    assert failed.status == "failed"
    told = await again(runtime, failed.id)
    assert told.outcome == Ended("succeeded")
    assert told.outputs == {"d": [1, 1]}
    assert bench.runs == {"a": 1, "b": 1, "c": 2, "d": 1}
    assert {path for path, step in told.steps.items() if step.kept} == {"a", "b"}
    assert told.view.record.rerun_of == failed.id
    assert [event.seq for event in told.events] == list(range(1, len(told.events) + 1))


async def test_what_is_kept_costs_nothing(runtime, bench):
    document = workflow(
        node("paid", "ask", value=1, cost_usd="0.02"),
        node("flaky", "next", value="{{ ask }}"),
        edges="ask>next",
    )
    failed = await run(runtime, document)
    told = await again(runtime, failed.id)
    assert told.status == "succeeded"
    assert bench.runs["ask"] == 1
    assert (told.view.record.cost_usd, told.view.record.saved_usd) == (0, 0)
    assert told.steps["ask"].model == "test/model"
    assert told.steps["ask"].cost_usd == 0


async def test_from_a_path_that_step_and_what_is_below_it_run_again(runtime, bench):
    first = await succeed(runtime, CHAIN.model_copy(update={"nodes": _mended(CHAIN)}))
    told = await again(runtime, first.id, "b")
    assert told.status == "succeeded"
    assert bench.runs == {"a": 1, "b": 2, "c": 2, "d": 2}
    with pytest.raises(NotFoundError):
        await runtime.runs.rerun(OPERATOR, first.id, "robot")


def _mended(document):
    return [
        one.model_copy(update={"type": "count", "config": {"value": "{{ b }}"}})
        if one.name == "c"
        else one
        for one in document.nodes
    ]


async def test_a_run_that_succeeded_runs_again_as_a_whole(runtime, bench):
    first = await succeed(runtime, workflow(node("count", "a", value=1)))
    told = await again(runtime, first.id)
    assert told.status == "succeeded"
    assert bench.runs["a"] == 2


async def test_a_run_that_goes_on_is_not_run_again(runtime):
    run_id = await create(runtime, CHAIN)
    with pytest.raises(ConflictError):
        await runtime.runs.rerun(OPERATOR, run_id)


async def test_a_loop_that_did_not_finish_keeps_its_finished_turns(runtime, bench):
    document = workflow(
        node("count", "list", value=[0, 1, 2]),
        node("loop", "each", mode="for_each", items="{{ list }}"),
        node("count", "one", inside="each", value="{{ item }}"),
        node("flaky", "two", inside="each", value="{{ one }}", fails="{{ item // 2 }}"),
        edges="list>each; one>two",
    )
    failed = await run(runtime, document)
    assert failed.status == "failed"
    told = await again(runtime, failed.id)
    assert told.status == "succeeded", told.view.record.error
    assert told.outputs == {"each": {"items": [0, 1, 2], "count": 3}}
    assert bench.runs["each/0/two"] == 1
    assert bench.runs["each/2/one"] == 1
    assert bench.runs["each/2/two"] == 2


async def test_a_loop_below_what_runs_again_runs_as_a_whole(runtime, bench):
    document = workflow(
        node("count", "list", value=[0, 1]),
        node("loop", "each", mode="for_each", items="{{ list }}"),
        node("flaky", "one", inside="each", value="{{ item }}", fails="{{ item }}"),
        edges="list>each",
    )
    failed = await run(runtime, document)
    told = await again(runtime, failed.id, "list")
    assert told.status == "succeeded", told.view.record.error
    assert bench.runs["each/0/one"] == 2


async def test_dead_branches_stay_dead_and_live_ones_are_taken(runtime, bench):
    document = workflow(
        node("choose", "way", port="left"),
        node("count", "left", value="l"),
        node("count", "right", value="r"),
        node("flaky", "after", value=1, rules={"join": "any"}),
        edges="way.left>left>after; way.right>right>after",
    )
    failed = await run(runtime, document)
    told = await again(runtime, failed.id)
    assert told.status == "succeeded"
    assert told.statuses["right"] == "skipped"
    assert bench.runs == {"way": 1, "left": 1, "after": 2}


async def test_a_failure_that_was_dealt_with_is_kept_with_its_port(runtime, bench):
    document = workflow(
        node("flaky", "shaky", value=1, fails=9, rules={"on_error": "branch"}),
        node("flaky", "mend", value="{{ shaky.error.message }}"),
        edges="shaky.error>mend",
    )
    failed = await run(runtime, document)
    told = await again(runtime, failed.id)
    assert told.outputs == {"mend": "not yet"}
    assert bench.runs == {"shaky": 1, "mend": 2}


async def test_large_outputs_are_kept(runtime, bench):
    document = workflow(
        node("big", "large", size=1_500_000),
        node("flaky", "after", value="{{ len(large) }}"),
        edges="large>after",
    )
    failed = await run(runtime, document)
    told = await again(runtime, failed.id)
    assert told.outputs == {"after": 1_500_000}
    assert bench.runs["large"] == 1


async def test_a_run_that_keeps_steps_survives_a_crash(tmp_path, bench):
    document = workflow(
        node("count", "a", value=1),
        node("flaky", "b", value="{{ a }}"),
        node("gate", "c", value="{{ a + b }}"),
        edges="a>b>c",
    )
    async with opened(tmp_path, bench) as runtime:
        failed = await run(runtime, document)
        new_id = await runtime.runs.rerun(OPERATOR, failed.id, launch=False)
        await cut_off(runtime, new_id, bench.started("c"))
    bench.gate("c").set()
    async with opened(tmp_path, bench) as runtime:
        await runtime.dispatcher.carry_on()
        told = await ended(runtime, new_id)
    assert told.outputs == {"c": 2}
    assert bench.runs == {"a": 1, "b": 2, "c": 2}


async def test_a_run_made_with_seeds_but_never_begun_is_taken_up(tmp_path, bench):
    async with opened(tmp_path, bench) as runtime:
        failed = await run(runtime, CHAIN)
        new_id = await runtime.runs.rerun(OPERATOR, failed.id, launch=False)
    async with opened(tmp_path, bench) as runtime:
        told = await tell(runtime, new_id, (await carry(runtime, new_id)).outcome)
    assert told.status == "succeeded"
    assert bench.runs["a"] == 1
