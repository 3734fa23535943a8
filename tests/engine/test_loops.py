"""Loops: order, concurrency, conditions, limits, results, and resuming in the middle."""

import pytest

from flowstudio.engine.runner import Ended
from tests.builders import inputs, node, workflow
from tests.fakes.nodes import Bench
from tests.running import (
    advancing,
    carry,
    create,
    cut_off,
    opened,
    resume,
    run,
    succeed,
    tell,
)


def each(**config):
    return node("loop", "each", mode="for_each", **config)


async def test_turns_run_one_after_another_and_results_keep_their_order(runtime, bench: Bench):
    document = workflow(
        each(items=[3, 1, 2]), node("count", "inner", inside="each", value="{{ item }}")
    )
    told = await succeed(runtime, document)
    assert told.outputs == {"each": {"items": [3, 1, 2], "count": 3}}
    assert [line for line in bench.log if line.startswith("run")] == [
        f"run each/{turn}/inner" for turn in range(3)
    ]


async def test_turns_at_once_finish_in_any_order_and_results_keep_theirs(runtime, bench: Bench):
    document = workflow(
        each(items="{{ inputs.items }}", concurrency=3),
        node("gate", "inner", inside="each", value="{{ item }}"),
        node("start", **inputs(items="array")),
        edges="start>each",
    )
    run_id = await create(runtime, document, {"items": ["a", "b", "c"]})
    async with advancing(runtime, run_id):
        for turn in (2, 0, 1):
            await bench.started(f"each/{turn}/inner").wait()
        for turn in (2, 0, 1):
            bench.gate(f"each/{turn}/inner").set()
    told = await tell(runtime, run_id, Ended("succeeded"))
    assert told.outputs["each"]["items"] == ["a", "b", "c"]


async def test_no_more_turns_run_at_once_than_the_loop_allows(runtime, bench: Bench):
    document = workflow(
        each(items=list(range(6)), concurrency=2), node("gate", "inner", inside="each")
    )
    run_id = await create(runtime, document)
    async with advancing(runtime, run_id):
        for turn in range(6):
            await bench.started(f"each/{turn}/inner").wait()
            assert len(bench.begun) - turn <= 2
            bench.gate(f"each/{turn}/inner").set()


async def test_a_turn_sees_item_index_previous_and_the_nodes_around_the_loop(runtime):
    document = workflow(
        node("count", "base", value=10),
        each(items=[1, 2]),
        node("count", "inner", inside="each", value="{{ [item, index, previous, base] }}"),
        edges="base>each",
    )
    told = await succeed(runtime, document)
    assert told.outputs["each"]["items"] == [[1, 0, None, 10], [2, 1, [1, 0, None, 10], 10]]


async def test_a_while_loop_sees_what_the_turn_before_it_gave(runtime):
    document = workflow(
        node("loop", "grow", mode="while", condition="index == 0 or previous < 20"),
        node("count", "inner", inside="grow", value="{{ (previous or 1) * 2 }}"),
    )
    told = await succeed(runtime, document)
    assert told.outputs == {"grow": {"items": [2, 4, 8, 16, 32], "count": 5}}


async def test_a_while_loop_whose_condition_is_false_runs_no_turn(runtime, bench: Bench):
    document = workflow(
        node("loop", "never", mode="while", condition="False"), node("count", inside="never")
    )
    assert (await succeed(runtime, document)).outputs == {"never": {"items": [], "count": 0}}
    assert bench.runs == {}


async def test_a_loop_over_nothing_gives_an_empty_list(runtime):
    for config in ({"items": []}, {"items": [], "concurrency": 4}):
        document = workflow(each(**config), node("count", inside="each"))
        assert (await succeed(runtime, document)).outputs == {"each": {"items": [], "count": 0}}


@pytest.mark.parametrize(
    ("config", "turns"),
    [
        ({"mode": "while", "condition": "True", "max_iterations": 3}, 3),
        ({"mode": "times", "times": 5, "max_iterations": 3}, 0),
        ({"mode": "for_each", "items": [1, 2, 3, 4], "max_iterations": 3}, 0),
    ],
)
async def test_a_loop_that_would_pass_its_limit_fails(runtime, bench: Bench, config, turns):
    document = workflow(node("loop", "each", **config), node("count", inside="each"))
    told = await run(runtime, document)
    assert told.status == "failed"
    assert "max_iterations is 3" in told.view.record.error
    assert len(bench.runs) == turns


async def test_a_loop_that_just_reaches_its_limit_does_not_fail(runtime):
    loop = node("loop", "each", mode="while", condition="index < 3", max_iterations=3)
    assert (await succeed(runtime, workflow(loop, node("count", inside="each")))).status


