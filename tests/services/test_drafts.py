"""The editor runs a few nodes at a time, and knows what still holds."""

import asyncio
from decimal import Decimal

import pytest
from sqlalchemy import delete

from flowstudio.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidDocumentError,
    InvalidInputError,
    NotFoundError,
)
from flowstudio.services.drafts import Ask, Pin
from flowstudio.services.workflows import RunWish
from flowstudio.store.tables.editing import DraftOutputRow
from tests.builders import inputs, node, workflow
from tests.drafting import Editor, changed
from tests.people import person
from tests.projects import kept, member
from tests.running import ended, opened

CHAIN = workflow(
    node("start", **inputs(n="integer")),
    node("count", "a", value="{{ inputs.n }}"),
    node("count", "b", value="{{ a // 10 }}"),
    node("count", "c", value="{{ b + 1 }}"),
    edges="start>a>b>c",
)


@pytest.fixture
def drafts(runtime):
    return runtime.studio.drafts


@pytest.fixture
def owner(runtime):
    return person(runtime.studio.parts, "owner@example.com")


@pytest.fixture
def edit(runtime, owner):
    async def open_it(document):
        return Editor(runtime, owner, await kept(runtime, owner, document))

    return open_it


async def test_a_cell_runs_its_stale_ancestors_first_and_nothing_else(edit, bench):
    editor = await edit(CHAIN)
    started = await editor.run("b", inputs={"n": 12})
    assert started.runs == ("start", "a", "b")
    assert editor.told.status == "succeeded", editor.told.view.record.error
    assert bench.runs == {"a": 1, "b": 1}
    assert await editor.states() == {
        "start": "fresh",
        "a": "fresh",
        "b": "fresh",
        "c": "never",
    }
    assert await editor.output("b") == 1
    started = await editor.run("c")
    assert (started.runs, started.kept) == (("c",), ("b",))
    assert await editor.output("c") == 2
    assert bench.runs == {"a": 1, "b": 1, "c": 1}


async def test_a_re_run_with_the_same_output_leaves_what_is_below_fresh_without_running(
    edit, bench
):
    editor = await edit(CHAIN)
    await editor.run(mode="stale", inputs={"n": 12})
    assert bench.runs == {"a": 1, "b": 1, "c": 1}
    await editor.run(mode="stale", inputs={"n": 13})
    assert bench.runs == {"a": 2, "b": 2, "c": 1}
    assert set((await editor.states()).values()) == {"fresh"}
    assert editor.told.steps["c"].cached


async def test_an_edit_marks_the_node_stale_and_what_is_below_maybe(edit, bench):
    editor = await edit(CHAIN)
    await editor.run(mode="all", inputs={"n": 12})
    await editor.change(changed(CHAIN, "b", value="{{ a // 12 }}"))
    assert await editor.states() == {
        "start": "fresh",
        "a": "fresh",
        "b": "stale(config)",
        "c": "maybe_stale(upstream)",
    }
    started = await editor.run("c")
    assert (started.runs, started.kept) == (("b", "c"), ("a",))
    assert bench.runs == {"a": 1, "b": 2, "c": 2}


async def test_from_a_node_it_and_what_is_below_run_unless_nothing_has_changed(edit, bench):
    editor = await edit(CHAIN)
    await editor.run(mode="all", inputs={"n": 12})
    started = await editor.run("b", mode="from")
    assert started.runs == ("b", "c")
    # The node that was asked for really runs; what is below turned out not to have to.
    assert bench.runs == {"a": 1, "b": 2, "c": 1}
    assert set((await editor.states()).values()) == {"fresh"}


async def test_nothing_stale_is_no_run(edit):
    editor = await edit(CHAIN)
    await editor.run(mode="all", inputs={"n": 1})
    assert (await editor.run(mode="stale")).run_id is None


async def test_inputs_that_do_not_fit_keep_only_what_needs_them_from_running(edit):
    editor = await edit(CHAIN)
    await editor.run(mode="all", inputs={"n": 12})
    problems = await editor.drafts.put_inputs(editor.owner, editor.id, {"n": "many"})
    assert problems
    assert (await editor.view())["inputs"] == {"n": "many"}
    with pytest.raises(InvalidInputError, match="n"):
        await editor.run("a")
    await editor.drafts.put_inputs(editor.owner, editor.id, {"n": 12})
    assert set((await editor.states()).values()) == {"fresh"}


