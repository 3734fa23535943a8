"""`flowstudio run FILE`."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from flowstudio.cli import progress
from flowstudio.cli.files import print_problems, read_inputs, read_workflow
from flowstudio.cli.places import or_at_server
from flowstudio.cli.results import conclude
from flowstudio.engine.runner import Broken
from flowstudio.errors import ConflictError, InvalidDocumentError, InvalidInputError
from flowstudio.runtime import Runtime, open_runtime
from flowstudio.services.access import OPERATOR
from flowstudio.services.runs import RunOptions, base_of
from flowstudio.settings import Settings


class _Usd(click.ParamType[Decimal]):
    name = "usd"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            self.fail(f"{value!r} is not an amount of dollars.", param, ctx)
        if not amount.is_finite() or amount < 0:
            self.fail(f"{value!r} is not an amount of dollars.", param, ctx)
        return amount


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "-i", "pairs", multiple=True, metavar="NAME=VALUE", help="One input; =@FILE reads it."
)
@click.option("--inputs", metavar="JSON|@FILE", help="All inputs as one JSON object.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, no progress.")
@click.option("--max-cost", type=_Usd(), metavar="USD", help="Stop before a call that passes this.")
@click.option("--resume", metavar="RUN", help="Carry this run on instead of starting one.")
@click.option("--fresh", is_flag=True, help="Ask models anew instead of taking kept answers.")
@or_at_server("flowstudio.cli.remote_run:run")
def run(  # noqa: PLR0913 - one parameter an option, as click wants it
    file: Path | None,
    pairs: Sequence[str],
    inputs: str | None,
    *,
    as_json: bool,
    max_cost: Decimal | None,
    resume: str | None,
    fresh: bool,
) -> None:
    """Run a workflow file and show each step as it happens.

    Exit codes: 0 succeeded, 1 failed, 2 invalid, 3 waiting, 130 cancelled.
    """
    if (file is None) == (resume is None):
        message = "Give a workflow FILE, or --resume RUN."
        raise click.UsageError(message)
    options: RunOptions = {"max_cost_usd": max_cost, "use_cache": not fresh, "trigger": "command"}
    try:
        code = asyncio.run(_run(file, inputs, pairs, resume, options, as_json=as_json))
    except InvalidDocumentError as error:
        print_problems(error.problems, as_json=as_json)
        code = 2
    except InvalidInputError as error:
        print_problems(error.problems, as_json=as_json)
        code = 2
    sys.exit(code)


async def _run(
    file: Path | None,
    inputs: str | None,
    pairs: Sequence[str],
    resume: str | None,
    options: RunOptions,
    *,
    as_json: bool,
) -> int:
    document = read_workflow(file) if file is not None else None
    given = read_inputs(document, inputs, pairs) if document is not None else {}
    async with open_runtime(Settings()) as runtime:
        if document is None or file is None:
            max_cost = options.get("max_cost_usd")
            return await carry_on(runtime, resume or "", as_json=as_json, max_cost_usd=max_cost)
        options["base"] = base_of(file)
        run_id = await runtime.runs.create(OPERATOR, document, given, **options)
        if not as_json and any(node.type in ("ai", "decision") for node in document.nodes):
            _tell(runtime.gateway.notice())
        return await advance(runtime, run_id, as_json=as_json)


async def carry_on(
    runtime: Runtime, run_id: str, *, as_json: bool, max_cost_usd: Decimal | None = None
) -> int:
    """Take a run up where it stands and see it through; gives the exit code."""
    try:
        await runtime.runs.resume(OPERATOR, run_id, launch=False, max_cost_usd=max_cost_usd)
    except ConflictError:
        # It has ended: say how.
        return await conclude(runtime, run_id, as_json=as_json)
    if await runtime.runs.is_elsewhere(OPERATOR, run_id):
        await progress.show(runtime.runs.watch(OPERATOR, run_id))
        return await conclude(runtime, run_id, as_json=as_json)
    return await advance(runtime, run_id, as_json=as_json)


async def advance(runtime: Runtime, run_id: str, *, as_json: bool) -> int:
    """Advance a run in this process, showing its progress; gives the exit code."""
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, interrupted.set)
    after = await _last_seq(runtime, run_id)
    async with asyncio.TaskGroup() as group:
        canceller = group.create_task(_cancel_when(interrupted, runtime, run_id))
        if not as_json:
            events = runtime.runs.watch(OPERATOR, run_id, after)
            group.create_task(progress.show(events))
        outcome = await runtime.runs.carry(OPERATOR, run_id)
        canceller.cancel()
    loop.remove_signal_handler(signal.SIGINT)
    if isinstance(outcome, Broken):
        click.secho(outcome.reason, fg="red", err=True)
        click.echo(f"Then: flowstudio runs resume {run_id}", err=True)
        return 1
    return await conclude(runtime, run_id, as_json=as_json)


async def _last_seq(runtime: Runtime, run_id: str) -> int:
    last = 0
    async for event in runtime.runs.events(OPERATOR, run_id):
        last = event.seq
    return last


async def _cancel_when(interrupted: asyncio.Event, runtime: Runtime, run_id: str) -> None:
    await interrupted.wait()
    with suppress(ConflictError):
        await runtime.runs.cancel(OPERATOR, run_id)


def _tell(notice: str | None) -> None:
    if notice is not None:
        click.secho(notice, fg="yellow", err=True)
