"""Parallel branches: all, any, a quorum, a limit, failures, and crashes in between."""

import pytest

from flowstudio.engine.runner import Ended
from tests.builders import node, workflow
from tests.fakes.nodes import Bench
from tests.running import advancing, carry, create, cut_off, opened, run, succeed, tell


def gates(*names):
    return [node("gate", name, inside="ways", value=name) for name in names]


async def test_all_branches_give_their_results_by_name(runtime):
    document = workflow(
        node("parallel", "ways"),
        node("count", "a", inside="ways", value=1),
        node("count", "b", inside="ways", value=2),
        node("count", "c", inside="ways", value="{{ b + 1 }}"),
        edges="b>c",
    )
    assert (await succeed(runtime, document)).outputs == {"ways": {"a": 1, "b": 3}}


async def test_branches_run_at_once_up_to_the_limit(runtime, bench: Bench):
    document = workflow(node("parallel", "ways", limit=2), *gates("a", "b", "c"))
    run_id = await create(runtime, document)
    async with advancing(runtime, run_id):
        await bench.started("ways/a").wait()
        await bench.started("ways/b").wait()
        assert len(bench.begun) == 2
        bench.gate("ways/b").set()
        await bench.started("ways/c").wait()
        bench.gate("ways/a").set()
        bench.gate("ways/c").set()


async def test_any_takes_the_first_success_and_cancels_the_rest(runtime, bench: Bench):
    document = workflow(node("parallel", "ways", join="any"), *gates("a", "b", "c"))
    run_id = await create(runtime, document)
    async with advancing(runtime, run_id) as task:
        for name in "abc":
            await bench.started(f"ways/{name}").wait()
        bench.gate("ways/b").set()
    told = await tell(runtime, run_id, await task)
    assert told.outputs == {"ways": {"b": "b"}}
    assert {"cut ways/a", "cut ways/c"} <= set(bench.log)


async def test_any_survives_failing_branches_as_long_as_one_may_succeed(runtime, bench: Bench):
    document = workflow(
        node("parallel", "ways", join="any"),
        node("flaky", "bad", inside="ways", fails=9),
        *gates("good"),
    )
    run_id = await create(runtime, document)
    async with advancing(runtime, run_id) as task:
        await bench.started("ways/bad").wait()
        bench.gate("ways/good").set()
    assert (await tell(runtime, run_id, await task)).outputs == {"ways": {"good": "good"}}


async def test_any_fails_when_every_branch_does(runtime):
    document = workflow(
        node("parallel", "ways", join="any"),
        node("flaky", "a", inside="ways", fails=9),
        node("flaky", "b", inside="ways", fails=9),
    )
    assert (await run(runtime, document)).statuses["ways"] == "failed"


async def test_a_quorum_takes_that_many(runtime, bench: Bench):
    document = workflow(node("parallel", "ways", join="quorum", quorum=2), *gates("a", "b", "c"))
    run_id = await create(runtime, document)
    async with advancing(runtime, run_id) as task:
        for name in "abc":
            await bench.started(f"ways/{name}").wait()
        bench.gate("ways/c").set()
        bench.gate("ways/a").set()
    assert (await tell(runtime, run_id, await task)).outputs == {"ways": {"a": "a", "c": "c"}}


async def test_a_quorum_that_cannot_be_reached_fails_at_once(runtime, bench: Bench):
    document = workflow(
        node("parallel", "ways", join="quorum", quorum=2),
        node("flaky", "a", inside="ways", fails=9, message="no"),
        node("flaky", "b", inside="ways", fails=9),
        *gates("c"),
    )
    told = await run(runtime, document)
    assert told.status == "failed"
    assert "end ways/c" not in bench.log


async def test_a_failing_branch_fails_all_and_cancels_the_others(runtime, bench: Bench):
    document = workflow(
        node("parallel", "ways"),
        *gates("a"),
        node("count", "pause", inside="ways"),
        node("flaky", "b", inside="ways", fails=9, message="no"),
        edges="pause>b",
    )
    told = await run(runtime, document)
    assert told.view.record.error == "Node 'b' failed: no"
    assert "cut ways/a" in bench.log


async def test_a_branch_that_won_before_a_crash_stays_the_winner(tmp_path, bench: Bench):
    document = workflow(
        node("parallel", "ways", join="quorum", quorum=2),
        node("write", "slow", inside="ways"),
        node("count", "after", inside="ways"),
        node("count", "quick", inside="ways", value=1, purity="write"),
        node("gate", "third", inside="ways", value=3),
        edges="slow>after",
    )
    async with opened(tmp_path, bench) as runtime:
        run_id = await create(runtime, document)
        started = [bench.started(f"ways/{name}") for name in ("slow", "quick", "third")]
        await cut_off(runtime, run_id, *started)
    bench.gate("ways/third").set()
    async with opened(tmp_path, bench) as runtime:
        told = await carry(runtime, run_id)
    assert told.outputs == {"ways": {"quick": 1, "third": 3}}
    assert bench.runs["ways/quick"] == 1
    # What was cut off and may have done its work is not repeated unasked.
    assert bench.runs["ways/slow"] == 1


@pytest.mark.parametrize("join", ["any", "quorum"])
async def test_after_a_crash_an_already_won_race_starts_nothing_anew(
    tmp_path, bench: Bench, open_workshop, join
):
    quorum = {"quorum": 1} if join == "quorum" else {}
    document = workflow(
        node("parallel", "ways", join=join, **quorum),
        node("gate", "slow", inside="ways"),
        node("count", "more", inside="ways", purity="write"),
        node("count", "quick", inside="ways", value=1, purity="write"),
        edges="slow>more",
    )
    async with opened(tmp_path, bench) as runtime:
        told = await succeed(runtime, document)
    async with open_workshop() as workshop:
        # As if the process had died before the winner was made known.
        await workshop.journal._writer.submit(
            lambda db: db.execute(
                "DELETE FROM run_event WHERE type='run_succeeded'"
                " OR (type='step_succeeded' AND path='ways')"
            )
        )
        bench.log.clear()
        assert await workshop.engine.advance(told.id) == Ended("succeeded")
    assert "run ways/slow" not in bench.log
    assert "run ways/quick" not in bench.log


async def test_a_parallel_inside_a_loop_runs_in_each_turn(runtime, bench: Bench):
    document = workflow(
        node("loop", "each", mode="times", times=2),
        node("parallel", "ways", inside="each"),
        node("count", "a", inside="ways", value="{{ index }}"),
        node("count", "b", inside="ways", value="{{ index * 10 }}"),
    )
    told = await succeed(runtime, document)
    assert told.outputs["each"]["items"] == [{"a": 0, "b": 0}, {"a": 1, "b": 10}]
    assert len(bench.runs) == 4
