"""Schedules: made, changed, paused, run at once, looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session

from flowstudio.errors import ConflictError, InvalidInputError, NotFoundError
from flowstudio.nodes.inputs import check_inputs, inputs_schema
from flowstudio.services.access import Actor, Target, authorize
from flowstudio.services.paging import Page
from flowstudio.services.schedule_ticks import ScheduleTicks, owner_of, target_of
from flowstudio.services.schedule_times import due_at
from flowstudio.services.schedule_wishes import (
    Checked,
    NextTime,
    Preview,
    ScheduleWish,
    check_wish,
    next_times,
    preview,
    times_of,
    wish_of,
)
from flowstudio.services.schedule_words import in_words, rule_of
from flowstudio.services.version_choice import choose
from flowstudio.services.workflow_access import NO_PROJECT, allowed_in
from flowstudio.store import audit
from flowstudio.store import schedule_slots as slots
from flowstudio.store import schedules as store
from flowstudio.store.schedule_slots import Fate, SlotRecord
from flowstudio.store.schedules import ScheduleFilter, ScheduleRecord

__all__ = [
    "ScheduleFilter",
    "ScheduleRecord",
    "ScheduleService",
    "ScheduleView",
    "ScheduleWish",
    "SlotRecord",
]

_TIMING = ("kind", "expression", "zone", "start", "end", "jitter_s")


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A schedule as it is shown.

    Attributes:
        words: when it comes.
        rule: what becomes of times that clocks skip or show twice.
        next_times: the next five slots, also of one that is paused.
        last: the latest slot that came.
    """

    record: ScheduleRecord
    words: str
    rule: str
    next_times: tuple[NextTime, ...]
    last: SlotRecord | None


@dataclass(frozen=True, slots=True)
class Published:
    """What a schedule of a workflow would run, as far as a form needs to know."""

    workflow: str
    schema: Mapping[str, Any]


