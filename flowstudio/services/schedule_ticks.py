"""Schedules firing: slots that have come are claimed once, and their runs begun.

Any number of processes tick over one database. Whoever moves a schedule on to its next slot has the
slots before it, and writes down in the same transaction what becomes of them, with the ids of their
runs. Runs are begun afterwards, by those ids: a slot that is claimed and not begun, since a process
died in between, is begun by the next tick of any process, and making a run twice makes one.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlmodel import Session

from flowstudio.errors import (
    AccessDeniedError,
    ConflictError,
    FlowStudioError,
    InvalidDocumentError,
    InvalidInputError,
    NotFoundError,
    QueueClosedError,
)
from flowstudio.services.access import OPERATOR, Actor, Target
from flowstudio.services.origin import Origin
from flowstudio.services.people import as_actor
from flowstudio.services.runs import RunService
from flowstudio.services.schedule_notices import tell_of_missed, tell_of_pause
from flowstudio.services.schedule_plans import Come, Policy, decide, slots_until
from flowstudio.services.schedule_times import due_at
from flowstudio.services.schedule_wishes import times_of
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.workflow_runs import RunWish, WorkflowRuns
from flowstudio.store import audit, sessions, users
from flowstudio.store import schedule_slots as slots
from flowstudio.store import schedules as store
from flowstudio.store.schedule_slots import SlotRecord
from flowstudio.store.schedules import ScheduleRecord

log = logging.getLogger(__name__)

#: Longest wait: what other processes change is seen after so long at most.
_EVERY_S = 5.0
_QUEUED_EVERY_S = 1.0
_TOGETHER = 100
_REPLACED = "Cancelled: the next slot came."
#: What no later try mends: somebody has to look at it.
_REFUSALS = (
    AccessDeniedError,
    ConflictError,
    InvalidDocumentError,
    InvalidInputError,
    NotFoundError,
)


@dataclass(frozen=True, slots=True)
class _Due:
    """A schedule whose slots have come; None when its times do not read, for the reason given."""

    schedule: ScheduleRecord
    come: Come | None
    reason: str = ""


class ScheduleTicks:
    """The part of schedules that goes on by itself."""

    def __init__(self, parts: StudioParts, workflows: WorkflowRuns, runs: RunService) -> None:
        self._parts = parts
        self._workflows = workflows
        self._runs = runs

    async def serve(self) -> None:
        """Tick whenever a slot comes, until cancelled."""
        while True:
            wait_s = _EVERY_S
            try:
                wait_s = await self.tick()
            except FlowStudioError as error:
                log.warning("Schedules could not be looked through: %s", error)
            await self._parts.clock.sleep(wait_s)

    async def tick(self) -> float:
        """Begin what has come by now; gives in how many seconds to look again."""
        now, records = self._parts.clock.now(), self._parts.records
        due, has_open = await records.read(
            lambda session: (_list_due(session, now), slots.has_open(session))
        )
        if not due and not has_open:
            return await self._wait_s(_EVERY_S)
        for each in due:
            await records.write(partial(self._claim, due=each, now=now))
        has_queued = await records.read(slots.has_queued)
        if has_queued:
            await records.write(slots.release_queued)
        await self._begin_all(
            await records.read(lambda session: slots.list_claimed(session, _TOGETHER))
        )
        if len(due) == _TOGETHER:
            return 0
        return await self._wait_s(_QUEUED_EVERY_S if has_queued else _EVERY_S)

    async def _wait_s(self, most_s: float) -> float:
        found = await self._parts.records.read(store.find_next_due)
        if found is None:
            return most_s
        left_s = (found - self._parts.clock.now()).total_seconds()
        return min(max(left_s, 0.05), most_s)

    # Claiming

    def _claim(self, session: Session, due: _Due, now: datetime) -> None:
        schedule, come = due.schedule, due.come
        if come is None:
            self._pause(session, schedule, due.reason)
            return
        following = come.next_slot
        begins = due_at(schedule.id, following, schedule.jitter_s) if following else None
        if not store.advance(session, schedule, following, begins):
            return
        moments = [due_at(schedule.id, slot, schedule.jitter_s) for slot in come.slots]
        fates = decide(
            come,
            _policy(schedule),
            moments,
            now,
            busy=bool(slots.list_unfinished(session, schedule.id)),
            queued=slots.count_queued(session, schedule.id),
        )
        if schedule.overlap == "cancel":
            slots.drop_queued(session, schedule.id, come.slots[-1], _REPLACED)
        slots.add_slots(session, schedule.id, fates)
        if missed := [fate.slot for fate in fates if fate.state == "missed"]:
            tell_of_missed(session, schedule, missed, now)

    # Beginning

    async def _begin_all(self, found: Sequence[SlotRecord]) -> None:
        for slot in found:
            try:
                await self.begin(slot)
            except FlowStudioError as error:
                # It stays claimed, for the next tick; the others need not wait for that.
                log.warning("Slot %s could not be begun yet: %s", slot.id, error)

    async def begin(self, slot: SlotRecord, actor: Actor | None = None) -> None:
        """Begin the run of a claimed slot, unless it is begun.

        Without an actor, as the person whom the schedule belongs to, by their present rights. When
        that cannot be, the slot says why, and without an actor its schedule pauses.

        Raises:
            QueueClosedError: it takes nothing new. Without an actor the slot stays claimed, for a
                later tick; a person is told now, and not surprised by a run later.
        """
        if not await self._runs.take_up(slot.run_id):
            try:
                await self._run(slot, actor)
            except _REFUSALS as error:
                give_up = partial(self._give_up, slot=slot, reason=_said(error), pause=not actor)
                await self._parts.records.write(give_up)
                return
            except QueueClosedError as error:
                if actor is not None:
                    give_up = partial(self._give_up, slot=slot, reason=str(error), pause=False)
                    await self._parts.records.write(give_up)
                raise
        now = self._parts.clock.now()
        await self._parts.records.write(
            lambda session: slots.settle(session, slot.id, "claimed", "begun", fired_at=now)
        )

    async def _run(self, slot: SlotRecord, actor: Actor | None) -> None:
        def look(session: Session) -> tuple[ScheduleRecord | None, Actor, list[str]]:
            schedule = store.find_schedule(session, slot.schedule_id)
            if schedule is None:
                return None, OPERATOR, []
            former = slots.list_unfinished(session, schedule.id, slot.slot_utc)
            return schedule, actor or owner_of(session, schedule), former

        schedule, who, former = await self._parts.records.read(look)
        if schedule is None:
            return
        if schedule.overlap == "cancel":
            await self._cancel(who, former)
        wish = RunWish(
            schedule.inputs,
            schedule.max_cost_usd,
            version="published",
            trigger="schedule",
            queue="triggered",
            run_id=slot.run_id,
        )
        at = slot.slot_utc.isoformat()
        told = {"flowstudio.schedule.id": schedule.id, "flowstudio.slot.at": at}
        with self._runs.span("schedule slot", told):
            await self._workflows.run(who, schedule.workflow_id, wish)

    async def _cancel(self, actor: Actor, run_ids: list[str]) -> None:
        for run_id in run_ids:
            try:
                await self._runs.cancel(actor, run_id)
            except (ConflictError, NotFoundError):
                log.debug("Run %s has ended before it could be cancelled", run_id)

    def _give_up(self, session: Session, slot: SlotRecord, reason: str, *, pause: bool) -> None:
        if not slots.settle(session, slot.id, "claimed", "failed", reason=reason, run_id=""):
            return
        schedule = store.find_schedule(session, slot.schedule_id)
        if pause and schedule is not None:
            self._pause(session, schedule, reason)

    def _pause(self, session: Session, schedule: ScheduleRecord, reason: str) -> None:
        if schedule.is_paused:
            return
        store.change_schedule(session, schedule.id, is_paused=True, paused_reason=reason)
        target = target_of(schedule)
        entry = self._parts.entry(OPERATOR, "schedule.edit", target, paused=True, reason=reason)
        audit.append(session, entry)
        tell_of_pause(session, schedule, reason, self._parts.clock.now())


def owner_of(session: Session, schedule: ScheduleRecord) -> Actor:
    """The person a schedule belongs to, with their present memberships.

    Raises:
        ConflictError: they have left, or may not come in any more.
    """
    user = users.find_user(session, schedule.owner_id) if schedule.owner_id else None
    again = "Somebody who may edit it can make it theirs by resuming it."
    if user is None:
        raise ConflictError(f"The person this schedule belonged to is gone. {again}")
    if not user.is_active:
        raise ConflictError(f"The account of {user.name} is disabled. {again}")
    roles = sessions.find_roles(session, user.id)
    if schedule.project_id not in roles:
        raise ConflictError(f"{user.name} has left this project. {again}")
    return as_actor(user, Origin(), roles)


def target_of(schedule: ScheduleRecord) -> Target:
    """A schedule as the audit log names it."""
    return Target("schedule", schedule.id, schedule.project_id)


def _list_due(session: Session, now: datetime) -> list[_Due]:
    return [_come(schedule, now) for schedule in store.list_due(session, now, _TOGETHER)]


def _come(schedule: ScheduleRecord, now: datetime) -> _Due:
    first = schedule.next_slot_at or now
    try:
        times = times_of(schedule)
    except ValueError as error:
        # What was checked when it was kept: a zone may be taken out of the time zone database.
        return _Due(schedule, None, str(error))
    return _Due(schedule, slots_until(times, first, now, schedule.id, schedule.jitter_s))


def _policy(schedule: ScheduleRecord) -> Policy:
    return Policy(
        schedule.misfire,  # type: ignore[arg-type]
        schedule.misfire_most,
        schedule.overlap,  # type: ignore[arg-type]
    )


def _said(error: Exception) -> str:
    if isinstance(error, InvalidDocumentError):
        return f"What is published cannot run: {error}"
    if isinstance(error, InvalidInputError):
        return f"The inputs do not fit what is published: {error}"
    return str(error)
