"""A farm of workers under attack, and what an outside ledger says of it.

`python -m tests.faults.farm --kills 300 --restarts 20 --stops 5 --seed 1` starts PostgreSQL, makes
runs all the while, kills and stops workers and restarts the database at random moments, lets the
rest finish, and prints a table and JSON. With `--sqlite` the same is done over one SQLite file, where
there is no database to restart.
"""

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click
import psycopg

from tests.faults.ledger import Step, read_ledger
from tests.postgres import Cluster, cluster

ROOT = Path(__file__).parents[2]
_COMMITTED = "SELECT run_id, path FROM run_event WHERE type='step_succeeded'"
_STATUSES = "SELECT id, status FROM run"
_PATIENCE_S = 240


@dataclass
class Report:
    """What a campaign found; `violations` and `lost` must be empty.

    Attributes:
        made: runs of which a process said that they were made.
        repeats: executions of steps beyond their first; each was in flight when something died.
    """

    made: int = 0
    finished: int = 0
    lost: list[str] = field(default_factory=list)
    kills: int = 0
    stops: int = 0
    restarts: int = 0
    executions: int = 0
    repeats: int = 0
    violations: list[str] = field(default_factory=list)
    took_s: float = 0


class Farm:
    """Some workers, a process that makes runs, and their database."""

    def __init__(self, folder: Path, url: str, workers: int, rng: random.Random) -> None:
        self._folder = folder
        self._url = url
        self._rng = rng
        self._ledger = folder / "ledger"
        self._promises: list[tuple[int, set[Step]]] = []
        self._made: list[str] = []
        self._maker: subprocess.Popen[str] | None = None
        self._workers = [self._begin("work") for _ in range(workers)]
        for worker in self._workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"

    def _begin(self, task: str, *more: str) -> "subprocess.Popen[str]":
        settings = {"FLOWSTUDIO_DATABASE_URL": self._url} if self._url else {}
        data = str(self._folder / "data")
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.faults.farm_worker",
                task,
                data,
                str(self._ledger),
                *more,
            ],
            cwd=ROOT,
            env=os.environ | settings,  # noqa: TID251 - of another process
            stdout=subprocess.PIPE,
            text=True,
        )

    def make(self, count: int) -> None:
        """Have so many runs made, beside everything else."""
        self._collect()
        self._maker = self._begin("make", str(count))

    def _collect(self) -> None:
        if self._maker is not None:
            said, _ = self._maker.communicate()
            self._made += [line for line in said.split("\n")[:-1] if line]
            self._maker = None

    def wait(self, most_s: float) -> None:
        """Let it work for a random time."""
        time.sleep(self._rng.uniform(0.05, most_s))

    def kill(self) -> None:
        """Kill one worker, or now and then the one that makes runs, and begin another."""
        if self._maker is not None and self._rng.random() < 0.15:
            self._maker.kill()
            self._collect()
            return
        at = self._rng.randrange(len(self._workers))
        self._workers[at].kill()
        self._workers[at].communicate()
        self._promise()
        self._workers[at] = self._begin("work")

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Have one worker stand still for the length of the block, and then go on."""
        worker = self._rng.choice(self._workers)
        worker.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._promise()
            worker.send_signal(signal.SIGCONT)

    def restart(self, server: Cluster) -> None:
        """Have the database die and come back."""
        server.restart()
        self._promise()

    def _promise(self) -> None:
        """Note what is committed now: none of it may run again."""
        place = self._ledger.stat().st_size if self._ledger.exists() else 0
        self._promises.append((place, {(row[0], row[1]) for row in self._ask(_COMMITTED)}))

    def finish(self, report: Report) -> None:
        """Let all that was made end, stop the workers, and count."""
        self._collect()
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            statuses = dict(self._ask(_STATUSES))
            if all(statuses.get(run_id) == "succeeded" for run_id in self._made):
                break
            time.sleep(0.5)
        for worker in self._workers:
            worker.terminate()
        for worker in self._workers:
            worker.communicate()
        statuses = dict(self._ask(_STATUSES))
        report.made = len(self._made)
        report.lost = [
            f"{run_id} {statuses.get(run_id, 'is not there')}"
            for run_id in self._made
            if statuses.get(run_id) != "succeeded"
        ]
        report.finished = report.made - len(report.lost)
        entries = read_ledger(self._ledger)
        report.executions = len(entries)
        report.repeats = report.executions - len({entry.step for entry in entries})
        for place, committed in self._promises:
            report.violations += [
                " ".join(entry.step)
                for entry in entries
                if entry.place >= place and entry.step in committed
            ]

    def _ask(self, statement: str) -> list[tuple[str, str]]:
        if not self._url:
            with sqlite3.connect(self._folder / "data" / "flowstudio.db") as database:
                return database.execute(statement).fetchall()
        for _ in range(100):
            try:
                with psycopg.connect(self._url) as connection:
                    return connection.execute(statement).fetchall()  # type: ignore[arg-type]
            except psycopg.OperationalError:
                # It has just been restarted.
                time.sleep(0.2)
        message = "the database has not come back"
        raise AssertionError(message)


@dataclass(frozen=True)
class Plan:
    """What a campaign does; runs are made in as many batches as there are faults."""

    kills: int = 300
    restarts: int = 20
    stops: int = 3
    stop_s: float = 60
    workers: int = 2
    runs_at_once: int = 4
    seed: int = 1


def campaign(plan: Plan, server: Cluster | None = None) -> Report:
    """Do what is planned, in an order that follows from the seed; without a server on SQLite."""
    report, rng = Report(), random.Random(plan.seed)
    faults = ["kill"] * plan.kills + ["stop"] * plan.stops
    faults += ["restart"] * (plan.restarts if server is not None else 0)
    rng.shuffle(faults)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, _address(server) as url:
        farm = Farm(Path(folder), url, plan.workers, rng)
        for at, fault in enumerate(faults):
            if at % 5 == 0:
                farm.make(plan.runs_at_once)
            farm.wait(2.0)
            if fault == "kill":
                farm.kill()
                report.kills += 1
            elif fault == "stop":
                with farm.stopped():
                    time.sleep(plan.stop_s)
                report.stops += 1
            elif server is not None:
                farm.restart(server)
                report.restarts += 1
        farm.finish(report)
    report.took_s = round(time.monotonic() - began, 1)
    return report


@contextmanager
def _address(server: Cluster | None) -> Iterator[str]:
    if server is None:
        yield ""
        return
    with server.database() as url:
        yield url


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in asdict(Plan()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    parser.add_argument("--sqlite", action="store_true")
    options = vars(parser.parse_args())
    on_sqlite = options.pop("sqlite")
    if on_sqlite:
        report = campaign(Plan(**options))
    else:
        with cluster() as server:
            report = campaign(Plan(**options), server)
    for name, value in asdict(report).items():
        click.echo(f"{name:<12} {value}")
    click.echo(json.dumps(asdict(report)))


if __name__ == "__main__":
    main()
