"""A finished or parked run, as the command line shows it."""

import json
from typing import Any

import click

from flowstudio.errors import ConflictError
from flowstudio.runtime import Runtime
from flowstudio.services.access import OPERATOR
from flowstudio.services.runs import RunView
from flowstudio.services.steps import StepView

EXIT_CODES = {"succeeded": 0, "failed": 1, "waiting": 3, "paused": 3, "cancelled": 130}


async def as_object(runtime: Runtime, run_id: str) -> dict[str, Any]:
    """The object that `--json` prints."""
    view = await runtime.runs.get(OPERATOR, run_id)
    steps = await runtime.runs.steps(OPERATOR, run_id)
    return _object(view, steps)


def _object(view: RunView, steps: list[StepView]) -> dict[str, Any]:
    record = view.record
    return {
        "run_id": record.id,
        "workflow": record.workflow,
        "status": record.status,
        "outputs": view.outputs,
        "error": record.error,
        "cost_usd": str(record.cost_usd),
        "saved_usd": str(record.saved_usd),
        "usage": {
            "prompt_tokens": record.usage.prompt_tokens,
            "completion_tokens": record.usage.completion_tokens,
        },
        "duration_s": view.duration_s,
        "steps": [_step(step) for step in steps],
    }


def _step(step: StepView) -> dict[str, Any]:
    row: dict[str, Any] = {
        "node": step.node,
        "path": step.path,
        "type": step.type,
        "status": step.status,
        "attempts": step.attempts,
        "duration_s": step.duration_s,
        "cost_usd": str(step.cost_usd),
        "cached": step.cached,
        "model": step.model,
        "error": step.error,
    }
    if step.waiting is not None:
        row["waiting"] = {
            "kind": step.waiting.kind,
            "message": step.waiting.message,
            "fields": step.waiting.fields,
            "until": step.waiting.until.isoformat() if step.waiting.until else None,
        }
    return row


def only_waiting(result: dict[str, Any]) -> str:
    """The path of the step that waits for an answer, from the object of a run.

    Raises:
        ConflictError: none does, or several do.
    """
    waiting: list[str] = [
        step["path"]
        for step in result["steps"]
        if step.get("waiting") and step["waiting"]["kind"] in ("approval", "form", "unknown")
    ]
    if len(waiting) == 1:
        return waiting[0]
    if waiting:
        raise ConflictError(f"Several steps wait: {', '.join(waiting)}. Choose one with --step.")
    raise ConflictError(f"Run {result['run_id']} waits for no answer.")


async def conclude(runtime: Runtime, run_id: str, *, as_json: bool) -> int:
    """Print how a run stands; gives the exit code."""
    return tell(await as_object(runtime, run_id), as_json=as_json)


def tell(result: dict[str, Any], *, as_json: bool) -> int:
    """Print the object of a run; gives the exit code."""
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
    else:
        _print(result)
    return EXIT_CODES.get(result["status"], 1)


def _print(result: dict[str, Any]) -> None:
    click.echo("")
    if result["outputs"] is not None:
        click.echo(json.dumps(result["outputs"], indent=2, ensure_ascii=False))
    if result["error"]:
        click.secho(result["error"], fg="red", err=True)
    done = f"{result['duration_s']:.1f} s" if result["duration_s"] is not None else ""
    cost = f"${result['cost_usd']}"
    saved = f", saved ${result['saved_usd']}" if result["saved_usd"] != "0" else ""
    click.echo(
        f"{result['status']} · {done + ' · ' if done else ''}{cost}{saved} · run {result['run_id']}",
        err=True,
    )
    for step in result["steps"]:
        if "waiting" in step and step["status"] == "waiting":
            click.echo(_how_to_answer(result["run_id"], step), err=True)
    if result["status"] == "failed":
        click.echo(
            f"Try its failed step again: flowstudio runs resume {result['run_id']}", err=True
        )


def _how_to_answer(run_id: str, step: dict[str, Any]) -> str:
    kind = step["waiting"]["kind"]
    if kind in ("timer", "retry"):
        return f"'{step['path']}' waits until {step['waiting']['until']}."
    if kind == "workflow":
        return f"'{step['path']}': {step['waiting']['message']}"
    how = {"approval": "--approve or --reject", "unknown": '--data \'{"action": "retry"}\''}.get(
        kind, "--data JSON"
    )
    return (
        f"'{step['path']}' asks: {step['waiting']['message']}\n"
        f"  flowstudio runs answer {run_id} --step {step['path']} {how}\n"
        f"  flowstudio runs resume {run_id}"
    )
