"""What one node did in the latest runs of its workflow."""

import pytest

from flowstudio.errors import NotFoundError
from flowstudio.services.drafts import Ask
from tests.builders import inputs, node, workflow
from tests.people import person
from tests.projects import kept, member
from tests.running import ended

EACH = workflow(
    node("start", **inputs(n="integer")),
    node("count", "list", value=[1, 2]),
    node("loop", "each", mode="for_each", items="{{ list }}"),
    node("count", "one", inside="each", value="{{ item * inputs.n }}"),
    edges="start>list>each",
)


@pytest.fixture
def owner(runtime):
    return person(runtime.studio.parts, "owner@example.com")


async def run(runtime, owner, workflow_id, *targets, n=1):
    ask = Ask("cells", targets, inputs={"n": n})
    started = await runtime.studio.drafts.run(owner, workflow_id, ask)
    return await ended(runtime, started.run_id)


async def test_a_nodes_runs_are_those_it_ran_in_with_what_it_gave(runtime, owner):
    chain = workflow(
        node("start", **inputs(n="integer")),
        node("count", "a", value="{{ inputs.n }}"),
        node("count", "b", value="{{ a + 1 }}"),
        edges="start>a>b",
    )
    workflow_id = await kept(runtime, owner, chain)
    await run(runtime, owner, workflow_id, "a", n=1)
    await run(runtime, owner, workflow_id, "b", n=1)
    newest = await run(runtime, owner, workflow_id, "b", n=7)
    latest = runtime.studio.node_runs.list_latest
    # Of the second run, `a` was given.
    assert [one.preview for one in await latest(owner, workflow_id, "a")] == [7, 1]
    first, _ = await latest(owner, workflow_id, "b")
    assert (first.run.id, first.status, first.times, first.preview) == (
        newest.id, "succeeded", 1, 8,
    )  # fmt: skip
    assert len(await latest(owner, workflow_id, "b", limit=1)) == 1


async def test_the_turns_of_a_loop_are_one_line(runtime, owner):
    workflow_id = await kept(runtime, owner, EACH)
    await run(runtime, owner, workflow_id, "each", n=3)
    (one,) = await runtime.studio.node_runs.list_latest(owner, workflow_id, "one")
    assert (one.times, one.is_whole, one.preview, one.status) == (2, True, 6, "succeeded")
    assert one.path == "each/1/one"
    (each,) = await runtime.studio.node_runs.list_latest(owner, workflow_id, "each")
    assert (each.times, each.preview) == (1, {"count": 2, "items": [3, 6]})


async def test_what_failed_says_why(runtime, owner):
    broken = workflow(
        node("start", **inputs(n="integer")),
        node("count", "a", value="{{ 1 // inputs.n }}"),
        edges="start>a",
    )
    workflow_id = await kept(runtime, owner, broken)
    await run(runtime, owner, workflow_id, "a", n=0)
    (one,) = await runtime.studio.node_runs.list_latest(owner, workflow_id, "a")
    assert one.status == "failed"
    assert "zero" in one.error


async def test_viewers_read_them_and_strangers_learn_nothing(runtime, owner):
    workflow_id = await kept(runtime, owner, EACH)
    latest = runtime.studio.node_runs.list_latest
    assert await latest(member(runtime, "viewer", owner), workflow_id, "one") == []
    for who, node_id in ((person(runtime.studio.parts, "s@example.com"), "one"), (owner, "nobody")):
        with pytest.raises(NotFoundError):
            await latest(who, workflow_id, node_id)
