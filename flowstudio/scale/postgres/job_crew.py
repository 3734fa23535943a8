"""A worker: takes jobs as it has room for their runs, and looks after jobs the dead have left."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

from flowstudio.scale.background import beside, heed_cancelling
from flowstudio.scale.postgres.job_slots import JobSlots, SlotsClosedError

log = logging.getLogger(__name__)

#: Higher ones are done first, whatever came before.
PRIORITIES = {"interactive": 20, "triggered": 10, "batch": 0}
#: Carries a run on; gives False when it was left before it had ended or waits.
Advance = Callable[[str], Awaitable[bool | None]]
_AGAIN_S = 0.5
_MOST_ATTEMPTS = 6
_LEFT_S = 1.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How quick a worker is to notice things, in seconds.

    Attributes:
        stalled_s: so long a worker is silent before others do its jobs.
        poll_s: how often to look for jobs that no notification told of.
        grace_s: how long runs in hand may take to end when the worker is cancelled without having
            been told to stop before.
    """

    beat_s: float = 2.0
    stalled_s: float = 10.0
    poll_s: float = 1.0
    grace_s: float = 20.0


class Crew:
    """One worker of one process."""

    def __init__(
        self,
        manager: JobManager,
        advance: Advance,
        queues: Sequence[str],
        concurrency: int,
        pace: Pace,
        stopping: asyncio.Event,
    ) -> None:
        self._manager = manager
        self._advance = advance
        self._queues = list(queues)
        self._slots = JobSlots(concurrency)
        self._room = concurrency
        self._pace = pace
        self._worker_id = 0
        self._news = asyncio.Event()
        self._in_hand: dict[int | None, tuple[Job, asyncio.Task[None]]] = {}
        self._stopping = stopping
        self._stops = False
        self._steady = 0

    async def work(self) -> None:
        """Do jobs until cancelled, or until told to stop and those in hand have ended."""
        await self._register()
        try:
            async with beside(self._keep_beating, self._keep_listening, self._heed_stopping):
                await self._keep_fetching()
        finally:
            with suppress(ConnectorException):
                await self._manager.unregister_worker(self._worker_id)

    async def _register(self) -> None:
        while True:
            try:
                self._worker_id = await self._manager.register_worker()
            except ConnectorException as error:
                heed_cancelling()
                log.warning("The worker could not be registered: %s", error.__cause__ or error)
                await asyncio.sleep(_AGAIN_S)
            else:
                return

    # Taking jobs

    async def _keep_fetching(self) -> None:
        async with asyncio.TaskGroup() as group:
            try:
                while not self._stopping.is_set():
                    await self._fetch(group)
                    heed_cancelling()
                while self._in_hand:
                    await asyncio.wait([task for _, task in self._in_hand.values()])
            except asyncio.CancelledError:
                await self._stop()
                raise

    async def _fetch(self, group: asyncio.TaskGroup) -> None:
        self._news.clear()
        self._slots.changed.clear()
        queues = self._wanted()
        if not queues:
            await self._slots.changed.wait()
            return
        try:
            job = await self._manager.fetch_job(queues, self._worker_id)
        except ConnectorException as error:
            heed_cancelling()
            await self._look_at(error)
            return
        if job is not None:
            self._room -= len(_runs_of(job))
            self._in_hand[job.id] = (job, group.create_task(self._do(job)))
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace.poll_s):
                await self._news.wait()

    def _wanted(self) -> list[str]:
        """All queues while there is room; else those that would go before whoever is in line."""
        if self._room > 0:
            return self._queues
        first = self._slots.next_priority
        if first is None:
            return []
        return [queue for queue in self._queues if PRIORITIES.get(queue, 0) > first]

    async def _look_at(self, error: ConnectorException) -> None:
        if isinstance(error.__cause__, psycopg.errors.ForeignKeyViolation):
            # It was silent for so long that others have struck it off.
            await self._register()
        else:
            log.warning("No job could be fetched: %s", error.__cause__ or error)
            await asyncio.sleep(_AGAIN_S)

    # Doing them

    async def _do(self, job: Job) -> None:
        failed: list[str] = []
        left: list[str] = []

        async def carry(run_id: str) -> None:
            try:
                async with self._slots.taken(job.priority):
                    if await self._advance(run_id) is False:
                        left.append(run_id)
            except SlotsClosedError:
                left.append(run_id)
            except Exception:
                log.exception("Run %s could not be carried on by a worker", run_id)
                failed.append(run_id)
            finally:
                self._room += 1

        async with asyncio.TaskGroup() as group:
            for run_id in _runs_of(job):
                group.create_task(carry(run_id))
        if left:
            await self._later(job, 0 if self._stops else _LEFT_S)
        elif failed and job.attempts + 1 < _MOST_ATTEMPTS:
            await self._later(job, 2**job.attempts)
        else:
            status = Status.FAILED if failed else Status.SUCCEEDED
            await self._until_done(lambda: self._manager.finish_job(job, status, delete_job=True))
        del self._in_hand[job.id]

    async def _later(self, job: Job, wait_s: float) -> None:
        at = datetime.now(UTC) + timedelta(seconds=wait_s)
        await self._until_done(lambda: self._manager.retry_job(job, retry_at=at))

    async def _until_done(self, work: Callable[[], Awaitable[None]]) -> None:
        """Try again while the database is away; a job that another has ended is none of ours."""
        while True:
            try:
                await work()
            except ConnectorException as error:
                heed_cancelling()
                if isinstance(error.__cause__, psycopg.errors.RaiseException):
                    return
                await asyncio.sleep(_AGAIN_S)
            else:
                return

    # Stopping

    async def _heed_stopping(self) -> None:
        await self._stopping.wait()
        self._begin_nothing()
        self._news.set()

    def _begin_nothing(self) -> None:
        # What has not begun goes back at once.
        self._stops = True
        self._slots.close()

    async def _stop(self) -> None:
        # Whoever told it to stop has waited already.
        grace_s = 0 if self._stopping.is_set() else self._pace.grace_s
        self._begin_nothing()
        if tasks := [task for _, task in self._in_hand.values()]:
            await asyncio.wait(tasks, timeout=grace_s)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for job, _ in self._in_hand.values():
            with suppress(ConnectorException):
                await self._manager.retry_job(job)

    # Beside

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(self._pace.beat_s)
            try:
                await self._manager.update_heartbeat(self._worker_id)
                self._steady += 1
                # After an outage the others need a moment, too.
                if self._steady > 1:
                    await self._take_over()
                heed_cancelling()
            except ConnectorException as error:
                heed_cancelling()
                self._steady = 0
                log.warning("The worker's heart did not beat: %s", error.__cause__ or error)

    async def _take_over(self) -> None:
        stalled_s = self._pace.stalled_s
        for job in await self._manager.get_stalled_jobs(seconds_since_heartbeat=stalled_s):
            log.warning("Job %s was left by a worker that is silent; it is done anew", job.id)
            with suppress(ConnectorException):
                await self._manager.retry_job(job)
            self._news.set()
        await self._manager.prune_stalled_workers(stalled_s)

    async def _keep_listening(self) -> None:
        async def hear(**_: Any) -> None:
            self._news.set()

        while True:
            try:
                await self._manager.listen_for_jobs(on_notification=hear, queues=self._queues)
            except (ConnectorException, OSError) as error:
                heed_cancelling()
                log.warning("New jobs are not heard of: %s", error.__cause__ or error)
            await asyncio.sleep(_AGAIN_S)


def _runs_of(job: Job) -> list[str]:
    run_ids = job.task_kwargs.get("run_ids", [])
    return [str(run_id) for run_id in run_ids] if isinstance(run_ids, list) else []
