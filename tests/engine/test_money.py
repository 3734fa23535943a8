"""Budgets, kept outputs, and identical calls that are made once."""

from decimal import Decimal

from flowstudio.engine.runner import Ended
from flowstudio.services.access import OPERATOR
from tests.builders import node, workflow
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


def paid(name, value=None, **config):
    return node("paid", name, value=name if value is None else value, **config)


async def test_a_run_stops_before_the_call_that_would_pass_its_limit(runtime, bench: Bench):
    document = workflow(
        paid("a", cost_usd="0.06"),
        paid("b", predicted_usd="0.05"),
        edges="a>b",
        max_cost_usd="0.10",
    )
    told = await run(runtime, document)
    assert told.status == "failed"
    assert "call b" not in bench.log
    assert "Node 'b' was stopped before a call of about $0.05" in told.view.record.error
    assert told.view.record.cost_usd == Decimal("0.06")


async def test_calls_at_once_reserve_their_money_before_they_are_made(runtime, bench: Bench):
    document = workflow(
        *(paid(name, predicted_usd="0.04", waits=True) for name in ("a", "b", "c")),
        max_cost_usd="0.10",
    )
    told = await run(runtime, document)
    assert len([line for line in bench.log if line.startswith("call")]) == 2
    assert "$0.08 reserved" in told.view.record.error


async def test_the_lower_of_the_workflows_and_the_runs_limit_counts(runtime):
    document = workflow(paid("a", predicted_usd="0.05"), max_cost_usd="1")
    told = await run(runtime, document, max_cost_usd=Decimal("0.01"))
    assert "the run may cost $0.01" in told.view.record.error


async def test_no_on_error_and_no_container_catches_the_end_of_the_money(runtime, bench: Bench):
    document = workflow(
        node("loop", "each", mode="times", times=2, rules={"on_error": "continue"}),
        node("parallel", "ways", inside="each", join="any", rules={"on_error": "branch"}),
        node("paid", "a", inside="ways", predicted_usd="0.50", rules={"on_error": "continue"}),
        node("gate", "b", inside="ways"),
        max_cost_usd="0.10",
    )
    bench.gate("each/0/ways/b").set()
    told = await run(runtime, document)
    assert told.status == "failed"
    assert told.events[-1].data["error"]["type"] == "BudgetError"


async def test_what_was_spent_before_a_crash_counts_after_it(tmp_path, bench: Bench):
    document = workflow(
        paid("a", cost_usd="0.08"),
        node("gate", "g"),
        paid("b", predicted_usd="0.05"),
        edges="a>g>b",
        max_cost_usd="0.10",
    )
    async with opened(tmp_path, bench) as runtime:
        run_id = await create(runtime, document)
        await cut_off(runtime, run_id, bench.started("g"))
    bench.gate("g").set()
    async with opened(tmp_path, bench) as runtime:
        told = await carry(runtime, run_id)
    assert "has spent $0.08" in told.view.record.error
    assert told.view.record.cost_usd == Decimal("0.08")
    assert told.view.record.usage.completion_tokens == 5


async def test_a_call_that_failed_but_cost_money_is_counted(runtime):
    told = await run(runtime, workflow(paid("a", cost_usd="0.03", fails=True)))
    assert told.view.record.cost_usd == Decimal("0.03")
    assert told.steps["a"].cost_usd == Decimal("0.03")


async def test_costs_of_all_attempts_are_added(runtime):
    rules = {"retry": {"attempts": 3, "backoff_s": 0}}
    told = await run(runtime, workflow(paid("a", cost_usd="0.03", fails=True, rules=rules)))
    assert told.view.record.cost_usd == Decimal("0.09")
    assert told.steps["a"].cost_usd == Decimal("0.09")


async def test_an_equal_call_in_a_later_run_is_taken_from_the_cache(runtime, bench: Bench):
    await succeed(runtime, workflow(paid("first", "x", cost_usd="0.02")))
    told = await succeed(runtime, workflow(paid("second", "x", cost_usd="0.02")))
    assert bench.runs == {"first": 1}
    assert told.outputs == {"second": "x"}
    assert told.statuses == {"second": "cached"}
    assert told.view.record.cost_usd == 0
    assert told.view.record.saved_usd == told.steps["second"].saved_usd == Decimal("0.02")


async def test_equal_calls_in_flight_are_one_call(runtime, bench: Bench):
    document = workflow(*(paid(name, "x", waits=True) for name in ("a", "b", "c")))
    run_id = await create(runtime, document)
    async with advancing(runtime, run_id) as task:
        await bench.started("a").wait()
        bench.gate("a").set()
    told = await tell(runtime, run_id, await task)
    assert bench.runs == {"a": 1}
    assert told.outputs == {"a": "x", "b": "x", "c": "x"}
    assert told.view.record.saved_usd == Decimal("0.02")


async def test_when_the_call_in_flight_fails_the_next_makes_its_own(runtime, bench: Bench):
    rules = {"on_error": "continue"}
    document = workflow(*(paid(name, "x", fails=True, rules=rules) for name in ("a", "b")))
    await succeed(runtime, document)
    assert bench.runs == {"a": 1, "b": 1}


async def test_failures_are_never_kept(runtime, bench: Bench):
    document = workflow(paid("a", fails=True))
    await run(runtime, document)
    await run(runtime, document)
    assert bench.runs == {"a": 2}


