"""Deleting runs: what has ended goes with all that is its own, and nothing that is another's."""

import pytest

from flowstudio.errors import AccessDeniedError, ConflictError, NotFoundError
from flowstudio.graph.canonical import dump
from flowstudio.services.access import OPERATOR
from tests.builders import node, workflow
from tests.people import person, project_of
from tests.rows import fetch
from tests.running import run, succeed

pytestmark = pytest.mark.usefixtures("either_database")

ASK = workflow(node("task", "ask", mode="approval", message="?"))
PAID = workflow(node("paid"), name="paid one")
LARGE = workflow(node("big", size=1_500_000), name="large")


def counts(runtime) -> dict[str, int]:
    tables = ("run", "run_event", "model_call", "signal", "document", "blob")
    return {
        table: fetch(runtime.database, f"SELECT count(*) FROM {table}")[0][0]  # noqa: S608 - own names
        for table in tables
    }


async def test_a_deleted_run_leaves_nothing_behind(runtime):
    before = counts(runtime)
    run_id = (await succeed(runtime, PAID)).id
    await runtime.studio.removal.delete(OPERATOR, run_id)
    assert counts(runtime) == before
    with pytest.raises(NotFoundError):
        await runtime.runs.find(OPERATOR, run_id)


async def test_a_run_that_has_not_ended_is_left_alone(runtime):
    run_id = (await run(runtime, ASK)).id
    with pytest.raises(ConflictError, match="waiting"):
        await runtime.studio.removal.delete(OPERATOR, run_id)
    done = await runtime.studio.removal.delete_several(
        OPERATOR, [run_id, (await succeed(runtime, PAID)).id]
    )
    assert [refused.id for refused in done.refused] == [run_id]
    assert len(done.deleted) == 1
    assert counts(runtime)["run"] == 1


async def test_what_another_run_refers_to_stays(runtime):
    first, second = [(await succeed(runtime, LARGE, use_cache=False)).id for _ in range(2)]
    # The step's output, and the run's with that in it.
    assert counts(runtime)["blob"] == 2
    await runtime.studio.removal.delete(OPERATOR, first)
    assert counts(runtime) | {"run_event": 0} == {
        "run": 1, "run_event": 0, "model_call": 0, "signal": 0, "document": 1, "blob": 2,
    }  # fmt: skip
    assert len(await runtime.runs.output(OPERATOR, second, "big")) == 1_500_000
    await runtime.studio.removal.delete(OPERATOR, second)
    assert set(counts(runtime).values()) == {0}


async def test_a_kept_answer_outlives_the_run_that_made_it(runtime):
    kept = workflow(node("big", size=1_500_000, rules={"cache": {"ttl_s": 3600}}))
    first = (await succeed(runtime, kept)).id
    await runtime.studio.removal.delete(OPERATOR, first)
    assert counts(runtime)["blob"] == 1
    again = await succeed(runtime, kept)
    assert again.steps["big"].cached
    assert len(again.outputs["big"]) == 1_500_000


async def test_runs_inside_a_run_go_with_it(runtime, tmp_path):
    (tmp_path / "inner.json").write_bytes(dump(PAID.dump()))
    outer = workflow(node("integration", "call", mode="workflow", workflow="inner.json"))
    told = await succeed(runtime, outer, base=str(tmp_path))
    assert counts(runtime)["run"] == 2
    await runtime.studio.removal.delete(OPERATOR, told.id)
    assert set(counts(runtime).values()) == {0}


async def test_strangers_and_runners_delete_nothing(runtime):
    ann, ben = (person(runtime.studio.parts, f"{name}@example.com") for name in ("ann", "ben"))
    run_id = (await succeed(runtime, PAID, project_id=project_of(ann))).id
    with pytest.raises(NotFoundError):
        await runtime.studio.removal.delete(ben, run_id)
    mine = (await succeed(runtime, PAID, project_id=project_of(ben))).id
    with pytest.raises(NotFoundError):
        await runtime.studio.removal.delete_several(ben, [mine, run_id])
    guest = person(runtime.studio.parts, "g@example.com", "guest")
    with pytest.raises((NotFoundError, AccessDeniedError)):
        await runtime.studio.removal.delete(guest, run_id)
    assert counts(runtime)["run"] == 2
    await runtime.studio.removal.delete(ann, run_id)


async def test_who_deleted_what_is_in_the_audit_log(runtime):
    run_id = (await succeed(runtime, PAID)).id
    await runtime.studio.removal.delete(OPERATOR, run_id)
    found = await runtime.studio.audit.list_entries(OPERATOR, verb="run.delete")
    assert [entry.entry.object_id for entry in found.items] == [run_id]
    assert found.items[0].entry.details == {"workflow": "paid one"}