async def test_problems_elsewhere_do_not_keep_a_cell_from_running(edit):
    broken = workflow(
        node("count", "a", value=1),
        node("count", "b", value="{{ nobody }}"),
        node("robot", "c"),
        edges="a>b>c",
    )
    editor = await edit(broken)
    assert (await editor.run("a")).run_id
    with pytest.raises(InvalidDocumentError) as caught:
        await editor.run("b")
    assert {problem.node for problem in caught.value.problems} == {"b"}
    with pytest.raises(InvalidDocumentError):
        await editor.run("c")


async def test_a_cycle_is_refused_only_where_it_is(edit):
    document = workflow(
        node("count", "a", value=1),
        node("count", "b", value=1),
        node("count", "c", value=1),
        edges="a>b>c>b",
    )
    editor = await edit(document)
    assert (await editor.run("a")).run_id
    with pytest.raises(InvalidDocumentError):
        await editor.run("c")


async def test_a_cell_that_hangs_on_nothing_runs_beside_a_start(edit):
    document = workflow(
        node("start", **inputs(n="integer")),
        node("count", "a", value="{{ inputs.n }}"),
        node("count", "loose", value=5),
        edges="start>a",
    )
    editor = await edit(document)
    await editor.run(mode="all", inputs={"n": 1})
    assert editor.told.status == "succeeded"
    assert await editor.output("loose") == 5


async def test_what_reads_a_part_that_is_the_same_stays_fresh(edit, bench):
    document = workflow(
        node("start", **inputs(x="integer", y="integer")),
        node("count", "a", value={"x": "{{ inputs.x }}", "y": "{{ inputs.y }}"}),
        node("count", "b", value="{{ a.x }}"),
        node("loop", "each", mode="times", times=1),
        node("count", "in_it", inside="each", value="{{ a.y }}"),
        edges="start>a>b; a>each",
    )
    editor = await edit(document)
    await editor.run(mode="all", inputs={"x": 1, "y": 1})
    await editor.run("a", inputs={"x": 1, "y": 2})
    states = await editor.states()
    assert (states["b"], states["each"]) == ("fresh", "stale(inputs)")
    await editor.run(mode="stale")
    assert bench.runs == {"a": 2, "b": 1, "each/0/in_it": 2}
    # An input that nobody reads but the start and `a`.
    await editor.drafts.put_inputs(editor.owner, editor.id, {"x": 1, "y": 3})
    states = await editor.states()
    assert (states["start"], states["b"]) == ("stale(inputs)", "maybe_stale(upstream)")


# Pins


async def test_a_pin_feeds_what_is_below_and_nothing_above_it_runs(edit, bench):
    editor = await edit(CHAIN)
    await editor.drafts.pin(editor.owner, editor.id, "b", Pin(41))
    started = await editor.run("c")
    assert (started.runs, started.kept) == (("c",), ("b",))
    assert await editor.output("c") == 42
    assert bench.runs == {"c": 1}
    view = await editor.view()
    assert view["marks"]["b"] == {"state": "fresh", "reason": "pin"}
    assert view["results"]["b"]["pinned"]["preview"] == 41
    assert view["results"]["b"]["pinned"]["by"] == "Owner"
    assert await editor.output("b", "pinned") == 41
    with pytest.raises(ConflictError, match="pinned"):
        await editor.run("b")


async def test_another_pin_makes_what_is_below_stale_by_pin(edit):
    editor = await edit(CHAIN)
    await editor.run(mode="all", inputs={"n": 12})
    await editor.drafts.pin(editor.owner, editor.id, "b", Pin(7, "edited"))
    assert (await editor.states())["c"] == "stale(pin)"
    await editor.run("c")
    assert (await editor.states())["c"] == "fresh"
    await editor.drafts.unpin(editor.owner, editor.id, "b")
    assert (await editor.states())["c"] == "stale(pin)"
    with pytest.raises(NotFoundError):
        await editor.drafts.unpin(editor.owner, editor.id, "b")


async def test_ordinary_runs_ignore_pins(edit, runtime, owner):
    editor = await edit(CHAIN)
    await editor.drafts.pin(editor.owner, editor.id, "b", Pin(41))
    run_id = await runtime.studio.workflows.run(owner, editor.id, RunWish({"n": 12}))
    assert (await ended(runtime, run_id)).outputs == {"c": 2}


