"""`flowstudio worker`: a process that advances runs, without a page."""

import asyncio
import signal
import sys
from contextlib import AbstractAsyncContextManager, nullcontext
from importlib import import_module

import click

from flowstudio.cli.serve import check_port
from flowstudio.runtime import Runtime, open_runtime
from flowstudio.services.log_lines import open_log
from flowstudio.services.queues import QUEUES
from flowstudio.settings import Settings

#: The server that answers is 5 MB of code; most workers run without.
_PROBES = "flowstudio.cli.worker_probes"


@click.command()
@click.option(
    "--queues",
    default=",".join(QUEUES),
    show_default=True,
    help="Which to serve, the first ones first.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 10_000),
    help="Runs at once; FLOWSTUDIO_MAX_CONCURRENT_RUNS when left out.",
)
@click.option(
    "--grace",
    "grace_s",
    type=click.FloatRange(0, 86_400),
    default=20.0,
    show_default=True,
    help="Seconds for runs in hand to end after SIGTERM; others go on with what is left.",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(1, 65_535),
    help="Answer /metrics, /healthz and /readyz there; FLOWSTUDIO_WORKER_METRICS_PORT when left out.",
)
@click.option(
    "--metrics-host",
    help="Listen on this address for them; FLOWSTUDIO_WORKER_METRICS_HOST when left out.",
)
def worker(
    queues: str,
    concurrency: int | None,
    grace_s: float,
    metrics_port: int | None,
    metrics_host: str | None,
) -> None:
    """Advance runs until stopped (SIGTERM or Ctrl+C)."""
    wanted = [name.strip() for name in queues.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in QUEUES]
    if unknown or not wanted:
        message = f"No such queue: {', '.join(unknown) or queues!r}. Queues: {', '.join(QUEUES)}."
        raise click.BadParameter(message, param_hint="--queues")
    told = {
        "max_concurrent_runs": concurrency,
        "worker_metrics_port": metrics_port,
        "worker_metrics_host": metrics_host,
    }
    update = {name: value for name, value in told.items() if value is not None}
    settings = Settings().model_copy(update=update)
    if settings.worker_metrics_port is not None:
        check_port(settings.worker_metrics_host, settings.worker_metrics_port, "--metrics-port")
    open_log(settings)
    sys.exit(asyncio.run(_work(settings, wanted, grace_s)))


async def _work(settings: Settings, queues: list[str], grace_s: float) -> int:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with (
        open_runtime(settings) as runtime,
        _probes(runtime),
        asyncio.TaskGroup() as group,
    ):
        jobs = (runtime.dispatcher.serve(queues), runtime.studio.workers.serve("worker", queues))
        serving = [group.create_task(job) for job in jobs]
        click.echo(f"Worker {runtime.dispatcher.owner} serves {', '.join(queues)}.", err=True)
        await stopped.wait()
        click.echo(f"Stopping; runs in hand have {grace_s:g} s to end.", err=True)
        try:
            is_done = await runtime.dispatcher.finish(grace_s)
        finally:
            for task in serving:
                task.cancel()
        if not is_done:
            click.echo("Some runs have not ended; another process goes on with them.", err=True)
    return 0


def _probes(runtime: Runtime) -> AbstractAsyncContextManager[None]:
    settings = runtime.settings
    if settings.worker_metrics_port is None:
        return nullcontext()
    answering: AbstractAsyncContextManager[None] = import_module(_PROBES).answering(
        runtime, settings.worker_metrics_host, settings.worker_metrics_port
    )
    return answering
