"""Rows of the list of schedules."""

from dataclasses import dataclass
from datetime import datetime

from flowstudio.services.schedules import ScheduleView
from flowstudio.ui.widgets.slots import ahead, slot_state


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """One schedule.

    Attributes:
        next: how far away its next time is; date: that time, as its zone's clocks show it.
        last: state of its latest slot; "" when none has come yet.
        note: why it paused itself.
    """

    id: str
    href: str
    title: str
    workflow: str
    words: str
    zone: str
    next: str
    date: str
    last: str
    last_label: str
    is_paused: bool
    note: str
    may_edit: bool
    may_run: bool


def schedule_row(
    view: ScheduleView, now: datetime, *, may_edit: bool, may_run: bool
) -> ScheduleRow:
    """A schedule as the list shows it."""
    record, first = view.record, view.next_times[0] if view.next_times else None
    last, label = slot_state(view.last) if view.last is not None else ("", "")
    return ScheduleRow(
        id=record.id,
        href=f"/schedules/{record.id}",
        title=record.name or record.workflow,
        workflow=record.workflow if record.name else "",
        words=view.words,
        zone=record.zone,
        next=ahead(first.at, now) if first is not None else "over",
        date=first.text if first is not None else "No time is left.",
        last=last,
        last_label=label,
        is_paused=record.is_paused,
        note=record.paused_reason,
        may_edit=may_edit,
        may_run=may_run,
    )
