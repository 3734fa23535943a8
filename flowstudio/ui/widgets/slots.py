"""What became of a schedule's times, in words; times to come, in words."""

from datetime import datetime

from flowstudio.services.schedules import SlotRecord
from flowstudio.ui.widgets.pill import LABELS

_STATES = {
    "claimed": ("queued", "Begins"),
    "queued": ("queued", "Waits its turn"),
    "missed": ("stale", "Missed"),
    "skipped": ("skipped", "Skipped"),
    "failed": ("failed", "Not begun"),
}


def slot_state(slot: SlotRecord) -> tuple[str, str]:
    """The state of a slot, as pills carry it, and its word."""
    if slot.state != "begun":
        return _STATES[slot.state]
    if not slot.run_status:
        return "idle", "Run deleted"
    return slot.run_status, LABELS.get(slot.run_status, slot.run_status)


def ahead(moment: datetime, now: datetime) -> str:
    """How far away a moment is, coarsely: `in 5 min`, `in 3 h`, `in 12 days`."""
    seconds = (moment - now).total_seconds()
    if seconds < 60:
        return "in a moment"
    if seconds < 3600:
        return f"in {round(seconds / 60)} min"
    if seconds < 172_800:
        return f"in {round(seconds / 3600)} h"
    return f"in {round(seconds / 86_400)} days"
