"""State of the page of the queue."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Literal

import reflex as rx

from flowstudio.clock import utc_now
from flowstudio.errors import FlowStudioError
from flowstudio.ui.backend import backend
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.live import toast
from flowstudio.ui.presence import open_feed
from flowstudio.ui.queue.dead_present import MOST_DEAD, DeadCard, dead_card
from flowstudio.ui.queue.present import (
    LimitRow,
    QueueCard,
    WorkerRow,
    limit_row,
    queue_card,
    rate_row,
    worker_row,
)

_REFRESH_S = 2.0


class QueueState(rx.State):
    """How the queue stands; kept fresh while the page is open.

    Attributes:
        dead: the runs that nobody has seen to.
        models: names of those that a rate may be set for.
        credentials: those that a rate may be set for, as choices.
    """

    loaded: bool = False
    problem: str = ""
    queues: list[QueueCard] = []
    workers: list[WorkerRow] = []
    limits: list[LimitRow] = []
    rates: list[LimitRow] = []
    dead: DeadCard = DeadCard()
    models: list[str] = []
    credentials: list[dict[str, str]] = []

    @guarded("queue.read")
    async def load(self) -> Any:
        """Fill the page, then keep it fresh."""
        await self._fill()
        await self._list_choices()
        self.loaded = True
        return QueueState.follow

    @guarded("queue.read", background=True)
    async def follow(self) -> AsyncIterator[Any]:
        """Refresh while the page is open."""
        with open_feed(self, "queue.read") as feed:
            while await feed.goes_on():
                await asyncio.sleep(_REFRESH_S)
                async with self:
                    await self._fill()
                yield

    @guarded("dead_run.steer")
    async def seen_to(self, what: Literal["Taken up again.", "Dismissed."]) -> Any:
        """Show what is left after dead runs were taken up again or dismissed."""
        await self._fill()
        return toast(what)

    async def _fill(self) -> None:
        actor, now = current_actor(self), utc_now()
        try:
            view = await backend().studio.queue.look(actor)
            dead = await backend().studio.dead_runs.look(actor, most=MOST_DEAD)
        except FlowStudioError as error:
            self.problem = str(error)
            return
        self.problem = ""
        self.queues = [queue_card(each, now) for each in view.queues]
        self.workers = [worker_row(each, now) for each in view.workers]
        self.limits = [limit_row(each, view.names) for each in view.limits]
        self.rates = [rate_row(each, view.names) for each in view.rates]
        self.dead = dead_card(dead, now)

    async def _list_choices(self) -> None:
        try:
            known = await backend().gateway.models()
            found = await backend().studio.queue.list_credentials(current_actor(self))
        except FlowStudioError as error:
            self.problem = str(error)
            return
        self.models = [each.id for each in known.models]
        self.credentials = [{"value": each_id, "label": name} for each_id, name in found]
