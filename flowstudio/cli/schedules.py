"""`flowstudio schedules …`."""

import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import click

from flowstudio.cli.opened import with_runtime
from flowstudio.cli.places import or_at_server
from flowstudio.cli.results import conclude
from flowstudio.clock import utc_now
from flowstudio.runtime import Runtime
from flowstudio.services.access import OPERATOR
from flowstudio.services.schedule_times import Kind
from flowstudio.services.schedule_wishes import ScheduleWish, preview
from flowstudio.services.schedules import (
    ScheduleFilter,
    ScheduleService,
    ScheduleView,
    SlotRecord,
)

_REMOTE = "flowstudio.cli.remote_schedules"
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
_schedule = click.argument("schedule_id", metavar="SCHEDULE")


@click.group()
def schedules() -> None:
    """List, show, preview, pause, resume and run schedules."""


@schedules.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--paused", is_flag=True, help="Only those that are paused.")
@_as_json
@or_at_server(f"{_REMOTE}:list_schedules")
def list_schedules(limit: int, *, paused: bool, as_json: bool) -> None:
    """List schedules, the newest first."""

    async def work(service: ScheduleService) -> int:
        only = ScheduleFilter(is_paused=True if paused else None)
        page = await service.list_schedules(OPERATOR, only, limit=limit)
        print_schedules([_row(view) for view in page.items], as_json=as_json)
        return 0

    _with_schedules(work)


@schedules.command()
@_schedule
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True)
@_as_json
@or_at_server(f"{_REMOTE}:show")
def show(schedule_id: str, limit: int, *, as_json: bool) -> None:
    """Show a schedule: its next times, and what became of the latest."""

    async def work(service: ScheduleService) -> int:
        view = await service.get(OPERATOR, schedule_id)
        page = await service.list_slots(OPERATOR, schedule_id, limit=limit)
        print_schedule(_row(view), [_slot_row(slot) for slot in page.items], as_json=as_json)
        return 0

    _with_schedules(work)


@schedules.command("next")
@click.argument("expression", metavar="EXPRESSION")
@click.option("--zone", default="UTC", show_default=True, help="Such as Europe/Berlin.")
@click.option(
    "--kind", type=click.Choice(["cron", "interval", "once"]), default="cron", show_default=True
)
@_as_json
def next_times(expression: str, zone: str, kind: Kind, *, as_json: bool) -> None:
    """Say when a cron line comes next, in words and dates; nothing is kept.

    Exit code 2 and every problem, if there are any.
    """
    found = preview(ScheduleWish(kind, expression, zone), utc_now())
    if as_json:
        times = [{"at": time.at.isoformat(), "text": time.text} for time in found.times]
        told = {"words": found.words, "rule": found.rule, "times": times}
        click.echo(json.dumps(told | {"problems": list(found.problems)}))
    else:
        for line in (found.words, *(f"  {time.text}" for time in found.times), found.rule):
            if line:
                click.echo(line)
        for problem in found.problems:
            click.echo(problem, err=True)
    sys.exit(2 if found.problems else 0)


@schedules.command()
@_schedule
@_as_json
@or_at_server(f"{_REMOTE}:pause")
def pause(schedule_id: str, *, as_json: bool) -> None:
    """Begin nothing until it is resumed."""

    async def work(service: ScheduleService) -> int:
        print_state(_row(await service.pause(OPERATOR, schedule_id)), as_json=as_json)
        return 0

    _with_schedules(work)


@schedules.command()
@_schedule
@_as_json
@or_at_server(f"{_REMOTE}:resume")
def resume(schedule_id: str, *, as_json: bool) -> None:
    """Begin again what comes; missed times are treated as the schedule says."""

    async def work(service: ScheduleService) -> int:
        print_state(_row(await service.resume(OPERATOR, schedule_id)), as_json=as_json)
        return 0

    _with_schedules(work)


@schedules.command()
@_schedule
@_as_json
@or_at_server(f"{_REMOTE}:run")
def run(schedule_id: str, *, as_json: bool) -> None:
    """Run it now, and wait for the end."""

    async def work(runtime: Runtime) -> int:
        slot = await runtime.studio.schedules.run_now(OPERATOR, schedule_id)
        async for _event in runtime.runs.watch(OPERATOR, slot.run_id):
            pass
        return await conclude(runtime, slot.run_id, as_json=as_json)

    with_runtime(work)


def print_schedules(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    """Print schedules as a list."""
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        when = "paused" if row["is_paused"] else (row["next_at"] or "over")[:16].replace("T", " ")
        name = row["name"] or row["workflow"]
        click.echo(f"{row['schedule_id']}  {when:<16}  {name}: {row['words']} ({row['zone']})")
    if not rows:
        click.echo("No schedules yet. Make one on the page or by the API.")


def print_schedule(row: dict[str, Any], slots: list[dict[str, Any]], *, as_json: bool) -> None:
    """Print a schedule with what became of its latest times."""
    if as_json:
        click.echo(json.dumps(row | {"slots": slots}))
        return
    click.echo(f"{row['name'] or row['workflow']}: {row['words']} ({row['zone']})")
    if row["is_paused"]:
        click.echo(f"Paused. {row['paused_reason']}".rstrip())
    for time in row["next_times"]:
        click.echo(f"  {time['text']}")
    for slot in slots:
        moment = slot["slot_utc"][:19].replace("T", " ")
        click.echo(f"{moment}  {slot['state']:<8} {slot['run_id'] or slot['reason']}")


def print_state(row: dict[str, Any], *, as_json: bool) -> None:
    """Say whether a schedule is paused."""
    if as_json:
        click.echo(json.dumps(row))
        return
    state = "paused" if row["is_paused"] else f"next at {row['next_at'] or 'no time any more'}"
    click.echo(f"Schedule {row['schedule_id']}: {state}.")


def _row(view: ScheduleView) -> dict[str, Any]:
    record = view.record
    return {
        "schedule_id": record.id,
        "name": record.name,
        "workflow": record.workflow,
        "words": view.words,
        "zone": record.zone,
        "next_at": record.next_at.isoformat() if record.next_at is not None else None,
        "next_times": [{"at": time.at.isoformat(), "text": time.text} for time in view.next_times],
        "is_paused": record.is_paused,
        "paused_reason": record.paused_reason,
    }


def _slot_row(slot: SlotRecord) -> dict[str, Any]:
    return {
        "slot_utc": slot.slot_utc.isoformat(),
        "state": slot.state,
        "run_id": slot.run_id,
        "reason": slot.reason,
    }


def _with_schedules(work: Callable[[ScheduleService], Awaitable[int]]) -> None:
    with_runtime(lambda runtime: work(runtime.studio.schedules))
