"""The benchmark of a server that nobody uses: processor time and memory, the built-in model asleep.

`flowstudio bench idle [--json]` calls `main`; README.md says what is measured.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.report import describe_machine
from benchmarks.usage import Process, tree
from tests.site import running_site

_SETTLE_S = 20.0
_MEASURE_S = 60.0


@dataclass(frozen=True, slots=True)
class Row:
    """One figure; `target` is what it may be at most."""

    case: str
    value: float
    unit: str
    target: float | None = None


def main(*, as_json: bool = False) -> None:
    """Measure, and print a table or a JSON list."""
    console = Console(quiet=as_json)
    console.print(describe_machine())
    rows = asyncio.run(_measure())
    if as_json:
        sys.stdout.write(json.dumps([asdict(row) for row in rows]) + "\n")
        return
    table = Table("case", "value", "unit", "target")
    for row in rows:
        most = f"< {row.target:g}" if row.target is not None else ""
        table.add_row(row.case, f"{row.value:,.2f}", row.unit, most)
    console.print(table)
    console.print(describe_machine())


async def _measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        async with running_site(Path(folder)) as site:
            await asyncio.sleep(_SETTLE_S)
            before = tree(site.process_id)
            await asyncio.sleep(_MEASURE_S)
            after = tree(site.process_id)
    used_s = sum(one.cpu_s for one in after.values()) - sum(one.cpu_s for one in before.values())
    return [
        Row("processor", used_s / _MEASURE_S * 100, "% of a core", 1.0),
        Row("memory", sum(one.pss_mb for one in after.values()), "MB, shared pages once", 220.0),
        Row("memory", sum(one.rss_mb for one in after.values()), "MB resident"),
        Row("processes", len(after), ""),
        *_by_process(after),
    ]


def _by_process(found: Mapping[int, Process]) -> list[Row]:
    return [
        Row(f"memory of {one.name}", one.pss_mb, "MB, shared pages once") for one in found.values()
    ]
