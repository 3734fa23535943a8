"""The benchmark of webhooks: requests of many callers, each a run of five nodes.

`flowstudio bench webhooks [--postgres] [--json]` calls `main`; README.md says what is measured.
"""

import asyncio
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from benchmarks.sitting import sit
from benchmarks.webhooks_callers import Caller, send
from benchmarks.webhooks_processes import Processes, running

CALLERS, SECONDS, WARM_UP_S = 50, 10.0, 3.0
_SETTLE_S = 30.0
_OUTPUTS, _AT_ONCE = "outputs", "at once"


@dataclass(frozen=True, slots=True)
class Row:
    """One case.

    Attributes:
        workers: processes that advance the runs on PostgreSQL; 0 for one process on SQLite.
        runs_per_s: that had ended, by the database, when the last reply had come or 30 s later.
        p50_ms, p99_ms: from a request's first byte to its reply's last.
        web_ms, worker_ms, database_ms, caller_ms: processor time for each request.
        wrong: replies that were no success, or without the output that belongs there.
    """

    workers: int
    case: str
    runs_per_s: float
    p50_ms: float
    p99_ms: float
    web_ms: float
    worker_ms: float
    database_ms: float
    caller_ms: float
    wrong: int
    load: float


def main(
    *, as_json: bool = False, is_postgres: bool = False, profile: str = "", only: str = ""
) -> None:
    """Measure, and print a table or a JSON list."""
    settings = (0, 1, 2) * 2 if is_postgres else (0,)
    cases = [only] if only else [_OUTPUTS, _AT_ONCE] if is_postgres else []

    def each(_console: Console) -> list[Row]:
        found = [asyncio.run(measure(workers, cases, profile)) for workers in settings]
        return [row for rows in found for row in rows]

    sit(each, _table, as_json=as_json)


async def measure(workers: int, cases: Sequence[str], profile: str = "") -> list[Row]:
    """The cases of these names, or all of them, with so many workers."""
    rows = []
    async with running(workers, profile) as processes:
        port = urlsplit(processes.told["address"]).port or 0
        for case, (token, secret) in processes.told["links"].items():
            if cases and case not in cases:
                continue
            callers = [Caller(port, case, token, secret, n) for n in range(CALLERS)]
            await send(callers, WARM_UP_S)
            await _quiet(processes)
            rows.append(await _case(workers, case, processes, callers))
    return rows


async def _case(workers: int, case: str, processes: Processes, callers: list[Caller]) -> Row:
    ended, cpu_s, own_s = await processes.ended(), processes.cpu_s(), time.process_time()
    start = time.monotonic()
    await send(callers, SECONDS)
    own_s, took_s = time.process_time() - own_s, time.monotonic() - start
    times = [sample for caller in callers for sample in caller.times]
    ended = await _settled(processes, ended + len(times)) - ended
    waited_s = time.monotonic() - start
    cuts = statistics.quantiles(times, n=100)
    web_ms, workers_ms, database_ms = (
        (after - before) * 1000 / len(times)
        for before, after in zip(cpu_s, processes.cpu_s(), strict=True)
    )
    return Row(
        workers,
        case,
        ended / (took_s if _OUTPUTS in case else waited_s),
        cuts[49] * 1000,
        cuts[98] * 1000,
        web_ms,
        workers_ms,
        database_ms,
        own_s * 1000 / len(times),
        sum(caller.wrong for caller in callers),
        os.getloadavg()[0],
    )


async def _settled(processes: Processes, wanted: int) -> int:
    until = time.monotonic() + _SETTLE_S
    # Nobody but the database knows when the last one has ended.
    while (ended := await processes.ended()) < wanted and time.monotonic() < until:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    return ended


async def _quiet(processes: Processes) -> None:
    """Until what the warming up has begun has ended."""
    before = -1
    while (ended := await processes.ended()) != before:
        before = ended
        await asyncio.sleep(0.3)


def _table(rows: Sequence[Row]) -> Table:
    table = Table(title="Webhooks", title_justify="left")
    named = ("workers", "reply", "runs/s", "p50 ms", "p99 ms", "web ms", "worker ms", "db ms")
    for column in (*named, "caller ms", "wrong", "load"):
        table.add_column(column, justify="left" if column == "reply" else "right")
    for row in rows:
        table.add_row(
            str(row.workers or "SQLite"),
            row.case,
            *(f"{value:.0f}" for value in (row.runs_per_s, row.p50_ms, row.p99_ms)),
            *(f"{value:.2f}" for value in (row.web_ms, row.worker_ms, row.database_ms)),
            f"{row.caller_ms:.2f}",
            str(row.wrong),
            f"{row.load:.1f}",
        )
    return table