class ScheduleService(ScheduleTicks):
    """Use cases of schedules; each asks `authorize` first."""

    # Looking

    async def list_schedules(
        self,
        actor: Actor,
        only: ScheduleFilter = ScheduleFilter(),  # noqa: B008 - it never changes
        *,
        project_id: str | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> Page[ScheduleView]:
        """Schedules of one project, or of all in which the actor may see them; newest first."""
        authorize(actor, "schedule.list")
        everywhere = actor.role == "operator"
        projects = None if everywhere else actor.projects_with("schedule.read")
        if project_id is not None:
            authorize(actor, "schedule.read", Target("schedule", "", project_id or NO_PROJECT))
            projects = (project_id,)

        def look(session: Session) -> list[ScheduleView]:
            found = store.list_schedules(session, projects, only, limit=limit + 1, after=after)
            last = slots.find_latest(session, [record.id for record in found])
            return [self._view(record, last.get(record.id)) for record in found]

        found = await self._parts.records.read(look)
        return Page(found[:limit], found[limit - 1].record.id if len(found) > limit else None)

    async def get(self, actor: Actor, schedule_id: str) -> ScheduleView:
        """A schedule.

        Raises:
            NotFoundError: there is none, or none that the actor may see.
        """

        def look(session: Session) -> ScheduleView:
            return self._shown(session, _allowed(session, actor, "schedule.read", schedule_id))

        return await self._parts.records.read(look)

    async def list_slots(
        self, actor: Actor, schedule_id: str, *, limit: int = 50, after: str | None = None
    ) -> Page[SlotRecord]:
        """What became of a schedule's times, the latest first.

        Raises:
            InvalidInputError: `after` is not where a list of slots ended.
        """
        before = _read_cursor(after) if after is not None else None

        def look(session: Session) -> list[SlotRecord]:
            _allowed(session, actor, "schedule.read", schedule_id)
            return slots.list_slots(session, schedule_id, limit=limit + 1, before=before)

        found = await self._parts.records.read(look)
        more = found[limit - 1].slot_utc.isoformat() if len(found) > limit else None
        return Page(found[:limit], more)

    async def preview(self, actor: Actor, wish: ScheduleWish) -> Preview:
        """The words and next five times of a schedule that is being written, or its problems."""
        authorize(actor, "schedule.preview")
        now = self._parts.clock.now()
        # In a thread: a rare time may take a moment to find.
        return await self._parts.records.read(lambda _: preview(wish, now))

    async def inputs_of(self, actor: Actor, workflow_id: str) -> Published:
        """The inputs that the published version of a workflow asks for.

        Raises:
            ConflictError: nothing is published.
        """

        def look(session: Session) -> Published:
            found = allowed_in(session, actor, "schedule.read", workflow_id)
            document = choose(session, found, "published").document()
            return Published(found.record.name, inputs_schema(document))

        return await self._parts.records.read(look)

    # Changing

    async def create(self, actor: Actor, workflow_id: str, wish: ScheduleWish) -> ScheduleView:
        """Let a workflow run by itself; the schedule belongs to the actor.

        Raises:
            ConflictError: nothing of the workflow is published.
            InvalidInputError: with every problem, also of the inputs.
        """
        now = self._parts.clock.now()

        def work(session: Session) -> ScheduleView:
            record = allowed_in(session, actor, "schedule.edit", workflow_id).record
            checked = _checked(session, actor, workflow_id, wish, now, now)
            found = store.add_schedule(
                session,
                project_id=record.project_id,
                workflow_id=workflow_id,
                owner_id=actor.id or None,
                is_paused=False,
                paused_reason="",
                next_slot_at=None,
                next_at=None,
                created_at=now,
                updated_at=now,
                **_columns(wish, checked),
            )
            found = store.change_schedule(session, found.id, **_first(found, checked))
            self._log(session, actor, "schedule.edit", found, created=True, when=found.expression)
            return self._shown(session, found)

        return await self._parts.records.write(work)

    async def edit(
        self, actor: Actor, schedule_id: str, changes: Mapping[str, Any]
    ) -> ScheduleView:
        """Change fields of `ScheduleWish`; new times count from now on.

        Raises:
            InvalidInputError: with every problem of the schedule as it would be.
        """
        now = self._parts.clock.now()

        def work(session: Session) -> ScheduleView:
            found = _allowed(session, actor, "schedule.edit", schedule_id)
            wish = replace(wish_of(found), **changes)
            checked = _checked(session, actor, found.workflow_id, wish, found.created_at, now)
            values = _columns(wish, checked) | {"updated_at": now}
            if any(name in changes for name in _TIMING):
                values |= _first(replace(found, jitter_s=wish.jitter_s), checked)
            found = store.change_schedule(session, schedule_id, **values)
            self._log(session, actor, "schedule.edit", found, fields=sorted(changes))
            return self._shown(session, found)

        return await self._parts.records.write(work)

    async def delete(self, actor: Actor, schedule_id: str) -> None:
        """Remove a schedule with its history; its runs stay."""

        def work(session: Session) -> None:
            found = _allowed(session, actor, "schedule.edit", schedule_id)
            store.remove_schedule(session, schedule_id)
            self._log(session, actor, "schedule.edit", found, deleted=True)

        await self._parts.records.write(work)

    async def pause(self, actor: Actor, schedule_id: str) -> ScheduleView:
        """Begin nothing until it is resumed; what comes meanwhile is missed."""

        def work(session: Session) -> ScheduleView:
            found = _allowed(session, actor, "schedule.edit", schedule_id)
            if not found.is_paused:
                found = store.change_schedule(
                    session, schedule_id, is_paused=True, paused_reason=""
                )
                self._log(session, actor, "schedule.edit", found, paused=True)
            return self._shown(session, found)

        return await self._parts.records.write(work)

    async def resume(self, actor: Actor, schedule_id: str) -> ScheduleView:
        """Begin again what comes; missed slots are treated as the schedule says.

        A schedule whose person cannot run it any more belongs to the actor from then on.

        Raises:
            ConflictError: that person is gone, and nobody with an account asks.
        """

        def work(session: Session) -> ScheduleView:
            found = _allowed(session, actor, "schedule.edit", schedule_id)
            if not found.is_paused:
                return self._shown(session, found)
            values: dict[str, Any] = {"is_paused": False, "paused_reason": ""}
            if not _is_fit(session, found):
                if not actor.id:
                    owner_of(session, found)
                values["owner_id"] = actor.id
            found = store.change_schedule(session, schedule_id, **values)
            self._log(session, actor, "schedule.edit", found, paused=False)
            return self._shown(session, found)

        return await self._parts.records.write(work)

    async def run_now(self, actor: Actor, schedule_id: str) -> SlotRecord:
        """Begin a run at once, as the actor; the schedule's own times stay as they are.

        Raises:
            ConflictError: it cannot be begun.
            QueueClosedError: the queue takes nothing new.
        """
        now = self._parts.clock.now()

        def work(session: Session) -> SlotRecord:
            found = _allowed(session, actor, "schedule.run", schedule_id)
            last = slots.find_latest(session, [schedule_id]).get(schedule_id)
            # A moment of its own, which no slot of the schedule's times has: those are whole seconds.
            moment = max(now, last.slot_utc) if last is not None else now
            moment += timedelta(microseconds=1)
            fate = Fate(moment, "claimed", f"Run at once by {actor.name}.")
            slots.add_slots(session, schedule_id, [fate])
            self._log(session, actor, "schedule.run", found)
            return slots.list_slots(session, schedule_id, limit=1)[0]

        slot = await self._parts.records.write(work)
        await self.begin(slot, actor)
        return await self._slot(slot)

    async def _slot(self, slot: SlotRecord) -> SlotRecord:
        found = await self._parts.records.read(lambda session: slots.get_slot(session, slot.id))
        if found.state == "failed":
            raise ConflictError(found.reason)
        return found

    # Showing

    def _shown(self, session: Session, record: ScheduleRecord) -> ScheduleView:
        return self._view(record, slots.find_latest(session, [record.id]).get(record.id))

    def _view(self, record: ScheduleRecord, last: SlotRecord | None) -> ScheduleView:
        now = self._parts.clock.now()
        wish = wish_of(record)
        try:
            words = in_words(wish.kind, wish.expression, wish.zone)
            rule = rule_of(wish.kind, wish.expression, wish.zone)
            times = next_times(times_of(record), wish.zone, now)
        except ValueError as error:
            # Its zone is not in the time zone database any more.
            return ScheduleView(record, str(error), "", (), last)
        return ScheduleView(record, words, rule, times, last)

    def _log(
        self, session: Session, actor: Actor, verb: str, found: ScheduleRecord, **details: Any
    ) -> None:
        audit.append(session, self._parts.entry(actor, verb, target_of(found), **details))


def _allowed(session: Session, actor: Actor, verb: str, schedule_id: str) -> ScheduleRecord:
    found = store.find_schedule(session, schedule_id)
    project_id = found.project_id if found is not None else NO_PROJECT
    authorize(actor, verb, Target("schedule", schedule_id, project_id))
    if found is None:
        message = "There is no such schedule."
        raise NotFoundError(message)
    return found


def _checked(
    session: Session,
    actor: Actor,
    workflow_id: str,
    wish: ScheduleWish,
    anchor: datetime,
    now: datetime,
) -> Checked:
    """Check the times and the inputs together."""
    document = choose(
        session, allowed_in(session, actor, "schedule.edit", workflow_id), "published"
    ).document()
    problems: list[str] = []
    found: Checked | None = None
    try:
        found = check_wish(wish, anchor, now)
    except InvalidInputError as error:
        problems += error.problems
    try:
        check_inputs(inputs_schema(document), wish.inputs)
    except InvalidInputError as error:
        problems += [f"inputs: {problem}" for problem in error.problems]
    if found is None or problems:
        raise InvalidInputError(problems)
    return found


def _columns(wish: ScheduleWish, checked: Checked) -> dict[str, Any]:
    return {
        "name": wish.name.strip(),
        "kind": wish.kind,
        "expression": wish.expression.strip(),
        "zone": wish.zone,
        "start_at": checked.start_at,
        "end_at": checked.end_at,
        "jitter_s": wish.jitter_s,
        "misfire": wish.misfire,
        "misfire_most": wish.misfire_most,
        "overlap": wish.overlap,
        "inputs": dict(wish.inputs),
        "max_cost_usd": wish.max_cost_usd,
    }


def _first(found: ScheduleRecord, checked: Checked) -> dict[str, Any]:
    due = due_at(found.id, checked.first, found.jitter_s)
    return {"next_slot_at": checked.first, "next_at": due}


def _is_fit(session: Session, schedule: ScheduleRecord) -> bool:
    try:
        owner_of(session, schedule)
    except ConflictError:
        return False
    return True


def _read_cursor(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InvalidInputError(["after: This is not where a list of slots ended."])
