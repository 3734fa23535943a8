"""What happened in a run, a line of text for each event; and what steps say while they run."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from flowstudio.engine.events import Event
from flowstudio.engine.journal import DamagedEvent
from flowstudio.ui.widgets import words

#: More events of one moment than this are told of, but not one by one.
_MOST_TOGETHER = 200
_RUN = {
    "run_started": "The run began.",
    "run_succeeded": "The run succeeded.",
    "run_cancelled": "The run was cancelled.",
}
_SIGNALS = {
    "cancel": "Somebody asked to cancel the run.",
    "pause": "Somebody asked to pause the run.",
    "resume": "The run was resumed.",
    "answer": "An answer came.",
}


def log_text(events: Iterable[Event | DamagedEvent], most: int = _MOST_TOGETHER) -> str:
    """Lines of JSON, one for each event that says something."""
    lines = [line for event in events if (line := _line(event)) is not None]
    if len(lines) > most:
        left_out = len(lines) - most
        lines = lines[-most:]
        gap = {"at": "", "path": "", "text": f"… {left_out:,} lines left out", "tone": "faint"}
        lines.insert(0, gap)
    return "".join(f"{json.dumps(line)}\n" for line in lines)


def _line(event: Event | DamagedEvent) -> dict[str, Any] | None:
    if isinstance(event, DamagedEvent):
        text = f"An entry of the journal is damaged: {event.reason}"
        return {"at": "", "path": event.path or "", "text": text, "tone": "bad"}
    said = _said(event)
    if said is None:
        return None
    text, tone = said
    at = event.at
    moment = f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"
    return {"at": moment, "path": event.path, "text": text[:2_000], "tone": tone}


def _said(event: Event) -> tuple[str, str] | None:
    data = event.data
    if event.type == "step_streamed":
        return (str(data["log"]), "said") if data.get("log") else None
    if event.type in _RUN:
        return _RUN[event.type], "good" if event.type == "run_succeeded" else "plain"
    if event.type == "run_failed":
        return f"The run failed: {(data.get('error') or {}).get('message', '')}", "bad"
    if event.type == "signal_received":
        return _SIGNALS.get(str(data.get("kind")), "A signal came."), "plain"
    return _of_step(event)


def _of_step(event: Event) -> tuple[str, str]:
    data = event.data
    attempt = int(data.get("attempt", 1))
    if event.type == "step_started":
        return (f"began attempt {attempt}" if attempt > 1 else "began"), "faint"
    if event.type == "step_skipped":
        return ("is disabled" if data.get("disabled") else "was skipped"), "faint"
    if event.type == "step_waiting":
        return f"waits: {data.get('message') or data.get('kind', '')}", "plain"
    if event.type == "step_failed":
        reason = (data.get("error") or {}).get("message", "")
        again = data.get("retry_in_s")
        rest = f" Tries again in {words.duration(again)}." if again is not None else ""
        return f"failed: {reason}{rest}", "bad"
    return _succeeded(event), "good"


def _succeeded(event: Event) -> str:
    data = event.data
    if data.get("kept"):
        return "kept from the run before"
    if event.path.rpartition("/")[2].isdigit():
        return "turn done"
    parts = ["was taken from the cache" if data.get("cached") else "succeeded"]
    if data.get("duration_s") is not None:
        parts.append(f"in {words.duration(data['duration_s'])}")
    if Decimal(data.get("cost_usd", "0")):
        parts.append(f"for {words.money(Decimal(data['cost_usd']))}")
    if usage := data.get("usage"):
        parts.append(f"with {words.count(sum(usage.values()), 'token')}")
    return " ".join(parts)
