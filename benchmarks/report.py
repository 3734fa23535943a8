"""What the benchmark found, for people to read."""

import os
import platform
import sqlite3
from collections.abc import Sequence

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from benchmarks.cases import CASES, LIMITS, MEMORY, Row
from benchmarks.engines import FLOWSTUDIO, RAW


def describe_machine() -> str:
    """Cores, load average over 1, 5 and 15 minutes, and versions."""
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    return (
        f"{os.cpu_count()} cores, load average {load}, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def print_report(rows: Sequence[Row], console: Console) -> None:
    """Print the limits, the comparison, and what stands out."""
    limits = [row for row in rows if row.case in LIMITS]
    compared = [row for case in CASES for row in rows if row.case == case.name]
    memory = [row for row in rows if row.case.startswith(MEMORY)]
    parts = [_limits(limits), _comparison(compared), _memory(memory), _share_of_limit(rows)]
    console.print(Group(*(part for part in parts if part)))


def _limits(rows: Sequence[Row]) -> Table | None:
    table = _table("Limits of this machine", "limit", "per second")
    for row in rows:
        table.add_row(row.case, _figure(row.steps_per_s) or row.error)
    return table if rows else None


def _comparison(rows: Sequence[Row]) -> Table | None:
    table = _table(
        "Engines", "case", "engine", "runs/s", "steps/s", "CPU ms/step", "RSS MB",
        f"{FLOWSTUDIO.name} is", "remark",
    )  # fmt: skip
    own = {row.case: row.steps_per_s for row in rows if row.engine == FLOWSTUDIO.name}
    previous = ""
    for row in rows:
        if previous and row.case != previous:
            table.add_section()
        table.add_row(
            row.case if row.case != previous else "",
            row.engine,
            _figure(row.runs_per_s),
            _figure(row.steps_per_s),
            _figure(row.cpu_ms_per_step),
            _figure(row.rss_mb),
            _ratio(own.get(row.case), row),
            row.error or "",
        )
        previous = row.case
    return table if rows else None


def _memory(rows: Sequence[Row]) -> Table | None:
    table = _table("Memory", "case", "RSS MB", "steps/s", "remark")
    for row in rows:
        table.add_row(row.case, _figure(row.rss_mb), _figure(row.steps_per_s), row.error or "")
    sizes = [row.rss_mb for row in rows if row.case.startswith("memory-runs-") and row.rss_mb]
    if len(sizes) == 2:
        table.add_section()
        table.add_row("growth", f"{sizes[1] - sizes[0]:+.1f}", "", "")
    return table if rows else None


def _share_of_limit(rows: Sequence[Row]) -> Text | None:
    """How near one run comes to committing each step alone."""
    own = _steps_per_s(rows, FLOWSTUDIO.name, "chain-100")
    limit = _steps_per_s(rows, RAW.name, "wal-full")
    if not own or not limit:
        return None
    return Text(f"One chain-100 reaches {own / limit:.0%} of the rate of one-row WAL-FULL commits.")


def _steps_per_s(rows: Sequence[Row], engine: str, case: str) -> float | None:
    found = (row.steps_per_s for row in rows if (row.engine, row.case) == (engine, case))
    return next(found, None)


def _ratio(own: float | None, row: Row) -> str:
    if not own or not row.steps_per_s or row.engine == FLOWSTUDIO.name:
        return ""
    ratio = own / row.steps_per_s
    return f"{ratio:,.0f} x" if ratio >= 10 else f"{ratio:.2g} x"


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        is_text = column in {"case", "engine", "limit", "remark"}
        table.add_column(column, justify="left" if is_text else "right")
    return table
