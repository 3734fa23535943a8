"""Watchers see every stored event once, in order, whenever they come and however slow they are."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from flowstudio.engine.events import Event
from flowstudio.scale import bus
from flowstudio.services.access import OPERATOR
from tests.builders import node, workflow
from tests.fakes.nodes import Bench
from tests.running import advancing, create, opened, succeed

WIDE = workflow(
    node("loop", "each", mode="times", times=30, concurrency=10),
    node("count", "a", inside="each", value="{{ index }}"),
    node("stream", "b", inside="each", value="one two three"),
    node("count", "c", inside="each", purity="write"),
    edges="a>b; a>c",
)


async def watched(runtime, run_id: str, after: int = 0) -> list[Event]:
    """Everything a watcher is told."""
    return [event async for event in runtime.runs.watch(OPERATOR, run_id, after)]


def stored(events: list[Event]) -> list[int]:
    return [event.seq for event in events if event.seq]


async def test_every_watcher_sees_every_event_in_order(runtime):
    run_id = await create(runtime, WIDE)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        early = [group.create_task(watched(runtime, run_id)) for _ in range(3)]
        await asyncio.sleep(0)
        group.create_task(runtime.runs.carry(OPERATOR, run_id))
        late = []
        for _ in range(20):
            await asyncio.sleep(0.005)
            late.append(group.create_task(watched(runtime, run_id)))
    whole = [event.seq async for event in runtime.runs.events(OPERATOR, run_id)]
    assert whole == list(range(1, len(whole) + 1))
    for watcher in early + late:
        assert stored(watcher.result()) == whole


async def test_a_watcher_may_begin_after_any_event(runtime):
    told = await succeed(runtime, WIDE)
    last = told.events[-1].seq
    for after in (0, 1, 17, last - 1, last):
        assert stored(await watched(runtime, told.id, after)) == list(range(after + 1, last + 1))


async def test_text_is_seen_live(runtime, bench: Bench):
    words = ["one", "two", "three"]
    nodes = node("gate"), node("stream", value=" ".join(words)), node("gate", "end")
    document = workflow(*nodes, edges="gate>stream>end")
    run_id = await create(runtime, document)
    texts = []
    async with asyncio.timeout(20), advancing(runtime, run_id):
        async for event in runtime.runs.watch(OPERATOR, run_id):
            # Whoever has heard of the gate is there when the text comes.
            bench.gate("gate").set()
            if event.type == "step_streamed" and event.data.get("text"):
                texts.append(event.data["text"])
            if texts == words:
                # Until then it is not over: of what is over, the stored output alone is told.
                bench.gate("end").set()
    assert texts == words


async def test_a_watcher_that_falls_behind_misses_no_stored_event(runtime, monkeypatch):
    monkeypatch.setattr(bus, "_MOST_WAITING", 10)
    run_id = await create(runtime, WIDE)
    seen = []
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:

        async def slowly() -> None:
            async for event in runtime.runs.watch(OPERATOR, run_id):
                seen.append(event)
                await asyncio.sleep(0.002)

        group.create_task(slowly())
        await asyncio.sleep(0)
        group.create_task(runtime.runs.carry(OPERATOR, run_id))
    assert stored(seen) == [event.seq async for event in runtime.runs.events(OPERATOR, run_id)]


async def test_one_who_comes_between_two_events_not_yet_stored_is_told_of_both_soon(
    runtime, bench: Bench
):
    # The start of a pure step is on the bus before it is on disk.
    document = workflow(node("gate", "a"), node("gate", "b"), node("gate", "c"))
    run_id = await create(runtime, document)
    async with asyncio.timeout(20), advancing(runtime, run_id):
        await bench.started("a").wait()
        seen = []
        async for event in runtime.runs.watch(OPERATOR, run_id):
            seen.append((event.type, event.path))
            if len(seen) == 4:
                break
        for name in "abc":
            bench.gate(name).set()
    assert seen == [("run_started", ""), *(("step_started", name) for name in "abc")]


async def test_a_branch_cancelled_while_its_result_is_being_stored_leaves_no_gap(runtime):
    # The loser's events may be on their way to the disk when the winner ends the race.
    document = workflow(
        node("loop", "each", mode="times", times=25),
        node("parallel", "ways", inside="each", join="any"),
        node("count", "a", inside="ways", purity="write"),
        node("count", "b", inside="ways", purity="write"),
        node("count", "c", inside="ways", purity="write"),
    )
    run_id = await create(runtime, document)
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        watcher = group.create_task(watched(runtime, run_id))
        await asyncio.sleep(0)
        group.create_task(runtime.runs.carry(OPERATOR, run_id))
    whole = [event.seq async for event in runtime.runs.events(OPERATOR, run_id)]
    assert stored(watcher.result()) == whole == list(range(1, len(whole) + 1))


async def test_a_run_of_another_process_is_watched_through_the_journal(tmp_path, bench: Bench):
    async with two_processes(tmp_path, bench) as (here, there):
        run_id = await create(there, workflow(node("gate"), node("count"), edges="gate>count"))
        async with asyncio.timeout(20), advancing(there, run_id):
            await bench.started("gate").wait()
            async with asyncio.TaskGroup() as group:
                watcher = group.create_task(watched(here, run_id))
                await asyncio.sleep(0)
                bench.gate("gate").set()
        assert watcher.result()[-1].type == "run_succeeded"


@asynccontextmanager
async def two_processes(folder, bench: Bench):
    async with opened(folder, bench) as here, opened(folder, bench) as there:
        yield here, there


async def test_watching_ends_when_the_run_parks(runtime):
    asking = workflow(node("task", "ask", mode="approval", message="?"))
    run_id = await create(runtime, asking)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        watcher = group.create_task(watched(runtime, run_id))
        await asyncio.sleep(0)
        group.create_task(runtime.runs.carry(OPERATOR, run_id))
    assert watcher.result()[-1].type == "step_waiting"


@pytest.mark.parametrize("watchers", [1, 50])
async def test_a_watcher_that_leaves_is_forgotten(runtime, watchers):
    told = await succeed(runtime, workflow(node("count")))
    for _ in range(watchers):
        async for _event in runtime.runs.watch(OPERATOR, told.id):
            break
    for _ in range(10):
        await asyncio.sleep(0)
    assert runtime.dispatcher._bus._watchers == {}
