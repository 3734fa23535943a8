"""Stored workflows: kept as soon as their form is right, changed by revision, seen by members."""

import asyncio

import pytest
from sqlmodel import select

from flowstudio.errors import (
    AccessDeniedError,
    InvalidDocumentError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    StaleRevisionError,
)
from flowstudio.graph.document import MAX_BYTES, Document
from flowstudio.graph.layout import laid_out
from flowstudio.graph.operations import OPERATIONS
from flowstudio.services.access import NOBODY
from flowstudio.services.credential_inputs import NewBearer
from flowstudio.services.workflows import Shelf
from flowstudio.store.tables.audit import AuditRow
from tests.builders import node, workflow
from tests.people import person, project_of
from tests.projects import kept, member

CANARY = "sk-CANARY-7d10"
GREET = laid_out(
    workflow(node("start"), node("end", outputs={"x": "1"}), edges="start>end", name="Greet")
)


@pytest.fixture
def service(runtime):
    return runtime.studio.workflows


@pytest.fixture
def owner(runtime):
    return person(runtime.studio.parts, "owner@example.com")


@pytest.fixture
def stranger(runtime):
    return person(runtime.studio.parts, "stranger@example.com")


@pytest.fixture
async def greet(runtime, owner):
    return await kept(runtime, owner, GREET)


def named(name: str) -> Document:
    return GREET.model_copy(update={"name": name})


def calling(credential_id: str) -> Document:
    request = node(
        "integration", "call", mode="http", url="https://a.test/", credential=credential_id
    )
    return workflow(request, name="Call")


async def credential(runtime, actor) -> str:
    new = NewBearer(kind="bearer", name="crm", token=CANARY, hosts=["a.test"])
    record = await runtime.studio.credentials.create(actor, project_of(actor), new)
    return record.id


def verbs(runtime):
    return runtime.studio.parts.records.read_now(
        lambda session: [(row.verb, row.actor) for row in session.exec(select(AuditRow))]
    )


def operations(*told):
    return OPERATIONS.validate_python(list(told))


async def test_a_workflow_is_read_as_it_was_kept(service, owner, greet):
    found = await service.get(owner, greet)
    assert found.document == GREET
    assert (found.record.name, found.record.revision) == ("Greet", 1)
    assert found.record.created_by == owner.id
    assert list(found.problems) == []


async def test_a_workflow_without_places_is_laid_out_when_it_is_kept(service, owner, greet):
    bare = workflow(node("start"), node("end"), edges="start>end", name="Bare")
    made = await service.create(owner, project_of(owner), bare)
    replaced = await service.replace(owner, greet, bare, 1)
    for kept_one in (made, replaced):
        assert len({each.position.x for each in kept_one.document.nodes}) == 2


async def test_a_draft_that_cannot_run_is_kept_with_its_problems(service, owner):
    draft = workflow(node("robot"), node("end", outputs={"x": "{{ nobody.x }}"}), name="Draft")
    made = await service.create(owner, project_of(owner), draft)
    assert {problem.code for problem in made.problems} >= {"unknown_type"}
    assert (await service.get(owner, made.record.id)).problems == made.problems


async def test_each_change_raises_the_revision_and_a_stale_one_is_refused(service, owner, greet):
    changed = await service.replace(owner, greet, named("Two"), 1)
    assert (changed.record.revision, changed.record.name) == (2, "Two")
    with pytest.raises(StaleRevisionError, match="revision 2"):
        await service.replace(owner, greet, named("Three"), 1)
    assert (await service.get(owner, greet)).document.name == "Two"


async def test_of_twenty_replacements_of_one_revision_one_wins(service, owner, greet):
    async def replace(number: int) -> bool:
        try:
            await service.replace(owner, greet, named(f"N{number}"), 1)
        except StaleRevisionError:
            return False
        return True

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(replace(number)) for number in range(20)]
    assert sum(task.result() for task in tasks) == 1
    assert (await service.get(owner, greet)).record.revision == 2


async def test_patches_at_the_same_time_lose_nothing(service, owner, greet):
    async def add(number: int) -> None:
        new = {"op": "add_node", "node": node("task", f"t{number}", mode="set", fields={})}
        await service.patch(owner, greet, operations(new))

    async with asyncio.TaskGroup() as group:
        for number in range(10):
            group.create_task(add(number))
    found = await service.get(owner, greet)
    assert {each.name for each in found.document.nodes} >= {f"t{number}" for number in range(10)}
    assert found.record.revision == 11


async def test_a_patch_that_does_not_fit_changes_nothing(service, owner, greet):
    told = operations(
        {"op": "update_workflow", "name": "New"}, {"op": "remove_node", "id": "nobody"}
    )
    with pytest.raises(InvalidDocumentError, match=r"operations\.1"):
        await service.patch(owner, greet, told)
    assert (await service.get(owner, greet)).record.revision == 1


