"""State of the list of runs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import StringConstraints

from flowstudio.clock import utc_now
from flowstudio.engine.events import RunStatus, Trigger
from flowstudio.errors import ConflictError, JournalError, NotFoundError
from flowstudio.services.run_lists import RunFilter
from flowstudio.ui.backend import backend
from flowstudio.ui.current_project import project_filter
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.live import toast
from flowstudio.ui.presence import open_feed
from flowstudio.ui.runs.present import ListRow, dead_row, list_row, wanted
from flowstudio.ui.widgets import words

_PAGE = 50
_REFRESH_S = 1.5
_MOST_DEAD = 100
_MOVING = {"queued", "running", "waiting", "paused"}
Status = Literal[""] | RunStatus
Span = Literal["", "1h", "24h", "7d", "30d"]
Tab = Literal["all", "dead"]
Id = Annotated[str, StringConstraints(max_length=100)]


class RunsState(rx.State):
    """One page of the runs that fit the filters; "" filters nothing.

    Attributes:
        problem: why the list could not be read.
        picked: ids of the rows that are ticked.
        only_drafts: there is nothing to show but the hidden runs of drafts.
        dead_count: how many runs need somebody, in words.
    """

    loaded: bool = False
    cleared: int = 0
    problem: str = ""
    tab: str = "all"
    status: str = ""
    trigger: str = ""
    workflow_id: str = ""
    span: str = ""
    text: str = ""
    drafts: bool = False
    is_filtered: bool = False
    only_drafts: bool = False
    workflows: list[dict[str, str]] = []
    runs: list[ListRow] = []
    picked: list[str] = []
    dead_count: str = ""
    has_older: bool = False
    has_newer: bool = False
    _cursors: list[str] = []
    _address: str = ""

    @guarded("run.list")
    async def load(self) -> Any:
        """Fill the page, then keep it fresh; `?tab=dead` opens it with the runs that need somebody."""
        self._cursors, self.picked = [], []
        address = self.router.url.query
        if address != self._address:
            self._address = address
            self.tab = "dead" if self.router.url.query_parameters.get("tab") == "dead" else "all"
        await self._fill()
        self.loaded = True
        return RunsState.follow

    @guarded("run.list")
    async def show(self, status: Status) -> Any:
        """Show only runs of this status."""
        self.status = status
        return await self._from_the_start()

    @guarded("run.list")
    async def open_tab(self, tab: Tab) -> Any:
        """Show all runs, or those that need somebody."""
        self.tab = tab
        return await self._from_the_start()

    @guarded("run.list")
    async def choose_workflow(self, workflow_id: Id) -> Any:
        """Show only runs of this workflow."""
        self.workflow_id = workflow_id
        return await self._from_the_start()

    @guarded("run.list")
    async def choose_trigger(self, trigger: Literal[""] | Trigger) -> Any:
        """Show only runs that this began."""
        self.trigger = trigger
        return await self._from_the_start()

    @guarded("run.list")
    async def choose_span(self, span: Span) -> Any:
        """Show only runs made in so long a time."""
        self.span = span
        return await self._from_the_start()

    @guarded("run.list")
    async def find_text(self, text: str) -> Any:
        """Show only runs in which the text stands."""
        self.text = text.strip()[:200]
        return await self._from_the_start()

    @guarded("run.list")
    async def show_drafts(self, wish: bool) -> Any:
        """Show the editor's runs of drafts too, or hide them."""
        self.drafts = wish
        return await self._from_the_start()

    @guarded("run.list")
    async def clear_filters(self) -> Any:
        """Show everything again."""
        self.status = self.trigger = self.workflow_id = self.span = self.text = ""
        self.cleared += 1
        return await self._from_the_start()

    @guarded("run.list")
    async def older(self) -> Any:
        """Show the next page."""
        if self.runs and self.has_older:
            self._cursors.append(self.runs[-1].id)
        return await self._turn()

    @guarded("run.list")
    async def newer(self) -> Any:
        """Show the page before."""
        self._cursors = self._cursors[:-1]
        return await self._turn()

    @guarded("run.list")
    async def pick(self, run_id: Id) -> None:
        """Tick a row, or take the tick away."""
        if run_id in self.picked:
            self.picked = [each for each in self.picked if each != run_id]
        elif any(row.id == run_id for row in self.runs):
            self.picked = [*self.picked, run_id]

    @guarded("run.list")
    async def pick_all(self) -> None:
        """Tick every row of the page, or none."""
        every = [row.id for row in self.runs]
        self.picked = [] if len(self.picked) == len(every) else every

    @guarded("run.list")
    async def pick_none(self) -> None:
        """Take all ticks away."""
        self.picked = []

    @guarded("run.delete")
    async def delete_picked(self) -> Any:
        """Delete the ticked runs that have ended."""
        done = await backend().studio.removal.delete_several(current_actor(self), self.picked)
        said = f"Deleted {words.count(len(done.deleted), 'run')}."
        if done.refused:
            said += f" {words.count(len(done.refused), 'run')} not: cancel unfinished ones first."
        return await self._after(said)

    @guarded("run.steer")
    async def cancel_picked(self) -> Any:
        """Cancel the ticked runs that go on."""
        cancel = backend().runs.cancel
        return await self._each("Cancelled", lambda run_id: cancel(current_actor(self), run_id))

    @guarded("run.steer")
    async def rerun_picked(self) -> Any:
        """Run the ticked runs again, keeping what finished in those that failed."""
        rerun = backend().runs.rerun
        return await self._each("Began again", lambda run_id: rerun(current_actor(self), run_id))

    @guarded("run.list", background=True)
    async def follow(self) -> AsyncIterator[Any]:
        """Refresh while a shown run is under way and the page is open."""
        with open_feed(self, "run.list") as feed:
            while await feed.goes_on() and any(row.status in _MOVING for row in self.runs):
                await asyncio.sleep(_REFRESH_S)
                async with self:
                    await self._list_runs()
                yield

    async def _each(self, done: str, work: Callable[[str], Awaitable[object]]) -> Any:
        count, refused = 0, ""
        for run_id in self.picked:
            try:
                await work(run_id)
                count += 1
            except (ConflictError, NotFoundError) as error:
                refused = str(error)
        said = f"{done}: {words.count(count, 'run')}."
        return await self._after(f"{said} {refused}" if refused else said)

    async def _after(self, said: str) -> Any:
        self.picked = []
        await self._fill()
        return [toast(said), RunsState.follow]

    async def _from_the_start(self) -> Any:
        self._cursors = []
        return await self._turn()

    async def _turn(self) -> Any:
        self.picked = []
        await self._fill()
        return RunsState.follow

    async def _fill(self) -> None:
        self.problem = ""
        try:
            await self._look_around()
            await self._list_runs()
        except JournalError as error:
            self.problem = str(error)

    async def _list_runs(self) -> None:
        actor, now, runs = current_actor(self), utc_now(), backend().runs
        only = await self._only()
        before = self._cursors[-1] if self._cursors else None
        if self.tab == "dead":
            dead = await runs.list_dead(actor, limit=_PAGE + 1, before=before, **only)
            rows = [dead_row(each, now) for each in dead]
        else:
            found = await runs.list(
                actor, status=self.status or None, limit=_PAGE + 1, before=before, **only
            )
            rows = [list_row(run, now) for run in found]
            hides_drafts = not (rows or self.drafts or self.is_filtered)
            every = only | RunFilter(drafts=True)
            self.only_drafts = hides_drafts and bool(await runs.list(actor, limit=1, **every))
        self.runs, self.has_older = rows[:_PAGE], len(rows) > _PAGE
        self.has_newer = bool(self._cursors)
        shown = {row.id for row in self.runs}
        self.picked = [run_id for run_id in self.picked if run_id in shown]

    async def _only(self) -> RunFilter:
        filters = (self.workflow_id, self.trigger, self.span, self.text)
        self.is_filtered = any(filters) or (bool(self.status) and self.tab == "all")
        only = wanted(
            workflow_id=self.workflow_id,
            trigger=self.trigger,
            span=self.span,
            text=self.text,
            drafts=self.drafts,
            now=utc_now(),
        )
        return only | await project_filter(self)  # type: ignore[return-value]

    async def _look_around(self) -> None:
        actor, project = current_actor(self), await project_filter(self)
        count = await backend().runs.count_dead(actor, _MOST_DEAD, **project)
        self.dead_count = f"{_MOST_DEAD - 1}+" if count >= _MOST_DEAD else str(count or "")
        named = await backend().runs.list_workflows(actor, project.get("project_id"))
        self.workflows = [{"id": workflow_id, "name": name} for workflow_id, name in named]
        if self.workflow_id not in dict(named):
            # Of another project, which was looked at before.
            self.workflow_id = ""
