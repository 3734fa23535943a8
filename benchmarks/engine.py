"""The engine's benchmark: every engine, every case, one sitting, one machine.

`flowstudio bench engine [--peers] [--json]` calls `main`; README.md says what is measured.
"""

import asyncio
import json
import statistics
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from rich.console import Console

from benchmarks.cases import CASES, LIMITS, MEMORY, Row
from benchmarks.engines import FLOWSTUDIO, PEERS, RAW, Engine, InstallError, prepare
from benchmarks.process import measure_once
from benchmarks.report import describe_machine, print_report

Announce = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to look.

    Attributes:
        rounds: samples of each engine in each case; the row is their median.
        at_least_s: how long a sample repeats its case.
        cap_s: a sample is cut off after this.
        enough_s: an engine that has spent this on a case gets no further rounds of it.
    """

    rounds: int = 3
    at_least_s: float = 2.0
    cap_s: float = 90.0
    enough_s: float = 30.0


def run(
    peers: bool = False,
    *,
    cases: Collection[str] = (),
    effort: Effort | None = None,
    announce: Announce = lambda _: None,
) -> list[Row]:
    """Measure the raw limits, FlowStudio and, if wanted, its peers.

    Args:
        peers: install the peers on first use, and measure them too.
        cases: names of the only ones to run; all when empty.
        effort: how often and how long.
        announce: told the machine's state first and last, and each sample, so that their spread shows.
    """
    return asyncio.run(_sit(peers, cases, effort or Effort(), announce))


def main(*, peers: bool = False, as_json: bool = False) -> None:
    """Measure, tell of it on standard error, and print tables or a JSON list."""
    progress = Console(stderr=True, highlight=False)
    rows = run(peers, announce=lambda text: progress.print(text, markup=False, soft_wrap=True))
    if as_json:
        sys.stdout.write(json.dumps([row.dump() for row in rows], indent=2) + "\n")
    else:
        print_report(rows, Console())


async def _sit(peers: bool, only: Collection[str], effort: Effort, announce: Announce) -> list[Row]:
    rows: list[Row] = []
    engines, failures = [FLOWSTUDIO], dict[str, str]()
    for peer in PEERS if peers else ():
        announce(f"{peer.name}: preparing its environment")
        try:
            await prepare(peer)
        except InstallError as error:
            failures[peer.name] = str(error)
        else:
            engines.append(peer)
    announce(describe_machine())
    for group in _groups(engines, only):
        rows += await _measure_group(group, effort, announce)
        case = group[-1][1]
        rows += [Row(name, case, error=error) for name, error in failures.items()]
    for case in MEMORY:
        if not only or case in only:
            announce(f"{case}: {FLOWSTUDIO.name}")
            rows += await measure_once(FLOWSTUDIO, case, effort.at_least_s, cap_s=600)
    announce(describe_machine())
    return rows


def _groups(engines: Sequence[Engine], only: Collection[str]) -> Iterator[list[tuple[Engine, str]]]:
    """What is interleaved: per case its engines, and with the first case the raw limits."""
    wanted = [case.name for case in CASES if not only or case.name in only]
    for case in wanted:
        limits = [(RAW, limit) for limit in LIMITS] if case == wanted[0] else []
        yield limits + [(engine, case) for engine in engines]


async def _measure_group(
    group: Sequence[tuple[Engine, str]], effort: Effort, announce: Announce
) -> list[Row]:
    samples: dict[tuple[str, str], list[Row]] = {}
    spent_s: dict[tuple[str, str], float] = {}
    clock = asyncio.get_running_loop().time
    for number in range(1, effort.rounds + 1):
        for engine, case in group:
            key = (engine.name, case)
            if spent_s.get(key, 0) >= effort.enough_s or _failed(samples.get(key, [])):
                continue
            began = clock()
            rows = await measure_once(engine, case, effort.at_least_s, effort.cap_s)
            spent_s[key] = spent_s.get(key, 0) + clock() - began
            samples.setdefault(key, []).extend(rows)
            announce(f"{case}: {engine.name}, round {number}: {_describe(rows[-1])}")
    return [_median(rows) for rows in samples.values()]


def _describe(row: Row) -> str:
    reached = [] if row.steps_per_s is None else [f"{row.steps_per_s:,.1f} steps/s"]
    return ", ".join(reached + ([row.error] if row.error else []))


def _failed(rows: Sequence[Row]) -> bool:
    return bool(rows) and rows[-1].error is not None


def _median(rows: Sequence[Row]) -> Row:
    """One row for all samples of a case; a sample that failed speaks for the case."""
    if _failed(rows):
        return rows[-1]
    return replace(
        rows[0],
        runs_per_s=_median_of([row.runs_per_s for row in rows]),
        steps_per_s=_median_of([row.steps_per_s for row in rows]),
        cpu_ms_per_step=_median_of([row.cpu_ms_per_step for row in rows]),
        rss_mb=_median_of([row.rss_mb for row in rows]),
    )


def _median_of(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
