"""This process as one that advances runs: it tells of itself, and stops without losing any."""

import asyncio
import os
import socket
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from sqlmodel import Session

from flowstudio.errors import FlowStudioError
from flowstudio.services.dispatch import Dispatcher
from flowstudio.services.queues import QUEUES
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store.queue_controls import Worker, put_worker, remove_workers

_EVERY_S = 10.0
_FORGOTTEN_AFTER = timedelta(hours=1)


class WorkerService:
    """Tells the database, and so the page of the queue, that this process works and on what."""

    def __init__(self, parts: StudioParts, dispatcher: Dispatcher) -> None:
        self._parts = parts
        self._dispatcher = dispatcher

    async def serve(self, kind: Literal["web", "worker"], queues: Sequence[str] = QUEUES) -> None:
        """Until cancelled: tell of this process every few seconds; at the end, that it is gone."""
        clock = self._parts.clock
        started_at = clock.now()
        try:
            while True:
                now = clock.now()
                told = Worker(
                    name=self._dispatcher.owner,
                    host=socket.gethostname(),
                    pid=os.getpid(),
                    kind=kind,
                    queues=tuple(queues),
                    concurrency=self._dispatcher.most_at_once,
                    running=self._dispatcher.running,
                    started_at=started_at,
                    seen_at=now,
                )
                await self._tell(told)
                await clock.sleep(_EVERY_S)
        finally:
            await asyncio.shield(self._forget())

    async def _tell(self, told: Worker) -> None:
        def work(session: Session) -> None:
            put_worker(session, told)
            remove_workers(session, unseen_since=told.seen_at - _FORGOTTEN_AFTER)

        try:
            await self._parts.records.write(work)
        except FlowStudioError:
            # Told again in a few seconds.
            return

    async def _forget(self) -> None:
        try:
            await self._parts.records.write(
                lambda session: remove_workers(session, name=self._dispatcher.owner)
            )
        except FlowStudioError:
            return
