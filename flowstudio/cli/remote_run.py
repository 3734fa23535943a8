"""`flowstudio --server URL run FILE`, and following a run of that server to its end."""

import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from flowstudio.cli.files import print_problems, read_inputs, read_workflow
from flowstudio.cli.progress import Printer
from flowstudio.cli.remote import Server, current_server
from flowstudio.cli.remote_events import follow
from flowstudio.cli.results import tell
from flowstudio.errors import ConflictError, InvalidDocumentError, InvalidInputError
from flowstudio.graph.ids import new_id

_GOING = frozenset({"queued", "running"})
_STEP = (
    "node",
    "path",
    "type",
    "status",
    "attempts",
    "duration_s",
    "cost_usd",
    "cached",
    "model",
    "error",
)
_RUN = ("workflow", "status", "outputs", "error", "cost_usd", "saved_usd", "usage", "duration_s")


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
    """As the command of this machine; the document is not kept on the server."""
    if (file is None) == (resume is None):
        message = "Give a workflow FILE, or --resume RUN."
        raise click.UsageError(message)
    server = current_server()
    try:
        if file is not None:
            wish = {"max_cost_usd": _text(max_cost), "use_cache": not fresh}
            code = _start(server, file, inputs, pairs, wish, as_json=as_json)
        else:
            code = carry_on(server, resume or "", max_cost, as_json=as_json)
    except (InvalidDocumentError, InvalidInputError) as error:
        print_problems(error.problems, as_json=as_json)
        code = 2
    sys.exit(code)


def _start(
    server: Server,
    file: Path,
    inputs: str | None,
    pairs: Sequence[str],
    wish: dict[str, Any],
    *,
    as_json: bool,
) -> int:
    document = read_workflow(file)
    given = read_inputs(document, inputs, pairs)
    body = {"project_id": server.project_id, "document": document.dump(), "inputs": given}
    # With a key of its own the request may be sent twice, and begins one run.
    headers = {"Idempotency-Key": new_id()}
    started = server.post("runs", body | wish, **headers)
    return see_through(server, started["id"], 0, as_json=as_json)


def carry_on(server: Server, run_id: str, max_cost: Decimal | None, *, as_json: bool) -> int:
    """Take a run up where it stands and see it through; gives the exit code."""
    after = last_seq(server, run_id)
    body = {} if max_cost is None else {"max_cost_usd": _text(max_cost)}
    try:
        server.post(f"runs/{run_id}/resume", body)
    except ConflictError:
        # It has ended: say how.
        return tell(as_object(server, run_id), as_json=as_json)
    return see_through(server, run_id, after, as_json=as_json)


def see_through(server: Server, run_id: str, after: int, *, as_json: bool) -> int:
    """Follow a run until it ends or parks; the first Ctrl+C cancels it. Gives the exit code."""
    try:
        after = _show(server, run_id, after, as_json=as_json)
    except KeyboardInterrupt:
        cancel_quietly(server, run_id)
    while server.get(f"runs/{run_id}")["status"] in _GOING:
        after = _show(server, run_id, after, as_json=as_json)
    return tell(as_object(server, run_id), as_json=as_json)


def _show(server: Server, run_id: str, after: int, *, as_json: bool) -> int:
    printer = Printer()
    for event in follow(server, run_id, after):
        after = max(after, event.seq)
        if not as_json:
            printer.take(event)
    printer.end_line()
    return after


def cancel_quietly(server: Server, run_id: str) -> None:
    """Ask the server to stop a run, if it has not ended."""
    try:
        server.post(f"runs/{run_id}/cancel")
    except ConflictError:
        return


def last_seq(server: Server, run_id: str) -> int:
    """The number of the newest event so far."""
    return max((event.seq for event in follow(server, run_id, until="stored")), default=0)


def as_object(server: Server, run_id: str) -> dict[str, Any]:
    """The object that `--json` prints."""
    record = server.get(f"runs/{run_id}")
    steps = server.get(f"runs/{run_id}/steps")["items"]
    told = {"run_id": run_id} | {name: record[name] for name in _RUN}
    return told | {"steps": [_step(step) for step in steps]}


def _step(step: dict[str, Any]) -> dict[str, Any]:
    row = {name: step[name] for name in _STEP}
    if step.get("waiting") is not None:
        row["waiting"] = step["waiting"]
    return row


def _text(amount: Decimal | None) -> str | None:
    return str(amount) if amount is not None else None
