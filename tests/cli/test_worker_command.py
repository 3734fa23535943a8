"""`flowstudio worker`: a real process that advances what another one leaves waiting."""

import signal

import pytest

from flowstudio.graph.document import parse_document
from flowstudio.runtime import open_runtime
from flowstudio.services.access import OPERATOR
from flowstudio.settings import Settings
from tests.cli.flowstudio_command import CommandLine, task, workflow
from tests.running import create, reached


async def test_a_worker_runs_what_waits_and_stops_when_told(command: CommandLine):
    document = parse_document(workflow(task("hello", "template", text="Hello")))
    async with open_runtime(Settings(data_dir=command.data)) as runtime:
        # Serves nothing itself.
        await runtime.dispatcher.admission.open(())
        run_id = await create(runtime, document, queue="batch")
        assert (await runtime.runs.find(OPERATOR, run_id)).waits_its_turn
        worker = command.start("worker", "--queues", "triggered,batch", "--concurrency", "3")
        told = await reached(runtime, run_id, "succeeded")
        assert told.outputs == {"hello": "Hello"}
        (known,) = (await runtime.studio.queue.look(OPERATOR)).workers
        assert known.worker.pid == worker.pid
        assert (known.worker.queues, known.worker.concurrency) == (("triggered", "batch"), 3)
        worker.send_signal(signal.SIGTERM)
        _, said = worker.communicate(timeout=60)
        assert worker.returncode == 0, said
        assert "serves triggered, batch" in said
        assert (await runtime.studio.queue.look(OPERATOR)).workers == ()


@pytest.mark.parametrize("queues", ["express", ",", "batch,express"])
def test_a_worker_refuses_queues_that_do_not_exist(command: CommandLine, queues):
    code, _, said = command.run("worker", "--queues", queues)
    assert code == 2
    assert "Queues: interactive, triggered, batch." in said
