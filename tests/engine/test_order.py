"""In which order steps run, and what is on disk before they do."""

import asyncio

import pytest

from flowstudio.engine.runner import Ended
from flowstudio.services.access import OPERATOR
from tests.builders import inputs, node, workflow
from tests.engine.conftest import OpenWorkshop
from tests.fakes.nodes import Bench
from tests.running import advancing, create, run, succeed


async def test_a_chain_runs_in_order(runtime, bench: Bench):
    chain = workflow(node("count", "a"), node("count", "b"), node("count", "c"), edges="a>b>c")
    await succeed(runtime, chain)
    assert bench.log == ["run a", "end a", "run b", "end b", "run c", "end c"]


@pytest.mark.parametrize("purity", ["pure", "read", "write", "paid"])
async def test_a_step_starts_only_once_its_parents_result_is_stored(
    open_workshop: OpenWorkshop, bench: Bench, purity
):
    nodes = [node("count", name, value=name, purity=purity) for name in ("a", "b", "c", "d")]
    diamond = workflow(*nodes, edges="a>b>d; a>c>d")
    async with open_workshop() as workshop:
        run_id = await workshop.create(diamond)
        assert await workshop.engine.advance(run_id) == Ended("succeeded")
    for parent, child in (("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")):
        assert bench.log.index(f"stored {parent}") < bench.log.index(f"run {child}")


async def test_what_a_start_gives_waits_for_no_commit_but_is_stored_before_anything_shows(
    open_workshop: OpenWorkshop, bench: Bench
):
    document = workflow(node("start"), node("gate", "b", purity="write"), edges="start>b")
    async with open_workshop() as workshop:
        run_id = await workshop.create(document)
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            group.create_task(workshop.engine.advance(run_id))
            await bench.started("b").wait()
            assert "step_succeeded" in await workshop.types(run_id)
            bench.gate("b").set()
    assert "stored start" not in bench.log


async def test_steps_without_a_wire_between_them_run_at_once(runtime, bench: Bench):
    run_id = await create(runtime, workflow(node("gate", "a"), node("gate", "b")))
    async with advancing(runtime, run_id):
        await bench.started("a").wait()
        await bench.started("b").wait()
        bench.gate("a").set()
        bench.gate("b").set()


async def test_no_more_steps_run_at_once_than_the_workflow_allows(runtime, bench: Bench):
    names = ["a", "b", "c", "d", "e"]
    document = workflow(*(node("gate", name) for name in names), concurrency=2)
    run_id = await create(runtime, document)
    async with advancing(runtime, run_id):
        for done, name in enumerate(names):
            await bench.started(name).wait()
            assert len(bench.begun) - done <= 2
            bench.gate(name).set()


async def test_a_step_that_waits_for_its_turn_has_not_begun(runtime, bench: Bench):
    nodes = [node("write", "a"), node("write", "b", rules={"timeout_s": 0.2})]
    run_id = await create(runtime, workflow(*nodes, concurrency=1))
    async with advancing(runtime, run_id):
        await bench.started("a").wait()
        # Longer than b's time, which does not run yet.
        await asyncio.sleep(0.4)
        bench.gate("b").set()
        bench.gate("a").set()
    events = [(event.type, event.path) async for event in runtime.runs.events(OPERATOR, run_id)]
    assert events.index(("step_succeeded", "a")) < events.index(("step_started", "b"))


async def test_the_outputs_of_the_ends_reached_are_merged_in_document_order(runtime):
    document = workflow(
        node("start", **inputs(topic="string")),
        node("end", "late", outputs={"who": "late", "late": "{{ inputs.topic }}"}),
        node("end", "early", outputs={"who": "early", "early": 1}),
        edges="start>late; start>early",
    )
    told = await succeed(runtime, document, {"topic": "tea"})
    assert told.outputs == {"who": "early", "late": "tea", "early": 1}


async def test_an_end_that_was_not_reached_adds_nothing(runtime):
    document = workflow(
        node("choose", port="left"),
        node("end", "yes", outputs={"yes": 1}),
        node("end", "no", outputs={"no": 1}),
        edges="choose.left>yes; choose.right>no",
    )
    assert (await succeed(runtime, document)).outputs == {"yes": 1}


async def test_without_an_end_the_outputs_are_those_of_the_last_nodes_by_name(runtime):
    document = workflow(
        node("count", "a", value=1),
        node("count", "b", value=2),
        node("count", "c", value=3),
        edges="a>b; a>c",
    )
    assert (await succeed(runtime, document)).outputs == {"b": 2, "c": 3}


async def test_a_chain_of_thousands_runs_and_replays_without_recursion(runtime, bench: Bench):
    names = [f"n{index}" for index in range(1200)]
    chain = workflow(*(node("count", name) for name in names), edges=">".join(names))
    told = await succeed(runtime, chain)
    assert len(bench.runs) == 1200
    assert len(told.steps) == 1200


async def test_a_mistake_in_a_nodes_code_fails_its_step_only(runtime):
    document = workflow(
        node("bug", rules={"on_error": "continue", "default": "none"}),
        node("count", "after", value="{{ bug }}"),
        edges="bug>after",
    )
    told = await succeed(runtime, document)
    assert told.outputs == {"after": "none"}
    assert told.steps["bug"].error == "KeyError: 'there'"


async def test_a_failing_step_fails_the_run_with_its_name_and_reason(runtime, bench: Bench):
    document = workflow(
        node("flaky", fails=9, message="the well is dry"),
        node("gate", "beside"),
        node("count", "after"),
        edges="flaky>after",
    )
    told = await run(runtime, document)
    assert told.outcome == Ended("failed")
    assert told.view.record.error == "Node 'flaky' failed: the well is dry"
    assert told.view.record.error_node == "flaky"
    assert told.statuses == {"flaky": "failed", "beside": "cancelled"}
    assert "cut beside" in bench.log
