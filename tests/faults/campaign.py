"""Runs killed with SIGKILL at random moments, and what an outside ledger says of it.

`python -m tests.faults.campaign --runs 100 --kills 3 --seed 1` prints a table and JSON. A campaign
goes in batches; every run of a batch is unfinished at each of the batch's kills.
"""

import argparse
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click

from tests.faults.ledger import Step, read_ledger

ROOT = Path(__file__).parents[2]


@dataclass
class Report:
    """What a campaign found; `violations` must be empty, and repeats within what was in flight."""

    runs: int = 0
    finished: int = 0
    kills: int = 0
    kills_met_by_runs: int = 0
    executions: int = 0
    distinct_steps: int = 0
    repeats: int = 0
    in_flight_at_kills: int = 0
    violations: list[str] = field(default_factory=list)


class Batch:
    """Some runs that go through the same kills."""

    def __init__(self, folder: Path, runs: int, rng: random.Random) -> None:
        self._data = folder / "data"
        self._ledger = folder / "ledger"
        self._rng = rng
        self._promises: list[tuple[int, set[Step]]] = []
        self.ids = self._worker("make", str(runs)).communicate()[0].split()

    def _worker(self, task: str, *more: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "tests.faults.worker", task, self._data, self._ledger, *more],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )

    def go(self, kills: int, report: Report) -> None:
        """Kill the worker that often, let the last one finish, and add up."""
        for _ in range(kills):
            self._kill_once(report)
        self._worker("work").communicate()
        report.runs += len(self.ids)
        report.finished += sum(status == "succeeded" for status in self._statuses().values())
        entries = read_ledger(self._ledger)
        report.executions += len(entries)
        report.distinct_steps += len({entry.step for entry in entries})
        report.repeats = report.executions - report.distinct_steps

    def _kill_once(self, report: Report) -> None:
        worker = self._worker("work")
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
        time.sleep(self._rng.uniform(0.02, 0.25))
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
        place = self._ledger.stat().st_size if self._ledger.exists() else 0
        committed = self._committed()
        before = {entry.step for entry in read_ledger(self._ledger)}
        report.kills += 1
        unfinished = [i for i, status in self._statuses().items() if status != "succeeded"]
        report.kills_met_by_runs += len(unfinished)
        report.in_flight_at_kills += len(before - committed)
        self._promises.append((place, committed))

    def check(self, report: Report) -> None:
        """Note every step that ran again although its result had been committed."""
        entries = read_ledger(self._ledger)
        for place, committed in self._promises:
            for entry in entries:
                if entry.place >= place and entry.step in committed:
                    report.violations.append(" ".join(entry.step))

    def _committed(self) -> set[Step]:
        with sqlite3.connect(self._data / "flowstudio.db") as database:
            rows = database.execute(
                "SELECT run_id, path FROM run_event WHERE type='step_succeeded'"
            ).fetchall()
        return {(run_id, path) for run_id, path in rows}

    def _statuses(self) -> dict[str, str]:
        with sqlite3.connect(self._data / "flowstudio.db") as database:
            return dict(database.execute("SELECT id, status FROM run").fetchall())


def campaign(runs: int, kills: int, seed: int, batch: int = 10) -> Report:
    """Kill `runs` runs `kills` times each; the same seed gives the same moments."""
    report, rng = Report(), random.Random(seed)
    for _ in range(0, runs, batch):
        with tempfile.TemporaryDirectory() as folder:
            group = Batch(Path(folder), min(batch, runs - report.runs), rng)
            group.go(kills, report)
            group.check(report)
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    report = campaign(options.runs, options.kills, options.seed)
    for name, value in asdict(report).items():
        click.echo(f"{name:<20} {value}")
    click.echo(json.dumps(asdict(report)))


if __name__ == "__main__":
    main()
