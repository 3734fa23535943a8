"""Rows of the list of runs, and what its filters mean."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flowstudio.services.run_lists import DeadRun, RunFilter
from flowstudio.ui.widgets import words
from flowstudio.ui.widgets.run_table import RunRow, run_row
from flowstudio.ui.widgets.triggers import trigger_word

RANGES = {
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
_KINDS = {"failed": "Failed", "unknown": "Asks", "abandoned": "Left"}
_STATES = {"failed": "failed", "unknown": "waiting", "abandoned": "queued"}
_BRIEF = 400


@dataclass(frozen=True, slots=True)
class ListRow:
    """One run of the list.

    Attributes:
        note: its error, or why it needs somebody.
        at: ISO time it was made, for whoever points at `when`.
    """

    id: str
    href: str
    workflow: str
    inputs: str
    status: str
    label: str
    trigger: str
    steps: str
    since: str
    duration: str
    cost: str
    when: str
    at: str
    note: str
    is_rerun: bool


def list_row(run: Any, now: datetime) -> ListRow:
    """A run as the list shows it."""
    return _row(run_row(run, now), run, run.error or "")


def dead_row(dead: DeadRun, now: datetime) -> ListRow:
    """A run that needs somebody, with the reason."""
    row = run_row(dead.record, now)
    found = _row(row, dead.record, dead.reason)
    return ListRow(
        **{
            **{name: getattr(found, name) for name in found.__slots__},
            "status": _STATES[dead.kind],
            "label": _KINDS[dead.kind],
        }
    )


def _row(row: RunRow, run: Any, note: str) -> ListRow:
    return ListRow(
        id=row.id,
        href=row.href,
        workflow=row.workflow,
        inputs="" if row.inputs == "no inputs" else row.inputs,
        status=row.status,
        label=row.label,
        trigger=trigger_word(run.trigger),
        steps=row.steps,
        since=row.since,
        duration=row.duration,
        cost=row.cost,
        when=row.when,
        at=words.moment(run.created_at),
        note=note[:_BRIEF],
        is_rerun=bool(run.rerun_of),
    )


def wanted(
    *, workflow_id: str, trigger: str, span: str, text: str, drafts: bool, now: datetime
) -> RunFilter:
    """What the filters of the page ask for."""
    only = RunFilter(drafts=drafts)
    if workflow_id:
        only["workflow_id"] = workflow_id
    if trigger:
        only["trigger"] = trigger
    if text:
        only["text"] = text
    if span in RANGES:
        only["since"] = now - RANGES[span]
    return only