async def test_a_pinned_node_that_is_broken_feeds_what_is_below(edit):
    document = workflow(
        node("robot", "a"),
        node("count", "b", value="{{ a.x }}"),
        node("count", "c", value="{{ b + a.x }}"),
        edges="a>b>c",
    )
    editor = await edit(document)
    await editor.drafts.pin(editor.owner, editor.id, "a", Pin({"x": 1}))
    await editor.run("c")
    assert await editor.output("c") == 2


async def test_what_reads_past_a_pin_has_that_run_first(edit, bench):
    document = workflow(
        node("count", "a", value=1),
        node("count", "b", value="{{ a }}"),
        node("count", "c", value="{{ a + b }}"),
        edges="a>b>c",
    )
    editor = await edit(document)
    await editor.drafts.pin(editor.owner, editor.id, "b", Pin(10))
    started = await editor.run("c")
    assert (started.runs, started.kept) == (("a", "c"), ("b",))
    assert await editor.output("c") == 11
    assert "b" not in bench.runs


async def test_a_pin_decides_the_way(edit, bench):
    editor = await edit(FORK)
    await editor.drafts.pin(editor.owner, editor.id, "way", Pin({"port": "right"}, port="right"))
    await editor.run("left", "right")
    assert bench.runs == {"right": 1}
    assert (await editor.view())["results"]["left"]["status"] == "skipped"
    with pytest.raises(InvalidInputError, match="ports"):
        await editor.drafts.pin(editor.owner, editor.id, "way", Pin(1, port="up"))


# Decisions

FORK = workflow(
    node("start", **inputs(way="string")),
    node("choose", "way", port="{{ inputs.way }}"),
    node("count", "left", value="l"),
    node("count", "right", value="r"),
    node("count", "after", value=1, rules={"join": "any"}),
    edges="start>way; way.left>left>after; way.right>right>after",
)


async def test_what_hangs_on_a_dead_port_is_skipped_and_stale_when_the_way_changes(edit, bench):
    editor = await edit(FORK)
    await editor.run(mode="all", inputs={"way": "left"})
    view = await editor.view()
    assert view["results"]["right"]["status"] == "skipped"
    assert view["marks"]["right"]["state"] == "fresh"
    await editor.run("way", inputs={"way": "right"})
    states = await editor.states()
    assert (states["left"], states["right"]) == ("stale(inputs)", "stale(inputs)")
    await editor.run(mode="stale")
    assert bench.runs == {"way": 2, "left": 1, "after": 1, "right": 1}
    view = await editor.view()
    assert view["results"]["left"]["status"] == "skipped"
    assert {mark["state"] for mark in view["marks"].values()} == {"fresh"}
    # One that was skipped is given on as such.
    started = await editor.run("after")
    assert set(started.kept) == {"left", "right"}
    assert editor.told.statuses["left"] == "skipped"


# Failures


async def test_a_failure_is_stale_and_tried_again(edit, bench):
    document = workflow(
        node("count", "a", value=1),
        node("flaky", "b", value="{{ a }}"),
        node("count", "c", value="{{ b }}"),
        edges="a>b>c",
    )
    editor = await edit(document)
    await editor.run(mode="stale")
    view = await editor.view()
    assert view["marks"]["b"] == {"state": "stale", "reason": "error"}
    assert view["marks"]["c"]["state"] == "never"
    assert (view["results"]["b"]["status"], view["results"]["b"]["error"]) == ("failed", "not yet")
    assert view["results"]["a"]["status"] == "succeeded"
    await editor.run(mode="stale")
    assert bench.runs == {"a": 1, "b": 2, "c": 1}
    assert set((await editor.states()).values()) == {"fresh"}


async def test_a_failure_that_was_dealt_with_stays_stale(edit, bench):
    document = workflow(
        node("flaky", "a", fails=9, rules={"on_error": "branch"}),
        node("count", "b", value="{{ a.error.message }}"),
        edges="a.error>b",
    )
    editor = await edit(document)
    await editor.run(mode="all")
    assert await editor.output("b") == "not yet"
    assert await editor.states() == {"a": "stale(error)", "b": "maybe_stale(upstream)"}
    await editor.run(mode="stale")
    assert bench.runs == {"a": 2, "b": 1}


