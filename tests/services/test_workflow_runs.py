"""Stored workflows run for their project: once for each key, by those who may, in their name."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import select

from flowstudio.errors import (
    AccessDeniedError,
    InvalidDocumentError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
)
from flowstudio.services.access import NOBODY, OPERATOR
from flowstudio.services.credential_inputs import NewBearer
from flowstudio.services.workflows import RunWish
from flowstudio.store.projects import remove_project
from flowstudio.store.tables.keys import IdempotencyRow
from tests.builders import inputs, node, workflow
from tests.people import person, project_of
from tests.projects import kept, member
from tests.running import ended

pytestmark = pytest.mark.usefixtures("either_database")

DOUBLE = workflow(
    node("start", **inputs(n="integer")),
    node("end", outputs={"twice": "{{ inputs.n * 2 }}"}),
    edges="start>end",
    name="Double",
)
WISH = RunWish({"n": 21})


@pytest.fixture
def service(runtime):
    return runtime.studio.workflows


@pytest.fixture
def owner(runtime):
    return person(runtime.studio.parts, "owner@example.com")


@pytest.fixture
async def double(runtime, owner):
    return await kept(runtime, owner, DOUBLE)


def keyed(key, n=21):
    return RunWish({"n": n}, idempotency_key=key)


async def runs(runtime):
    return await runtime.runs.list(OPERATOR)


async def test_a_run_belongs_to_the_project_the_workflow_and_who_began_it(
    runtime, service, owner, double
):
    runner = member(runtime, "runner", owner)
    told = await ended(runtime, await service.run(runner, double, WISH))
    assert told.outputs == {"twice": 42}
    record = told.view.record
    assert (record.project_id, record.workflow_id) == (project_of(owner), double)
    assert (record.created_by, record.trigger) == (runner.id, "manual")


async def test_a_run_keeps_to_the_document_it_began_with(runtime, service, owner, double):
    run_id = await service.run(owner, double, WISH)
    await service.replace(owner, double, DOUBLE.model_copy(update={"name": "Other"}), 1)
    assert (await ended(runtime, run_id)).view.document.name == "Double"


async def test_a23_viewers_and_guests_run_nothing(runtime, service, owner, double):
    for role, instance_role in (("viewer", "user"), ("owner", "guest")):
        with pytest.raises(AccessDeniedError):
            await service.run(member(runtime, role, owner, instance_role), double, WISH)
    assert await runs(runtime) == []


async def test_a19_nobody_runs_what_belongs_to_others(runtime, service, double):
    with pytest.raises(NotFoundError):
        await service.run(person(runtime.studio.parts, "b@example.com"), double, WISH)
    with pytest.raises(NotSignedInError):
        await service.run(NOBODY, double, WISH)


async def test_every_problem_of_document_or_inputs_is_told_and_nothing_is_run(
    runtime, service, owner, double
):
    draft = await kept(runtime, owner, workflow(node("robot"), node("robot", "other")))
    with pytest.raises(InvalidDocumentError) as caught:
        await service.run(owner, draft, RunWish({}))
    assert len(caught.value.problems) >= 2
    with pytest.raises(InvalidInputError, match="n"):
        await service.run(owner, double, RunWish({"n": "many"}))
    assert await runs(runtime) == []


async def test_the_same_key_gives_the_same_run(runtime, service, owner, double):
    first = await service.run(owner, double, keyed("order 1"))
    assert await service.run(owner, double, keyed("order 1")) == first
    await ended(runtime, first)
    assert await service.run(owner, double, keyed("order 1")) == first
    assert await service.run(owner, double, keyed("order 2")) != first
    assert len(await runs(runtime)) == 2


async def test_twenty_requests_with_one_key_make_one_run(runtime, service, owner, double):
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(service.run(owner, double, keyed("order 1"))) for _ in range(20)]
    (run_id,) = {task.result() for task in tasks}
    assert (await ended(runtime, run_id)).outputs == {"twice": 42}
    assert len(await runs(runtime)) == 1


async def test_a_key_used_for_another_request_is_refused(runtime, service, owner, double):
    other = await kept(runtime, owner, DOUBLE)
    await service.run(owner, double, keyed("order 1"))
    for workflow_id, wish in ((double, keyed("order 1", n=22)), (other, keyed("order 1"))):
        with pytest.raises(InvalidInputError, match="used for another request"):
            await service.run(owner, workflow_id, wish)
    assert len(await runs(runtime)) == 1


async def test_a_key_is_its_users_own(runtime, service, owner, double):
    runner = member(runtime, "runner", owner)
    mine = await service.run(owner, double, keyed("order 1"))
    assert await service.run(runner, double, keyed("order 1")) != mine


async def test_a_refused_request_does_not_use_up_its_key(service, owner, double):
    with pytest.raises(InvalidInputError):
        await service.run(owner, double, RunWish({"n": "many"}, idempotency_key="order 1"))
    await service.run(owner, double, keyed("order 1"))


async def test_asking_again_gives_the_run_even_if_the_workflow_cannot_run_any_more(
    service, owner, double
):
    run_id = await service.run(owner, double, keyed("order 1"))
    await service.replace(owner, double, workflow(node("robot"), name="Double"), 1)
    assert await service.run(owner, double, keyed("order 1")) == run_id


async def test_a_crash_between_promise_and_run_is_mended_by_asking_again(
    runtime, service, owner, double
):
    run_id = await service.run(owner, double, keyed("order 1"))
    await ended(runtime, run_id)
    parts = runtime.studio.parts

    def lose(session):
        row = session.exec(select(IdempotencyRow)).one()
        row.run_id = "0193e0aa-7b1c-7c4e-9d5e-0f6a1b2c3d4e"
        session.add(row)
        return row.run_id

    promised = parts.records.write_now(lose)
    assert await service.run(owner, double, keyed("order 1")) == promised
    assert (await ended(runtime, promised)).outputs == {"twice": 42}


async def test_a_run_made_but_not_begun_is_begun_by_asking_again(runtime, service, owner, double):
    run_id = await service.run(owner, double, keyed("order 1"))
    await ended(runtime, run_id)
    parts = runtime.studio.parts

    def promise(session):
        row = session.exec(select(IdempotencyRow)).one()
        row.run_id = made
        session.add(row)

    made = await runtime.runs.create_unchecked(DOUBLE, {"n": 1}, project_id=project_of(owner))
    parts.records.write_now(promise)
    assert await service.run(owner, double, keyed("order 1")) == made
    assert (await ended(runtime, made)).outputs == {"twice": 2}


async def test_after_a_day_a_key_is_forgotten(timed, clock):
    owner = person(timed.studio.parts)
    workflow_id = await kept(timed, owner, DOUBLE)
    service = timed.studio.workflows
    first = await service.run(owner, workflow_id, keyed("order 1"))
    clock.turn(timedelta(hours=25).total_seconds())
    assert await service.run(owner, workflow_id, keyed("order 1")) != first
    rows = timed.studio.parts.records.read_now(
        lambda session: len(session.exec(select(IdempotencyRow)).all())
    )
    assert rows == 1


@pytest.mark.parametrize("key", ["x" * 201, "a\nb", "\x00", "a\u200b"])
async def test_a_key_of_odd_signs_is_refused(service, owner, double, key):
    with pytest.raises(InvalidInputError, match="printable"):
        await service.run(owner, double, keyed(key))


# Documents that are not kept


async def test_an_editor_runs_a_document_that_is_not_kept(runtime, service, owner):
    editor = member(runtime, "editor", owner)
    run_id = await service.run_document(editor, project_of(owner), DOUBLE, WISH)
    told = await ended(runtime, run_id)
    assert told.outputs == {"twice": 42}
    assert (told.view.record.project_id, told.view.record.workflow_id) == (project_of(owner), "")


async def test_a_document_run_twice_with_one_key_is_run_once(service, owner):
    project_id = project_of(owner)
    first = await service.run_document(owner, project_id, DOUBLE, keyed("order 1"))
    assert await service.run_document(owner, project_id, DOUBLE, keyed("order 1")) == first
    other = DOUBLE.model_copy(update={"name": "Other"})
    with pytest.raises(InvalidInputError, match="another request"):
        await service.run_document(owner, project_id, other, keyed("order 1"))


@pytest.mark.parametrize("role", ["viewer", "runner"])
async def test_a23_who_may_not_change_workflows_runs_no_document(runtime, service, owner, role):
    with pytest.raises(AccessDeniedError):
        await service.run_document(member(runtime, role, owner), project_of(owner), DOUBLE, WISH)


async def test_a21_a_document_runs_in_no_foreign_and_no_missing_project(runtime, service, owner):
    stranger = person(runtime.studio.parts, "b@example.com")
    admin = person(runtime.studio.parts, "admin@example.com", "admin")
    for actor, project_id in ((stranger, project_of(owner)), (stranger, ""), (admin, "")):
        with pytest.raises(NotFoundError):
            await service.run_document(actor, project_id, DOUBLE, WISH)
    assert await runs(runtime) == []


async def test_a20_a_document_with_a_foreign_credential_is_not_run(runtime, service, owner):
    stranger = person(runtime.studio.parts, "b@example.com")
    new = NewBearer(kind="bearer", name="crm", token="sk-1", hosts=["a.test"])  # noqa: S106
    foreign = await runtime.studio.credentials.create(stranger, project_of(stranger), new)
    calling = workflow(
        node("integration", "call", mode="http", url="https://a.test/", credential=foreign.id)
    )
    with pytest.raises(InvalidDocumentError, match="no credential"):
        await service.run_document(owner, project_of(owner), calling, RunWish({}))
    # Nor by a door that does not look: the step itself is refused.
    run_id = await runtime.runs.start(owner, calling, {}, project_id=project_of(owner))
    told = await ended(runtime, run_id)
    assert "There is no credential" in told.view.record.error


async def test_a20_a_credential_that_was_left_out_must_be_chosen_before_a_run(
    runtime, service, owner
):
    call = node("integration", "call", mode="http", url="https://a.test/", credential="")
    draft = await kept(runtime, owner, workflow(call))
    with pytest.raises(InvalidDocumentError, match="Choose one of this project"):
        await service.run(owner, draft, RunWish({}))


# Shipped examples


async def test_a_runner_runs_a_shipped_example_and_a_viewer_does_not(runtime, owner):
    slug = runtime.templates.list(owner)[0].slug
    with pytest.raises(AccessDeniedError):
        await runtime.runs.start_template(
            member(runtime, "viewer", owner), slug, {}, project_id=project_of(owner)
        )
    with pytest.raises(NotFoundError):
        await runtime.runs.start_template(
            person(runtime.studio.parts, "b@example.com"), slug, {}, project_id=project_of(owner)
        )
    with pytest.raises(NotFoundError):
        await runtime.runs.start_template(owner, "nothing", {}, project_id=project_of(owner))


# What happens to the project meanwhile


async def test_a_queued_run_of_somebody_who_was_removed_still_runs(runtime, owner):
    runner = member(runtime, "runner", owner)
    run_id = await runtime.runs.create_unchecked(
        DOUBLE, {"n": 21}, project_id=project_of(owner), created_by=runner.id
    )
    await runtime.studio.members.remove(owner, project_of(owner), runner.id)
    runtime.runs.launch(run_id)
    assert (await ended(runtime, run_id)).outputs == {"twice": 42}


async def test_a_run_whose_project_vanishes_ends_quietly(runtime, bench, owner, caplog):
    gated = workflow(node("gate"), node("count"), edges="gate>count")
    run_id = await runtime.runs.start(owner, gated, {}, project_id=project_of(owner))
    async with asyncio.timeout(20):
        await bench.started("gate").wait()
    parts = runtime.studio.parts
    parts.records.write_now(lambda session: remove_project(session, project_of(owner)))
    bench.gate("gate").set()
    async with asyncio.timeout(20):
        while run_id in runtime.dispatcher._launched:  # noqa: ASYNC110 - nobody is told of it
            await asyncio.sleep(0)
    assert bench.runs == {"gate": 1}
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
    assert await runs(runtime) == []
