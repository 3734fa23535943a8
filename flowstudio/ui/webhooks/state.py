"""State of the page of a workflow's webhooks and forms."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Literal

import reflex as rx

from flowstudio.clock import utc_now
from flowstudio.errors import FlowStudioError, NotFoundError
from flowstudio.services.access import Actor
from flowstudio.ui.backend import backend
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.presence import open_feed
from flowstudio.ui.webhooks.present import LinkCard, link_card

_REFRESH_S = 2.0


class WebhooksState(rx.State):
    """A workflow's links and what came in at them; kept fresh while the page is open.

    Attributes:
        kind: of the link about to be made.
    """

    loaded: bool = False
    missing: bool = False
    problem: str = ""
    id: str = ""
    title: str = ""
    may_edit: bool = False
    kind: str = "webhook"
    links: list[LinkCard] = []

    @guarded("webhook.read")
    async def load(self) -> Any:
        """Fill the page, then keep it fresh."""
        actor = current_actor(self)
        try:
            workflow_id = str(getattr(self, "workflow_id", ""))
            found = await backend().studio.workflows.get_stored(actor, workflow_id)
        except NotFoundError:
            self.missing, self.loaded = True, True
            return None
        self.id, self.title = found.record.id, found.record.name
        self.may_edit = found.record.project_id in actor.projects_with("webhook.edit")
        self.missing = False
        await self._fill(actor)
        self.loaded = True
        return WebhooksState.follow

    @guarded("webhook.read")
    async def again(self) -> None:
        """Show what was changed."""
        await self._fill(current_actor(self))

    @guarded("webhook.read")
    async def choose_kind(self, kind: Literal["webhook", "form"]) -> None:
        """Make the other kind of link."""
        self.kind = kind

    @guarded("webhook.read", background=True)
    async def follow(self) -> AsyncIterator[Any]:
        """Refresh while the page is open."""
        with open_feed(self, "webhook.read") as feed:
            while await feed.goes_on():
                await asyncio.sleep(_REFRESH_S)
                async with self:
                    await self._fill(current_actor(self))
                yield

    async def _fill(self, actor: Actor) -> None:
        studio, now = backend().studio, utc_now()
        try:
            links = []
            for view in await studio.webhooks.list_webhooks(actor, self.id):
                requests = await studio.webhook_requests.list_requests(actor, view.record.id)
                links.append(link_card(view, requests, now))
        except FlowStudioError as error:
            self.problem = str(error)
            return
        self.problem = ""
        if links != self.links:
            self.links = links