async def test_what_is_in_the_trash_is_run_by_nobody_in_the_editor_either(edit, runtime):
    editor = await edit(CHAIN)
    await runtime.studio.workflows.delete(editor.owner, editor.id)
    drafts = runtime.studio.drafts
    for call in (
        drafts.view(editor.owner, editor.id),
        drafts.run(editor.owner, editor.id, Ask("all")),
        drafts.put_inputs(editor.owner, editor.id, {"n": 1}),
        drafts.pin(editor.owner, editor.id, "a", Pin(1)),
        runtime.previews.scope(editor.owner, editor.id, "a"),
    ):
        with pytest.raises(NotFoundError):
            await call


# Money

ASKING = workflow(
    node("count", "a", value=1),
    node("paid", "ask", value="{{ a }}", cost_usd="0.02"),
    node("count", "b", value="{{ ask }}"),
    edges="a>ask>b",
)


async def test_a_paid_node_asked_for_again_comes_from_the_cache_as_saved_money(edit, bench):
    editor = await edit(ASKING)
    await editor.run("ask")
    await editor.run("ask")
    assert bench.runs["ask"] == 1
    result = (await editor.view())["results"]["ask"]
    assert (result["status"], result["cost_usd"], result["saved_usd"]) == ("cached", "0", "0.02")
    view = await editor.view()
    assert view["saved_today_usd"] == "0.02"
    assert view["run"] is None
    last = view["last_run"]
    assert (last["status"], last["cost_usd"], last["saved_usd"]) == ("succeeded", "0", "0.02")


async def test_a_fresh_sample_passes_the_cache_by_once_and_is_then_kept(edit, bench):
    editor = await edit(ASKING)
    await editor.run("b")
    await editor.run("ask", fresh=("ask",))
    assert bench.runs["ask"] == 2
    await editor.run("ask")
    assert bench.runs["ask"] == 2
    # The same answer again: what is below stays fresh.
    assert (await editor.states())["b"] == "fresh"


async def test_a_run_stops_before_it_costs_more_than_it_may(edit, bench):
    editor = await edit(ASKING)
    await editor.run("b", max_cost_usd=Decimal("0.001"))
    assert editor.told.status == "failed"
    assert (await editor.states())["ask"] == "stale(error)"
    assert "call ask" not in bench.log


async def test_what_writes_is_not_done_again_when_nothing_has_changed(edit, bench):
    document = workflow(
        node("count", "a", value=1),
        node("write", "send", value="{{ a }}"),
        edges="a>send",
    )
    bench.gate("send").set()
    editor = await edit(document)
    await editor.run(mode="stale")
    await editor.run("a", mode="from")
    assert bench.runs == {"a": 2, "send": 1}
    # Asked for, it is.
    await editor.run("send")
    assert bench.runs["send"] == 2


# Containers

EACH = workflow(
    node("count", "list", value=[1, 2]),
    node("loop", "each", mode="for_each", items="{{ list }}"),
    node("count", "one", inside="each", value="{{ item * 2 }}"),
    node("count", "sum", value="{{ len(each['items']) }}"),
    edges="list>each>sum",
)


async def test_a_container_runs_as_a_whole_and_is_taken_as_a_whole(edit, bench):
    editor = await edit(EACH)
    started = await editor.run("one")
    assert started.runs == ("list", "each")
    assert await editor.states() == {
        "list": "fresh",
        "each": "fresh",
        "one": "fresh",
        "sum": "never",
    }
    assert await editor.output("one") == 4
    await editor.run("list", mode="from")
    assert bench.runs == {"list": 2, "each/0/one": 1, "each/1/one": 1, "sum": 1}
    await editor.change(changed(EACH, "one", value="{{ item * 3 }}"))
    states = await editor.states()
    assert (states["one"], states["each"]) == ("stale(config)", "maybe_stale(upstream)")
    await editor.run(mode="stale")
    assert bench.runs == {"list": 2, "each/0/one": 2, "each/1/one": 2, "sum": 2}
    assert set((await editor.states()).values()) == {"fresh"}


async def test_what_was_taken_out_of_a_container_makes_it_stale(edit):
    document = workflow(
        node("loop", "each", mode="times", times=2),
        node("count", "one", inside="each", value=1),
        node("count", "two", inside="each", value=2),
    )
    editor = await edit(document)
    await editor.run(mode="all")
    less = document.model_copy(update={"nodes": document.nodes[:2]})
    await editor.change(less)
    assert (await editor.states())["each"] == "stale(config)"


