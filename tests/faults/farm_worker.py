"""The processes of a farm: those that make runs, and those that advance them.

`python -m tests.faults.farm_worker make DATA LEDGER COUNT` prints the id of each run it has made;
`… work DATA LEDGER` advances what waits until it is killed or told to stop. Both use the database of
FLOWSTUDIO_DATABASE_URL, or the file in DATA.
"""

import asyncio
import signal
import sys
from pathlib import Path

import click

from flowstudio.graph.document import parse_document
from flowstudio.nodes.registry import Registry
from flowstudio.runtime import open_runtime
from flowstudio.services.access import OPERATOR
from flowstudio.settings import Settings
from tests.faults.ledger import Effect, graph_of_forty


async def make(settings: Settings, ledger: Path, count: int) -> None:
    """Make runs and leave them to others; a run is made when its id has been printed."""
    document = parse_document(graph_of_forty(ledger))
    async with (
        open_runtime(settings, registry=Registry({"effect": Effect()})) as runtime,
        asyncio.TaskGroup() as group,
    ):
        serving = group.create_task(runtime.dispatcher.serve(works=False))
        await runtime.dispatcher.admission.open(())
        for _ in range(count):
            run_id = await runtime.runs.create(OPERATOR, document, {}, queue="triggered")
            runtime.runs.launch(run_id)
            click.echo(run_id)
        serving.cancel()


async def work(settings: Settings) -> None:
    """Advance runs until told to stop."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with (
        open_runtime(settings, registry=Registry({"effect": Effect()})) as runtime,
        asyncio.TaskGroup() as group,
    ):
        jobs = (runtime.dispatcher.serve(), runtime.studio.workers.serve("worker"))
        serving = [group.create_task(job) for job in jobs]
        click.echo("ready")
        await stopped.wait()
        for task in serving:
            task.cancel()


def main() -> None:
    task, data, ledger, *count = sys.argv[1:]
    settings = Settings(data_dir=Path(data), max_concurrent_runs=16)
    if task == "make":
        asyncio.run(make(settings, Path(ledger), int(count[0])))
    else:
        asyncio.run(work(settings))


if __name__ == "__main__":
    main()
