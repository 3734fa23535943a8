"""State of the list of projects."""

from dataclasses import dataclass

import reflex as rx

from flowstudio.clock import utc_now
from flowstudio.ui.backend import backend
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.widgets import words


@dataclass(frozen=True, slots=True)
class ProjectLine:
    """One project."""

    id: str
    name: str
    href: str
    role: str
    text: str


class ProjectsState(rx.State):
    """The projects a person belongs to."""

    loaded: bool = False
    may_create: bool = False
    projects: list[ProjectLine] = []

    @guarded("project.list")
    async def load(self) -> None:
        """Fill the list."""
        actor, now = current_actor(self), utc_now()
        found = await backend().studio.projects.list_projects(actor, limit=200)
        self.projects = [
            ProjectLine(
                item.id,
                item.name,
                f"/projects/{item.id}",
                actor.role_in(item.id) or "",
                f"made {words.since(item.created_at, now)}",
            )
            for item in found.items
        ]
        self.may_create = actor.role in ("user", "admin")
        self.loaded = True
