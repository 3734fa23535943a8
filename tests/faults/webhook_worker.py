"""The process that is killed: it takes requests at webhooks, and runs what they start.

`python -m tests.faults.webhook_worker DATA` prints its address once it listens.
"""

import asyncio
import sys
from pathlib import Path

import click
from starlette.responses import PlainTextResponse

from flowstudio.api.hooks import Hooks
from flowstudio.runtime import open_runtime
from flowstudio.settings import Settings
from tests.serving import served


async def main(data: Path) -> None:
    async with open_runtime(Settings(data_dir=data)) as runtime, asyncio.TaskGroup() as group:
        group.create_task(runtime.dispatcher.serve())
        async with served(Hooks(PlainTextResponse(""), lambda: runtime)) as address:
            click.echo(address)
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
