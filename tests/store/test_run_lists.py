"""Lists of runs: what fits is found, however many others there are and whatever the database."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from flowstudio.runtime import open_runtime
from flowstudio.settings import Settings
from flowstudio.store.database import open_database
from flowstudio.store.run_queries import RunQuery, conditions_of
from flowstudio.store.tables.runs import DocumentRow, RunRow

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
#: More than are looked through first.
MANY = 600
SPECIAL = [
    ("rare", {"status": "failed", "error": "No route to Host"}),
    ("webhook", {"trigger": "webhook", "inputs": '{"city": "Zürich"}'}),
    ("inside", {"trigger": "workflow:x:call", "depth": 1}),
    ("other", {"project_id": "q", "workflow": "100% Wool_"}),
]


def rows():
    usual = {
        "document_hash": "d",
        "workflow": "Digest",
        "project_id": "p",
        "status": "succeeded",
        "inputs": "{}",
        "trigger": "manual",
        "base": "",
        "draft": "",
        "error": None,
        "depth": 0,
    }
    for number in range(MANY):
        name, special = SPECIAL[number] if number < len(SPECIAL) else (f"{number}", {})
        yield usual | {"id": f"x-{name}", "created_at": NOON + timedelta(minutes=number)} | special


@pytest.fixture
async def store(tmp_path, either_database):  # noqa: ARG001 - chooses the database
    async with open_runtime(Settings(data_dir=tmp_path)) as runtime:

        def fill(session):
            session.execute(insert(DocumentRow).values(hash="d", body=b"{}"))
            session.execute(insert(RunRow), list(rows()))

        runtime.studio.parts.records.write_now(fill)
        yield runtime.parts.store


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (RunQuery(statuses=("failed",)), ["rare"]),
        (RunQuery(statuses=("failed", "cancelled"), projects=("p", "q")), ["rare"]),
        (RunQuery(statuses=("cancelled",)), []),
        (RunQuery(projects=("q",)), ["other"]),
        (RunQuery(projects=()), []),
        (RunQuery(projects=[f"{number}" for number in range(50)] + ["q"]), ["other"]),
        (RunQuery(triggers=("webhook",)), ["webhook"]),
        (RunQuery(triggers=("workflow",)), ["inside"]),
        (RunQuery(triggers=("workflow", "webhook")), ["inside", "webhook"]),
        (RunQuery(without=("manual",)), ["inside", "webhook"]),
        (RunQuery(without=("manual", "workflow")), ["webhook"]),
        (RunQuery(text="no ROUTE"), ["rare"]),
        (RunQuery(text="100% wool_"), ["other"]),
        (RunQuery(text="0%_"), []),
        (RunQuery(text="Zürich"), ["webhook"]),
        (RunQuery(text="zürich", projects=("p", "q")), ["webhook"]),
        (RunQuery(text="599"), ["599"]),
        (RunQuery(until=NOON + timedelta(minutes=2)), ["webhook", "rare"]),
        (
            RunQuery(since=NOON + timedelta(minutes=1), until=NOON + timedelta(minutes=3)),
            ["inside", "webhook"],
        ),
    ],
)
async def test_what_fits_is_found_among_many(store, query, found):
    # An id is looked through for texts that could be a part of one alone.
    if query.text == "599":
        query = RunQuery(ids=["x-599", "x-598"], text="599")
    assert [run.id for run in await store.list_runs(query)] == [f"x-{name}" for name in found]
    assert await store.count_runs(query, 100) == len(found)


async def test_a_page_goes_on_where_the_one_before_ended(store):
    query = RunQuery(projects=("p", "q"), until=NOON + timedelta(minutes=100))
    first = await store.list_runs(query, limit=60)
    second = await store.list_runs(query, limit=60, before=first[-1].id)
    assert [run.id for run in first + second] == [
        f"x-{SPECIAL[number][0] if number < 4 else number}" for number in reversed(range(100))
    ]


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (RunQuery(statuses=("failed",), projects=("p", "q")), "ix_run_status_wake"),
        (RunQuery(statuses=("failed",), projects=("p",)), "ix_run_status_wake"),
        (RunQuery(equal={"workflow_id": "w"}, projects=("p",)), "ix_run_workflow_id"),
        (RunQuery(projects=("p",), text="seven chairs"), "ix_run_project_id"),
    ],
)
def test_what_is_rare_is_found_by_an_index(tmp_path, query, index):
    file = open_database(Settings(data_dir=tmp_path)).file
    wheres, values = conditions_of(query)
    plan = sqlite3.connect(file).execute(
        f"EXPLAIN QUERY PLAN SELECT id FROM run WHERE {' AND '.join(wheres)}",  # noqa: S608 - constant text
        values,
    )
    assert index in " ".join(row[3] for row in plan)
