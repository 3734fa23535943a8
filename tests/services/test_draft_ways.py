"""What still holds where ways, wires, containers and names change, not what nodes say."""

import pytest

from flowstudio.graph.operations import OPERATIONS
from flowstudio.services.changes import Batch
from flowstudio.services.drafts import Ask, Pin
from tests.builders import inputs, node, wires, workflow
from tests.drafting import Editor, changed
from tests.people import person
from tests.projects import kept
from tests.running import ended

BEGIN = (node("start", **inputs(way="string")), node("choose", "way", port="{{ inputs.way }}"))
LEFT = workflow(*BEGIN, node("count", "x", value=1), edges="start>way; way.left>x")
LOOP = (node("loop", "each", mode="times", times=2), node("count", "one", inside="each", value=1))


@pytest.fixture
def edit(runtime):
    async def open_it(document):
        owner = person(runtime.studio.parts, "owner@example.com")
        return Editor(runtime, owner, await kept(runtime, owner, document))

    return open_it


def rewired(document, text):
    edges = type(document).model_validate(document.model_dump() | {"edges": wires(text)}).edges
    return document.model_copy(update={"edges": edges})


async def states_of(editor, *names):
    states = await editor.states()
    return {name: states[name] for name in names}


async def test_a_container_on_a_way_not_taken_is_fresh_with_all_in_it(edit):
    after = node("count", "after", value="{{ each }}")
    editor = await edit(workflow(*BEGIN, *LOOP, after, edges="start>way; way.left>each>after"))
    await editor.run(mode="all", inputs={"way": "right"})
    assert set((await editor.states()).values()) == {"fresh"}
    assert (await editor.auto()).run_id is None
    assert (await editor.run(mode="stale")).run_id is None


async def test_a_disabled_container_keeps_nothing_below_it_from_being_fresh(edit):
    loop = node("loop", "each", mode="times", times=2, rules={"disabled": True})
    nodes = (node("count", "a", value=1), loop, LOOP[1], node("count", "after", value=2))
    editor = await edit(workflow(*nodes, edges="a>each>after"))
    await editor.run(mode="all")
    assert await states_of(editor, "each", "after") == {"each": "fresh", "after": "fresh"}
    assert (await editor.auto()).run_id is None


async def test_a_wire_to_the_way_that_was_taken_makes_stale_what_was_skipped(edit, bench):
    editor = await edit(LEFT)
    await editor.run(mode="all", inputs={"way": "right"})
    assert bench.runs.get("x") is None
    await editor.change(rewired(LEFT, "start>way; way.right>x"))
    assert await states_of(editor, "x") == {"x": "stale(inputs)"}
    assert (await editor.auto()).runs == ("x",)
    assert bench.runs["x"] == 1
    await editor.change(LEFT)
    assert await states_of(editor, "x") == {"x": "stale(inputs)"}


async def test_what_lies_beyond_a_way_that_is_left_is_stale_though_it_reads_nothing(edit):
    nodes = (node("count", "x", value=1), node("count", "m", value=2))
    editor = await edit(workflow(*BEGIN, *nodes, edges="start>way; way.left>x>m"))
    await editor.run(mode="all", inputs={"way": "left"})
    await editor.run("x", inputs={"way": "right"})
    assert await states_of(editor, "x", "m") == {"x": "fresh", "m": "stale(inputs)"}
    assert (await editor.run(mode="stale")).runs == ("m",)
    assert (await editor.view())["results"]["m"]["status"] == "skipped"


async def test_a_pin_that_leaves_by_another_port_changes_what_is_reached(edit):
    editor = await edit(LEFT)
    pin = Pin({"port": "right"}, port="left")
    await editor.drafts.pin(editor.owner, editor.id, "way", pin)
    await editor.run(mode="stale", inputs={"way": "right"})
    assert await states_of(editor, "x") == {"x": "fresh"}
    await editor.drafts.pin(editor.owner, editor.id, "way", Pin({"port": "right"}, port="right"))
    assert await states_of(editor, "x") == {"x": "stale(inputs)"}


@pytest.mark.parametrize("between", ["pinned", "disabled"])
async def test_what_is_read_past_a_pin_or_a_disabled_node_counts(edit, between):
    rules = {"rules": {"disabled": True}} if between == "disabled" else {}
    b = node("count", "b", value="{{ a }}", **rules)
    nodes = (node("count", "a", value=1), b, node("count", "c", value="{{ a }}"))
    document = workflow(*nodes, edges="a>b>c")
    editor = await edit(document)
    await editor.run(mode="all")
    if between == "pinned":
        await editor.drafts.pin(editor.owner, editor.id, "b", Pin(1))
    await editor.change(changed(document, "a", value=5))
    assert await states_of(editor, "c") == {"c": "maybe_stale(upstream)"}
    assert (await editor.auto()).runs == ("a", "c")
    assert await editor.output("c") == 5