async def test_a_node_in_a_container_that_no_turn_reached_follows_the_container(edit):
    document = workflow(
        node("loop", "each", mode="times", times=0),
        node("count", "one", inside="each", value=1),
    )
    editor = await edit(document)
    await editor.run(mode="all")
    assert set((await editor.states()).values()) == {"fresh"}


# Two people, crashes, and what is told


async def test_two_runs_go_on_beside_each_other_unless_they_meet(edit, bench, runtime, owner):
    document = workflow(
        node("gate", "a", value=1),
        node("count", "b", value=2),
        node("count", "c", value="{{ a }}"),
        edges="a>c",
    )
    editor = await edit(document)
    other = Editor(runtime, member(runtime, "runner", owner), editor.id)
    first = await editor.drafts.run(owner, editor.id, Ask("cells", ("a",)))
    await bench.started("a").wait()
    with pytest.raises(ConflictError, match="'a' takes part"):
        await other.run("c")
    assert (await other.view())["run"]["run_id"] == first.run_id
    await other.run("b")
    bench.gate("a").set()
    await ended(runtime, first.run_id)
    await other.run("c")
    assert set((await editor.states()).values()) == {"fresh"}


async def test_a_persons_run_lets_pass_what_runs_by_itself(edit, bench, owner):
    document = workflow(
        node("gate", "a", value=1), node("count", "b", value="{{ a }}"), edges="a>b"
    )
    editor = await edit(document)
    by_itself = await editor.drafts.auto(owner, editor.id)
    assert by_itself.run_id is not None
    await bench.started("a").wait()
    async with asyncio.TaskGroup() as group:
        asked = group.create_task(editor.drafts.run(owner, editor.id, Ask("all")))
        await asyncio.sleep(0)
        bench.gate("a").set()
    assert asked.result().run_id != by_itself.run_id
    assert set((await editor.states()).values()) == {"fresh"}


async def test_a_run_is_cancelled_and_what_has_ended_stays(edit, bench, runtime, owner):
    document = workflow(node("count", "a", value=1), node("gate", "b", value=1), edges="a>b")
    editor = await edit(document)
    started = await editor.drafts.run(owner, editor.id, Ask("cells", ("b",)))
    await bench.started("b").wait()
    assert await editor.drafts.cancel(owner, editor.id) == [started.run_id]
    await ended(runtime, started.run_id)
    assert await editor.states() == {"a": "fresh", "b": "never"}
    assert await editor.drafts.cancel(owner, editor.id) == []


async def test_a_crash_in_mid_run_loses_nothing(tmp_path, bench):
    document = workflow(
        node("count", "a", value=1),
        node("gate", "b", value="{{ a }}"),
        node("count", "c", value="{{ b }}"),
        edges="a>b>c",
    )
    async with opened(tmp_path, bench) as runtime:
        owner = person(runtime.studio.parts, "owner@example.com")
        editor = Editor(runtime, owner, await kept(runtime, owner, document))
        started = await editor.drafts.run(owner, editor.id, Ask("cells", ("c",)))
        await bench.started("b").wait()
    bench.gate("b").set()
    async with opened(tmp_path, bench) as runtime:
        editor = Editor(runtime, owner, editor.id)
        await runtime.dispatcher.carry_on()
        told = await ended(runtime, started.run_id)
        assert told.status == "succeeded"
        assert set((await editor.states()).values()) == {"fresh"}
        assert await editor.output("c") == 1
    assert bench.runs == {"a": 1, "b": 2, "c": 1}


async def test_what_ended_while_nobody_listened_is_written_down_when_next_seen(tmp_path, bench):
    async with opened(tmp_path, bench) as runtime:
        owner = person(runtime.studio.parts, "owner@example.com")
        editor = Editor(runtime, owner, await kept(runtime, owner, CHAIN))
        await editor.run(mode="all", inputs={"n": 12})
        before = await editor.view()
        runtime.studio.parts.records.write_now(
            lambda session: session.execute(delete(DraftOutputRow))
        )
    async with opened(tmp_path, bench) as runtime:
        after = await Editor(runtime, owner, editor.id).view()
    assert after == before


