"""Which new runs begin, where and when: the queue as one process sees it.

On SQLite, while nothing waits and no limit concerns it, a new run begins in the process that made
it, without a further commit. Everything else waits in the database, where any process that serves
its queue takes it in the order of store/queue.py. On PostgreSQL whichever process looks makes jobs of
the runs whose turn it is, and workers take these; while nothing waits, a new run's job is made in the
commit that makes the run.
"""

import asyncio
import logging
from collections import Counter, OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Protocol

from flowstudio.engine.journal import NewRun
from flowstudio.errors import FlowStudioError, QueueClosedError
from flowstudio.scale.handing import Jobs
from flowstudio.services.parts import RunParts
from flowstudio.services.queues import QUEUES
from flowstudio.store import queue as store
from flowstudio.store.journal import Last
from flowstudio.store.queue import Controls, Turn
from flowstudio.store.queue_capacity import Capacity
from flowstudio.store.runs import JOBS

log = logging.getLogger(__name__)

_MOST_REMEMBERED = 1_000
#: As many runs as all workers take at once are made jobs of before their turn: enough to keep all
#: busy, few enough that what comes later and is more urgent, or of another project, does not stand
#: behind them. Of a queue that no worker serves none are, so that they hold up no others. So many of
#: all queues while no worker has told of itself.
_UNKNOWN = Capacity({frozenset(QUEUES): 8})
#: Those are looked after when so many parts of them have begun; by and by in any case (`look`).
_PARTS = 8
_LOST_AFTER_S = 30


class Hands(Protocol):
    """What advances runs once they have been let in."""

    @property
    def most_at_once(self) -> int:
        """How many runs it takes in all."""

    def room(self) -> int:
        """How many more runs it can take."""

    def take(self, run_id: str, *, is_mine: bool = False) -> None:
        """Advance a run, which is this process's own already or is to become it."""


