"""State of the page of a workflow's versions."""

from typing import Annotated

import reflex as rx
from pydantic import Field

from flowstudio.errors import ConflictError, NotFoundError
from flowstudio.services.access import Actor
from flowstudio.services.versions import VersionRef
from flowstudio.ui.backend import backend
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.versions.present import Sheet, is_narrow, sheets

#: A version's number, `draft` or `published`, as the panel says it.
_Wanted = Annotated[str, Field(pattern=r"^([1-9][0-9]{0,8}|draft|published)$")]


class VersionsState(rx.State):
    """A workflow's versions: two of them as pictures, beside the panel that lists them.

    Attributes:
        is_one: only one picture is shown, as nothing is compared.
        is_beside: both fit beside each other.
    """

    loaded: bool = False
    missing: bool = False
    panel_id: str = ""
    may_edit: bool = False
    title: str = ""
    is_one: bool = True
    is_beside: bool = False
    before: Sheet = Sheet()
    after: Sheet = Sheet()

    @guarded("version.read")
    async def load(self) -> None:
        """Show the draft beside what is published, or alone."""
        actor = current_actor(self)
        try:
            found = await backend().studio.workflows.get_stored(actor, self._workflow_id())
            self.panel_id, self.title = found.record.id, found.record.name
            self.may_edit = found.record.project_id in actor.projects_with("version.create")
            await self._show(actor, "published" if found.record.is_changed else "draft", "draft")
            self.missing = False
        except NotFoundError:
            self.missing = True
        self.loaded = True

    @guarded("version.read")
    async def compare(
        self, wanted: Annotated[list[_Wanted], Field(min_length=2, max_length=2)]
    ) -> None:
        """Show two documents, the earlier one first."""
        before, after = (_ref(text) for text in wanted)
        await self._show(current_actor(self), before, after)

    async def _show(self, actor: Actor, before: VersionRef, after: VersionRef) -> None:
        service = backend().studio.versions
        try:
            compared = await service.compare(actor, self._workflow_id(), before, after)
        except ConflictError:
            # It was unpublished meanwhile.
            compared = await service.compare(actor, self._workflow_id(), "draft", "draft")
        self.before, self.after = sheets(compared, backend().registry)
        self.is_one = compared.before.wanted == compared.after.wanted
        self.is_beside = not self.is_one and is_narrow(self.before, self.after)

    def _workflow_id(self) -> str:
        return str(getattr(self, "workflow_id", ""))


def _ref(text: str) -> VersionRef:
    if text == "draft":
        return "draft"
    return "published" if text == "published" else int(text)
