"""State of the editor: next to nothing, since the document is in the browser and in SQL."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import reflex as rx

from flowstudio.errors import NotFoundError
from flowstudio.scale.channels import Listener, Message
from flowstudio.ui.backend import backend
from flowstudio.ui.editor.presence import Presence
from flowstudio.ui.editor.telling import frames_of
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.live import push
from flowstudio.ui.presence import open_feed

_WINDOW_S = 0.04
_IDLE_S = 1.0
_MOST_TOGETHER = 200


class EditorState(rx.State):
    """One open editor."""

    _tab: str = ""

    @guarded("workflow.read")
    async def load(self) -> Any:
        """Follow the workflow that the address names; also after a lost connection."""
        return EditorState.follow

    @guarded("workflow.read", background=True)
    async def follow(self) -> AsyncIterator[Any]:
        """Pass on what happens to the workflow until the page is left."""
        workflow_id, workflows = self._id(), backend().studio.workflows
        user_id = current_actor(self).id
        if not workflow_id:
            return

        rights: dict[str, bool] = {}

        async def look() -> None:
            actor = current_actor(self)
            project_id = (await workflows.get_stored(actor, workflow_id)).record.project_id
            rights["may_edit"] = project_id in actor.projects_with("workflow.edit")
            rights["may_run"] = project_id in actor.projects_with("workflow.run")

        try:
            await look()
        except NotFoundError:
            # The page says so itself.
            return
        channels = backend().studio.parts.channels
        with (
            open_feed(self, "workflow.read", look, about=workflow_id) as feed,
            channels.listen(f"workflow:{workflow_id}") as listener,
        ):
            gathering = Gathering(listener)
            try:
                # What happened before it was listened for, the page asks for.
                yield push(("edit", "", {"t": "hello"}))
                told = dict(rights)
                while await feed.goes_on():
                    if rights != told:
                        told = dict(rights)
                        yield push(("edit", "", {"t": "rights", **told}))
                    if messages := await gathering.next():
                        for message in messages:
                            backend().studio.drafts.heard(workflow_id, message)
                        for operations in frames_of(messages):
                            yield push(*operations)
            finally:
                if self._tab and not feed.is_renewed:
                    gone = {"t": "people", "tab": self._tab, "user_id": user_id, "gone": True}
                    channels.publish(f"workflow:{workflow_id}", gone)

    @guarded("workflow.read")
    async def present(self, presence: Presence) -> None:
        """Tell the others who have the workflow open of this person."""
        actor, workflow_id = current_actor(self), self._id()
        found = await backend().studio.workflows.get_stored(actor, workflow_id)
        self._tab = presence.tab
        name = await backend().studio.changes.person(actor)
        told = {"t": "people", "user_id": actor.id, "name": name} | presence.model_dump()
        backend().studio.parts.channels.publish(f"workflow:{found.record.id}", told)

    def _id(self) -> str:
        return str(getattr(self, "workflow_id", ""))


class Gathering:
    """What a listener hears, in batches at least 40 ms apart.

    What comes after a quiet moment goes out at once, with what is there by then. Text does so always:
    it has been gathered before it was told.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._passed_at = float("-inf")

    async def next(self) -> list[Message]:
        """The next batch; nothing after an idle second."""
        listener, now = self._listener, asyncio.get_running_loop().time
        messages: list[Message] = []
        window_s = _IDLE_S
        try:
            while len(messages) < _MOST_TOGETHER:
                async with asyncio.timeout(window_s):
                    messages.append(await listener.get())
                is_text = messages[-1]["t"] == "text"
                window_s = 0 if is_text else max(0, self._passed_at + _WINDOW_S - now())
        except TimeoutError:
            pass
        if messages:
            self._passed_at = now()
        if listener.has_lost:
            # A connection may have been lost while nothing was said.
            listener.has_lost = False
            messages.append({"t": "lost"})
        return messages
