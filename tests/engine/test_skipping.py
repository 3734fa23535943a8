"""Wires that are taken or dead, and nodes that are skipped, joined or passed through."""

import pytest

from tests.builders import node, workflow
from tests.fakes.nodes import Bench
from tests.running import advancing, carry, create, resume, succeed


async def test_a_node_with_only_dead_wires_is_skipped_and_so_on_down(runtime, bench: Bench):
    document = workflow(
        node("choose", port="left"),
        node("count", "taken"),
        node("count", "dead"),
        node("count", "below"),
        node("count", "deeper"),
        edges="choose.left>taken; choose.right>dead>below>deeper",
    )
    told = await succeed(runtime, document)
    assert told.statuses == {
        "choose": "succeeded",
        "taken": "succeeded",
        "dead": "skipped",
        "below": "skipped",
        "deeper": "skipped",
    }
    assert "dead" not in bench.runs


async def test_one_taken_wire_is_enough_for_a_node_that_joins_all(runtime):
    document = workflow(
        node("choose", port="left"),
        node("count", "a", value=1),
        node("count", "b", value=2),
        node("count", "end_", value="{{ [a, b] }}"),
        edges="choose.left>a>end_; choose.right>b>end_",
    )
    assert (await succeed(runtime, document)).outputs == {"end_": [1, None]}


async def test_a_node_that_joins_all_waits_for_every_wire(runtime, bench: Bench):
    document = workflow(
        node("count", "fast"),
        node("gate", "slow"),
        node("count", "last"),
        edges="fast>last; slow>last",
    )
    run_id = await create(runtime, document)
    async with advancing(runtime, run_id):
        await bench.started("slow").wait()
        assert "last" not in bench.runs
        bench.gate("slow").set()
    assert bench.log[-2:] == ["run last", "end last"]


async def test_a_node_that_joins_any_runs_once_with_the_first_wire(runtime, bench: Bench):
    document = workflow(
        node("count", "fast"),
        node("gate", "slow"),
        node("count", "last", rules={"join": "any"}),
        edges="fast>last; slow>last",
    )
    run_id = await create(runtime, document)
    async with advancing(runtime, run_id):
        await bench.started("last").wait()
        bench.gate("slow").set()
    assert bench.runs["last"] == 1


async def test_a_dead_wire_does_not_start_a_node_that_joins_any(runtime, bench: Bench):
    document = workflow(
        node("choose", port="right"),
        node("gate", "slow"),
        node("count", "last", rules={"join": "any"}),
        edges="choose.left>last; slow>last",
    )
    run_id = await create(runtime, document)
    async with advancing(runtime, run_id):
        await bench.started("slow").wait()
        assert "last" not in bench.runs
        bench.gate("slow").set()
    assert bench.runs["last"] == 1


async def test_a_node_that_joins_any_is_skipped_when_every_wire_is_dead(runtime):
    document = workflow(
        node("choose", "first", port="right"),
        node("choose", "second", port="right"),
        node("count", "last", rules={"join": "any"}),
        edges="first.left>last; second.left>last",
    )
    assert (await succeed(runtime, document)).statuses["last"] == "skipped"


async def test_a_disabled_node_is_passed_through_and_means_null(runtime, bench: Bench):
    document = workflow(
        node("count", "a", value=1),
        node("choose", "b", port="left", rules={"disabled": True}),
        node("count", "c", value="{{ [a, b] }}"),
        node("count", "d", value="{{ b }}"),
        edges="a>b; b.left>c; b.right>d",
    )
    told = await succeed(runtime, document)
    assert told.outputs == {"c": [1, None], "d": None}
    assert told.statuses["b"] == "skipped"
    assert "b" not in bench.runs


async def test_a_disabled_node_below_a_skipped_one_is_skipped(runtime, bench: Bench):
    document = workflow(
        node("choose", port="left"),
        node("count", "off", rules={"disabled": True}),
        node("count", "after"),
        edges="choose.right>off>after",
    )
    assert (await succeed(runtime, document)).statuses["after"] == "skipped"
    assert "after" not in bench.runs


@pytest.mark.parametrize("on", [True, False])
async def test_a_decision_leaves_by_its_port(runtime, on):
    document = workflow(
        node("decision", "check", mode="if", condition=str(on)),
        node("count", "yes"),
        node("count", "no"),
        edges="check.true>yes; check.false>no",
    )
    told = await succeed(runtime, document)
    assert told.statuses["yes"] == ("succeeded" if on else "skipped")
    assert told.steps["check"].port == ("true" if on else "false")


async def test_skips_are_told_once_even_when_the_run_is_resumed(runtime):
    document = workflow(
        node("choose", port="left"),
        node("flaky", fails=1),
        node("count", "dead"),
        edges="choose.left>flaky; choose.right>dead",
    )
    run_id = await create(runtime, document)
    assert (await carry(runtime, run_id)).status == "failed"
    told = await resume(runtime, run_id)
    assert told.status == "succeeded"
    assert told.types("dead") == ["step_skipped"]
