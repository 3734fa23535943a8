"""Previews: the values of expressions while somebody writes them, over what the editor last saw."""

import asyncio
import time

import pytest

from flowstudio.errors import AccessDeniedError, NotFoundError
from flowstudio.graph.canonical import content_hash, dump
from flowstudio.services.previews import PREVIEW_LIMITS, PreviewWish
from flowstudio.store.tables.editing import DraftOutputRow, DraftRow
from flowstudio.store.tables.runs import BlobRow
from tests.builders import node, workflow
from tests.people import person
from tests.processes import until
from tests.projects import kept, member

INPUTS = {
    "type": "object",
    "properties": {"topic": {"type": "string", "default": "tea"}, "count": {"type": "integer"}},
}
DOCUMENT = workflow(
    node("start", inputs=INPUTS),
    node("task", "rows", mode="template", text="x"),
    node("task", "few", mode="filter", items="{{ rows }}", where="item.score > 1"),
    node("loop", "each", mode="for_each", items="{{ rows }}", result="{{ shout }}"),
    node("task", "shout", inside="each", mode="template", text="{{ item.name }}"),
    node("loop", "thrice", mode="times", times="{{ len(rows) }}", inside="each"),
    node("task", "turn", inside="thrice", mode="template", text="{{ item }}"),
    node("ai", "chain", strategy="chain", steps=[{"name": "a", "prompt": "{{ steps.a }}"}]),
    node("end"),
    edges="start>rows>few>end; rows>each>end; shout>thrice; rows>chain",
    name="Preview",
)
ROWS = [{"name": "Ada", "score": 1}, {"name": "Bob", "score": 2, "two words": True}]


@pytest.fixture
def owner(runtime):
    return person(runtime.studio.parts, "owner@example.com")


@pytest.fixture
async def workflow_id(runtime, owner):
    found = await kept(runtime, owner, DOCUMENT)
    saw(runtime, found, "rows", ROWS)
    return found


def add(runtime, *rows):
    def work(session):
        for row in rows:
            session.merge(row)

    runtime.studio.parts.records.write_now(work)


def saw(runtime, workflow_id, name, value, **more):
    body = dump(value)
    row = DraftOutputRow(
        workflow_id=workflow_id,
        node_id=name,
        output=body,
        output_hash=content_hash(body),
        output_size=len(body),
    )
    for key, given in more.items():
        setattr(row, key, given)
    add(runtime, row)


@pytest.fixture
def look(runtime, owner, workflow_id):
    async def preview(node_id, text, kind="template", path="", index=0):
        wish = PreviewWish(node_id, text, kind, path, index)
        return await runtime.previews.preview(owner, workflow_id, wish)

    return preview


async def test_a_template_alone_keeps_the_type_of_its_value(look):
    found = await look("few", "{{ rows[0] }}")
    assert (found.value, found.type, found.error) == ({"name": "Ada", "score": 1}, "object", None)
    assert (await look("few", "{{ len(rows) }} rows")).value == "2 rows"
    assert (await look("few", "{{ rows[0].score / 2 }}")).type == "number"
    assert (await look("few", "No template")).value == "No template"


async def test_inputs_are_those_of_the_draft_with_defaults_filled_in(runtime, workflow_id, look):
    assert (await look("few", "{{ inputs.topic }}")).value == "tea"
    # The start has not run, and yet it is known what it would give.
    assert (await look("few", "{{ start.topic }}")).value == "tea"
    now = runtime.clock.now()
    add(runtime, DraftRow(workflow_id=workflow_id, inputs=b'{"count":3}', updated_at=now))
    assert (await look("few", "{{ inputs }}")).value == {"topic": "tea", "count": 3}


async def test_a_pinned_output_stands_in_for_the_nodes_own(runtime, workflow_id, look):
    pinned = {"pinned": b'["mine"]', "pinned_hash": content_hash(b'["mine"]')}
    saw(runtime, workflow_id, "rows", ROWS, **pinned)
    assert (await look("few", "{{ rows }}")).value == ["mine"]


async def test_a_large_output_is_read_from_where_it_is_kept_by_its_hash(runtime, workflow_id, look):
    body = dump({"text": "x" * 1_500_000})
    add(runtime, BlobRow(hash=content_hash(body), body=body))
    saw(
        runtime,
        workflow_id,
        "rows",
        {},
        output=None,
        output_hash=content_hash(body),
        output_size=len(body),
    )
    assert (await look("few", "{{ len(rows.text) }}")).value == 1_500_000
    found = await look("few", "{{ rows.text }}")
    assert found.is_cut
    assert len(found.value) < 3_000


async def test_an_output_too_large_for_a_preview_says_so(runtime, workflow_id, look):
    saw(runtime, workflow_id, "rows", {}, output=None, output_hash="0" * 64, output_size=90_000_000)
    assert "90,000,000 bytes" in (await look("few", "{{ rows }}")).error


async def test_a_node_that_has_not_run_or_failed_says_so(runtime, workflow_id, look):
    assert (
        await look("end", "{{ few }}")
    ).error == "'few' has not run yet; run it to see a value here."
    failed = {"output": None, "output_hash": "", "output_size": 0, "error": "No such host."}
    saw(runtime, workflow_id, "few", None, **failed)
    assert "failed" in (await look("end", "{{ few }}")).error
    assert "No such host." in (await look("end", "{{ few }}")).error


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("{{ nobody }}", "template", "'nobody' is not known here"),
        ("{{ rows", "template", "never closed"),
        ("{{ rows[9] }}", "template", "has 2 entries"),
        ("1 +", "expression", "not a valid expression"),
        ("{{ rows }}", "expression", "without double braces"),
        ("len(5)", "expression", "TypeError"),
        ("shout", "expression", "not known here"),
        ("", "expression", "empty"),
    ],
)
async def test_what_is_wrong_is_told_in_words(look, text, kind, said):
    found = await look("few", text, kind)
    assert said in found.error
    assert found.value is None


