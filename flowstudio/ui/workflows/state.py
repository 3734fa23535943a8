"""State of the list of workflows."""

from typing import Any, Literal, get_args

import reflex as rx

from flowstudio.clock import utc_now
from flowstudio.services.access import Actor
from flowstudio.services.workflows import Shelf, Sort
from flowstudio.ui.backend import backend
from flowstudio.ui.current_project import current_project
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.widgets.workflow_card import WorkflowCard, cards_of
from flowstudio.ui.workflows.present import (
    Crumb,
    FolderCard,
    TagChoice,
    crumbs_of,
    folders_in,
    paths_of,
    tags_of,
)

_PAGE = 48
_MOST_TAGS = 24


class WorkflowsState(rx.State):
    """The workflows of the current project; the address says which folder and tag are shown.

    Attributes:
        shape: `cards` or `list`; kept by the browser, and only ever compared.
        is_trash: those in the trash are shown; is_open: those outside of it, which can be opened.
        is_limited: a search or tag hides some.
        is_empty: the project has no workflow at all, outside the trash.
    """

    shape: str = rx.LocalStorage("cards", name="workflows")
    loaded: bool = False
    project_id: str = ""
    may_edit: bool = False
    search: str = ""
    cleared: int = 0
    sort: str = "-updated_at"
    folder: str = ""
    tag: str = ""
    is_trash: bool = False
    is_open: bool = True
    may_make: bool = False
    has_folders: bool = False
    has_crumbs: bool = False
    has_tags: bool = False
    is_limited: bool = False
    is_empty: bool = False
    workflows: list[WorkflowCard] = []
    folders: list[FolderCard] = []
    crumbs: list[Crumb] = []
    tags: list[TagChoice] = []
    all_folders: list[str] = []
    all_tags: list[str] = []
    has_more: bool = False
    _shown: int = _PAGE

    @guarded("project.list")
    async def load(self) -> None:
        """Show what the address names."""
        query = self.router.url.query_parameters
        self.folder, self.tag = query.get("folder", "")[:200], query.get("tag", "")[:40]
        self.is_trash = "trash" in query
        self.is_open = not self.is_trash
        self._shown = _PAGE
        await self._list_workflows()
        self.loaded = True

    @guarded("project.list")
    async def refresh(self) -> None:
        """Show the same anew, after something was done."""
        await self._list_workflows()

    @guarded("project.list")
    async def find(self, search: str) -> None:
        """Show workflows with the text in their name or a tag."""
        self.search, self._shown = search[:100], _PAGE
        await self._list_workflows()

    @guarded("project.list")
    async def show_all(self) -> Any:
        """Look for nothing, in all folders."""
        self.search, self.cleared = "", self.cleared + 1
        await self._list_workflows()
        return rx.redirect("/workflows")

    @guarded("project.list")
    async def order(self, sort: Sort) -> None:
        """Show them in another order."""
        self.sort, self._shown = sort, _PAGE
        await self._list_workflows()

    @guarded("project.list")
    async def shape_as(self, shape: Literal["cards", "list"]) -> None:
        """Show cards, or a list."""
        self.shape = shape

    @guarded("project.list")
    async def show_more(self) -> None:
        """Show the next workflows too."""
        self._shown *= 2
        await self._list_workflows()

    async def _list_workflows(self) -> None:
        actor: Actor = current_actor(self)
        self.project_id = await current_project(self)
        self.workflows, self.has_more = [], False
        if not self.project_id:
            self.is_empty = True
            return
        self.may_edit = self.project_id in actor.projects_with("workflow.edit")
        self.may_make = self.may_edit and self.is_open
        service = backend().studio.workflows
        found = await service.list_workflows(
            actor,
            self._shelf(),
            project_id=self.project_id,
            sort=self.sort if self.sort in get_args(Sort) else "-updated_at",  # type: ignore[arg-type]
            limit=self._shown,
        )
        self.has_more = found.next is not None
        self.workflows = await cards_of(actor, found.items, utc_now())
        await self._list_labels(actor)

    def _shelf(self) -> Shelf:
        if self.is_trash:
            return Shelf(search=self.search, is_trash=True)
        self.is_limited = bool(self.search or self.tag)
        tags = (self.tag,) if self.tag else ()
        # Whoever searches wants to find it, however deep it lies.
        return Shelf(self.search, tags, self.folder, below=self.is_limited)

    async def _list_labels(self, actor: Actor) -> None:
        labels = await backend().studio.workflows.labels(actor, self.project_id)
        self.is_empty = self.is_open and not labels.folders
        self.folders = [] if self.is_limited else folders_in(labels.folders, self.folder)
        self.crumbs = crumbs_of(self.folder)
        self.all_folders = paths_of(labels.folders)
        self.tags = tags_of(labels.tags, self.tag, self.folder)[:_MOST_TAGS]
        self.all_tags = [tag.name for tag in self.tags]
        self.has_folders = self.is_open and bool(self.folders)
        self.has_crumbs = self.is_open and bool(self.crumbs)
        self.has_tags = self.is_open and bool(self.tags)