async def test_everybody_is_told_of_each_step_and_of_what_changed(edit, runtime, owner, bench):
    document = workflow(
        node("count", "a", value=1),
        node("speak", "b", value="one two three"),
        edges="a>b",
    )
    editor = await edit(document)
    await editor.states()
    heard = []
    with runtime.studio.parts.channels.listen(f"workflow:{editor.id}") as listener:

        async def hear_until(last):
            async with asyncio.timeout(20):
                while not heard or not last(heard[-1]):
                    heard.append(await listener.get())

        await editor.drafts.run(owner, editor.id, Ask("cells", ("b",)))
        await hear_until(lambda message: message["t"] == "text")
        # Whoever opens the editor now sees what is at work.
        run = (await editor.view())["run"]
        bench.gate("b").set()
        await hear_until(
            lambda message: message.get("status") == "succeeded" and "total" in message
        )
    texts = "".join(message["text"] for message in heard if message["t"] == "text")
    assert texts == "onetwothree"
    marks, results = {}, {}
    for message in heard:
        if message["t"] == "draft":
            marks |= message["marks"]
            results |= message["results"]
    assert {node_id: mark["state"] for node_id, mark in marks.items()} == {
        "a": "fresh",
        "b": "fresh",
    }
    assert results["b"]["preview"] == "one two three"
    assert heard[-1]["done"] == heard[-1]["total"] == 2
    assert next(message for message in heard if message["t"] == "run")["nodes"] == ["a", "b"]
    assert [(step["node"], step["status"]) for step in run["steps"]] == [("b", "running")]
    steps = [message for message in heard if message["t"] == "step" and message["node"] == "b"]
    assert steps[-1]["status"] == "succeeded"


async def test_a_change_is_told_as_the_marks_that_changed(edit):
    editor = await edit(CHAIN)
    await editor.run(mode="all", inputs={"n": 12})
    await editor.states()
    assert (await editor.drafts.outlook(editor.id))["marks"] == {}
    after = await editor.drafts.outlook(editor.id, changed(CHAIN, "c", value=1))
    assert after["marks"] == {"c": {"state": "stale", "reason": "config"}}
    assert after["stale"]["nodes"] == 1


async def test_parts_that_ran_are_compared_by_what_ran_in_both(edit, runtime, owner):
    editor = await edit(CHAIN)
    first = await editor.run(mode="all", inputs={"n": 12})
    await editor.change(changed(CHAIN, "c", value=1))
    part = await editor.run("c")
    assert (part.runs, part.kept) == (("c",), ("b",))
    found = await runtime.runs.compare(owner, first.run_id, part.run_id)
    assert (found.document.added, found.document.removed) == ((), ())
    assert {change.node for change in found.document.changes} == {"c"}
    assert [pair.name for pair in found.pairs if pair.differs & {"output"}] == ["c"]


async def test_large_outputs_are_given_and_shown_cut(edit, bench):
    document = workflow(
        node("big", "large", size=1_500_000),
        node("count", "after", value="{{ len(large) }}"),
        edges="large>after",
    )
    editor = await edit(document)
    await editor.run("large")
    await editor.run("after")
    assert bench.runs["large"] == 1
    assert await editor.output("after") == 1_500_000
    assert len(await editor.output("large")) == 1_500_000
    result = (await editor.view())["results"]["large"]
    assert result["size"] == 1_500_002
    assert 1_000 < len(result["preview"]) <= 2_000


async def test_a_disabled_node_gives_nothing_and_is_passed_through(edit):
    document = workflow(
        node("count", "a", value=1),
        node("count", "b", value="{{ a }}"),
        node("count", "c", value="{{ b }}"),
        edges="a>b>c",
    )
    editor = await edit(document)
    await editor.run(mode="all")
    nodes = [
        one.model_copy(update={"disabled": True}) if one.name == "b" else one
        for one in document.nodes
    ]
    await editor.change(document.model_copy(update={"nodes": nodes}))
    assert (await editor.states())["c"] == "stale(inputs)"
    await editor.run("c")
    assert await editor.output("c") is None
    with pytest.raises(ConflictError, match="disabled"):
        await editor.run("b")