async def test_an_items_expression_is_shown_for_one_item_of_its_list(look):
    found = await look("few", "item.score > 1", "expression", "where", 1)
    assert (found.value, found.items, found.item_index) == (True, 2, 1)
    # Past the end, the last one stands in.
    assert (await look("few", "item.name", "expression", "where", 7)).value == "Bob"
    assert (await look("few", "item.name", "expression", "where")).value == "Ada"
    # Elsewhere in the node there is no item.
    assert "'item' is not known here" in (await look("few", "{{ item }}", path="items")).error


async def test_inside_a_loop_the_item_comes_from_what_the_loop_goes_through(look):
    found = await look("shout", "{{ index }}: {{ item.name }}", path="text", index=1)
    assert (found.value, found.items) == ("1: Bob", 2)
    # A loop in a loop has items of its own, and still sees what is around it.
    inner = await look("turn", "{{ item }} of {{ len(rows) }}", path="text", index=1)
    assert (inner.value, inner.items) == ("1 of 2", 2)


async def test_an_empty_list_has_no_item_to_show(runtime, workflow_id, look):
    saw(runtime, workflow_id, "rows", [])
    assert "is empty" in (await look("shout", "{{ item }}", path="text")).error
    saw(runtime, workflow_id, "rows", "text")
    assert "does not give a list" in (await look("shout", "{{ item }}", path="text")).error


async def test_a_loops_result_sees_its_inside_and_nothing_else_does(runtime, workflow_id, look):
    saw(runtime, workflow_id, "shout", "Ada!")
    assert (await look("each", "{{ shout }}", path="result")).value == "Ada!"
    assert "not known here" in (await look("each", "{{ shout }}", path="items")).error


async def test_steps_of_a_chain_have_no_answers_before_it_runs(look):
    assert (
        "while the chain runs"
        in (await look("chain", "{{ steps.a }}", path="steps[0].prompt")).error
    )


async def test_an_expression_that_never_ends_is_answered_and_holds_nobody_up(
    runtime, look, owner, workflow_id
):
    endless = "sum(range(10**12))"
    began = time.monotonic()
    others = [member(runtime, "editor", owner), member(runtime, "owner", owner)]
    wish = PreviewWish("few", "{{ len(rows) + 1 }}", "template")
    async with asyncio.TaskGroup() as group:
        stuck = [group.create_task(look("few", endless, "expression", f"p{n}")) for n in range(6)]
        free = [
            group.create_task(runtime.previews.preview(who, workflow_id, wish)) for who in others
        ]
        for task in free:
            assert (await task).value == 3
        answered_after = time.monotonic() - began
    # One person takes one worker at a time; the other one serves the rest meanwhile.
    assert answered_after < 6 * PREVIEW_LIMITS.time_s
    said = {(await task).error for task in stuck}
    assert any("took longer than 0.5 s" in text for text in said), said


async def test_of_what_waits_for_one_field_only_the_newest_is_evaluated(
    runtime, owner, workflow_id, look
):
    previews = runtime.previews

    async def wait_with(group, text):
        before = dict(previews._newest)
        task = group.create_task(look("few", text, "expression", "where"))
        await until(lambda: previews._newest != before)
        return task

    elsewhere = PreviewWish("rows", "1", "expression", "elsewhere")
    async with asyncio.TaskGroup() as group, previews._turn(owner, workflow_id, elsewhere):
        overtaken = [await wait_with(group, "sum(range(10**12))") for _ in range(3)]
        newest = await wait_with(group, "len(rows)")
    assert ["busy" in task.result().error for task in overtaken] == [True] * 3
    assert newest.result().value == 2
    assert previews._newest == {}


async def test_only_editors_preview_and_strangers_learn_nothing(runtime, owner, workflow_id):
    wish = PreviewWish("few", "{{ rows }}", "template")
    with pytest.raises(NotFoundError):
        await runtime.previews.preview(
            person(runtime.studio.parts, "s@example.com"), workflow_id, wish
        )
    viewer = member(runtime, "viewer", owner)
    with pytest.raises(AccessDeniedError):
        await runtime.previews.preview(viewer, workflow_id, wish)
    assert await runtime.previews.scope(viewer, workflow_id, "few")


async def test_the_scope_names_what_can_be_read_with_samples(runtime, owner, workflow_id):
    names = {each.name: each for each in await runtime.previews.scope(owner, workflow_id, "shout")}
    assert set(names) == {"start", "rows", "inputs", "run", "item", "index", "previous"}
    assert names["rows"].sample == ROWS
    assert names["item"].sample == ROWS[0]
    assert names["inputs"].sample == {"topic": "tea", "count": None}
    assert names["rows"].kind == "task"
    outer = {each.name: each for each in await runtime.previews.scope(owner, workflow_id, "each")}
    assert outer["shout"].inner
    assert not outer["rows"].inner
    assert not outer["shout"].has_value
    with pytest.raises(NotFoundError):
        await runtime.previews.scope(owner, workflow_id, "nowhere")


async def test_a_sample_is_cut_down_but_keeps_its_keys(runtime, owner, workflow_id):
    saw(runtime, workflow_id, "rows", {"key": ["x" * 500] * 500, "other": 1})
    names = await runtime.previews.scope(owner, workflow_id, "few")
    sample = next(each for each in names if each.name == "rows")
    assert sample.has_value
    assert set(sample.sample) == {"key", "other"}
    assert len(dump(sample.sample)) < 10_000