async def test_items_that_are_no_list_fail_the_loop(runtime):
    document = workflow(
        node("count", "text", value="abc"),
        each(items="{{ text }}"),
        node("count", inside="each"),
        edges="text>each",
    )
    assert "must be a list" in (await run(runtime, document)).view.record.error


async def test_a_result_template_decides_what_a_turn_gives(runtime):
    document = workflow(
        each(items=[1, 2], result="{{ a + b }} of {{ item }}"),
        node("count", "a", inside="each", value="{{ item }}"),
        node("count", "b", inside="each", value=1),
    )
    assert (await succeed(runtime, document)).outputs["each"]["items"] == ["2 of 1", "3 of 2"]


async def test_with_several_last_nodes_a_turn_gives_them_by_name(runtime):
    document = workflow(
        each(items=[1]),
        node("count", "a", inside="each", value=1),
        node("count", "b", inside="each", value=2),
    )
    assert (await succeed(runtime, document)).outputs["each"]["items"] == [{"a": 1, "b": 2}]


async def test_loops_nest(runtime, bench: Bench):
    document = workflow(
        node("loop", "outer", mode="for_each", items=[[1, 2], [3]]),
        node("loop", "inner", inside="outer", mode="for_each", items="{{ item }}"),
        node("count", "leaf", inside="inner", value="{{ item * 10 }}"),
    )
    told = await succeed(runtime, document)
    assert [turn["items"] for turn in told.outputs["outer"]["items"]] == [[10, 20], [30]]
    assert set(bench.runs) == {
        "outer/0/inner/0/leaf",
        "outer/0/inner/1/leaf",
        "outer/1/inner/0/leaf",
    }


async def test_a_failing_turn_fails_the_loop_and_stops_its_others(runtime):
    document = workflow(
        each(items=[0, 1], concurrency=2),
        node("choose", "way", inside="each", port="{{ 'left' if item else 'right' }}"),
        node("gate", "stays", inside="each"),
        node("flaky", "fails", inside="each", fails=9, message="no"),
        edges="way.left>stays; way.right>fails",
    )
    told = await run(runtime, document)
    assert told.view.record.error == "Node 'fails' failed: no"
    assert told.events[-1].data["error"]["path"] == "each/0/fails"
    assert told.statuses["each"] == "failed"


async def test_on_error_of_a_loop_catches_what_fails_inside(runtime):
    document = workflow(
        node("loop", "each", mode="times", times=2, rules={"on_error": "branch"}),
        node("flaky", "inner", inside="each", fails=9, message="no"),
        node("count", "after", value="{{ each.error }}"),
        edges="each.error>after",
    )
    assert (await succeed(runtime, document)).outputs["after"] == {
        "type": "StepError",
        "message": "no",
        "node": "inner",
        "path": "each/0/inner",
    }


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_retrying_a_loop_repeats_only_the_turns_that_failed(
    runtime, bench: Bench, concurrency
):
    document = workflow(
        node(
            "loop",
            "each",
            mode="times",
            times=3,
            concurrency=concurrency,
            rules={"retry": {"attempts": 2, "backoff_s": 0}},
        ),
        node("count", "first", inside="each", value="{{ index }}"),
        node("flaky", "second", inside="each", fails=1, value="{{ index }}"),
        edges="first>second",
    )
    told = await run(runtime, document)
    if concurrency == 1:
        # Its second turn fails in the second attempt; two attempts are not enough for three turns.
        assert told.status == "failed"
        told = await resume(runtime, told.id)
        told = await resume(runtime, told.id) if told.status == "failed" else told
    assert told.status == "succeeded"
    assert all(bench.runs[f"each/{turn}/first"] == 1 for turn in range(3))
    assert told.outputs["each"]["items"] == [0, 1, 2]


async def test_a_loop_that_retries_after_a_long_wait_keeps_its_finished_turns(
    timed, clock, bench: Bench
):
    document = workflow(
        node(
            "loop",
            "each",
            mode="times",
            times=2,
            rules={"retry": {"attempts": 2, "backoff_s": 600, "max_s": 600}},
        ),
        node("count", "first", inside="each"),
        node("flaky", "second", inside="each", fails="{{ index }}"),
        edges="first>second",
    )
    run_id = await create(timed, document)
    assert (await carry(timed, run_id)).status == "waiting"
    clock.turn(601)
    assert (await carry(timed, run_id)).status == "succeeded"
    assert bench.runs["each/0/first"] == bench.runs["each/1/first"] == 1
    assert bench.attempts["each/1/second"] == [1, 1]


