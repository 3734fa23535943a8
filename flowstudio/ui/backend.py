"""The services behind the page: opened once with the web process, closed with it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from flowstudio.errors import ConflictError
from flowstudio.runtime import Runtime, open_runtime
from flowstudio.settings import Settings

_open: list[Runtime] = []


@asynccontextmanager
async def open_backend() -> AsyncIterator[None]:
    """Open the services and carry unfinished runs on; a lifespan task of the web process."""
    async with open_runtime(Settings()) as runtime, asyncio.TaskGroup() as group:
        # Opened now rather than with the first request, so that a wrong secret key stops the start.
        studio = runtime.studio
        jobs = (
            *_working(runtime),
            studio.workflows.serve_trash(),
            studio.retention.serve(),
            studio.webhook_requests.serve(),
            studio.housekeeping.serve(),
            studio.lookout.serve(),
            runtime.traffic.watch_loop(runtime.clock),
            studio.schedules.serve(),
            studio.deliveries.serve(),
        )
        serving = [group.create_task(job) for job in jobs]
        _open.append(runtime)
        try:
            yield
        finally:
            _open.remove(runtime)
            for task in serving:
                task.cancel()


def _working(runtime: Runtime) -> list[Coroutine[Any, Any, None]]:
    """What this process does for runs."""
    works = runtime.settings.run_in_web
    jobs = [runtime.dispatcher.serve(works=works)]
    return [*jobs, runtime.studio.workers.serve("web")] if works else jobs


def is_open() -> bool:
    """Whether the services are there still; they close before the last pages do."""
    return bool(_open)


def backend() -> Runtime:
    """The services of this process.

    Raises:
        ConflictError: they are closed already.
    """
    if not is_open():
        message = "The server is stopping. Try again in a moment."
        raise ConflictError(message)
    return _open[0]
