"""`flowstudio --server URL runs …`."""

import json
import sys
from typing import Any

import click

from flowstudio.cli.remote import current_server
from flowstudio.cli.remote_events import follow as follow_run
from flowstudio.cli.remote_run import as_object, carry_on
from flowstudio.cli.removal import tell_deleted, tell_pruned
from flowstudio.cli.results import only_waiting, tell
from flowstudio.cli.runs import print_dead, print_event, print_rows, print_steps, read_answer
from flowstudio.errors import InvalidInputError
from flowstudio.services.removal import MOST_AT_ONCE


def list_runs(status: str | None, limit: int, *, dead: bool, drafts: bool, as_json: bool) -> None:
    """The latest runs of the projects the key reaches, or those of them that need somebody."""
    server = current_server()
    if dead:
        told = server.pages("runs/dead", limit, drafts=drafts)
        print_dead([_dead_row(item) for item in told], as_json=as_json)
        return
    found = server.pages("runs", limit, status=status, drafts=drafts)
    rows = [
        {
            "run_id": run["id"],
            "workflow": run["workflow"],
            "status": run["status"],
            "started_at": run["started_at"] or run["created_at"],
            "cost_usd": run["cost_usd"],
        }
        for run in found
    ]
    print_rows(rows, as_json=as_json)


def _dead_row(item: dict[str, Any]) -> dict[str, str]:
    run = item["run"]
    told = {"run_id": run["id"], "workflow": run["workflow"], "status": run["status"]}
    return told | {"kind": item["kind"], "reason": item["reason"]}


def show(run_id: str, *, as_json: bool) -> None:
    """A run with its steps."""
    result = as_object(current_server(), run_id)
    if not as_json:
        print_steps(result)
    tell(result, as_json=as_json)


def events(run_id: str, after: int, *, follow: bool, as_json: bool) -> None:
    """A run's journal; without `--follow`, up to now."""
    until = "parked" if follow else "stored"
    for event in follow_run(current_server(), run_id, after, until=until):
        print_event(event, as_json=as_json)


def resume(run_id: str | None, *, as_json: bool) -> None:
    """Carry a run on; without RUN, every unfinished one."""
    server = current_server()
    if run_id is not None:
        sys.exit(carry_on(server, run_id, None, as_json=as_json))
    unfinished = list(server.pages("runs", 1000, status="unfinished"))
    codes = [carry_on(server, run["id"], None, as_json=as_json) for run in unfinished]
    sys.exit(max(codes, default=0))


def cancel(run_id: str, *, as_json: bool) -> None:
    """Stop a run for good."""
    server = current_server()
    server.post(f"runs/{run_id}/cancel")
    for _event in follow_run(server, run_id):
        pass
    result = as_object(server, run_id)
    if as_json:
        tell(result, as_json=True)
    else:
        click.echo(f"Run {run_id} is {result['status']}.")


def answer(
    run_id: str,
    step: str | None,
    *,
    approved: bool | None,
    comment: str,
    data: str | None,
    as_json: bool,
) -> None:
    """Give a waiting step what it waits for; the server goes on at once."""
    server = current_server()
    path = step or only_waiting(as_object(server, run_id))
    try:
        given = read_answer(approved, comment, data)
        server.post(f"runs/{run_id}/answer", {"path": path, "answer": given})
    except InvalidInputError as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        sys.exit(2)
    if as_json:
        click.echo(json.dumps({"run_id": run_id, "step": path, "answer": given}))
        return
    click.echo(f"Answered '{path}'; the run goes on.")


def delete(run_ids: tuple[str, ...], *, as_json: bool) -> None:
    """Delete runs that have ended."""
    server = current_server()
    deleted: list[str] = []
    refused: list[dict[str, str]] = []
    for start in range(0, len(run_ids), MOST_AT_ONCE):
        done = server.post("runs/delete", {"ids": run_ids[start : start + MOST_AT_ONCE]})
        deleted += done["deleted"]
        refused += [{"run_id": run["id"], "reason": run["reason"]} for run in done["refused"]]
    sys.exit(tell_deleted(run_ids, deleted, refused, as_json=as_json))


def prune(
    days: int | None, keep: int | None, max_bytes: int | None, *, dry_run: bool, as_json: bool
) -> None:
    """Remove finished runs, so many at a time as the server does."""
    server = current_server()
    limits = {"days": days, "most_runs": keep, "most_bytes": max_bytes, "dry_run": dry_run}
    done = server.post("instance/retention/prune", limits)
    runs, before = done["runs"], done["bytes_before"]
    while done["has_more"]:
        done = server.post("instance/retention/prune", limits)
        runs += done["runs"]
    told = {"runs": runs, "bytes_before": before, "bytes_after": done["bytes_after"]}
    tell_pruned(told, dry_run=dry_run, as_json=as_json)