async def test_another_node_of_the_same_name_is_another_source(edit):
    document = workflow(
        node("count", "s", value=1), node("count", "r", value="{{ s }}"), edges="s>r"
    )
    editor = await edit(document)
    await editor.run(mode="all")
    values = document.model_dump(mode="json")
    values["nodes"][0] |= {"id": "s2", "config": {"value": 99}}
    values["edges"][0]["source"] = "s2"
    await editor.change(type(document).model_validate(values))
    await editor.run("s2")
    assert await states_of(editor, "r") == {"r": "stale(inputs)"}
    await editor.run(mode="stale")
    assert await editor.output("r") == 99


@pytest.mark.parametrize("items", ["{{ [0, 1] }}", "{{ [1, 0] }}"])
async def test_what_failed_in_any_turn_of_a_loop_is_to_be_tried_again(edit, items):
    rules = {"on_error": "continue", "default": -1}
    one = node("count", "one", inside="each", value="{{ 1 // item }}", rules=rules)
    editor = await edit(workflow(node("loop", "each", mode="for_each", items=items), one))
    await editor.run(mode="all")
    assert await states_of(editor, "one") == {"one": "stale(error)"}


async def test_a_rename_leaves_fresh_what_reads_the_node(edit, runtime, bench):
    nodes = (node("count", "s", value=1), *LOOP[:1], node("count", "r", value="{{ s }}"))
    inner = node("count", "one", inside="each", value="{{ s }}")
    editor = await edit(workflow(*nodes, inner, edges="s>each; s>r"))
    await editor.run(mode="all")
    assert set((await editor.states()).values()) == {"fresh"}
    ran = dict(bench.runs)
    for number, (name, new) in enumerate([("s", "source"), ("one", "two"), ("s", "s")]):
        rename = OPERATIONS.validate_python([{"op": "rename_node", "id": name, "name": new}])
        batch = Batch("c", number, 1, rename)
        await runtime.studio.changes.submit(editor.owner, editor.id, batch)
        assert set((await editor.states()).values()) == {"fresh"}
    assert (await editor.run(mode="stale")).run_id is None
    assert bench.runs == ran


async def test_a_rename_while_what_reads_the_node_runs_leaves_it_fresh(edit, runtime, bench):
    document = workflow(
        node("count", "s", value=1), node("gate", "r", value="{{ s }}"), edges="s>r"
    )
    editor = await edit(document)
    started = await editor.drafts.run(editor.owner, editor.id, Ask("all"))
    await bench.started("r").wait()
    rename = OPERATIONS.validate_python([{"op": "rename_node", "id": "s", "name": "source"}])
    await runtime.studio.changes.submit(editor.owner, editor.id, Batch("c", 1, 1, rename))
    bench.gate("r").set()
    await ended(runtime, started.run_id)
    assert await editor.states() == {"s": "fresh", "r": "fresh"}
    assert (await editor.run(mode="stale")).run_id is None


def renamed(*pairs, more=()):
    operations = [{"op": "rename_node", "id": name, "name": new} for name, new in pairs]
    return Batch("c", len(pairs), 1, OPERATIONS.validate_python([*operations, *more]))


async def test_a_rename_makes_stale_what_names_the_node_in_its_output(edit, runtime):
    ways = (node("parallel", "ways"), *(node("count", x, inside="ways", value=1) for x in "xy"))
    ends = (node("loop", "each", mode="times", times=1),)
    ends += tuple(node("count", x, inside="each", value=1) for x in "uv")
    after = node("count", "after", value="{{ ways.x }}")
    editor = await edit(workflow(*ways, *ends, after, edges="ways>after"))
    await editor.run(mode="all")
    await runtime.studio.changes.submit(editor.owner, editor.id, renamed(("x", "z"), ("u", "w")))
    marks = await states_of(editor, "ways", "each", "after")
    assert marks == {
        "ways": "stale(config)",
        "each": "stale(config)",
        "after": "maybe_stale(upstream)",
    }


async def test_a_rename_sent_with_other_changes_leaves_fresh_what_they_do_not_touch(edit, runtime):
    document = workflow(
        node("count", "s", value=1),
        node("count", "r", value="{{ s }}"),
        node("count", "q", value="{{ s + 1 }}"),
        edges="s>r; s>q",
    )
    editor = await edit(document)
    await editor.run(mode="all")
    more = [{"op": "set_config", "id": "q", "path": ["value"], "value": "{{ source + 2 }}"}]
    await runtime.studio.changes.submit(
        editor.owner, editor.id, renamed(("s", "source"), more=more)
    )
    assert await editor.states() == {"s": "fresh", "r": "fresh", "q": "stale(config)"}


async def test_a_container_whose_second_attempt_succeeds_is_fresh(edit):
    rules = {"retry": {"attempts": 2, "backoff_s": 0}}
    each = node("loop", "each", mode="times", times=1, rules=rules)
    editor = await edit(workflow(each, node("flaky", "one", inside="each", value=1, fails=1)))
    await editor.run(mode="all")
    assert await editor.states() == {"each": "fresh", "one": "fresh"}
    assert (await editor.run(mode="stale")).run_id is None
