"""`flowstudio worker`: a real process that advances what another one leaves waiting."""

import asyncio
import signal
import socket
from contextlib import suppress

import httpx
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


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


async def told(client, *lines):
    """Ask for figures until they have these lines; the worker is starting, or about to count."""
    async with asyncio.timeout(60):
        while True:
            with suppress(httpx.TransportError):
                found = (await client.get("/metrics")).text
                if all(line in found.splitlines() for line in lines):
                    return
            await asyncio.sleep(0.05)


async def test_a_worker_tells_what_it_has_done_and_whether_it_is_ready(command: CommandLine):
    document = parse_document(workflow(task("hello", "template", text="Hello")))
    port = free_port()
    async with (
        open_runtime(Settings(data_dir=command.data)) as runtime,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        await runtime.dispatcher.admission.open(())
        await create(runtime, document, queue="batch")
        worker = command.start("worker", "--metrics-port", str(port))
        await told(
            client,
            'flowstudio_run_duration_seconds_count{status="succeeded",trigger="manual"} 1.0',
            'flowstudio_workers{kind="worker",state="alive"} 1.0',
        )
        for path in ("/healthz", "/readyz"):
            assert (await client.get(path)).status_code == 200, path
        for headers in ({"host": "evil.example"}, {"x-forwarded-for": "203.0.113.7"}):
            assert (await client.get("/metrics", headers=headers)).status_code == 403
        assert (await client.get("/")).status_code == 404
        worker.send_signal(signal.SIGTERM)
        _, said = worker.communicate(timeout=60)
        assert worker.returncode == 0, said
        assert f"http://127.0.0.1:{port}/metrics" in said


def test_a_worker_whose_port_is_taken_says_so_before_it_takes_a_run(command: CommandLine):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command.settings["FLOWSTUDIO_WORKER_METRICS_PORT"] = port
        code, _, said = command.run("worker")
    assert code == 1
    assert f"port {port}" in said
    assert "--metrics-port" in said
