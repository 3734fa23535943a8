"""State of the page of the queue."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import reflex as rx

from flowstudio.clock import utc_now
from flowstudio.errors import FlowStudioError
from flowstudio.ui.backend import backend
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.live import toast
from flowstudio.ui.presence import open_feed
from flowstudio.ui.queue.present import (
    LimitRow,
    QueueCard,
    WorkerRow,
    limit_row,
    queue_card,
    rate_row,
    worker_row,
)
from flowstudio.ui.widgets import words

_REFRESH_S = 2.0
_MOST_DEAD = 1_000


class QueueState(rx.State):
    """How the queue stands; kept fresh while the page is open.

    Attributes:
        dead: how many failed runs nobody has seen to, in words; "" for none.
    """

    loaded: bool = False
    problem: str = ""
    queues: list[QueueCard] = []
    workers: list[WorkerRow] = []
    limits: list[LimitRow] = []
    rates: list[LimitRow] = []
    dead: str = ""

    @guarded("queue.read")
    async def load(self) -> Any:
        """Fill the page, then keep it fresh."""
        await self._fill()
        self.loaded = True
        return QueueState.follow

    @guarded("queue.read", background=True)
    async def follow(self) -> AsyncIterator[Any]:
        """Refresh while the page is open."""
        feed = open_feed(self, "queue.read")
        while await feed.goes_on():
            await asyncio.sleep(_REFRESH_S)
            async with self:
                await self._fill()
            yield
        feed.close()

    @guarded("dead_run.steer")
    async def requeue(self) -> Any:
        """Have every dead run taken up again."""
        number = await backend().studio.queue.requeue(current_actor(self))
        await self._fill()
        return toast(f"{words.count(number, 'run')} taken up again.")

    @guarded("dead_run.steer")
    async def dismiss(self) -> Any:
        """Take every dead run off the list."""
        number = await backend().studio.queue.dismiss(current_actor(self))
        await self._fill()
        return toast(f"{words.count(number, 'run')} dismissed.")

    async def _fill(self) -> None:
        actor, now = current_actor(self), utc_now()
        try:
            view = await backend().studio.queue.look(actor)
            dead = await backend().runs.count_dead(actor, _MOST_DEAD)
        except FlowStudioError as error:
            self.problem = str(error)
            return
        self.problem = ""
        self.queues = [queue_card(each, now) for each in view.queues]
        self.workers = [worker_row(each, now) for each in view.workers]
        self.limits = [limit_row(each) for each in view.limits]
        self.rates = [rate_row(each) for each in view.rates]
        more = f"{_MOST_DEAD:,} or more runs" if dead >= _MOST_DEAD else words.count(dead, "run")
        self.dead = more if dead else ""
