"""State of the list of runs."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Literal

import reflex as rx

from flowstudio.clock import utc_now
from flowstudio.ui.backend import backend
from flowstudio.ui.current_project import project_filter
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.presence import open_feed
from flowstudio.ui.widgets.run_table import RunRow, is_moving, run_row

_PAGE = 50
_REFRESH_S = 1.5
Filter = Literal["", "running", "waiting", "paused", "succeeded", "failed", "cancelled"]


class RunsState(rx.State):
    """The runs of one status, or of all (`status` is "")."""

    loaded: bool = False
    status: str = ""
    runs: list[RunRow] = []
    has_more: bool = False
    _shown: int = _PAGE

    @guarded("run.list")
    async def load(self) -> Any:
        """Fill the page, then keep it fresh."""
        self._shown = _PAGE
        await self._list_runs()
        self.loaded = True
        return RunsState.follow

    @guarded("run.list")
    async def show(self, status: Filter) -> Any:
        """Show only runs of this status."""
        self.status = status
        self._shown = _PAGE
        await self._list_runs()
        return RunsState.follow

    @guarded("run.list")
    async def show_more(self) -> None:
        """Show the next page of older runs too."""
        self._shown = min(self._shown + _PAGE, 1000)
        await self._list_runs()

    @guarded("run.list", background=True)
    async def follow(self) -> AsyncIterator[Any]:
        """Refresh while a shown run is under way and the page is open."""
        feed = open_feed(self, "run.list")
        while await feed.goes_on() and is_moving(self.runs):
            await asyncio.sleep(_REFRESH_S)
            async with self:
                await self._list_runs()
            yield
        feed.close()

    async def _list_runs(self) -> None:
        runs = await backend().runs.list(
            current_actor(self),
            status=self.status or None,
            limit=self._shown + 1,
            **await project_filter(self),
        )
        now = utc_now()
        self.runs = [run_row(run, now) for run in runs[: self._shown]]
        self.has_more = len(runs) > self._shown
