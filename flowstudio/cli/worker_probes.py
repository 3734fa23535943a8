"""What a worker answers, on an address of its own: probes and figures, by the web's own rules."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from flowstudio.probes import Probes, nothing_else
from flowstudio.runtime import Runtime
from flowstudio.services.log_lines import SERVER_LINES


@asynccontextmanager
async def answering(runtime: Runtime, host: str, port: int) -> AsyncIterator[None]:
    """Answer for as long as the block runs."""
    server = Server(
        Probes(nothing_else, lambda: runtime),
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        log_level=LogLevels.error,
        log_dictconfig=SERVER_LINES,
    )
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(server.serve())
        watching = group.create_task(runtime.traffic.watch_loop(runtime.clock))
        shown = f"[{host}]" if ":" in host else host
        click.echo(f"Figures of this worker: http://{shown}:{port}/metrics", err=True)
        try:
            yield
        finally:
            watching.cancel()
            server.stop()  # type: ignore[no-untyped-call]
            await serving