async def test_an_output_that_expires_is_stale_then_and_made_anew(tmp_path, bench, clock):
    async with opened(tmp_path, bench, clock) as runtime:
        owner = person(runtime.studio.parts, "owner@example.com")
        document = workflow(
            node("count", "a", value=1, purity="read", rules={"cache": {"ttl_s": 60}}),
            node("count", "b", value="{{ a }}"),
            edges="a>b",
        )
        editor = Editor(runtime, owner, await kept(runtime, owner, document))
        await editor.run(mode="stale")
        assert set((await editor.states()).values()) == {"fresh"}
        clock.turn(61)
        assert await editor.states() == {"a": "stale(expired)", "b": "maybe_stale(upstream)"}
        await editor.run(mode="stale")
        assert bench.runs == {"a": 2, "b": 1}
        assert set((await editor.states()).values()) == {"fresh"}


# By itself


async def test_pure_nodes_run_by_themselves_and_nothing_else_does(edit, bench):
    document = workflow(
        node("count", "a", value=1),
        node("count", "b", value="{{ a }}"),
        node("paid", "ask", value="{{ b }}"),
        node("count", "below", value="{{ ask }}"),
        node("write", "send", value="{{ b }}"),
        node("count", "look", value=1, purity="read"),
        node("task", "wait", mode="approval", message="?"),
        edges="a>b>ask>below; b>send; b>wait",
    )
    editor = await edit(document)
    await editor.auto()
    assert bench.runs == {"a": 1, "b": 1}
    assert (await editor.auto()).run_id is None


async def test_paid_nodes_run_by_themselves_only_under_the_limit(edit, bench):
    for limit, runs in (("0.0001", {"a": 1}), ("0.05", {"a": 1, "ask": 1, "b": 1})):
        document = workflow(
            node("count", "a", value=1),
            node("priced", "ask", value="{{ a }}", price_usd="0.02"),
            node("count", "b", value="{{ ask }}"),
            edges="a>ask>b",
            auto_limit_usd=limit,
        )
        bench.log.clear()
        editor = await edit(document)
        await editor.auto()
        assert bench.runs == runs, limit


async def test_what_has_failed_is_not_tried_by_itself_before_it_has_changed(edit, bench):
    document = workflow(node("flaky", "a", value=1, fails=1), node("count", "b", value=1))
    editor = await edit(document)
    await editor.auto()
    assert bench.runs == {"a": 1, "b": 1} or bench.runs == {"a": 1}
    await editor.auto()
    await editor.auto()
    assert bench.runs["a"] == 1
    await editor.change(changed(document, "a", value=2, fails=0))
    await editor.auto()
    assert bench.runs["a"] == 2


async def test_broken_nodes_and_inputs_that_do_not_fit_keep_nothing_else_from_running(edit, bench):
    document = workflow(
        node("start", **inputs(n="integer")),
        node("count", "a", value="{{ inputs.n }}"),
        node("count", "bad", value="{{ nobody }}"),
        node("count", "loose", value=1),
        edges="start>a; start>bad",
    )
    editor = await edit(document)
    await editor.drafts.put_inputs(editor.owner, editor.id, {"n": "many"})
    await editor.auto()
    assert bench.runs == {"loose": 1}


async def test_a_wish_that_comes_during_a_run_is_done_after_it(edit, bench, runtime, owner):
    document = workflow(
        node("gate", "a", value=1), node("count", "b", value="{{ a }}"), edges="a>b"
    )
    editor = await edit(document)
    started = await editor.drafts.run(owner, editor.id, Ask("cells", ("a",)))
    await bench.started("a").wait()
    assert (await editor.drafts.auto(owner, editor.id)).run_id is None
    bench.gate("a").set()
    await ended(runtime, started.run_id)
    await bench.started("b").wait()


# Who may


async def test_viewers_look_runners_run_and_editors_pin(edit, runtime, owner):
    editor = await edit(CHAIN)
    viewer, runner = member(runtime, "viewer", owner), member(runtime, "runner", owner)
    drafts = editor.drafts
    await drafts.view(viewer, editor.id)
    with pytest.raises(AccessDeniedError):
        await drafts.run(viewer, editor.id, Ask("all"))
    await drafts.run(runner, editor.id, Ask("all", inputs={"n": 1}))
    with pytest.raises(AccessDeniedError):
        await drafts.pin(runner, editor.id, "a", Pin(1))
    with pytest.raises(NotFoundError):
        await drafts.view(person(runtime.studio.parts, "b@example.com"), editor.id)
    with pytest.raises(InvalidInputError):
        await drafts.run(runner, editor.id, Ask("cells", ("nobody",)))
