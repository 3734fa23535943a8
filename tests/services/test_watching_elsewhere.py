"""A run of one process is followed in another, over one PostgreSQL database."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from flowstudio.runtime import Runtime
from flowstudio.services import watching
from flowstudio.services.access import OPERATOR
from tests.builders import node, workflow
from tests.fakes.nodes import Bench
from tests.running import create, opened

WIDE = workflow(
    node("loop", "each", mode="times", times=20, concurrency=10),
    node("count", "a", inside="each", value="{{ index }}"),
    node("stream", "b", inside="each", value="one two three"),
    node("count", "c", inside="each", purity="write"),
    edges="a>b; a>c",
)
SPEECH = workflow(node("gate"), node("speak", value="one two three"), edges="gate>speak")


@dataclass
class Two:
    here: Runtime
    there: Runtime
    bench: Bench


@pytest.fixture
async def two(tmp_path, bench, postgres_url, monkeypatch):
    """Two processes' runtimes."""
    monkeypatch.setenv("FLOWSTUDIO_DATABASE_URL", postgres_url)
    monkeypatch.setenv("FLOWSTUDIO_SECRET_KEY", "the same for all processes of a server")
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(opened(tmp_path / "here", bench))
        there = await stack.enter_async_context(opened(tmp_path / "there", bench))
        yield Two(here, there, bench)


async def followed(runtime, run_id, after=0):
    return [event async for event in runtime.runs.watch(OPERATOR, run_id, after)]


async def carried(runtime, run_id):
    await runtime.runs.carry(OPERATOR, run_id)


def stored(events):
    return [event.seq for event in events if event.seq]


async def whole(runtime, run_id):
    return [event.seq async for event in runtime.runs.events(OPERATOR, run_id)]


async def test_every_stored_event_is_seen_once_and_in_order(two, monkeypatch):
    # Without notifications it would take this long.
    monkeypatch.setattr(watching, "_POLL_S", 3_600)
    run_id = await create(two.here, WIDE)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        early = group.create_task(followed(two.there, run_id))
        await asyncio.sleep(0)
        group.create_task(carried(two.here, run_id))
        late = []
        for _ in range(5):
            await asyncio.sleep(0.05)
            late.append(group.create_task(followed(two.there, run_id)))
    told = await whole(two.here, run_id)
    assert told == list(range(1, len(told) + 1))
    for watcher in (early, *late):
        assert stored(watcher.result()) == told


async def test_text_comes_after_the_start_of_its_step_whoever_comes_when(two):
    run_id = await create(two.here, SPEECH)
    text_of, come = {}, asyncio.Semaphore(0)

    async def follow(name):
        started = False
        async for event in two.there.runs.watch(OPERATOR, run_id):
            if event.path == "speak" and event.type == "step_started":
                started = True
            if event.type == "step_streamed":
                assert started
                text_of[name] = text_of.get(name, "") + event.data["text"]
                if text_of[name] == "onetwothree":
                    come.release()

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(follow("early"))
        group.create_task(carried(two.here, run_id))
        await two.bench.started("gate").wait()
        two.bench.gate("gate").set()
        await two.bench.started("speak").wait()
        group.create_task(follow("late"))
        for _ in range(2):
            await come.acquire()
        two.bench.gate("speak").set()
    assert text_of == {"early": "onetwothree", "late": "onetwothree"}


async def test_without_any_notification_the_journal_is_looked_into(two, monkeypatch):
    bus = two.there.parts.bus
    monkeypatch.setattr(bus, "_take", None)
    bus._hub._handlers.clear()
    run_id = await create(two.here, WIDE)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        watcher = group.create_task(followed(two.there, run_id))
        group.create_task(carried(two.here, run_id))
    assert stored(watcher.result()) == await whole(two.here, run_id)


async def test_a_restart_of_postgresql_leaves_no_gap(two, postgres):
    run_id = await create(two.here, SPEECH)
    async with asyncio.timeout(90), asyncio.TaskGroup() as group:
        watcher = group.create_task(followed(two.there, run_id))
        group.create_task(carried(two.here, run_id))
        await two.bench.started("gate").wait()
        await asyncio.to_thread(postgres.restart)
        two.bench.gate("gate").set()
        await two.bench.started("speak").wait()
        two.bench.gate("speak").set()
    assert stored(watcher.result()) == await whole(two.here, run_id)


async def test_what_is_published_in_one_process_is_heard_in_the_other(two):
    with two.there.studio.parts.channels.listen("workflow:1") as listener:
        two.here.studio.parts.channels.publish("workflow:1", {"t": "change"})
        async with asyncio.timeout(20):
            assert await listener.get() == {"t": "change"}


async def test_each_process_is_alive_to_the_other(two):
    here, there = two.here.parts.owners, two.there.parts.owners
    assert here.name != there.name
    assert here.is_alive(there.name)
    assert there.is_alive(here.name)
