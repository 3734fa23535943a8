"""Puts runs in the engine's hands: those let in, those that wake, those a dead process left."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from flowstudio.engine.events import Event
from flowstudio.engine.journal import Signal
from flowstudio.engine.runner import Broken, Ended, Outcome
from flowstudio.errors import FlowStudioError
from flowstudio.scale.handing import Jobs
from flowstudio.services.admission import Admission
from flowstudio.services.holders import Holders
from flowstudio.services.inner_runs import InnerRuns
from flowstudio.services.log_context import note
from flowstudio.services.parts import RunParts
from flowstudio.services.queues import QUEUES
from flowstudio.services.retries import retry_due
from flowstudio.services.signals import Signals
from flowstudio.store.failures import may_pass
from flowstudio.store.journal_rows import Answered
from flowstudio.store.runs import JOBS, RunRecord

log = logging.getLogger(__name__)

_ROUNDS_EVERY_S = 1.0
_ORPHANS_EVERY_ROUNDS = 5
_FINISHING_S = 0.1


class Dispatcher:
    """Runs of one process, at most so many at once."""

    def __init__(self, parts: RunParts, most_at_once: int, jobs: Jobs | None = None) -> None:
        self._parts = parts
        self._engine = parts.engine
        self._journal = parts.journal
        self._store = parts.store
        self._bus = parts.bus
        self.holders = Holders(parts)
        self._clock = parts.clock
        self.most_at_once = most_at_once
        self._slots = asyncio.Semaphore(most_at_once)
        self._jobs = jobs
        self.admission = Admission(parts, self, jobs)
        self._group: asyncio.TaskGroup | None = None
        self._launched: set[str] = set()
        self._stuck: set[str] = set()
        self._broken: set[str] = set()
        self._inner = InnerRuns(parts.store, self.send)
        self._signals = Signals(parts, self._heed, is_told=jobs is not None)
        self._serves = False
        self._works = True
        self._stopping = asyncio.Event()
        #: Whose runs this process advances; None for all, until it serves.
        self._queues: Sequence[str] | None = None

    @property
    def owner(self) -> str:
        """The name under which this process claims runs."""
        return self.holders.own

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Hold the tasks of runs; at the end they stop where they are, to be resumed later."""
        failure: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                group.create_task(self._signals.hear())
                try:
                    yield
                except BaseException as error:  # noqa: BLE001 - raised again, outside the group
                    failure = error
                self._engine.leave()
                _close()
        except* _ClosingError:
            pass
        finally:
            self._group = None
        if failure is not None:
            raise failure

    def launch(self, run_id: str) -> None:
        """Advance a run in the background, unless it waits for its turn or is being advanced."""
        if not self.admission.is_left(run_id):
            self.take(run_id)

    def room(self) -> int:
        """How many more runs this process can take."""
        return self.most_at_once - len(self._launched)

    @property
    def running(self) -> int:
        """How many runs this process has in hand."""
        return len(self._launched)

    async def finish(self, within_s: float) -> bool:
        """Take nothing new, and let what is in hand come to its end; whether all of it did in time.

        What did not is left where it is when the services close, for another process to go on with.
        """
        self._stopping.set()
        self.admission.close()
        until = self._clock.monotonic() + within_s
        while self._launched and self._clock.monotonic() < until:
            await self._clock.sleep(_FINISHING_S)
        return not self._launched

    def take(self, run_id: str, *, is_mine: bool = False) -> None:
        """Advance a run in the background, unless it is being advanced already."""
        if (
            self._group is None
            or not self._works
            or run_id in self._launched
            or run_id in self._engine.running
        ):
            return
        self._launched.add(run_id)
        is_mine = is_mine or self._journal.is_fresh(run_id)
        self._group.create_task(self._in_background(run_id, is_mine=is_mine))

    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Do something beside the runs; it must not raise. False when no runs are held any more."""
        if self._group is not None:
            self._group.create_task(work())
        return self._group is not None

    async def _in_background(self, run_id: str, *, is_mine: bool) -> None:
        # The task began in a request, perhaps, which ends long before the run does.
        note(run_id=run_id, request_id="", user_id="", workflow_id="")
        try:
            async with self._slots:
                if run_id not in self._engine.running and (
                    is_mine or await self.holders.seize(run_id)
                ):
                    await self.run_here(run_id)
        except FlowStudioError as error:
            self._stuck.add(run_id)
            log.error("Run %s could not be carried on: %s", run_id, error)  # noqa: TRY400
        except Exception:
            # One run's unforeseen end must not take the others along.
            self._stuck.add(run_id)
            log.exception("Run %s ended in a way nobody foresaw", run_id)
        finally:
            self._launched.discard(run_id)
            self.admission.ended()

    async def run_here(self, run_id: str, outer_id: str = "") -> Outcome:
        """Advance a run in this task, and tell those who watch it when it has left.

        Args:
            run_id: of the run.
            outer_id: of the run in whose step this happens, and which takes the result itself.
        """
        if outer_id:
            self._inner.note_outer(outer_id)
        try:
            outcome = await self._engine.advance(run_id)
            if isinstance(outcome, Broken):
                self._report(run_id, outcome)
        finally:
            self._bus.close(run_id)
        if isinstance(outcome, Ended):
            await self._inner.cancel(run_id, outcome)
            if not outer_id:
                await self._inner.tell_outer(run_id)
        return outcome

    def _report(self, run_id: str, outcome: Broken) -> None:
        # The journal cannot tell of it, so the live stream and the log do.
        log.error("Run %s was interrupted: %s", run_id, outcome.reason)
        live = Event(0, self._clock.now(), "step_streamed", data={"log": outcome.reason})
        self._bus.publish(run_id, live)
        self._broken.add(run_id)

    async def send(
        self,
        run_id: str,
        kind: str,
        path: str = "",
        data: Mapping[str, Any] | None = None,
        *,
        take_up: bool = True,
        answers: Answered | None = None,
    ) -> None:
        """Store a signal, and act on it at once unless another process has the run in hand.

        Raises:
            ConflictError: it answers a question that was answered before.
        """
        signal = await self._signals.store(run_id, kind, path, data or {}, answers)
        if not self._engine.receive(signal):
            self._signals.tell(signal)
            if take_up:
                await self._take_up(signal)

    def is_here(self, run_id: str) -> bool:
        """Whether this process advances the run at this moment."""
        return run_id in self._engine.running

    def is_stuck(self, run_id: str) -> bool:
        """Whether this process tried to advance the run, failed, and has let it be."""
        return run_id in self._stuck and run_id not in self._launched

    @property
    def stuck(self) -> tuple[str, ...]:
        """The runs that this process tried to advance, and failed, and has let be."""
        return tuple(self._stuck)

    def is_in_hand(self, run_id: str, owner: str) -> bool:
        """Whether the run is being advanced, or about to be, here or by another living process."""
        if run_id in self._engine.running or run_id in self._launched:
            return True
        return self.holders.is_other(owner)

    async def _take_up(self, signal: Signal) -> None:
        run_id = signal.run_id
        if signal.kind == "pause" or not self._works or run_id in self._launched:
            return
        if self._stopping.is_set():
            # Others hear of it, too, or the next process that starts does.
            return
        record = await self._store.find(run_id)
        if record is None or not await self._is_next(record, signal):
            return
        if await self.holders.seize_record(record):
            self.take(run_id, is_mine=True)
            # Who watches the run from here on finds it in this process's hands.
            await asyncio.sleep(0)

    async def _is_next(self, record: RunRecord, signal: Signal) -> bool:
        """Whether a signal lets this process advance a run at once."""
        if signal.kind == "cancel":
            # It costs nothing, and may be for a run that nobody else will come for.
            return True
        if self._queues is not None and record.queue not in self._queues:
            return False
        if signal.kind != "resume" or not await self._inner.waits_its_turn(record):
            return True
        self.admission.wake()
        return False

    async def _heed(self, signal: Signal) -> None:
        """Act on what another process has stored."""
        if not self._engine.receive(signal) and self._serves:
            await self._take_up(signal)

    async def carry_on(self) -> list[str]:
        """Launch every run that a process now dead, or a full disk, left unfinished; gives ids."""
        broken, self._broken = self._broken, set()
        found = [
            run_id
            for run_id, owner in await self._store.list_unfinished(self._queues)
            if run_id not in self._engine.running
            and run_id not in self._launched
            and run_id not in self._stuck
            and (run_id in broken or not (owner and self.holders.is_cared_for(owner)))
        ]
        self._launch_all(found)
        return found

    def _launch_all(self, run_ids: Sequence[str]) -> None:
        if not self._stopping.is_set():
            for run_id in run_ids:
                self.launch(run_id)

    async def serve(self, queues: Sequence[str] = QUEUES, *, works: bool = True) -> None:
        """Until cancelled: let runs of these queues in, wake what is due, take over from the dead.

        A process that does not work itself only hands runs to those that do.
        """
        self._serves = self._works = works
        self._queues = tuple(queues)
        await self.admission.open(queues if works else ())
        async with asyncio.TaskGroup() as group:
            group.create_task(self.admission.serve())
            group.create_task(self._look_around())
            if works and self._jobs is not None:
                work = self._jobs.work(
                    self.do_job,
                    queues=queues,
                    concurrency=self.most_at_once,
                    stopping=self._stopping,
                )
                group.create_task(work)

    async def do_job(self, run_id: str) -> bool | None:
        """Advance a run that a job tells of; False when it has been left before its end."""
        if run_id in self._launched or run_id in self._engine.running:
            return None
        note(run_id=run_id, request_id="", user_id="", workflow_id="")
        self._launched.add(run_id)
        try:
            mine = await self._journal.take(run_id, self.owner, JOBS)
            if not mine and not await self.holders.seize(run_id):
                return None
            return False if isinstance(await self.run_here(run_id), Broken) else None
        except FlowStudioError as error:
            if may_pass(error.__cause__):
                # A full disk or a server that is away: without its job nobody would come back to it.
                log.warning("Run %s goes back to its queue: %s", run_id, error)
                return False
            self._stuck.add(run_id)
            log.error("Run %s could not be carried on: %s", run_id, error)  # noqa: TRY400
            return None
        finally:
            self._launched.discard(run_id)
            self.admission.ended()

    async def _look_around(self) -> None:
        rounds = 0
        while not self._stopping.is_set():
            try:
                if self._works:
                    await self._wake(is_first=rounds == 0)
                await self.admission.look()
                if rounds % _ORPHANS_EVERY_ROUNDS == 0:
                    await self.admission.refresh()
                    if self._works:
                        await self.carry_on()
            except FlowStudioError as error:
                log.warning("Runs could not be looked through: %s", error)
            rounds += 1
            await self._clock.sleep(_ROUNDS_EVERY_S)

    async def _wake(self, *, is_first: bool) -> None:
        """Take up what waits for a moment that has come."""
        if is_first:
            self._launch_all(await self._store.list_untold(self._queues))
            self._launch_all(await self._store.list_unheeded(self._queues))
        due = await self._store.list_due(self._clock.now(), self._queues)
        self._launch_all([run_id for run_id in due if run_id not in self._stuck])
        await self._retry()

    async def _retry(self) -> None:
        """Have what failed and is to be tried once more wait for its turn."""
        if signal_ids := await retry_due(self._parts):
            self._signals.note(signal_ids)
            self.admission.wake()


class _ClosingError(Exception):
    """Ends the group of run tasks."""


def _close() -> None:
    # A group has no other way to cancel what still runs in it.
    raise _ClosingError