async def test_a_stale_patch_is_refused_only_if_it_names_its_revision(service, owner, greet):
    rename = operations({"op": "update_workflow", "name": "New"})
    assert (await service.patch(owner, greet, rename)).record.revision == 2
    with pytest.raises(StaleRevisionError):
        await service.patch(owner, greet, rename, 1)


async def test_a_document_may_not_grow_too_large(service, owner, greet):
    half = "x" * (MAX_BYTES // 2)
    big = {"op": "update_node", "id": "start", "changes": {"default": half}}
    await service.patch(owner, greet, operations(big))
    more = {"op": "update_node", "id": "end", "changes": {"default": half}}
    with pytest.raises(InvalidDocumentError, match="at most 5,000,000"):
        await service.patch(owner, greet, operations(more))
    with pytest.raises(InvalidDocumentError, match="at most 5,000,000"):
        await service.create(
            owner, project_of(owner), workflow(node("end", outputs={"x": half + half}))
        )


async def test_a_deleted_workflow_is_gone_and_its_runs_stay(runtime, service, owner, greet):
    run_id = await runtime.runs.create_unchecked(
        GREET, {}, project_id=project_of(owner), workflow_id=greet
    )
    await service.delete(owner, greet)
    with pytest.raises(NotFoundError):
        await service.get(owner, greet)
    assert (await runtime.runs.find(owner, run_id)).workflow_id == greet


async def test_a_deletion_that_names_another_revision_is_refused(service, owner, greet):
    with pytest.raises(StaleRevisionError):
        await service.delete(owner, greet, 7)
    await service.delete(owner, greet, 1)


async def test_a_copy_is_a_workflow_of_its_own(service, owner, greet):
    copy = await service.duplicate(owner, greet)
    assert (copy.record.name, copy.record.revision) == ("Copy of Greet", 1)
    assert copy.record.id != greet
    await service.delete(owner, greet)
    assert (await service.get(owner, copy.record.id)).document.nodes == GREET.nodes


async def test_a_shipped_example_becomes_a_workflow_that_runs(runtime, service, owner):
    slug = runtime.templates.list(owner)[0].slug
    made = await service.create_from_template(owner, project_of(owner), slug)
    assert made.document == runtime.templates.get(owner, slug).document
    with pytest.raises(NotFoundError):
        await service.create_from_template(owner, project_of(owner), "../secrets")


async def test_validating_another_document_keeps_nothing(service, owner, greet):
    problems = await service.check(owner, greet, workflow(node("robot")))
    assert problems[0].code == "unknown_type"
    assert (await service.get(owner, greet)).record.revision == 1


async def test_changes_are_in_the_audit_log(runtime, service, owner, greet):
    await service.replace(owner, greet, named("Two"), 1)
    await service.export(owner, greet)
    await service.delete(owner, greet)
    told = [verb for verb, actor in verbs(runtime) if actor == owner.name]
    assert [verb for verb in told if verb.startswith("workflow")] == [
        "workflow.create",
        "workflow.edit",
        "workflow.export",
        "workflow.delete",
    ]


# Lists


async def test_a_list_goes_on_where_it_ended_whatever_was_deleted(runtime, service, owner):
    ids = [await kept(runtime, owner, named(f"W{number}")) for number in range(5)]
    first = await service.list_workflows(owner, sort="name", limit=2)
    await service.delete(owner, first.items[-1].id)
    second = await service.list_workflows(owner, sort="name", limit=2, after=first.next)
    third = await service.list_workflows(owner, sort="name", limit=2, after=second.next)
    seen = [item.id for page in (first, second, third) for item in page.items]
    assert seen == ids
    assert third.next is None


@pytest.mark.parametrize("field", ["name", "created_at", "updated_at"])
async def test_each_order_turns_round(runtime, service, owner, field):
    for name in ("b", "a", "é" * 200, "a"):
        await kept(runtime, owner, named(name))
    ahead, back = [], []
    for sort, found in ((field, ahead), (f"-{field}", back)):
        after = None
        while True:
            page = await service.list_workflows(owner, sort=sort, limit=1, after=after)
            found += [item.id for item in page.items]
            if (after := page.next) is None:
                break
            assert len(after) <= 2_000
    assert len(ahead) == len(set(ahead)) == 4
    assert back == ahead[::-1]


async def test_a_search_finds_part_of_a_name(runtime, service, owner):
    for name in ("Daily report", "Weekly REPORT", "50% off", "off"):
        await kept(runtime, owner, named(name))

    async def find(text):
        page = await service.list_workflows(owner, Shelf(search=text), sort="name")
        return [item.name for item in page.items]

    assert await find("report") == ["Daily report", "Weekly REPORT"]
    assert await find("%") == ["50% off"]
    assert await find("_") == []


@pytest.mark.parametrize("text", ["' OR 1=1--", '"; DROP TABLE workflow;--', "\\", "'%'"])
async def test_a28_a_search_is_only_a_text(service, owner, greet, text):
    assert (await service.list_workflows(owner, Shelf(search=text))).items == []
    assert (await service.get(owner, greet)).record.name == "Greet"


@pytest.mark.parametrize(
    "cursor", ["x", "", "W10", "eyJhIjoxfQ", "WyJuYW1lIiwxLDJd", "' OR 1=1--", "é", "=" * 400]
)
async def test_a28_a_cursor_that_no_list_gave_is_refused(service, owner, cursor):
    with pytest.raises(InvalidInputError, match="after"):
        await service.list_workflows(owner, sort="name", after=cursor)


async def test_a_cursor_of_another_order_is_refused(runtime, service, owner):
    for name in ("a", "b"):
        await kept(runtime, owner, named(name))
    page = await service.list_workflows(owner, sort="name", limit=1)
    with pytest.raises(InvalidInputError):
        await service.list_workflows(owner, sort="-name", after=page.next)


async def test_a_list_shows_only_what_the_actor_may_read(runtime, service, owner, stranger, greet):
    assert (await service.list_workflows(stranger)).items == []
    viewer = member(runtime, "viewer", owner)
    assert [item.id for item in (await service.list_workflows(viewer)).items] == [greet]
    with pytest.raises(NotFoundError):
        await service.list_workflows(stranger, project_id=project_of(owner))
    with pytest.raises(NotSignedInError):
        await service.list_workflows(NOBODY)


# Who may


CALLS = {
    "get": lambda service, actor, id_: service.get(actor, id_),
    "get_stored": lambda service, actor, id_: service.get_stored(actor, id_),
    "check": lambda service, actor, id_: service.check(actor, id_),
    "replace": lambda service, actor, id_: service.replace(actor, id_, GREET, 1),
    "patch": lambda service, actor, id_: service.patch(
        actor, id_, operations({"op": "remove_node", "id": "end"})
    ),
    "delete": lambda service, actor, id_: service.delete(actor, id_),
    "export": lambda service, actor, id_: service.export(actor, id_),
    "duplicate": lambda service, actor, id_: service.duplicate(actor, id_),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a19_what_belongs_to_others_answers_as_what_does_not_exist(
    service, stranger, greet, call
):
    told = []
    for workflow_id in (greet, "0193e0aa-7b1c-7c4e-9d5e-0f6a1b2c3d4e"):
        with pytest.raises(NotFoundError) as caught:
            await call(service, stranger, workflow_id)
        told.append(str(caught.value))
    assert told[0] == told[1]
    with pytest.raises(NotSignedInError):
        await call(service, NOBODY, greet)


@pytest.mark.parametrize("role", ["viewer", "runner"])
@pytest.mark.parametrize("name", ["replace", "patch", "delete", "export", "duplicate"])
async def test_a23_only_editors_change_and_export(runtime, service, owner, greet, role, name):
    with pytest.raises(AccessDeniedError):
        await CALLS[name](service, member(runtime, role, owner), greet)
    assert (await service.get(owner, greet)).record.revision == 1


async def test_a21_nothing_is_made_in_a_foreign_or_missing_project(service, owner, stranger):
    for project_id in (project_of(owner), "0193e0aa-7b1c-7c4e-9d5e-0f6a1b2c3d4e", "", "-"):
        with pytest.raises(NotFoundError):
            await service.create(stranger, project_id, GREET)


async def test_a21_an_admin_makes_nothing_outside_a_project(runtime, service):
    admin = person(runtime.studio.parts, "admin@example.com", "admin")
    with pytest.raises(NotFoundError):
        await service.create(admin, "", GREET)


# Credentials


async def test_a20_a_credential_of_another_project_is_refused_at_save(
    runtime, service, owner, stranger, greet
):
    foreign = calling(await credential(runtime, stranger))
    with pytest.raises(InvalidDocumentError, match="no credential"):
        await service.create(owner, project_of(owner), foreign)
    with pytest.raises(InvalidDocumentError, match="no credential"):
        await service.replace(owner, greet, foreign, 1)
    told = {"op": "add_node", "node": foreign.nodes[0].model_dump(mode="json")}
    with pytest.raises(InvalidDocumentError, match="no credential"):
        await service.patch(owner, greet, operations(told))
    assert (await service.get(owner, greet)).record.revision == 1


async def test_a20_validating_tells_of_a_foreign_credential(
    runtime, service, owner, stranger, greet
):
    problems = await service.check(owner, greet, calling(await credential(runtime, stranger)))
    assert "unknown_credential" in {problem.code for problem in problems}


async def test_a33_an_export_names_no_credential_and_asks_for_one_again(runtime, service, owner):
    own = await credential(runtime, owner)
    workflow_id = await kept(runtime, owner, calling(own))
    document = await service.export(owner, workflow_id)
    text = document.model_dump_json()
    assert own not in text
    assert CANARY not in text
    imported = await service.create(owner, project_of(owner), document)
    assert any("credential" in problem.path for problem in imported.problems)
