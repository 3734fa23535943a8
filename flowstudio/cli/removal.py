"""`flowstudio runs delete` and `flowstudio runs prune`."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import click

from flowstudio.cli.opened import with_runtime
from flowstudio.cli.places import or_at_server
from flowstudio.runtime import Runtime
from flowstudio.services.access import OPERATOR
from flowstudio.services.removal import MOST_AT_ONCE
from flowstudio.services.retention import Policy, Pruned

_SIZES = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_DAYS = {"d": 1, "w": 7, "y": 365}
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


class _Age(click.ParamType[int]):
    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"([1-9][0-9]{0,4})([dwy])", str(value).strip())
        if found is None:
            self.fail("Write days, weeks or years, such as 30d, 8w or 1y.", param, ctx)
        return int(found[1]) * _DAYS[found[2]]


class _Size(click.ParamType[int]):
    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([KMGT]?B?)", str(value).strip().upper())
        unit = found[2] if found is not None else None
        if found is None or unit not in _SIZES:
            self.fail("Write a size such as 500MB or 1.5GB.", param, ctx)
        return int(float(found[1]) * _SIZES[unit])


@click.command()
@click.argument("run_ids", metavar="RUN…", nargs=-1, required=True)
@_as_json
@or_at_server("flowstudio.cli.remote_runs:delete")
def delete(run_ids: tuple[str, ...], *, as_json: bool) -> None:
    """Delete runs that have ended, with their journals. Cancel unfinished ones first."""

    async def work(runtime: Runtime) -> int:
        deleted: list[str] = []
        refused: list[dict[str, str]] = []
        for start in range(0, len(run_ids), MOST_AT_ONCE):
            piece = run_ids[start : start + MOST_AT_ONCE]
            done = await runtime.studio.removal.delete_several(OPERATOR, piece)
            deleted += done.deleted
            refused += [{"run_id": run.id, "reason": run.reason} for run in done.refused]
        return tell_deleted(run_ids, deleted, refused, as_json=as_json)

    with_runtime(work)


def tell_deleted(
    wanted: Sequence[str],
    deleted: Sequence[str],
    refused: Sequence[Mapping[str, str]],
    *,
    as_json: bool,
) -> int:
    """Say what came of deleting runs; gives the exit code."""
    if as_json:
        click.echo(json.dumps({"deleted": list(deleted), "refused": list(refused)}))
    else:
        click.echo(f"Deleted {len(deleted)} of {len(set(wanted))}.")
        for run in refused:
            click.echo(run["reason"], err=True)
    return 1 if refused else 0


@click.command()
@click.option("--older-than", "days", type=_Age(), metavar="AGE", help="That ended so long ago.")
@click.option("--keep", type=click.IntRange(1), metavar="N", help="All but the newest N.")
@click.option("--max-bytes", type=_Size(), metavar="SIZE", help="What does not fit beside newer.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@_as_json
@or_at_server("flowstudio.cli.remote_runs:prune")
def prune(
    days: int | None, keep: int | None, max_bytes: int | None, *, dry_run: bool, as_json: bool
) -> None:
    """Remove finished runs by age, number or size, and shorten the database file.

    Without a limit, those that an admin has set are applied. Unfinished runs always stay.
    """
    policy = Policy(days, keep, max_bytes)

    async def work(runtime: Runtime) -> int:
        done = await runtime.studio.retention.prune(
            OPERATOR, None if policy.is_empty else policy, is_dry=dry_run
        )
        tell_pruned(_as_object(done), dry_run=dry_run, as_json=as_json)
        return 0

    with_runtime(work)


def tell_pruned(done: Mapping[str, Any], *, dry_run: bool, as_json: bool) -> None:
    """Say what was removed, or would be."""
    runs = done["runs"]
    if as_json:
        kept = ("run_id", "reason", "size_bytes")
        told = [{name: run[name] for name in kept} for run in runs]
        click.echo(json.dumps({**done, "runs": told}))
        return
    if dry_run:
        for run in runs:
            click.echo(f"{run['run_id']}  {run['reason']:<5}  {run['workflow']}")
    verb = "Would remove" if dry_run else "Removed"
    before, after = (done[name] / 1e6 for name in ("bytes_before", "bytes_after"))
    size = "" if dry_run else f" The database went from {before:.1f} MB to {after:.1f} MB."
    click.echo(f"{verb} {len(runs)} runs.{size}")


def _as_object(done: Pruned) -> dict[str, Any]:
    return {
        "runs": [
            {
                "run_id": run.id,
                "workflow": run.workflow,
                "reason": run.reason,
                "size_bytes": run.size_bytes,
            }
            for run in done.runs
        ],
        "bytes_before": done.before.bytes,
        "bytes_after": done.after.bytes,
    }
