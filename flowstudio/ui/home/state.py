"""State of the first page."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import reflex as rx

from flowstudio.clock import utc_now
from flowstudio.ui.backend import backend
from flowstudio.ui.current_project import current_project, project_filter
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.home.present import Card, card
from flowstudio.ui.presence import open_feed
from flowstudio.ui.widgets.prediction import cost_of_defaults
from flowstudio.ui.widgets.run_table import RunRow, is_moving, run_row
from flowstudio.ui.widgets.workflow_card import WorkflowCard, cards_of

_RECENT = 8
_WORKFLOWS = 4
_REFRESH_S = 1.5


class HomeState(rx.State):
    """The workflows changed last, the gallery and the latest runs.

    Attributes:
        project_id: where copies and new workflows go; "" when the person may make none.
    """

    loaded: bool = False
    project_id: str = ""
    workflows: list[WorkflowCard] = []
    has_more: bool = False
    cards: list[Card] = []
    runs: list[RunRow] = []

    @guarded("template.read")
    async def load(self) -> Any:
        """Fill the page, then keep the runs fresh."""
        actor = current_actor(self)
        self.cards = [
            card(item, backend().registry, await cost_of_defaults(actor, item.document))
            for item in backend().templates.list(actor)
        ]
        await self._list_workflows()
        await self._list_runs()
        self.loaded = True
        return HomeState.follow

    @guarded("run.list", background=True)
    async def follow(self) -> AsyncIterator[Any]:
        """Refresh the runs while one of them is under way and the page is open."""
        with open_feed(self, "run.list") as feed:
            while await feed.goes_on() and is_moving(self.runs):
                await asyncio.sleep(_REFRESH_S)
                async with self:
                    await self._list_runs()
                yield

    async def _list_workflows(self) -> None:
        actor = current_actor(self)
        project_id = await current_project(self)
        may_make = project_id in actor.projects_with("workflow.create")
        self.project_id = project_id if may_make else ""
        self.workflows, self.has_more = [], False
        if not project_id:
            return
        found = await backend().studio.workflows.list_workflows(
            actor, project_id=project_id, limit=_WORKFLOWS
        )
        self.workflows = await cards_of(actor, found.items, utc_now())
        self.has_more = found.next is not None

    @guarded("template.read")
    async def refresh(self) -> None:
        """List the workflows anew, after some were imported."""
        await self._list_workflows()

    async def _list_runs(self) -> None:
        project = await project_filter(self)
        runs = await backend().runs.list(current_actor(self), limit=_RECENT, **project)
        now = utc_now()
        self.runs = [run_row(run, now) for run in runs]
