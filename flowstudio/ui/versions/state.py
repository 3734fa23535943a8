"""State of the page of a workflow's versions."""

import reflex as rx

from flowstudio.errors import NotFoundError
from flowstudio.ui.backend import backend
from flowstudio.ui.guard import current_actor, guarded


class VersionsState(rx.State):
    """Which workflow it is, and what may be done with it; the versions are read by the page."""

    loaded: bool = False
    missing: bool = False
    shown_id: str = ""
    may_edit: bool = False
    title: str = ""

    @guarded("version.read")
    async def load(self) -> None:
        """Find the workflow of the address."""
        actor = current_actor(self)
        try:
            found = await backend().studio.workflows.get_stored(actor, self._workflow_id())
            self.shown_id, self.title = found.record.id, found.record.name
            self.may_edit = found.record.project_id in actor.projects_with("version.create")
            self.missing = False
        except NotFoundError:
            self.missing = True
        self.loaded = True

    def _workflow_id(self) -> str:
        return str(getattr(self, "workflow_id", ""))
