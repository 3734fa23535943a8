"""A PostgreSQL server that crashes under runs: they go on where they were, and nothing is lost."""

import asyncio

from flowstudio.services.access import OPERATOR
from tests.builders import node, workflow
from tests.people import person
from tests.running import ended, opened

CHAIN = workflow(
    node("count", "a", value=1),
    node("gate", "b", value=2),
    node("count", "c", value=3),
    edges="a>b>c",
)


async def test_a_server_that_crashes_in_the_middle_of_a_run_ends_in_a_finished_run(
    tmp_path, bench, postgres, postgres_url, monkeypatch
):
    monkeypatch.setenv("FLOWSTUDIO_DATABASE_URL", postgres_url)
    async with opened(tmp_path, bench) as runtime:
        run_id = await runtime.runs.start(OPERATOR, CHAIN, {})
        await bench.started("b").wait()
        await asyncio.to_thread(postgres.restart)
        bench.gate("b").set()
        told = await ended(runtime, run_id)
    assert told.status == "succeeded"
    assert [event.seq for event in told.events] == list(range(1, len(told.events) + 1))
    assert bench.runs == {"a": 1, "b": 1, "c": 1}


async def test_records_are_read_and_written_again_after_a_crash(
    tmp_path, bench, postgres, postgres_url, monkeypatch
):
    monkeypatch.setenv("FLOWSTUDIO_DATABASE_URL", postgres_url)
    async with opened(tmp_path, bench) as runtime:
        ann = person(runtime.studio.parts)
        before = await runtime.studio.audit.list_entries(OPERATOR)
        await asyncio.to_thread(postgres.restart)
        assert await runtime.studio.audit.list_entries(OPERATOR) == before
        await asyncio.to_thread(postgres.restart)
        await runtime.studio.projects.create(ann, "After the crash")