class Admission:
    """Lets runs in, as many as there is room for and people have allowed.

    On one machine, into this process; with jobs, to whichever worker takes them.
    """

    def __init__(self, parts: RunParts, hands: Hands, jobs: Jobs | None = None) -> None:
        self._parts = parts
        self._journal = parts.journal
        self._hands = hands
        self._jobs = jobs
        self._capacity = _UNKNOWN
        self._queues: Sequence[str] | None = None
        self._controls = Controls()
        self._waiting: frozenset[str] = frozenset()
        self._served: OrderedDict[str, int] = OrderedDict()
        self._turns = count(1)
        self._left: set[str] = set()
        self._handed: set[str] = set()
        #: Runs of each queue that are with workers and had not begun at the last look, with those made
        #: jobs of since; None before the first. Then all that were made jobs of as they were made.
        self._ahead: Counter[str] | None = None
        self._given: Counter[str] = Counter()
        #: How many have ended since the last look.
        self._ended = 0
        self._woken = asyncio.Event()

    @property
    def queues(self) -> Sequence[str]:
        """The queues this process serves, the first ones first; none before it serves."""
        return self._queues or ()

    def owner_of(
        self, run_id: str, queue: str, project_id: str, workflow_id: str, ready_at: datetime | None
    ) -> str:
        """Who is to own a run about to be made: this process, a job, or "" to leave it waiting.

        Raises:
            QueueClosedError: the queue takes nothing new.
        """
        if queue in self._controls.draining:
            message = (
                f"The queue “{queue}” is being drained and takes no new runs. Try again later."
            )
            raise QueueClosedError(message)
        mine = self._parts.owners.name
        if self._queues is None:
            # The command line makes a run to carry it itself.
            return mine
        better = QUEUES[: QUEUES.index(queue) + 1] if queue in QUEUES else QUEUES
        may_begin = (
            queue not in self._controls.paused
            and ready_at is None
            and self._waiting.isdisjoint(better)
            and self._controls.limit(project_id, workflow_id) is None
        )
        if may_begin and self._jobs is not None and self._has_place(queue):
            self._handed.add(run_id)
            return JOBS
        if may_begin and self._jobs is None and queue in self._queues and self._hands.room() > 0:
            return mine
        self._left.add(run_id)
        return ""

    def _has_place(self, queue: str) -> bool:
        """Whether a worker has room for one more run of a queue; it is taken then."""
        ahead = self._ahead
        if ahead is None or (places := self._capacity.places(queue, ahead)) == 0:
            return False
        ahead[queue] += 1
        self._given[queue] += 1
        if places - 1 == self._capacity.of(queue) // 2:
            # So that there are more before they are needed, and no run has to wait for a look.
            self.wake()
        return True

    def hand_over_of(self, run: NewRun) -> Last | None:
        """What makes a job of a new run, in the commit that makes the run."""
        jobs = self._jobs
        if jobs is None or run.owner != JOBS:
            return None
        turn = Turn(run.id, run.queue, run.project_id)
        return lambda connection, when: connection.at_last(jobs.hand_over, turn, when)

    def is_left(self, run_id: str) -> bool:
        """Whether this process has just left the run to others; asked once, when it is made."""
        if run_id in self._handed:
            self._handed.discard(run_id)
            return True
        if run_id not in self._left:
            return False
        self._left.discard(run_id)
        self.wake()
        return True

    def wake(self) -> None:
        """Have the queue looked into soon."""
        self._woken.set()

    def ended(self) -> None:
        """A run has left; another one may take its place.

        While there are jobs for others to go on with, several places are filled by one look.
        """
        self._ended += 1
        enough = 1 if self._jobs is None else max(1, self._capacity.in_all // _PARTS)
        if self._waiting and self._ended >= enough:
            self.wake()

    async def open(self, queues: Sequence[str]) -> None:
        """Begin to serve these queues, or, with none, to let runs in for others alone."""
        self._queues = tuple(queues)
        await self.refresh()
        self.wake()

    def close(self) -> None:
        """Let nothing in any more; what is made waits for another process."""
        self._queues = ()

    async def refresh(self) -> None:
        """Read again what people have told the queue."""
        self._controls = await store.controls(self._journal)
        if self._jobs is not None:
            since = self._parts.clock.now() - timedelta(seconds=_LOST_AFTER_S)
            workers = await store.workers(self._journal, since)
            if mine := frozenset(self.queues):
                # It may not have told of itself yet.
                workers[mine] = max(workers.get(mine, 0), self._hands.most_at_once)
            self._capacity = Capacity(workers) if workers else _UNKNOWN

    async def look(self) -> None:
        """Wake up when something waits that another process made, or whose moment has come."""
        serves = bool(self._queues) or self._jobs is not None
        if serves and await store.has_work(self._journal, self._parts.clock.now()):
            self.wake()

    async def serve(self) -> None:
        """Until cancelled: let runs in whenever there may be some."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                await self._let_in()
            except FlowStudioError as error:
                log.warning("The queue could not be read: %s", error)

    async def _let_in(self) -> None:
        if self._jobs is not None:
            await self._hand_over(self._jobs)
            return
        while self.queues and (room := self._hands.room()) > 0:
            now, owner = self._parts.clock.now(), self._parts.owners.name
            capacity = Capacity({frozenset(self.queues): room})
            work = store.take(owner, self.queues, capacity, now, self._served)
            taken = await self._journal.transact(work)
            self._controls, self._waiting = taken.controls, taken.waiting
            self._remember([turn.project_id for turn in taken.runs])
            for turn in taken.runs:
                self._hands.take(turn.run_id, is_mine=True)
            if not taken.runs:
                return

    async def _hand_over(self, jobs: Jobs) -> None:
        now, self._ended, given = self._parts.clock.now(), 0, self._given.copy()
        work = store.take(JOBS, QUEUES, self._capacity, now, self._served, jobs.hand_over)
        taken = await self._journal.transact(work)
        self._controls, self._waiting = taken.controls, taken.waiting
        # Those made meanwhile are not counted yet.
        self._ahead = taken.ahead + (self._given - given)
        self._remember([turn.project_id for turn in taken.runs])

    def _remember(self, projects: Sequence[str]) -> None:
        for project_id in projects:
            self._served[project_id] = next(self._turns)
            self._served.move_to_end(project_id)
        while len(self._served) > _MOST_REMEMBERED:
            self._served.popitem(last=False)
