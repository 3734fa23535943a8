"""The child's side: one process measures one case of one engine and prints JSON lines of rows.

Standard library only: peers' environments run it too. `python -m benchmarks.NAME_case --help`
lists the arguments.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.cases import CASES, Case, Row, Shape
from benchmarks.usage import Usage, measure_usage


@dataclass(frozen=True, slots=True)
class Job:
    """What a child is told to do.

    Attributes:
        engine: name the rows carry.
        directory: empty, for the engine's data.
        at_least_s: how long to repeat the case.
        cap_s: when to cut it off.
        variant: of the engine, in its own words.
    """

    engine: str
    case: str
    directory: Path
    at_least_s: float
    cap_s: float
    variant: str


class Noop:
    """The node that every engine runs; it counts, so that nobody is paid for work not done."""

    calls = 0

    async def __call__(self) -> dict[str, bool]:
        """Return a small dict."""
        self.calls += 1
        return {"ok": True}


#: Makes one run from its submission to its durable end.
Run = Callable[[Shape], Awaitable[None]]
OpenEngine = Callable[[Job, Noop], AbstractAsyncContextManager[Run]]
Measure = Callable[[Job], AsyncIterator[Row]]


@dataclass(slots=True)
class Meter:
    """Time and processor time since it was made."""

    began: float = field(default_factory=time.perf_counter)
    usage: Usage = field(default_factory=measure_usage)

    def elapsed_s(self) -> float:
        """Seconds on the wall."""
        return time.perf_counter() - self.began

    def row(self, job: Job, runs: int | None, steps: int, error: str | None = None) -> Row:
        """What was reached until now."""
        elapsed, usage = self.elapsed_s(), measure_usage()
        return Row(
            engine=job.engine,
            case=job.case,
            runs_per_s=None if runs is None else runs / elapsed,
            steps_per_s=steps / elapsed,
            cpu_ms_per_step=(usage.cpu_s - self.usage.cpu_s) * 1000 / steps if steps else None,
            rss_mb=usage.rss_mb,
            error=error,
        )


def measure_engine(open_engine: OpenEngine) -> Measure:
    """A measure for every case in `CASES`."""

    async def measure(job: Job) -> AsyncIterator[Row]:
        case = next(case for case in CASES if case.name == job.case)
        noop = Noop()
        async with open_engine(job, noop) as run:
            await _warm_up(run, case.shape)
            yield await _repeat(job, case, run, noop)

    return measure


async def _warm_up(run: Run, shape: Shape) -> None:
    """One cold run that may take its time, then one to ten more within about three seconds.

    The cold one stands outside the clock: it starts servers, and the run after it may still be slow.
    """
    await run(shape)
    meter = Meter()
    for _ in range(10):
        await run(shape)
        if meter.elapsed_s() > 3:
            return


async def _repeat(job: Job, case: Case, run: Run, noop: Noop) -> Row:
    noop.calls = runs = 0
    meter = Meter()
    try:
        async with asyncio.timeout(job.cap_s):
            while not runs or meter.elapsed_s() < job.at_least_s:
                await _run_at_once(run, case)
                runs += case.at_once
    except TimeoutError:
        asked = (runs + case.at_once) * case.shape.steps
        error = f"cut off after {job.cap_s:g} s with {noop.calls} of {asked} steps"
        return meter.row(job, None, noop.calls, error)
    row = meter.row(job, runs, noop.calls)
    if noop.calls != runs * case.shape.steps:
        message = f"{runs} runs executed {noop.calls} steps, not {runs * case.shape.steps}"
        raise RuntimeError(message)
    return row


async def _run_at_once(run: Run, case: Case) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(case.at_once):
            group.create_task(_awaited(run, case.shape))


async def _awaited(run: Run, shape: Shape) -> None:
    await run(shape)


def serve(measure: Measure) -> None:
    """Do the job named on the command line; what libraries print goes to standard error."""
    job = _read_job()
    with os.fdopen(os.dup(1), "w") as rows:
        os.dup2(2, 1)
        asyncio.run(_print_rows(measure(job), rows.write, rows.flush))
        # Threads that an engine left behind must not keep the process.
        sys.stderr.flush()
    os._exit(0)


async def _print_rows(
    rows: AsyncIterator[Row], write: Callable[[str], object], flush: Callable[[], None]
) -> None:
    async for row in rows:
        write(json.dumps(row.dump()) + "\n")
        flush()


def _read_job() -> Job:
    parser = argparse.ArgumentParser(description="Measure one case and print rows.")
    parser.add_argument("--engine", default="engine")
    parser.add_argument("--case", required=True)
    parser.add_argument("--directory", type=Path, default=Path.cwd())
    parser.add_argument("--at-least-s", type=float, default=2.0)
    parser.add_argument("--cap-s", type=float, default=90.0)
    parser.add_argument("--variant", default="")
    return Job(**vars(parser.parse_args()))
