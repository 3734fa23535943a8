"""What follows when a step fails: nothing, a default, another branch, or another attempt."""

from datetime import timedelta

from flowstudio.engine.runner import Ended, Parked
from tests.builders import node, workflow
from tests.fakes.clock import TurnedClock, turned_until_done
from tests.fakes.nodes import Bench
from tests.running import advancing, carry, create, cut_off, opened, resume, run, succeed, tell


async def test_a_failed_node_ends_the_run_and_nothing_after_it_starts(runtime, bench: Bench):
    document = workflow(node("flaky", fails=9), node("count", "after"), edges="flaky>after")
    told = await run(runtime, document)
    assert told.outcome == Ended("failed")
    assert "after" not in bench.runs
    assert [event.type for event in told.events][-2:] == ["step_failed", "run_failed"]


async def test_on_error_continue_goes_on_with_the_default(runtime):
    document = workflow(
        node("flaky", fails=9, rules={"on_error": "continue", "default": {"n": 0}}),
        node("count", "after", value="{{ flaky.n }}"),
        edges="flaky>after",
    )
    told = await succeed(runtime, document)
    assert told.outputs == {"after": 0}
    assert told.steps["flaky"].status == "failed"


async def test_on_error_continue_without_a_default_goes_on_with_null(runtime):
    document = workflow(
        node("flaky", fails=9, rules={"on_error": "continue"}),
        node("count", "after", value="{{ flaky }}"),
        edges="flaky>after",
    )
    assert (await succeed(runtime, document)).outputs == {"after": None}


async def test_on_error_branch_leaves_by_the_port_error_with_the_reason(runtime):
    document = workflow(
        node("flaky", fails=9, message="no luck", rules={"on_error": "branch"}),
        node("count", "fine"),
        node("count", "mended", value="{{ flaky.error }}"),
        edges="flaky>fine; flaky.error>mended",
    )
    told = await succeed(runtime, document)
    assert told.outputs == {"mended": {"type": "StepError", "message": "no luck"}}
    assert told.statuses["fine"] == "skipped"


async def test_an_unused_error_port_is_dead(runtime):
    document = workflow(
        node("count", "fine", rules={"on_error": "branch"}),
        node("count", "mended"),
        edges="fine.error>mended",
    )
    assert (await succeed(runtime, document)).statuses["mended"] == "skipped"


async def test_a_step_is_tried_as_often_as_it_says(runtime, bench: Bench):
    rules = {"retry": {"attempts": 3, "backoff_s": 0}}
    told = await succeed(runtime, workflow(node("flaky", fails=2, value="ok", rules=rules)))
    assert bench.attempts["flaky"] == [1, 2, 3]
    assert len(bench.keys["flaky"]) == 1
    assert told.steps["flaky"].attempts == 3
    assert told.outputs == {"flaky": "ok"}


async def test_after_the_last_attempt_on_error_decides(runtime, bench: Bench):
    rules = {"retry": {"attempts": 2, "backoff_s": 0}, "on_error": "continue", "default": 7}
    told = await succeed(runtime, workflow(node("flaky", fails=5, rules=rules)))
    assert bench.attempts["flaky"] == [1, 2]
    assert told.outputs == {"flaky": 7}


async def test_an_error_that_will_not_pass_is_not_tried_again(runtime, bench: Bench):
    rules = {"retry": {"attempts": 5, "backoff_s": 0}}
    await run(runtime, workflow(node("flaky", fails=9, is_retryable=False, rules=rules)))
    assert bench.runs["flaky"] == 1


async def test_each_wait_before_an_attempt_is_longer_than_the_last(timed, clock: TurnedClock):
    rules = {"retry": {"attempts": 4, "backoff_s": 4, "factor": 2, "max_s": 10}}
    run_id = await create(timed, workflow(node("flaky", fails=3, rules=rules)))
    async with advancing(timed, run_id) as task:
        await turned_until_done(clock, task)
    waits = [wait for wait in clock.slept if wait >= 2]
    assert len(waits) == 3
    for wait, ceiling in zip(waits, (4, 8, 10), strict=True):
        assert ceiling / 2 <= wait <= ceiling


async def test_a_wait_that_the_other_side_asked_for_is_not_cut_short(timed, clock: TurnedClock):
    rules = {"retry": {"attempts": 2, "backoff_s": 0}}
    run_id = await create(timed, workflow(node("flaky", retry_after_s=20, rules=rules)))
    async with advancing(timed, run_id) as task:
        await turned_until_done(clock, task)
    assert 20 in clock.slept


async def test_a_long_wait_before_an_attempt_leaves_memory_and_is_taken_up(
    timed, clock: TurnedClock, bench: Bench
):
    rules = {"retry": {"attempts": 2, "backoff_s": 0}}
    run_id = await create(timed, workflow(node("flaky", retry_after_s=600, rules=rules)))
    parked = await carry(timed, run_id)
    assert parked.outcome == Parked("waiting", clock.now() + timedelta(seconds=600))
    assert parked.steps["flaky"].waiting.kind == "retry"
    clock.turn(601)
    assert (await carry(timed, run_id)).status == "succeeded"
    assert bench.attempts["flaky"] == [1, 2]


async def test_attempts_are_counted_across_a_wait_outside_memory(
    timed, clock: TurnedClock, bench: Bench
):
    rules = {"retry": {"attempts": 3, "backoff_s": 0}}
    run_id = await create(timed, workflow(node("flaky", fails=9, retry_after_s=600, rules=rules)))
    for _ in range(3):
        told = await carry(timed, run_id)
        clock.turn(601)
    assert told.status == "failed"
    assert bench.attempts["flaky"] == [1, 2, 3]


