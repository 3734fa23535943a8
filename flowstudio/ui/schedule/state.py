"""State of the page of a schedule."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import reflex as rx

from flowstudio.clock import utc_now
from flowstudio.errors import NotFoundError
from flowstudio.services.schedules import ScheduleView
from flowstudio.services.wall_clock import read_zone
from flowstudio.ui.backend import backend
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.live import toast
from flowstudio.ui.presence import open_feed
from flowstudio.ui.schedule.present import (
    Fact,
    SlotLine,
    TimeLine,
    facts,
    slot_line,
    time_lines,
)

_PAGE = 25
_REFRESH_S = 1.5
_MOVING = {"queued", "running", "waiting", "paused"}


class ScheduleState(rx.State):
    """One schedule.

    Attributes:
        paused_reason: why it paused itself; "" when somebody did it.
        is_over: no time is left.
    """

    loaded: bool = False
    missing: bool = False
    may_edit: bool = False
    may_run: bool = False
    title: str = ""
    workflow: str = ""
    workflow_href: str = ""
    edit_href: str = ""
    words: str = ""
    rule: str = ""
    expression: str = ""
    zone: str = ""
    times: list[TimeLine] = []
    facts: list[Fact] = []
    slots: list[SlotLine] = []
    has_more: bool = False
    is_paused: bool = False
    is_over: bool = False
    paused_reason: str = ""
    _limit: int = _PAGE

    @guarded("schedule.read")
    async def load(self) -> Any:
        """Show the schedule of the address, then keep its history fresh."""
        self._limit = _PAGE
        try:
            await self._fill()
            self.missing = False
        except NotFoundError:
            self.missing = True
        self.loaded = True
        return ScheduleState.follow

    @guarded("schedule.read")
    async def more(self) -> Any:
        """Show older times as well."""
        self._limit *= 2
        await self._fill()

    @guarded("schedule.edit")
    async def pause(self) -> Any:
        """Let it begin nothing."""
        await backend().studio.schedules.pause(current_actor(self), self._id())
        await self._fill()

    @guarded("schedule.edit")
    async def resume(self) -> Any:
        """Let it go on."""
        await backend().studio.schedules.resume(current_actor(self), self._id())
        await self._fill()

    @guarded("schedule.run")
    async def run_now(self) -> Any:
        """Run it at once."""
        await backend().studio.schedules.run_now(current_actor(self), self._id())
        await self._fill()
        return [toast("It runs."), ScheduleState.follow]

    @guarded("schedule.edit")
    async def delete(self) -> Any:
        """Remove it with its history."""
        await backend().studio.schedules.delete(current_actor(self), self._id())
        return [toast("The schedule is deleted."), rx.redirect("/schedules")]

    @guarded("schedule.read", background=True)
    async def follow(self) -> AsyncIterator[Any]:
        """Refresh while a run of it is under way and the page is open."""
        with open_feed(self, "schedule.read") as feed:
            while await feed.goes_on() and any(slot.status in _MOVING for slot in self.slots):
                await asyncio.sleep(_REFRESH_S)
                async with self:
                    await self._fill()
                yield

    def _id(self) -> str:
        return str(getattr(self, "schedule_id", ""))

    async def _fill(self) -> None:
        actor, schedules = current_actor(self), backend().studio.schedules
        view = await schedules.get(actor, self._id())
        page = await schedules.list_slots(actor, self._id(), limit=self._limit)
        zone = read_zone(view.record.zone)
        self.slots = [slot_line(slot, zone) for slot in page.items]
        self.has_more = page.next is not None
        project_id = view.record.project_id
        self.may_edit = project_id in actor.projects_with("schedule.edit")
        self.may_run = project_id in actor.projects_with("schedule.run")
        self._show(view)

    def _show(self, view: ScheduleView) -> None:
        record = view.record
        self.title = record.name or record.workflow
        self.workflow = record.workflow
        self.workflow_href = f"/workflows/{record.workflow_id}"
        self.edit_href = f"/schedules/{record.id}/edit"
        self.words, self.rule, self.zone = view.words, view.rule, record.zone
        self.expression = record.expression if record.kind == "cron" else ""
        self.times, self.facts = time_lines(view, utc_now()), facts(view)
        self.is_paused, self.paused_reason = record.is_paused, record.paused_reason
        self.is_over = not view.next_times
