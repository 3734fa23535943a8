"""The editor's runs, where several processes share one database."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from flowstudio.errors import ConflictError
from flowstudio.services.drafts import Ask
from tests.builders import node, workflow
from tests.drafting import Editor
from tests.people import person
from tests.projects import kept
from tests.running import ended, opened

GATED = workflow(node("gate", "a", value=1), node("count", "b", value="{{ a }}"), edges="a>b")


@asynccontextmanager
async def two_editors(folder, bench, document):
    """The same workflow in the hands of one person, in two processes."""
    async with opened(folder, bench) as here, opened(folder, bench) as there:
        owner = person(here.studio.parts, "owner@example.com")
        workflow_id = await kept(here, owner, document)
        yield Editor(here, owner, workflow_id), Editor(there, owner, workflow_id)


async def test_what_an_edit_wants_runs_after_a_run_that_another_process_has(tmp_path, bench):
    async with two_editors(tmp_path, bench, GATED) as (here, there), asyncio.timeout(30):
        started = await there.drafts.run(there.owner, there.id, Ask("cells", ("a",)))
        await bench.started("a").wait()
        assert (await here.drafts.auto(here.owner, here.id)).run_id is None
        bench.gate("a").set()
        await ended(there.runtime, started.run_id)
        await bench.started("b").wait()


async def test_what_an_edit_wants_runs_although_the_run_ends_at_that_moment(
    tmp_path, bench, monkeypatch
):
    async with two_editors(tmp_path, bench, GATED) as (here, there), asyncio.timeout(30):
        started = await there.drafts.run(there.owner, there.id, Ask("cells", ("a",)))
        await bench.started("a").wait()
        keep = here.drafts._keep_wanted

        async def too_late(actor, workflow_id):
            bench.gate("a").set()
            await ended(there.runtime, started.run_id)
            await there.view()
            await keep(actor, workflow_id)

        monkeypatch.setattr(here.drafts, "_keep_wanted", too_late)
        await here.drafts.auto(here.owner, here.id)
        await bench.started("b").wait()


async def test_what_was_wanted_is_not_done_after_a_run_that_was_cancelled(tmp_path, bench):
    async with two_editors(tmp_path, bench, GATED) as (here, there), asyncio.timeout(30):
        started = await there.drafts.run(there.owner, there.id, Ask("cells", ("a",)))
        await bench.started("a").wait()
        await here.drafts.auto(here.owner, here.id)
        await there.drafts.cancel(there.owner, there.id)
        assert (await ended(there.runtime, started.run_id)).status == "cancelled"
        await there.view()
        assert await here.runtime.runs.parts.store.list_drafts(here.id, 9) == [
            await here.runtime.runs.parts.store.find(started.run_id)
        ]


@pytest.fixture(params=["sqlite", "postgres"])
def database(request, monkeypatch):
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
        monkeypatch.setenv("FLOWSTUDIO_DATABASE_URL", url)


@pytest.mark.usefixtures("database")
async def test_of_two_processes_that_begin_the_same_nodes_at_once_one_is_refused(tmp_path, bench):
    async with two_editors(tmp_path, bench, GATED) as (here, there), asyncio.timeout(30):

        async def begin(editor):
            try:
                return (await editor.drafts.run(editor.owner, editor.id, Ask("all"))).run_id
            except ConflictError as error:
                return str(error)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(begin(editor)) for editor in (here, there)]
        bench.gate("a").set()
        told = sorted((task.result() for task in tasks), key=len)
        assert told[1].startswith("'a', 'b' takes part in a run that goes on.")
        await ended(here.runtime, told[0])
        assert bench.runs == {"a": 1, "b": 1}
