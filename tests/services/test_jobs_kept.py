"""A worker's job of a run that the database does not let it claim."""

import sqlite3

from flowstudio.services.access import OPERATOR
from flowstudio.store.queue import seize
from flowstudio.store.runs import JOBS
from tests.builders import node, workflow
from tests.running import opened

ONE = workflow(node("count", "a", value=1))


async def test_a_job_is_kept_while_its_run_cannot_be_claimed(tmp_path, bench):
    async with opened(tmp_path, bench) as runtime:
        run_id = await runtime.runs.create(OPERATOR, ONE, {})
        owner = (await runtime.runs.find(OPERATOR, run_id)).owner
        assert await runtime.parts.journal.transact(seize(run_id, JOBS, owner))
        await runtime.parts.journal._writer.submit(be_impatient)
        other = sqlite3.connect(runtime.path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        assert await runtime.dispatcher.do_job(run_id) is False
        other.execute("ROLLBACK")
        other.close()
        assert await runtime.dispatcher.do_job(run_id) is None
        assert (await runtime.runs.find(OPERATOR, run_id)).status == "succeeded"
    assert bench.runs == {"a": 1}


def be_impatient(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA busy_timeout=50")
