"""Changes of a workflow on PostgreSQL, made by two processes in turn."""

from flowstudio.graph.operations import OPERATIONS
from flowstudio.runtime import open_runtime
from flowstudio.services.changes import Batch
from flowstudio.settings import Settings
from tests.builders import node, workflow
from tests.people import person
from tests.projects import kept

DRAFT = workflow(node("task", "greet", mode="template", text=""))


async def test_processes_change_in_one_order_and_what_is_sent_again_counts_once(
    empty_postgres, tmp_path
):
    settings = Settings(data_dir=tmp_path, database_url=empty_postgres)
    async with open_runtime(settings) as here, open_runtime(settings) as there:
        owner = person(here.studio.parts, "owner@example.com")
        workflow_id = await kept(here, owner, DRAFT)

        async def write(process, number, text):
            operation = {"op": "set_config", "id": "greet", "path": ["text"], "value": text}
            batch = Batch("one", number, 1, OPERATIONS.validate_python([operation]))
            return await process.studio.changes.submit(owner, workflow_id, batch)

        revisions = [
            (await write(process, number, text)).revision
            for process, number, text in (
                (here, 1, "A"),
                (there, 2, "B"),
                (here, 3, "C"),
                (there, 3, "C"),
            )
        ]
        assert revisions == [2, 3, 4, 4]
        for process in (here, there):
            opened = await process.studio.changes.open(owner, workflow_id)
            assert opened.workflow.document.nodes[0].config["text"] == "C"
            assert opened.workflow.record.updated_at.tzinfo is not None
        history = await here.studio.changes.list_changes(owner, workflow_id, 2)
        assert [change.revision for change in history.changes] == [3, 4]
        assert history.is_whole
