"""Who is signed in, and in which of their projects they work."""

from dataclasses import dataclass
from typing import Any, TypedDict

import reflex as rx
from reflex.state import OnLoadInternalState

from flowstudio.services.access import Actor
from flowstudio.ui.backend import backend
from flowstudio.ui.guard import current_actor, guarded

_MOST_PROJECTS = 200


@dataclass(frozen=True, slots=True)
class ProjectOption:
    """A project the person belongs to."""

    id: str
    name: str
    role: str


class ProjectState(rx.State):
    """What the frame shows of the person, and their choice of project.

    None of it decides anything: each use of the choice is checked against the actor's memberships.

    Attributes:
        wished: the project this browser was in last; whatever it says, it is only a hint.
        current_id: the current one, or "" for a person without any.
    """

    wished: str = rx.LocalStorage(name="project")
    person: str = ""
    initial: str = ""
    role: str = ""
    is_admin: bool = False
    projects: list[ProjectOption] = []
    has_choice: bool = False
    current_id: str = ""

    @guarded("project.list")
    async def load(self) -> None:
        """Show who is signed in, and their projects."""
        actor = current_actor(self)
        self.person, self.role = actor.name, actor.role
        self.initial = actor.name[:1].upper()
        self.is_admin = actor.role == "admin"
        page = await backend().studio.projects.list_projects(actor, limit=_MOST_PROJECTS)
        self.projects = [
            ProjectOption(item.id, item.name, actor.role_in(item.id) or "") for item in page.items
        ]
        self.has_choice = len(self.projects) > 1
        self.current_id = choose(actor, self.wished)

    @guarded("project.list")
    async def choose(self, project_id: str) -> Any:
        """Work in another project, and show the page anew."""
        self.current_id = self.wished = choose(current_actor(self), project_id)
        return OnLoadInternalState.on_load_internal


def choose(actor: Actor, wished: object) -> str:
    """The wished project if it is one of the actor's, else the first they own, else any, else ""."""
    if isinstance(wished, str) and wished in actor.memberships:
        return wished
    owned = [name for name in actor.memberships if actor.role_in(name) == "owner"]
    return next(iter(owned or actor.memberships), "")


class ProjectFilter(TypedDict, total=False):
    """Limits a list to one project."""

    project_id: str


async def project_filter(state: rx.State) -> ProjectFilter:
    """For lists: those of the current project; of a person without any, all they may see."""
    project_id = await current_project(state)
    return {"project_id": project_id} if project_id else {}


async def current_project(state: rx.State) -> str:
    """Id of the project the person works in, or "" for a person without any."""
    chosen = await state.get_state(ProjectState)
    return choose(current_actor(state), chosen.wished)
