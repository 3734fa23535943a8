"""The queue in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flowstudio.services.queue import QueueView, Rate, RunLimit, WorkerView
from flowstudio.ui.widgets import words

_TEXTS = {
    "interactive": "Runs that somebody looks on at. They go first.",
    "triggered": "Schedules, webhooks and forms.",
    "batch": "Whatever may wait. It goes last.",
}
_SCOPES = {"instance": "All runs together", "project": "Project", "workflow": "Workflow"}


@dataclass(frozen=True, slots=True)
class QueueCard:
    """One queue; `mark` changes with what it is told."""

    name: str
    title: str
    text: str
    waiting: str
    oldest: str
    running: str
    ended: str
    delayed: str
    state: str
    tone: str
    is_paused: bool
    is_draining: bool
    action: str
    mark: str


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """One process that advances runs."""

    name: str
    where: str
    text: str
    load: str
    state: str
    tone: str


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One limit or rate, and how it is taken away."""

    key: str
    title: str
    text: str
    action: str
    extra: dict[str, str | int | None]


def queue_card(view: QueueView, now: datetime) -> QueueCard:
    """A queue as its card shows it."""
    depth, state = view.depth, view.state
    told = "paused" if state.is_paused else "draining" if state.is_draining else "open"
    oldest = depth.oldest_at
    return QueueCard(
        name=view.name,
        title=view.name.capitalize(),
        text=_TEXTS[view.name],
        waiting=f"{depth.waiting:,}",
        oldest=words.duration((now - oldest).total_seconds()) if oldest else "none",
        running=f"{depth.running:,}",
        ended=f"{depth.ended:,}",
        delayed=f"{depth.delayed:,}",
        state=told,
        tone="good" if told == "open" else "warn",
        is_paused=state.is_paused,
        is_draining=state.is_draining,
        action=f"/api/v1/queue/{view.name}",
        mark=f"{view.name}-{told}",
    )


def worker_row(view: WorkerView, now: datetime) -> WorkerRow:
    """A worker as its row shows it."""
    worker = view.worker
    kind = "Web process" if worker.kind == "web" else "Worker"
    return WorkerRow(
        name=worker.name,
        where=f"{kind} on {worker.host}",
        text=f"process {worker.pid} · {', '.join(worker.queues)} · "
        f"since {words.moment(worker.started_at)}",
        load=f"{worker.running:,} of {worker.concurrency:,}",
        state=f"not heard of for {words.duration((now - worker.seen_at).total_seconds())}"
        if view.is_lost
        else "working",
        tone="bad" if view.is_lost else "good",
    )


def limit_row(limit: RunLimit, names: Mapping[str, str]) -> LimitRow:
    """A limit as its row shows it; `names` are by id."""
    action = {
        "instance": "/api/v1/queue/limits/instance",
        "project": f"/api/v1/projects/{limit.object_id}/run-limit",
        "workflow": f"/api/v1/workflows/{limit.object_id}/run-limit",
    }[limit.scope]
    title = f"{_SCOPES[limit.scope]} {_name(names, limit.object_id)}".strip()
    text = f"At most {words.count(limit.most_at_once, 'run')} at once."
    return LimitRow(f"{limit.scope}-{limit.object_id}", title, text, action, {"most_at_once": None})


def rate_row(rate: Rate, names: Mapping[str, str]) -> LimitRow:
    """A rate as its row shows it; `names` are by id."""
    return LimitRow(
        f"{rate.kind}-{rate.key}",
        f"{rate.kind.capitalize()} {_name(names, rate.key)}",
        f"At most {words.count(rate.calls, 'call')} in {rate.per_s:g} s.",
        "/api/v1/queue/rates",
        {"kind": rate.kind, "key": rate.key, "calls": None},
    )


def _name(names: Mapping[str, str], key: str) -> str:
    # A model's key is its name; what is gone has nothing but its id.
    return f"“{names[key]}”" if key in names else key
