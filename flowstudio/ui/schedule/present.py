"""What the page of a schedule shows."""

import json
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flowstudio.services.schedule_words import day_and_time
from flowstudio.services.schedules import ScheduleView, SlotRecord
from flowstudio.services.wall_clock import read_zone
from flowstudio.ui.widgets import words
from flowstudio.ui.widgets.slots import ahead, slot_state

_MISFIRES = {
    "skip": "Not made up for",
    "once": "One run for all of them",
    "all": "Up to {most} of them, one after another",
}
_OVERLAPS = {
    "skip": "Skip the new one",
    "queue": "Wait until it has ended",
    "cancel": "Cancel it, and run the new one",
}


@dataclass(frozen=True, slots=True)
class TimeLine:
    """A time to come."""

    text: str
    rest: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of what a schedule is set to."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class SlotLine:
    """A time that has come."""

    id: str
    when: str
    status: str
    label: str
    reason: str
    href: str


def time_lines(view: ScheduleView, now: datetime) -> list[TimeLine]:
    """The next five times, each with how far away it is."""
    return [TimeLine(time.text, ahead(time.at, now)) for time in view.next_times]


def facts(view: ScheduleView) -> list[Fact]:
    """What a schedule is set to, besides its times."""
    record = view.record
    zone = read_zone(record.zone)
    found = [
        Fact("Runs as", record.owner or "nobody any more"),
        Fact("Missed times", _MISFIRES[record.misfire].format(most=record.misfire_most)),
        Fact("While a run goes on", _OVERLAPS[record.overlap]),
    ]
    if record.jitter_s:
        found.append(Fact("Begins up to", f"{record.jitter_s:,} seconds later"))
    if record.start_at is not None:
        found.append(Fact("From", day_and_time(record.start_at, zone)))
    if record.end_at is not None:
        found.append(Fact("Until", day_and_time(record.end_at, zone)))
    if record.max_cost_usd is not None:
        found.append(Fact("Costs at most", words.money(record.max_cost_usd)))
    if record.inputs:
        found.append(Fact("Inputs", json.dumps(record.inputs, ensure_ascii=False)[:500]))
    return found


def slot_line(slot: SlotRecord, zone: ZoneInfo) -> SlotLine:
    """A time that has come, with what became of it."""
    status, label = slot_state(slot)
    has_run = slot.state == "begun" and bool(slot.run_status)
    return SlotLine(
        id=slot.id,
        when=day_and_time(slot.slot_utc, zone),
        status=status,
        label=label,
        reason=slot.reason,
        href=f"/runs/{slot.run_id}" if has_run else "",
    )
