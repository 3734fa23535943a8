"""State of the list of schedules."""

from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import StringConstraints

from flowstudio.clock import utc_now
from flowstudio.errors import JournalError
from flowstudio.services.schedules import ScheduleFilter
from flowstudio.ui.backend import backend
from flowstudio.ui.current_project import project_filter
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.live import toast
from flowstudio.ui.schedules.present import ScheduleRow, schedule_row

_PAGE = 50
_SHOWN = {"": None, "active": False, "paused": True}
Shown = Literal["", "active", "paused"]
Id = Annotated[str, StringConstraints(max_length=100)]


class SchedulesState(rx.State):
    """Schedules of the current project.

    Attributes:
        problem: why the list could not be read.
        may_create: the person may make one.
    """

    loaded: bool = False
    problem: str = ""
    shown: str = ""
    text: str = ""
    is_filtered: bool = False
    cleared: int = 0
    may_create: bool = False
    schedules: list[ScheduleRow] = []
    has_more: bool = False
    _limit: int = _PAGE

    @guarded("schedule.list")
    async def load(self) -> None:
        """Fill the page."""
        self._limit = _PAGE
        await self._fill()
        self.loaded = True

    @guarded("schedule.list")
    async def show(self, shown: Shown) -> None:
        """Show all, those that go on, or those that are paused."""
        self.shown = shown
        await self._fill()

    @guarded("schedule.list")
    async def find_text(self, text: str) -> None:
        """Show only those in whose name, or whose workflow's, the text stands."""
        self.text = text.strip()[:200]
        await self._fill()

    @guarded("schedule.list")
    async def clear_filters(self) -> None:
        """Show all again."""
        self.shown = self.text = ""
        self.cleared += 1
        await self._fill()

    @guarded("schedule.list")
    async def more(self) -> None:
        """Show older ones as well."""
        self._limit += _PAGE
        await self._fill()

    @guarded("schedule.edit")
    async def pause(self, schedule_id: Id) -> None:
        """Let one begin nothing."""
        await backend().studio.schedules.pause(current_actor(self), schedule_id)
        await self._fill()

    @guarded("schedule.edit")
    async def resume(self, schedule_id: Id) -> None:
        """Let one go on."""
        await backend().studio.schedules.resume(current_actor(self), schedule_id)
        await self._fill()

    @guarded("schedule.run")
    async def run_now(self, schedule_id: Id) -> Any:
        """Run one at once."""
        slot = await backend().studio.schedules.run_now(current_actor(self), schedule_id)
        await self._fill()
        return [toast("It runs."), rx.redirect(f"/runs/{slot.run_id}")]

    async def _fill(self) -> None:
        actor, now, self.problem = current_actor(self), utc_now(), ""
        only = ScheduleFilter(is_paused=_SHOWN[self.shown], text=self.text)
        self.is_filtered = bool(self.shown or self.text)
        project = await project_filter(self)
        try:
            page = await backend().studio.schedules.list_schedules(
                actor, only, limit=self._limit, **project
            )
        except JournalError as error:
            self.problem = str(error)
            return
        editable, runnable = (
            set(actor.projects_with(verb)) for verb in ("schedule.edit", "schedule.run")
        )
        self.schedules = [
            schedule_row(
                view,
                now,
                may_edit=view.record.project_id in editable,
                may_run=view.record.project_id in runnable,
            )
            for view in page.items
        ]
        self.has_more = page.next is not None
        chosen = project.get("project_id")
        self.may_create = chosen in editable if chosen else bool(editable)
