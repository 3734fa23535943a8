"""Processes and their database, as those see them who attack them and who count afterwards."""

import random
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from flowstudio.graph.document import parse_document
from flowstudio.runtime import open_runtime
from flowstudio.services.schedules import ScheduleWish
from tests.builders import node, workflow
from tests.faults.account import EVERY_S, Account, Slot, repeated
from tests.faults.farm_worker import REGISTRY, Worker, settings_of
from tests.faults.ledger import Step, graph_of_forty, read_ledger
from tests.hooking import made, path_of, published
from tests.people import person
from tests.postgres import Cluster

_COMMITTED = "SELECT run_id, path FROM run_event WHERE type='step_succeeded'"
_STATUSES = "SELECT id, status FROM run"
_SLOTS = "SELECT schedule_id, slot_utc, run_id, state FROM schedule_slot"
_NO_MORE_SLOTS = "UPDATE schedule SET next_at = NULL, next_slot_at = NULL"
_PATIENCE_S = 300


@dataclass(frozen=True)
class Plan:
    """How often each fault comes, how long those last that last, and what goes on meanwhile."""

    kill_worker: int = 200
    kill_web: int = 100
    restart_database: int = 20
    stop_worker: int = 2
    fill_disk: int = 2
    lock_database: int = 2
    stop_s: float = 60
    full_s: float = 10
    lock_s: float = 30
    gap_s: float = 1.5
    keys: int = 1000
    forties: int = 60
    schedules: int = 6
    seed: int = 1


class Farm:
    """Two processes that take webhooks and run schedules, two that advance runs, one database."""

    def __init__(
        self, folder: Path, plan: Plan, server: Cluster | None, url: str, disk: Path | None
    ) -> None:
        """Nothing runs before `prepare` and `begin`.

        Args:
            folder: for the ledger, which lies outside the database and its disk.
            plan: what is to come.
            server: of the database; None for SQLite.
            url: of the database; "" for SQLite.
            disk: on which the database lies, to be filled; None where it is everybody's.
        """
        self.plan, self.server, self.url, self.disk = plan, server, url, disk
        self.rng = random.Random(plan.seed)
        self.account = Account()
        self._ledger = folder / "ledger"
        data = (disk or folder) / "data"
        self.database_file = data / "flowstudio.db"
        self._settings = settings_of(data, url)
        self._promises: list[tuple[int, set[Step]]] = []
        self._workers: list[Worker] = []

    async def prepare(self) -> dict[str, str]:
        """Make the workflows, links and schedules; gives the links' paths by kind."""
        step = {"rules": {"retry": {"attempts": 100}}, "ledger": str(self._ledger)}
        two = workflow(node("effect", "a", **step), node("effect", "b", **step), edges="a>b")
        forty = parse_document(graph_of_forty(self._ledger))
        async with open_runtime(self._settings, registry=REGISTRY) as runtime:
            owner = person(runtime.studio.parts, "owner@example.com")
            short = await published(runtime, owner, two)
            long = await published(runtime, owner, forty)
            rules = {"misfire": "all", "misfire_most": 100, "overlap": "queue"}
            wish = ScheduleWish("interval", f"{EVERY_S}s", **rules)
            for _ in range(self.plan.schedules):
                await runtime.studio.schedules.create(owner, short, wish)
            return {
                "order": path_of(await made(runtime, owner, short)),
                "forty": path_of(await made(runtime, owner, long)),
            }

    def begin(self) -> None:
        """Begin the processes, and wait until they are ready."""
        self._workers = [Worker(task, self._settings) for task in ("web", "web", "work", "work")]
        while not all(worker.address for worker in self._workers):
            time.sleep(0.05)

    def addresses(self) -> list[str]:
        """Where webhooks are taken at the moment."""
        return [each.address for each in self._workers if each.task == "web" and each.address]

    def choose(self, task: str) -> Worker:
        """One of the processes with that task, at random."""
        return self.rng.choice([worker for worker in self._workers if worker.task == task])

    def kill(self, task: str) -> None:
        """Kill one of them, and begin another."""
        worker = self.choose(task)
        worker.kill()
        self.promise()
        self._workers[self._workers.index(worker)] = Worker(task, self._settings)

    def mend(self) -> None:
        """Begin another for each that ended by itself, as whatever watches over services does."""
        for at, worker in enumerate(self._workers):
            if not worker.process.is_alive():
                self.account.exits += 1
                self._workers[at] = Worker(worker.task, self._settings)

    def promise(self) -> None:
        """Note what is committed now: none of it may run again."""
        committed = {(row[0], row[1]) for row in self._ask(_COMMITTED)}
        place = self._ledger.stat().st_size if self._ledger.exists() else 0
        self._promises.append((place, committed))

    def finish(self, given: dict[str, set[str]], firsts: dict[str, int]) -> Account:
        """Let all that was started end, stop the processes, and count."""
        self._wait(self._has_fired)
        self._ask(_NO_MORE_SLOTS)
        self._wait(self._is_done)
        for worker in self._workers:
            worker.kill()
        slots, ran = self._slots(), read_ledger(self._ledger)
        kinds = {run_id: key.partition("-")[0] for key, runs in given.items() for run_id in runs}
        kinds |= {slot.run_id: "order" for slot in slots}
        self.account.settle(kinds, dict(self._ask(_STATUSES)), ran)
        self.account.settle_keys(given, firsts)
        self.account.settle_slots(slots)
        self.account.violations = repeated(self._promises, ran)
        return self.account

    def _wait(self, happens: Callable[[], bool]) -> None:
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until and not happens():
            self.mend()
            time.sleep(0.5)

    def _has_fired(self) -> bool:
        """Each schedule, at least once."""
        return len({slot.schedule_id for slot in self._slots()}) == self.plan.schedules

    def _is_done(self) -> bool:
        statuses = {row[1] for row in self._ask(_STATUSES)}
        return statuses == {"succeeded"} and all(slot.state == "begun" for slot in self._slots())

    def _slots(self) -> list[Slot]:
        return [
            Slot(schedule_id, datetime.fromisoformat(str(at)), run_id, state)
            for schedule_id, at, run_id, state in self._ask(_SLOTS)
        ]

    def _ask(self, statement: str) -> list[Any]:
        for _ in range(300):
            try:
                return self._asked(statement)
            except (psycopg.OperationalError, sqlite3.OperationalError):
                # It has just been restarted, or somebody holds it.
                time.sleep(0.2)
        message = "the database has not come back"
        raise AssertionError(message)

    def _asked(self, statement: str) -> list[Any]:
        if not self.url:
            with sqlite3.connect(self.database_file, timeout=60) as database:
                return database.execute(statement).fetchall()
        with psycopg.connect(self.url) as connection:
            found = connection.execute(statement)  # type: ignore[arg-type]
            return found.fetchall() if found.description else []
