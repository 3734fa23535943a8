"""A run as bars: nested, paged, and told of by spans that say what happened when."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from flowstudio.engine.events import Event
from flowstudio.services.access import OPERATOR
from flowstudio.services.timelines import Timeline
from tests.builders import node, workflow
from tests.running import create, run, succeed

AT = datetime(2026, 11, 22, tzinfo=UTC)
LOOP = workflow(
    node("count", "first", value=1),
    node("loop", "each", mode="times", times=3),
    node("count", "a", inside="each", value="{{ index + 10 }}"),
    node("count", "b", inside="each", value="{{ a * 2 }}"),
    edges="first>each; a>b",
)


def event(number: int, kind: Any, path: str, after_s: float, /, **data: Any) -> Event:
    node_name = path.rsplit("/", 1)[-1]
    return Event(number, AT + timedelta(seconds=after_s), kind, node_name, path, data)


def told(*events: Event) -> Timeline:
    timeline = Timeline(LOOP)
    timeline.feed(events)
    return timeline


def spans(timeline: Timeline, path: str) -> list[tuple[float, float | None, str]]:
    return [
        (
            (span.start - AT).total_seconds(),
            (span.end - AT).total_seconds() if span.end else None,
            span.kind,
        )
        for span in timeline.places[path].spans
    ]


async def test_a_loop_is_closed_until_it_is_opened(runtime):
    timeline = await runtime.runs.timeline(OPERATOR, (await succeed(runtime, LOOP)).id)
    assert [(row.path, row.inside) for row in timeline.rows({})] == [("first", 0), ("each", 3)]
    paths = [row.path for row in timeline.rows({"each": 100})]
    assert paths == ["first", "each", "each/0", "each/1", "each/2"]
    opened = timeline.rows({"each": 2, "each/1": 100})
    assert [(row.kind, row.path, row.depth, row.left) for row in opened[2:]] == [
        ("turn", "each/0", 1, 0),
        ("turn", "each/1", 1, 0),
        ("step", "each/1/a", 2, 0),
        ("step", "each/1/b", 2, 0),
        ("more", "each", 1, 1),
    ]


async def test_what_is_shown_stays_small_however_long_the_run(runtime):
    many = workflow(
        node("loop", "each", mode="times", times=900, concurrency=20),
        node("count", "a", inside="each"),
    )
    timeline = await runtime.runs.timeline(OPERATOR, (await succeed(runtime, many)).id)
    assert len(timeline.places["each"].children) == 900
    assert len(timeline.rows({})) == 1
    assert len(timeline.rows({"each": 50})) == 52
    assert len(timeline.rows({"each": 5_000, **{f"each/{n}": 9 for n in range(900)}})) == 1_000


def test_each_attempt_is_a_span_of_its_own():
    timeline = told(
        event(1, "step_started", "first", 0, attempt=1),
        event(2, "step_failed", "first", 1, attempt=1, retry_in_s=2, error={"message": "no"}),
        event(3, "step_started", "first", 3, attempt=2),
        event(4, "step_succeeded", "first", 4, attempt=2),
    )
    assert spans(timeline, "first") == [(0, 1, "failed"), (3, 4, "run")]


def test_waiting_and_being_cut_off_look_otherwise_than_working():
    timeline = told(
        event(1, "step_started", "first", 0),
        event(2, "step_started", "first", 5),
        event(3, "step_waiting", "first", 6, kind="approval"),
    )
    assert spans(timeline, "first") == [(0, 5, "cut"), (5, 6, "run"), (6, None, "wait")]
    timeline.feed([event(4, "run_cancelled", "", 9)])
    assert spans(timeline, "first")[-1] == (6, 9, "wait")
    assert timeline.tallies["first"].underway == {}


def test_money_is_added_up_through_every_turn_and_container():
    usage = {"prompt_tokens": 3, "completion_tokens": 4}
    timeline = told(
        event(1, "step_started", "each", 0),
        event(2, "step_succeeded", "each/0/a", 1, cost_usd="0.01", usage=usage),
        event(3, "step_failed", "each/1/a", 2, cost_usd="0.02", error={"message": "no"}),
    )
    assert timeline.money.cost_usd == Decimal("0.03")
    assert timeline.places["each/0"].money.cost_usd == Decimal("0.01")
    assert timeline.places["each"].money.completion_tokens == 4
    assert timeline.tallies["a"].money.cost_usd == Decimal("0.03")
    assert timeline.turn_status(timeline.places["each/1"]) == "failed"


def test_events_that_come_twice_count_once():
    once = event(1, "step_succeeded", "first", 1, cost_usd="0.01")
    timeline = told(once, once)
    timeline.feed([once])
    assert timeline.money.cost_usd == Decimal("0.01")


async def test_who_asks_again_reads_only_what_is_new(runtime):
    run_id = (await succeed(runtime, LOOP)).id
    first = await runtime.runs.timeline(OPERATOR, run_id)
    assert await runtime.runs.timeline(OPERATOR, run_id) is first


# One step


async def test_what_a_step_read_is_found_in_the_scopes_around_it(runtime):
    run_id = (await succeed(runtime, LOOP)).id
    found = await runtime.runs.step(OPERATOR, run_id, "each/2/b")
    assert [(read.name, read.value) for read in found.reads or []] == [("a", 12)]
    assert found.output == 24
    inner = await runtime.runs.step(OPERATOR, run_id, "each/1/a")
    assert [(read.name, read.value) for read in inner.reads or []] == [("index", 1)]


async def test_items_previous_and_inputs_are_what_they_were(runtime):
    document = workflow(
        node("start", inputs={"type": "object", "properties": {"list": {"type": "array"}}}),
        node("loop", "each", mode="for_each", items="{{ inputs.list }}"),
        node("count", "sum", inside="each", value="{{ (previous or 0) + item.n }}"),
        edges="start>each",
    )
    given = {"list": [{"n": 1}, {"n": 2}, {"n": 4}]}
    run_id = (await succeed(runtime, document, given)).id
    found = await runtime.runs.step(OPERATOR, run_id, "each/2/sum")
    assert {read.name: read.value for read in found.reads or []} == {"previous": 3, "item.n": 4}
    assert found.output == 7
    loop = await runtime.runs.step(OPERATOR, run_id, "each")
    assert loop.given["items"] == given["list"]
    turn = await runtime.runs.step(OPERATOR, run_id, "each/1")
    assert (turn.output, turn.status) == (3, "succeeded")


async def test_attempts_are_told_with_their_errors(runtime):
    document = workflow(
        node("flaky", fails=2, value=5, rules={"retry": {"attempts": 3, "backoff_s": 0}})
    )
    run_id = (await succeed(runtime, document)).id
    found = await runtime.runs.step(OPERATOR, run_id, "flaky")
    assert [(each.number, each.outcome, each.error) for each in found.attempts] == [
        (1, "failed", "not yet"),
        (2, "failed", "not yet"),
        (3, "succeeded", ""),
    ]
    assert found.reads == []


# Lists


async def test_runs_are_filtered_by_what_they_have_in_common(runtime):
    one = (await succeed(runtime, workflow(node("count", value=1), name="Greet people"))).id
    two = (await succeed(runtime, workflow(node("count", value=2), name="100%"), trigger="api")).id
    bad = (await run(runtime, workflow(node("bug"), name="Broken"))).id
    draft = (await succeed(runtime, LOOP, trigger="draft")).id

    async def ids(**only: Any) -> list[str]:
        return [record.id for record in await runtime.runs.list(OPERATOR, **only)]

    assert await ids() == [bad, two, one]
    assert await ids(drafts=True) == [draft, bad, two, one]
    assert await ids(trigger="draft") == [draft]
    assert await ids(trigger="api") == [two]
    assert await ids(text="greet") == [one]
    assert await ids(text="0%") == [two]
    assert await ids(text="%") == [two]
    assert await ids(status="failed") == [bad]
    assert await ids(text=one) == [one]
    assert await ids(limit=1, before=bad) == [two]
    record = await runtime.runs.find(OPERATOR, two)
    assert await ids(since=record.created_at) == [bad, two]
    assert await ids(until=record.created_at) == [one]


async def test_dead_runs_are_listed_with_their_reason(runtime):
    bad = (await run(runtime, workflow(node("bug"), name="Broken"))).id
    rerun = (await run(runtime, workflow(node("bug"), name="Broken again"))).id
    await runtime.runs.rerun(OPERATOR, rerun, launch=False)
    await succeed(runtime, LOOP)
    left = await create(runtime, LOOP)
    found = await runtime.runs.list_dead(OPERATOR)
    kinds = {dead.record.id: (dead.kind, dead.reason) for dead in found}
    assert kinds[bad][0] == "failed"
    assert "KeyError" in kinds[bad][1]
    assert rerun not in kinds
    # Made by this process, but nobody has it in hand.
    assert kinds[left][0] == "abandoned"
    assert await runtime.runs.count_dead(OPERATOR) == len(found)


# Two runs


async def test_comparing_tells_what_differs_and_where(runtime):
    changed = workflow(
        node("count", "first", value=1),
        node("loop", "each", mode="times", times=3),
        node("count", "a", inside="each", value="{{ index + 10 }}"),
        node("count", "b", inside="each", value="{{ a * 2 if index == 1 else a * 3 }}"),
        edges="first>each; a>b",
    )
    one, two = (await succeed(runtime, LOOP)).id, (await succeed(runtime, changed)).id
    found = await runtime.runs.compare(OPERATOR, one, two)
    assert found.inputs == []
    assert [line for line in found.document.describe() if "b.config.value" in line]
    differing = {pair.name: pair.path for pair in found.pairs if pair.differs}
    assert differing == {"each": "each", "b": "each/0/b"}
    step = await runtime.runs.compare_step(OPERATOR, one, two, "each/0/b")
    assert [line.text for line in step.inputs if line.kind == "added"] == [
        '  "a": 10,',
        '  "index": 0',
    ]
    assert [(line.kind, line.text) for line in step.output] == [("removed", "20"), ("added", "30")]
    same = await runtime.runs.compare(OPERATOR, one, one)
    assert not same.document
    assert [pair for pair in same.pairs if pair.differs] == []
