"""What becomes of the slots that have come: begun, put behind others, skipped, or missed. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from flowstudio.services.schedule_times import Times, due_at
from flowstudio.store.schedule_slots import Fate

Misfire = Literal["skip", "once", "all"]
Overlap = Literal["skip", "queue", "cancel"]

#: A slot begun later than this was missed.
GRACE = timedelta(seconds=60)
#: Missed slots that are written down one by one; of older ones the history only says so.
MOST_MISSED = 1_000
MOST_QUEUED = 100

_MISSED = "Missed: the studio was off, or the schedule was paused."
_LATE = "Late: begun after it was missed."
_FOR_ALL = "Late: one run for all that were missed."
_OVERLAPS = "Skipped: the run before had not ended."
_FULL = f"Skipped: {MOST_QUEUED} slots waited already."
_BEHIND = "Waits until the run before has ended."


@dataclass(frozen=True, slots=True)
class Come:
    """Slots that have come, in order.

    Attributes:
        next_slot: the first one that has not; None after the last.
        has_older: there were more before, too many to name.
    """

    slots: tuple[datetime, ...]
    next_slot: datetime | None
    has_older: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """What a schedule does with missed slots, and with slots while the run before goes on."""

    misfire: Misfire
    misfire_most: int
    overlap: Overlap


def slots_until(
    times: Times, first: datetime, now: datetime, schedule_id: str, jitter_s: int
) -> Come:
    """The slots from the first one on that are to be begun by now, by each slot's jitter."""
    later, has_older = times.latest(first, now, MOST_MISSED)
    come: list[datetime] = []
    for slot in (first, *later):
        if due_at(schedule_id, slot, jitter_s) > now:
            return Come(tuple(come), slot, has_older)
        come.append(slot)
    return Come(tuple(come), times.next(come[-1]), has_older)


def decide(
    come: Come, policy: Policy, due: Iterable[datetime], now: datetime, *, busy: bool, queued: int
) -> list[Fate]:
    """What becomes of each slot.

    Args:
        come: the slots.
        policy: of their schedule.
        due: when each of them was to be begun.
        now: the present moment.
        busy: a run of the schedule has not ended.
        queued: how many slots wait for that.
    """
    is_late = [now - moment > GRACE for moment in due]
    late = [slot for slot, was in zip(come.slots, is_late, strict=True) if was]
    timely = [slot for slot, was in zip(come.slots, is_late, strict=True) if not was]
    caught = _caught_up(late, policy, is_timely=bool(timely))
    fates = [Fate(slot, "missed", _MISSED) for slot in late if slot not in caught]
    if come.has_older and fates:
        fates[0] = replace(fates[0], reason=f"{_MISSED} More were missed before.")
    for slot in caught:
        # One after another, whatever is done with slots that come while a run goes on.
        reason = _FOR_ALL if policy.misfire == "once" else _LATE
        fates.append(_behind(slot, reason, queued) if busy else Fate(slot, "claimed", reason))
        queued += busy
        busy = True
    for slot in timely:
        fate = _beside(slot, policy.overlap, queued, busy=busy)
        fates.append(fate)
        queued += fate.state == "queued"
        busy = True
    return fates


def _caught_up(late: Sequence[datetime], policy: Policy, *, is_timely: bool) -> Sequence[datetime]:
    if policy.misfire == "once":
        # A slot that is on time is the one run for those that were missed as well.
        return () if is_timely else late[-1:]
    return late[-policy.misfire_most :] if policy.misfire == "all" else ()


def _beside(slot: datetime, overlap: Overlap, queued: int, *, busy: bool) -> Fate:
    if not busy or overlap == "cancel":
        return Fate(slot, "claimed")
    return Fate(slot, "skipped", _OVERLAPS) if overlap == "skip" else _behind(slot, "", queued)


def _behind(slot: datetime, reason: str, queued: int) -> Fate:
    if queued >= MOST_QUEUED:
        return Fate(slot, "skipped", _FULL)
    return Fate(slot, "queued", reason or _BEHIND)
