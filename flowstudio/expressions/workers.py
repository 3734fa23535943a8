"""The worker processes and the threads that talk to them."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Generic, TypeVar

from pydantic_monty import Monty, MontyCrashedError, ResourceLimits

from flowstudio.errors import ExpressionError
from flowstudio.expressions.interpreter import Interpreter
from flowstudio.expressions.limits import Limits
from flowstudio.expressions.wall import Wall, find_wall

log = logging.getLogger(__name__)
T = TypeVar("T")

MAX_SUSPENSIONS = 50
#: Lists and functions that the programs put around the user's values and expressions.
WRAPPING_LEVELS = 3


class Workers:
    """A few worker processes, started when first needed, each serving one caller at a time.

    Every call gets an interpreter of its own: nothing one call leaves behind is seen by another.

    Attributes:
        exchanges: programs sent to workers so far.
    """

    def __init__(self, name: str, processes: int, wall: Wall | None = None) -> None:
        self.exchanges = 0
        self._processes = processes
        self._wall = wall
        # One thread per process: a call that waits for its turn waits in the executor's queue.
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix=f"expressions-{name}")
        self._lock = threading.Lock()
        self._pool: Monty | None = None
        self._launcher: Path | None = None
        self._directory: TemporaryDirectory[str] | None = None

    @property
    def wall(self) -> Wall:
        """The wall the workers stand behind; unless given, the strongest that works here."""
        return self._wall or find_wall()

    async def run(self, work: Callable[[Interpreter], T], limits: Limits) -> T:
        """Do some work with a fresh interpreter; done again, once, if its process dies meanwhile.

        A cancelled call kills its worker at once.

        Raises:
            pydantic_monty.MontyError: what the program or the limits gave rise to.
            ExpressionError: no worker could be started.
        """
        call = _Call(work, limits)
        future = asyncio.get_running_loop().run_in_executor(self._threads, self._carry_out, call)
        try:
            return await future
        except asyncio.CancelledError:
            call.cancel()
            raise

    async def close(self) -> None:
        """End the workers; calls under way finish first."""
        await asyncio.to_thread(self._close)

    def _carry_out(self, call: "_Call[T]") -> T:
        try:
            return self._attempt(call)
        except MontyCrashedError as error:
            if error.timed_out or call.is_cancelled:
                raise
            log.warning("The expression engine was restarted: %s", error)
        return self._attempt(call)

    def _attempt(self, call: "_Call[T]") -> T:
        try:
            with self._started().checkout(limits=_as_resource_limits(call.limits)) as session:
                call.begin(session.worker_pid)
                try:
                    return call.work(Interpreter(session, self._count))
                finally:
                    call.end()
        except (OSError, RuntimeError) as error:
            raise ExpressionError(f"The expression engine cannot start: {error}.") from error

    def _count(self) -> None:
        with self._lock:
            self.exchanges += 1

    def _started(self) -> Monty:
        with self._lock:
            if self._directory is None:
                self._directory = TemporaryDirectory(prefix="flowstudio-expressions-")
            directory = Path(self._directory.name)
            if self._launcher is None or not self._launcher.exists():
                # Some systems clear old temporary files away while the server runs.
                directory.mkdir(mode=0o700, exist_ok=True)
                self._launcher = self.wall.write_launcher(directory)
            if self._pool is None:
                self._pool = Monty(
                    binary_path=self._launcher, min_processes=0, max_processes=self._processes
                )
                self._pool.__enter__()
            return self._pool

    def _close(self) -> None:
        self._threads.shutdown()
        with self._lock:
            if self._pool is not None:
                self._pool.__exit__(None, None, None)
            if self._directory is not None:
                self._directory.cleanup()


class _Call(Generic[T]):
    """One call, and the means to stop it from another thread."""

    def __init__(self, work: Callable[[Interpreter], T], limits: Limits) -> None:
        self.work = work
        self.limits = limits
        self.is_cancelled = False
        self._worker: int | None = None
        # Held while killing, so that the process cannot be given back and serve another meanwhile.
        self._lock = threading.Lock()

    def begin(self, worker: int | None) -> None:
        with self._lock:
            self._worker = worker
            if self.is_cancelled:
                self._kill()

    def end(self) -> None:
        with self._lock:
            self._worker = None

    def cancel(self) -> None:
        with self._lock:
            self.is_cancelled = True
            self._kill()

    def _kill(self) -> None:
        if self._worker is None:
            return
        try:
            os.kill(self._worker, signal.SIGKILL)
        except ProcessLookupError:
            log.debug("The worker of a cancelled call had ended already.")


def _as_resource_limits(limits: Limits) -> ResourceLimits:
    return {
        "max_feed_duration_secs": limits.time_s,
        "max_memory": limits.memory_mb << 20,
        "max_recursion_depth": limits.depth + WRAPPING_LEVELS,
        "max_suspensions": MAX_SUSPENSIONS,
        "max_total_sleep_secs": 0,
    }
