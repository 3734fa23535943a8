"""`flowstudio runs …`."""

import json
from typing import Any

import click

from flowstudio.cli import run as run_command
from flowstudio.cli.opened import with_runtime
from flowstudio.cli.places import or_at_server
from flowstudio.cli.removal import delete, prune
from flowstudio.cli.results import as_object, conclude, only_waiting
from flowstudio.engine.events import Event
from flowstudio.engine.journal import DamagedEvent
from flowstudio.errors import InvalidInputError
from flowstudio.runtime import Runtime
from flowstudio.services.access import OPERATOR
from flowstudio.services.run_lists import DeadRun

_STATUSES = (
    "unfinished",
    "queued",
    "running",
    "waiting",
    "paused",
    "succeeded",
    "failed",
    "cancelled",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


@click.group()
def runs() -> None:
    """List, show, resume, cancel, answer and delete runs."""


runs.add_command(delete)
runs.add_command(prune)


@runs.command("list")
@click.option("--status", type=click.Choice(_STATUSES), help="Only these.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--dead", is_flag=True, help="Only those that need somebody, with the reason.")
@click.option("--drafts", is_flag=True, help="With the runs that the editor makes of drafts.")
@_as_json
@or_at_server("flowstudio.cli.remote_runs:list_runs")
def list_runs(status: str | None, limit: int, *, dead: bool, drafts: bool, as_json: bool) -> None:
    """List runs, the latest first."""

    async def work(runtime: Runtime) -> int:
        if dead:
            found = await runtime.runs.list_dead(OPERATOR, limit=limit, drafts=drafts)
            print_dead([_dead_row(run) for run in found], as_json=as_json)
            return 0
        records = await runtime.runs.list(OPERATOR, status=status, limit=limit, drafts=drafts)
        rows = [
            {
                "run_id": record.id,
                "workflow": record.workflow,
                "status": record.status,
                "started_at": (record.started_at or record.created_at).isoformat(),
                "cost_usd": str(record.cost_usd),
            }
            for record in records
        ]
        print_rows(rows, as_json=as_json)
        return 0

    with_runtime(work)


def print_rows(rows: list[dict[str, str]], *, as_json: bool) -> None:
    """Print runs as a list."""
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        started = row["started_at"][:19].replace("T", " ")
        click.echo(f"{row['run_id']}  {row['status']:<10} {started}  {row['workflow']}")
    if not rows:
        click.echo("No runs yet. Start one: flowstudio run FILE")


def _dead_row(dead: DeadRun) -> dict[str, str]:
    return {
        "run_id": dead.record.id,
        "workflow": dead.record.workflow,
        "status": dead.record.status,
        "kind": dead.kind,
        "reason": dead.reason,
    }


def print_dead(rows: list[dict[str, str]], *, as_json: bool) -> None:
    """Print runs that need somebody, with the reason."""
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        click.echo(f"{row['run_id']}  {row['kind']:<10} {row['workflow']}: {row['reason']}")
    if not rows:
        click.echo("No run needs anybody.")


def print_steps(result: dict[str, Any]) -> None:
    """Print the steps of a run's object, a line each."""
    for step in result["steps"]:
        took = f"{step['duration_s']:.2f} s" if step["duration_s"] is not None else ""
        click.echo(f"{step['status']:<10} {step['path']:<30} {took:>9}  {step['error'] or ''}")


@runs.command()
@click.argument("run_id", metavar="RUN")
@_as_json
@or_at_server("flowstudio.cli.remote_runs:show")
def show(run_id: str, *, as_json: bool) -> None:
    """Show a run: its steps, outputs, cost and what it waits for."""

    async def work(runtime: Runtime) -> int:
        result = await as_object(runtime, run_id)
        if as_json:
            click.echo(json.dumps(result, ensure_ascii=False))
            return 0
        print_steps(result)
        await conclude(runtime, run_id, as_json=False)
        return 0

    with_runtime(work)


@runs.command()
@click.argument("run_id", metavar="RUN")
@click.option("--after", type=click.IntRange(0), default=0, help="Only events after this number.")
@click.option("--follow", is_flag=True, help="Go on until the run ends or parks.")
@_as_json
@or_at_server("flowstudio.cli.remote_runs:events")
def events(run_id: str, after: int, *, follow: bool, as_json: bool) -> None:
    """Print a run's journal, an event a line."""

    async def work(runtime: Runtime) -> int:
        source = runtime.runs.watch if follow else runtime.runs.events
        async for event in source(OPERATOR, run_id, after):
            print_event(event, as_json=as_json)
        return 0

    with_runtime(work)


def print_event(event: Event | DamagedEvent, *, as_json: bool) -> None:
    """Print one event as a line."""
    click.echo(json.dumps(_row(event)) if as_json else _line(event))


def _row(event: Event | DamagedEvent) -> dict[str, Any]:
    if isinstance(event, DamagedEvent):
        return {
            "seq": event.seq,
            "type": event.type,
            "node": event.node,
            "path": event.path,
            "damaged": event.reason,
        }
    row = {
        "seq": event.seq,
        "at": event.at.isoformat(),
        "type": event.type,
        "node": event.node,
        "path": event.path,
    }
    if event.output is not None:
        row |= {"output_hash": event.output.hash, "output_size": event.output.size}
    return row | {key: value for key, value in event.data.items() if key not in row}


def _line(event: Event | DamagedEvent) -> str:
    if isinstance(event, DamagedEvent):
        return f"{event.seq:>6}  damaged: {event.reason}"
    moment = event.at.isoformat(timespec="milliseconds")[11:23]
    return f"{event.seq:>6}  {moment}  {event.type:<15} {event.path}"


@runs.command()
@click.argument("run_id", metavar="RUN", required=False)
@_as_json
@or_at_server("flowstudio.cli.remote_runs:resume")
def resume(run_id: str | None, *, as_json: bool) -> None:
    """Carry a run on: paused, waiting, failed or left by a process that died.

    Without RUN, carry every unfinished run on.
    """

    async def work(runtime: Runtime) -> int:
        if run_id is not None:
            return await run_command.carry_on(runtime, run_id, as_json=as_json)
        codes = [
            await run_command.carry_on(runtime, record.id, as_json=as_json)
            for record in await runtime.runs.list(OPERATOR, status="unfinished", limit=1000)
        ]
        return max(codes, default=0)

    with_runtime(work)


@runs.command()
@click.argument("run_id", metavar="RUN")
@_as_json
@or_at_server("flowstudio.cli.remote_runs:cancel")
def cancel(run_id: str, *, as_json: bool) -> None:
    """Stop a run for good."""

    async def work(runtime: Runtime) -> int:
        await runtime.runs.cancel(OPERATOR, run_id, launch=False)
        if await runtime.runs.is_elsewhere(OPERATOR, run_id):
            async for _event in runtime.runs.watch(OPERATOR, run_id):
                pass
        else:
            await runtime.runs.carry(OPERATOR, run_id)
        if as_json:
            await conclude(runtime, run_id, as_json=True)
            return 0
        record = await runtime.runs.find(OPERATOR, run_id)
        click.echo(f"Run {run_id} is {record.status}.")
        return 0

    with_runtime(work)


@runs.command()
@click.argument("run_id", metavar="RUN")
@click.option("--step", help="Path of the waiting step; needed when several wait.")
@click.option("--approve/--reject", "approved", default=None, help="Answer an approval.")
@click.option("--comment", default="", help="Goes with --approve or --reject.")
@click.option("--data", metavar="JSON", help="Answer a form with a JSON object.")
@_as_json
@or_at_server("flowstudio.cli.remote_runs:answer")
def answer(
    run_id: str,
    step: str | None,
    *,
    approved: bool | None,
    comment: str,
    data: str | None,
    as_json: bool,
) -> None:
    """Give a waiting step what it waits for. A running server goes on at once."""

    async def work(runtime: Runtime) -> int:
        path = step or only_waiting(await as_object(runtime, run_id))
        try:
            given = read_answer(approved, comment, data)
            await runtime.runs.answer(OPERATOR, run_id, path, given, launch=False)
        except InvalidInputError as error:
            for problem in error.problems:
                click.echo(problem, err=True)
            return 2
        if as_json:
            click.echo(json.dumps({"run_id": run_id, "step": path, "answer": given}))
            return 0
        click.echo(f"Answered '{path}'. Carry the run on: flowstudio runs resume {run_id}")
        return 0

    with_runtime(work)


def read_answer(approved: bool | None, comment: str, data: str | None) -> dict[str, Any]:
    """What `--approve`, `--reject` or `--data` give to a waiting step.

    Raises:
        InvalidInputError: none of them is there.
    """
    if approved is not None:
        return {"approved": approved, "comment": comment}
    try:
        value = json.loads(data or "")
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise InvalidInputError(["Give --approve, --reject, or --data with a JSON object."])
    return value