async def test_a_crash_between_two_attempts_does_not_repeat_the_first(
    tmp_path, bench: Bench, clock: TurnedClock
):
    rules = {"retry": {"attempts": 2, "backoff_s": 0}}
    document = workflow(node("flaky", fails=1, retry_after_s=600, rules=rules))
    async with opened(tmp_path, bench, clock) as runtime:
        run_id = await create(runtime, document)
        await carry(runtime, run_id)
    clock.turn(601)
    async with opened(tmp_path, bench, clock) as runtime:
        assert (await carry(runtime, run_id)).status == "succeeded"
    assert bench.attempts["flaky"] == [1, 2]


async def test_a_step_that_takes_too_long_is_cut_off_and_fails(runtime, bench: Bench):
    told = await run(runtime, workflow(node("gate", rules={"timeout_s": 0.05})))
    assert told.steps["gate"].error == "It took longer than its timeout_s of 0.05 seconds."
    assert "cut gate" in bench.log
    assert told.events[-1].data["error"]["type"] == "StepTimeoutError"


async def test_each_attempt_has_its_own_time(runtime, bench: Bench):
    rules = {"timeout_s": 0.05, "retry": {"attempts": 2, "backoff_s": 0}}
    await run(runtime, workflow(node("gate", rules=rules)))
    assert bench.attempts["gate"] == [1, 2]


async def test_a_run_that_takes_too_long_fails_and_says_so(runtime, bench: Bench):
    told = await run(runtime, workflow(node("gate"), timeout_s=0.1))
    assert told.status == "failed"
    assert told.view.record.error == "The run took longer than its timeout_s of 0.1 seconds."
    assert "cut gate" in bench.log


async def test_a_run_that_took_too_long_has_its_time_anew_when_it_is_resumed(runtime, bench: Bench):
    told = await run(runtime, workflow(node("gate", value=1), timeout_s=0.3))
    bench.gate("gate").set()
    assert (await resume(runtime, told.id)).outputs == {"gate": 1}


async def test_a_run_that_waits_for_a_person_wakes_when_its_time_is_up(timed, clock: TurnedClock):
    asking = node("task", "ask", mode="approval", message="Go on?")
    run_id = await create(timed, workflow(asking, timeout_s=3600))
    parked = await carry(timed, run_id)
    assert parked.outcome == Parked("waiting", clock.now() + timedelta(seconds=3600))
    clock.turn(3601)
    told = await carry(timed, run_id)
    assert told.status == "failed"
    assert "timeout_s" in told.view.record.error


async def test_a_failed_run_tries_only_what_failed_when_it_is_resumed(runtime, bench: Bench):
    document = workflow(
        node("count", "before"),
        node("flaky", value="ok"),
        node("count", "after"),
        edges="before>flaky>after",
    )
    told = await run(runtime, document)
    assert told.status == "failed"
    told = await resume(runtime, told.id)
    assert told.status == "succeeded"
    assert bench.runs == {"before": 1, "flaky": 2, "after": 1}
    assert told.view.record.error is None


async def test_a_failed_run_may_be_resumed_any_number_of_times(runtime, bench: Bench):
    told = await run(runtime, workflow(node("flaky", fails=3)))
    for expected in ("failed", "failed", "succeeded"):
        told = await resume(runtime, told.id)
        assert told.status == expected
    assert bench.attempts["flaky"] == [1, 1, 1, 1]


async def test_when_several_steps_fail_at_once_the_run_tells_of_the_first(runtime):
    document = workflow(
        node("flaky", "a", fails=9, message="first"), node("flaky", "b", fails=9, message="second")
    )
    told = await run(runtime, document)
    assert told.view.record.error == "Node 'a' failed: first"
    assert [event.type for event in told.events].count("run_failed") == 1


async def test_a_step_that_answers_its_cancellation_with_an_error_is_not_tried_again(
    runtime, bench: Bench
):
    rules = {"retry": {"attempts": 5, "backoff_s": 0}}
    document = workflow(
        node("deaf", value="fails", rules=rules),
        node("gate", "wall"),
        node("flaky", fails=9, message="the reason"),
        edges="wall>flaky",
    )
    run_id = await create(runtime, document)
    async with advancing(runtime, run_id) as task:
        await bench.started("deaf").wait()
        bench.gate("wall").set()
    told = await tell(runtime, run_id, await task)
    assert told.view.record.error == "Node 'flaky' failed: the reason"
    assert bench.runs["deaf"] == 1


async def test_a_message_that_is_no_text_is_stored_all_the_same(runtime):
    told = await run(runtime, workflow(node("bug", value="not text")))
    assert told.view.record.error == "Node 'bug' failed: bad ? luck"


async def test_an_output_that_is_no_json_fails_its_step(runtime):
    told = await run(runtime, workflow(node("bug", value="not json")))
    assert told.status == "failed"
    assert "JSON" in told.view.record.error


async def test_a_crash_after_a_step_failed_and_before_the_run_did_is_carried_on(
    tmp_path, bench: Bench
):
    document = workflow(
        node("flaky", fails=1, rules={"on_error": "branch"}), node("gate"), edges="flaky.error>gate"
    )
    async with opened(tmp_path, bench) as runtime:
        run_id = await create(runtime, document)
        await cut_off(runtime, run_id, bench.started("gate"))
    bench.gate("gate").set()
    async with opened(tmp_path, bench) as runtime:
        assert (await carry(runtime, run_id)).status == "succeeded"
    assert bench.runs == {"flaky": 1, "gate": 2}
