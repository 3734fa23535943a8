"""The process that is killed: makes runs, or carries on every unfinished one until none is left.

`python -m tests.faults.worker make DATA LEDGER COUNT` or `… work DATA LEDGER`.
"""

import asyncio
import sys
from pathlib import Path

import click

from flowstudio.graph.document import parse_document
from flowstudio.nodes.registry import Registry
from flowstudio.runtime import Runtime, open_runtime
from flowstudio.services.access import OPERATOR
from flowstudio.settings import Settings
from tests.faults.ledger import Effect, graph_of_forty


async def main(task: str, data: Path, ledger: Path, count: int) -> None:
    settings = Settings(data_dir=data, max_concurrent_runs=1000)
    async with open_runtime(settings, registry=Registry({"effect": Effect()})) as runtime:
        if task == "make":
            document = parse_document(graph_of_forty(ledger))
            for _ in range(count):
                click.echo(await runtime.runs.create(OPERATOR, document, {}))
        else:
            click.echo("ready")
            await _work(runtime)


async def _work(runtime: Runtime) -> None:
    async with asyncio.TaskGroup() as group:
        for record in await runtime.runs.list(OPERATOR, status="unfinished", limit=1000):
            group.create_task(runtime.runs.carry(OPERATOR, record.id))


if __name__ == "__main__":
    arguments = sys.argv[1:]
    asyncio.run(
        main(
            arguments[0],
            Path(arguments[1]),
            Path(arguments[2]),
            int(arguments[3]) if len(arguments) > 3 else 0,
        )
    )
