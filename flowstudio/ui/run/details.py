"""The selected step as the browser shows it: facts, attempts, what it read and what it gave."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flowstudio.engine.contract import NodeType
from flowstudio.services.runs import RunView
from flowstudio.services.step_details import Attempt, StepDetail
from flowstudio.ui.run import bars
from flowstudio.ui.run.present import shown
from flowstudio.ui.widgets import words
from flowstudio.ui.widgets.pill import LABELS

_MOST_ATTEMPTS = 50
_OUTCOMES = {"cut": "Cut off", **LABELS}


def detail(
    found: StepDetail, types: Mapping[str, NodeType[Any]], run: RunView, *, can_rerun: bool
) -> dict[str, Any]:
    """Everything of one step."""
    step, kind = found.step, found.node.type if found.node else ""
    known = types.get(kind)
    return {
        "path": found.path,
        "name": step.node if step else f"Turn {int(found.path.rpartition('/')[2]) + 1}",
        "crumbs": _crumbs(found.path),
        "type": kind,
        "title": known.title if known else kind,
        "category": known.category if known else "flow",
        "status": found.status,
        "label": "Kept" if step and step.kept else LABELS.get(found.status, found.status),
        "kept": bool(step and step.kept),
        "facts": _facts(found),
        "error": (step.error or "") if step else "",
        "attempts": [_attempt(each) for each in found.attempts[-_MOST_ATTEMPTS:]],
        "reads": _reads(found),
        "given": shown(found.given) if found.given is not None else None,
        "output": shown(found.output, kind) if found.has_output else None,
        "canRerun": can_rerun and step is not None,
        "pin": _pin(found, run),
    }


def _pin(found: StepDetail, run: RunView) -> str:
    """Where the editor pins what the step gave; "" of what it cannot pin."""
    step, node = found.step, found.node
    if not run.workflow_id or not step or not node or node.parent or not found.has_output:
        return ""
    what = {"from": run.id, "pin": node.id, "path": found.path, "port": step.port or ""}
    return f"/workflows/{run.workflow_id}?{urlencode(what)}"


def _crumbs(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return [f"turn {int(part) + 1}" if part.isdigit() else part for part in parts]


def _facts(found: StepDetail) -> list[list[str]]:
    step, place = found.step, found.place
    facts = [
        ("Started", f"{place.started_at:%H:%M:%S}.{place.started_at.microsecond // 1000:03d} UTC")
        if place.started_at
        else ("Started", ""),
        ("Took", bars.took(tuple(place.spans))),
        ("Cost", bars.cost(found.money)),
        ("Tokens", _tokens(found)),
        ("Model", (step.model or "") if step else ""),
        ("Left by", step.port or "" if step and step.port not in (None, "out") else ""),
        ("Size", words.size(step.output_size) if step and step.output_size else ""),
    ]
    return [[name, text] for name, text in facts if text]


def _tokens(found: StepDetail) -> str:
    money = found.money
    if not money.prompt_tokens and not money.completion_tokens:
        return ""
    return f"{money.prompt_tokens:,} in, {money.completion_tokens:,} out"


def _attempt(attempt: Attempt) -> dict[str, Any]:
    seconds = None
    if attempt.started_at is not None and attempt.ended_at is not None:
        seconds = (attempt.ended_at - attempt.started_at).total_seconds()
    again = ""
    if attempt.retry_in_s is not None:
        again = f"tried again after {words.duration(attempt.retry_in_s)}"
    return {
        "number": attempt.number,
        "status": "cancelled" if attempt.outcome == "cut" else attempt.outcome,
        "label": _OUTCOMES.get(attempt.outcome, attempt.outcome),
        "at": f"{attempt.started_at:%H:%M:%S} UTC" if attempt.started_at else "",
        "took": words.duration(seconds),
        "error": attempt.error[:2_000],
        "errorType": attempt.error_type,
        "again": again,
    }


def _reads(found: StepDetail) -> list[dict[str, Any]] | None:
    if found.reads is None:
        return None
    return [
        {"name": read.name, "missing": read.missing, "shown": shown(read.value)}
        for read in found.reads
    ]
