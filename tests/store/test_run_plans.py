"""However many runs wait, what is asked again and again reads none of them one by one."""

import asyncio
import sqlite3
from datetime import UTC, datetime

import pytest

from flowstudio.store import queue
from flowstudio.store.database import open_database
from flowstudio.store.queue_capacity import Capacity
from flowstudio.store.retries import list_retries

NOW = datetime(2026, 11, 26, tzinfo=UTC)
QUEUES = ("interactive", "batch")
#: Of all runs, or of all in some state, there may be as many as like.
LONG = ("ix_run_status_wake", "ix_run_created", "ix_run_project_id", "ix_run_workflow_id")


class Asked:
    """A journal and a connection that say how SQLite would find what it is asked for."""

    def __init__(self, file):
        self._connection = sqlite3.connect(file)
        self.plans = []

    def execute(self, statement, values=()):
        for row in self._connection.execute(f"EXPLAIN QUERY PLAN {statement}", values):
            self.plans.append(row[3])
        return self._connection.execute(statement, values)

    async def query(self, statement, values=()):
        return self.execute(statement, values).fetchall()

    def in_turn(self):
        """Nobody else is here."""


@pytest.fixture
def asked(settings):
    return Asked(open_database(settings).file)


ASKING = {
    "how the queue stands": lambda asked: queue.depths(asked, QUEUES, NOW),
    "whether something waits": lambda asked: queue.has_work(asked, NOW),
    "what is to be tried again": lambda asked: list_retries(asked, NOW, 200),
}


def reads_all(plan: str) -> bool:
    is_counted = plan.startswith("SCAN run USING COVERING INDEX ix_run_waiting")
    is_of_few = any(name in plan for name in ("ix_run_owned", "ix_run_ready", "ix_run_retry"))
    return plan.split()[:2] == ["SCAN", "run"] and not is_counted and not is_of_few


@pytest.mark.parametrize("what", ASKING)
def test_no_question_about_the_queue_reads_all_runs(asked, what):
    asyncio.run(ASKING[what](asked))
    assert asked.plans
    assert not [plan for plan in asked.plans if reads_all(plan)]
    assert not [plan for plan in asked.plans if any(name in plan for name in LONG)]


def test_letting_runs_in_reads_no_more_than_it_lets_in(asked):
    queue.take("me", QUEUES, Capacity({frozenset(QUEUES): 4}), NOW, {})(asked)
    assert any("ix_run_queue" in plan for plan in asked.plans)
    assert not [plan for plan in asked.plans if reads_all(plan)]
    assert not [plan for plan in asked.plans if any(name in plan for name in LONG)]
