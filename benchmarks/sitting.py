"""One sitting: what the machine was doing, the measuring, and the figures for people or programs."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

from benchmarks.report import describe_machine

_Row = TypeVar("_Row", bound=Any)


def sit(
    measure: Callable[[Console], Sequence[_Row]],
    table: Callable[[Sequence[_Row]], Table],
    *,
    as_json: bool,
) -> None:
    """Measure, and print a table, or else a JSON list alone.

    Args:
        measure: gives a dataclass for each figure; what it prints is for people.
        table: of all the figures.
        as_json: for a program instead.
    """
    console = Console(quiet=as_json)
    console.print(describe_machine())
    rows = measure(console)
    console.print(describe_machine())
    console.print(table(rows))
    if as_json:
        sys.stdout.write(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