async def test_a_crash_while_a_loop_backs_off_tries_its_failed_turn_again(
    tmp_path, bench: Bench, clock
):
    document = workflow(
        node(
            "loop",
            "each",
            mode="times",
            times=2,
            rules={"retry": {"attempts": 2, "backoff_s": 600, "max_s": 600}},
        ),
        node("flaky", "inner", inside="each", fails="{{ index }}"),
    )
    async with opened(tmp_path, bench, clock) as runtime:
        run_id = await create(runtime, document)
        await carry(runtime, run_id)
    clock.turn(601)
    async with opened(tmp_path, bench, clock) as runtime:
        told = await carry(runtime, run_id)
    assert told.status == "succeeded", told.view.record.error
    assert bench.runs == {"each/0/inner": 1, "each/1/inner": 2}


@pytest.mark.parametrize("concurrency", [1, 2])
async def test_a_loop_cut_off_in_the_middle_goes_on_from_there(tmp_path, bench: Bench, concurrency):
    document = workflow(
        each(items="{{ base }}", concurrency=concurrency, result="{{ inner }}"),
        node("count", "base", value=["a", "b", "c", "d"]),
        node("count", "first", inside="each", value="{{ item }}", purity="write"),
        node("gate", "inner", inside="each", value="{{ [first, previous] }}"),
        edges="base>each; first>inner",
    )
    async with opened(tmp_path, bench) as runtime:
        run_id = await create(runtime, document)
        bench.gate("each/0/inner").set()
        bench.gate("each/1/inner").set()
        # The turn that begins when both first ones have been committed.
        await cut_off(runtime, run_id, bench.started(f"each/{concurrency + 1}/inner"))
    bench.gate("each/2/inner").set()
    bench.gate("each/3/inner").set()
    async with opened(tmp_path, bench) as runtime:
        told = await carry(runtime, run_id)
    assert [item[0] for item in told.outputs["each"]["items"]] == ["a", "b", "c", "d"]
    assert all(bench.runs[f"each/{turn}/first"] == 1 for turn in range(3))
    assert bench.runs["each/0/inner"] == bench.runs["each/1/inner"] == 1
    if concurrency == 1:
        assert told.outputs["each"]["items"][1] == ["b", ["a", None]]


async def test_a_resumed_while_loop_does_not_ask_again_for_a_turn_that_began(
    tmp_path, bench: Bench
):
    document = workflow(
        node("loop", "grow", mode="while", condition="index < 3"),
        node("gate", "inner", inside="grow", value="{{ index }}"),
    )
    async with opened(tmp_path, bench) as runtime:
        run_id = await create(runtime, document)
        bench.gate("grow/0/inner").set()
        await cut_off(runtime, run_id, bench.started("grow/1/inner"))
    for turn in range(3):
        bench.gate(f"grow/{turn}/inner").set()
    async with opened(tmp_path, bench) as runtime:
        told = await carry(runtime, run_id)
    assert told.outputs["grow"]["items"] == [0, 1, 2]
    assert bench.runs == {"grow/0/inner": 1, "grow/1/inner": 2, "grow/2/inner": 1}


async def test_a_failed_step_inside_a_loop_is_tried_again_when_the_run_is_resumed(
    runtime, bench: Bench
):
    document = workflow(
        each(items=[0, 1, 2]),
        node("count", "first", inside="each"),
        node("flaky", "second", inside="each", fails="{{ index }}", value="{{ item }}"),
        edges="first>second",
    )
    told = await run(runtime, document)
    for _ in range(3):
        assert told.status == "failed"
        told = await resume(runtime, told.id)
    assert told.status == "succeeded"
    assert told.outputs["each"]["items"] == [0, 1, 2]
    assert {path: runs for path, runs in bench.runs.items() if path.endswith("first")} == {
        f"each/{turn}/first": 1 for turn in range(3)
    }


async def test_a_timeout_of_a_loop_cuts_off_what_is_inside(runtime, bench: Bench):
    document = workflow(
        node("loop", "each", mode="times", times=2, concurrency=2, rules={"timeout_s": 0.1}),
        node("gate", "inner", inside="each"),
    )
    told = await run(runtime, document)
    assert "timeout_s of 0.1" in told.view.record.error
    assert "cut each/0/inner" in bench.log
    assert "cut each/1/inner" in bench.log


async def test_after_many_failures_that_were_caught_a_timeout_is_still_told_as_one(runtime):
    document = workflow(
        node("loop", "each", mode="times", times=3, concurrency=3, rules={"on_error": "continue"}),
        node("flaky", "inner", inside="each", fails=9),
        node("gate", rules={"timeout_s": 0.05, "on_error": "branch"}),
        node("gate", "last"),
        edges="each>gate; gate.error>last",
        timeout_s=0.5,
    )
    told = await run(runtime, document)
    assert told.status == "failed"
    assert "The run took longer" in told.view.record.error
