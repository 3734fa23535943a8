"""Waiting runs, written straight into the database."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from sqlalchemy import insert
from sqlmodel import Session

from flowstudio.graph.ids import new_id
from flowstudio.runtime import Runtime
from flowstudio.services.access import OPERATOR, Actor
from flowstudio.services.queues import QUEUES
from flowstudio.store.tables.runs import DocumentRow, RunRow
from tests.people import project_of

WORKFLOWS = tuple(new_id() for _ in range(20))
_TRIGGERS = ("manual", "schedule", "webhook")
_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Filled:
    """What waits, the oldest first, and whose it is."""

    run_ids: list[str]
    admin: Actor
    operator: Actor = OPERATOR


def fill(runtime: Runtime, admin: Actor, length: int) -> Filled:
    """Have so many runs wait: of twenty workflows, in all queues, made within the last hour."""
    records, now = runtime.studio.parts.records, runtime.clock.now()
    project_id, run_ids = project_of(admin), sorted(new_id() for _ in range(length))
    document = {"hash": "0" * 64, "body": b"{}"}
    records.write_now(lambda session: session.execute(insert(DocumentRow).values(document)))

    def row(number: int, run_id: str) -> dict[str, object]:
        place = number % len(WORKFLOWS)
        return {
            "id": run_id,
            "document_hash": document["hash"],
            "workflow": f"Weekly digest {place}",
            "project_id": project_id,
            "workflow_id": WORKFLOWS[place],
            "status": "queued",
            "inputs": '{"text": "an order of seven chairs", "n": 7}',
            "trigger": _TRIGGERS[number % len(_TRIGGERS)],
            "created_at": now - timedelta(seconds=3_600 * (1 - number / length)),
            "base": "",
            "draft": "",
            "steps_total": 5,
            "queue": QUEUES[number % len(QUEUES)],
        }

    for start in range(0, length, _AT_ONCE):
        part = [row(start + at, run_id) for at, run_id in enumerate(run_ids[start:][:_AT_ONCE])]
        records.write_now(partial(_insert, rows=part))
    return Filled(run_ids, admin)


def _insert(session: Session, rows: list[dict[str, object]]) -> None:
    session.execute(insert(RunRow), rows)