async def test_another_value_read_is_another_call(runtime, bench: Bench):
    for value in (1, 2):
        await succeed(
            runtime,
            workflow(node("count", "c", value=value), paid("a", "{{ c }}"), edges="c>a"),
        )
    assert bench.runs["a"] == 2


async def test_a_kept_output_expires(timed, clock, bench: Bench):
    document = workflow(paid("a", rules={"cache": {"ttl_s": 60}}))
    await succeed(timed, document)
    clock.turn(59)
    await succeed(timed, document)
    assert bench.runs["a"] == 1
    clock.turn(2)
    await succeed(timed, document)
    assert bench.runs["a"] == 2


async def test_cache_off_makes_every_call(runtime, bench: Bench):
    for _ in range(2):
        await succeed(runtime, workflow(paid("a", rules={"cache": "off"})))
        await succeed(runtime, workflow(paid("b", "x"), cache="off"))
    assert bench.runs == {"a": 2, "b": 2}


async def test_a_fresh_run_calls_anew_and_keeps_what_it_got(runtime, bench: Bench):
    document = workflow(paid("a"))
    await succeed(runtime, document)
    await succeed(runtime, document, use_cache=False)
    await succeed(runtime, document)
    assert bench.runs["a"] == 2


async def test_writes_are_never_taken_from_the_cache(runtime, bench: Bench):
    document = workflow(node("count", purity="write", rules={"cache": {"ttl_s": 600}}))
    await succeed(runtime, document)
    await succeed(runtime, document)
    assert bench.runs["count"] == 2


async def test_a_pure_step_is_kept_where_it_says_so(runtime, bench: Bench):
    document = workflow(node("count", value=1, rules={"cache": {"ttl_s": 600}}))
    for _ in range(2):
        assert (await succeed(runtime, document)).outputs == {"count": 1}
    assert bench.runs["count"] == 1


async def test_saved_money_is_not_forgotten_by_a_resumed_run(tmp_path, bench: Bench):
    document = workflow(paid("a", cost_usd="0.02"), node("gate", "g"), edges="a>g")
    async with opened(tmp_path, bench) as runtime:
        await succeed(runtime, workflow(paid("a", cost_usd="0.02")))
        run_id = await create(runtime, document)
        await cut_off(runtime, run_id, bench.started("g"))
    bench.gate("g").set()
    async with opened(tmp_path, bench) as runtime:
        assert (await carry(runtime, run_id)).view.record.saved_usd == Decimal("0.02")


async def test_questions_with_the_same_fingerprint_all_park(runtime):
    ask = {"mode": "approval", "message": "?"}
    rules = {"cache": {"ttl_s": 600}}
    document = workflow(
        node("task", "a", rules=rules, **ask), node("task", "b", rules=rules, **ask)
    )
    told = await run(runtime, document)
    assert told.statuses == {"a": "waiting", "b": "waiting"}


async def test_a_budget_failure_can_be_resumed_and_stops_again_at_once(runtime, bench: Bench):
    document = workflow(paid("a", predicted_usd="5"), max_cost_usd="1")
    told = await run(runtime, document)
    assert (await resume(runtime, told.id)).status == "failed"
    assert "call a" not in bench.log


async def test_a_run_that_ran_out_of_money_goes_on_with_a_higher_limit(
    tmp_path, bench: Bench, monkeypatch
):
    document = workflow(
        paid("a", cost_usd="0.08"),
        paid("b", predicted_usd="0.05", cost_usd="0.05"),
        node("gate", "g"),
        paid("c", predicted_usd="0.05"),
        edges="a>b>g>c",
        max_cost_usd="0.10",
    )
    monkeypatch.setenv("FLOWSTUDIO_MAX_COST_USD", "0.15")
    async with opened(tmp_path, bench) as runtime:
        told = await run(runtime, document)
        assert "may cost $0.1" in told.view.record.error
        await runtime.runs.resume(OPERATOR, told.id, launch=False, max_cost_usd=Decimal(5))
        await cut_off(runtime, told.id, bench.started("g"))
    bench.gate("g").set()
    async with opened(tmp_path, bench) as runtime:
        told = await carry(runtime, told.id)
    # The installation's own limit stands above what a person wishes, also after a restart.
    assert "Node 'c' was stopped" in told.view.record.error
    assert "may cost $0.15" in told.view.record.error
    assert bench.runs["a"] == bench.runs["b"] - 1 == 1


async def test_the_typical_length_of_answers_is_learned(runtime):
    await succeed(runtime, workflow(paid("a")))
    (key,) = {n.config_key for n in runtime.runs.prepare(workflow(paid("a"))).plan.root.nodes}
    assert await runtime.dispatcher._journal.typical_output_tokens(key) == 5


async def test_a_cancelled_call_that_settled_nothing_gives_its_reservation_back(
    runtime, bench: Bench
):
    rules = {"timeout_s": 0.05, "on_error": "continue"}
    document = workflow(
        paid("a", predicted_usd="0.09", waits=True, rules=rules),
        paid("b", predicted_usd="0.09"),
        edges="a>b",
        max_cost_usd="0.10",
    )
    assert (await run(runtime, document)).outcome == Ended("succeeded")
    assert "call b" in bench.log
