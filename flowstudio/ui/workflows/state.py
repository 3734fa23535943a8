"""State of the list of workflows."""

from dataclasses import dataclass

import reflex as rx

from flowstudio.clock import utc_now
from flowstudio.services.access import Actor
from flowstudio.ui.backend import backend
from flowstudio.ui.current_project import current_project
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.widgets import words

_PAGE = 50


@dataclass(frozen=True, slots=True)
class WorkflowLine:
    """One workflow."""

    id: str
    name: str
    href: str
    text: str
    action: str
    duplicate: str
    export: str
    file_name: str


class WorkflowsState(rx.State):
    """The workflows of the current project."""

    loaded: bool = False
    project_id: str = ""
    may_edit: bool = False
    search: str = ""
    may_search: bool = False
    workflows: list[WorkflowLine] = []
    has_more: bool = False
    _shown: int = _PAGE

    @guarded("project.list")
    async def load(self) -> None:
        """Fill the list."""
        self._shown = _PAGE
        await self._list_workflows()
        self.loaded = True

    @guarded("project.list")
    async def find(self, search: str) -> None:
        """Show workflows whose name holds the text."""
        self.search, self._shown = search[:100], _PAGE
        await self._list_workflows()

    @guarded("project.list")
    async def show_more(self) -> None:
        """Show the next workflows too."""
        self._shown = min(self._shown + _PAGE, 200)
        await self._list_workflows()

    async def _list_workflows(self) -> None:
        actor: Actor = current_actor(self)
        self.project_id = await current_project(self)
        self.workflows, self.has_more, self.may_search = [], False, False
        if not self.project_id:
            return
        self.may_edit = self.project_id in actor.projects_with("workflow.edit")
        found = await backend().studio.workflows.list_workflows(
            actor, project_id=self.project_id, search=self.search or None, limit=self._shown
        )
        now = utc_now()
        self.has_more = found.next is not None
        self.may_search = bool(self.search or found.items)
        self.workflows = [
            WorkflowLine(
                id=item.id,
                name=item.name,
                href=f"/workflows/{item.id}",
                text=f"changed {words.since(item.updated_at, now)}",
                action=f"/api/v1/workflows/{item.id}",
                duplicate=f"/api/v1/workflows/{item.id}/duplicate",
                export=f"/api/v1/workflows/{item.id}/export",
                file_name=f"{item.name}.json",
            )
            for item in found.items
        ]
