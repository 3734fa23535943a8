"""Versions: kept by people and by themselves, compared, brought back, and published."""

from datetime import timedelta

import pytest
from sqlmodel import select

from flowstudio.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidDocumentError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
)
from flowstudio.graph.layout import laid_out
from flowstudio.graph.operations import OPERATIONS
from flowstudio.services.access import NOBODY
from flowstudio.services.checkpoints import MOST_CHECKPOINTS
from flowstudio.services.workflow_access import channel_of
from flowstudio.services.workflows import RunWish
from flowstudio.store.tables.audit import AuditRow
from tests.builders import inputs, node, workflow
from tests.people import person
from tests.projects import kept, member
from tests.running import ended

DOUBLE = laid_out(
    workflow(
        node("start", **inputs(n="integer")),
        node("end", outputs={"twice": "{{ inputs.n * 2 }}"}),
        edges="start>end",
        name="Double",
    )
)
TRIPLE = DOUBLE.model_copy(
    update={
        "nodes": [
            DOUBLE.nodes[0],
            DOUBLE.nodes[1].model_copy(
                update={"config": {"outputs": {"thrice": "{{ inputs.n * 3 }}"}}}
            ),
        ]
    }
)
BROKEN = workflow(node("robot"), node("end", outputs={"x": "{{ nobody.x }}"}), name="Broken")
WISH = {"n": 7}


@pytest.fixture
def versions(runtime):
    return runtime.studio.versions


@pytest.fixture
def workflows(runtime):
    return runtime.studio.workflows


@pytest.fixture
def owner(runtime):
    return person(runtime.studio.parts, "owner@example.com")


@pytest.fixture
async def double(runtime, owner):
    return await kept(runtime, owner, DOUBLE)


async def listed(versions, actor, workflow_id, **more):
    found = await versions.list_versions(actor, workflow_id, **more)
    return [(item.number, item.kind, item.name) for item in found.page.items]


async def renamed(workflows, actor, workflow_id, name):
    told = OPERATIONS.validate_python([{"op": "update_workflow", "name": name}])
    return await workflows.patch(actor, workflow_id, told)


# Kept by people


async def test_a_named_version_keeps_what_the_draft_said(versions, workflows, owner, double):
    made = await versions.create(owner, double, "  First\n try ", " It doubles. ")
    assert (made.number, made.kind, made.name, made.note) == (
        1,
        "named",
        "First try",
        "It doubles.",
    )
    assert (made.author, made.revision) == ("Owner", 1)
    await workflows.replace(owner, double, TRIPLE, 1)
    found = await versions.get(owner, double, 1)
    assert found.document == DOUBLE
    assert await listed(versions, owner, double) == [(1, "named", "First try")]


@pytest.mark.parametrize(
    ("name", "note"), [("", ""), (" ", ""), ("x" * 201, ""), ("a\x00", ""), ("a", "x" * 2_001)]
)
async def test_a_version_needs_a_name_that_is_one(versions, owner, double, name, note):
    with pytest.raises(InvalidInputError):
        await versions.create(owner, double, name, note)
    assert await listed(versions, owner, double) == []


async def test_a_list_of_versions_goes_on_where_it_ended(versions, owner, double):
    for number in range(5):
        await versions.create(owner, double, f"v{number}")
    first = await versions.list_versions(owner, double, limit=2)
    second = await versions.list_versions(owner, double, limit=2, after=first.page.next)
    third = await versions.list_versions(owner, double, limit=2, after=second.page.next)
    numbers = [item.number for found in (first, second, third) for item in found.page.items]
    assert numbers == [5, 4, 3, 2, 1]
    assert third.page.next is None


@pytest.mark.parametrize("after", ["x", "", "-1", "1e3", "9" * 10, "²"])
async def test_a_place_that_no_list_gave_is_refused(versions, owner, double, after):
    with pytest.raises(InvalidInputError, match="after"):
        await versions.list_versions(owner, double, after=after)


# Kept by themselves


async def test_a_checkpoint_is_kept_when_the_last_version_is_older_than_ten_minutes(timed, clock):
    owner = person(timed.studio.parts)
    workflow_id = await kept(timed, owner, DOUBLE)
    workflows, versions = timed.studio.workflows, timed.studio.versions
    await renamed(workflows, owner, workflow_id, "Two")
    assert await listed(versions, owner, workflow_id) == []
    clock.turn(timedelta(minutes=11).total_seconds())
    await renamed(workflows, owner, workflow_id, "Three")
    assert await listed(versions, owner, workflow_id) == [(1, "checkpoint", "")]
    # It holds what was there before the change.
    assert (await versions.get(owner, workflow_id, 1)).document.name == "Two"


async def test_a_pause_makes_one_checkpoint_and_none_at_the_change_after_it(timed, clock):
    owner = person(timed.studio.parts)
    workflow_id = await kept(timed, owner, DOUBLE)
    for number, pause_s in enumerate([86_400, 1, 1, 86_400, 1]):
        clock.turn(pause_s)
        await renamed(timed.studio.workflows, owner, workflow_id, f"N{number}")
    found = await timed.studio.versions.list_versions(owner, workflow_id)
    assert [version.revision for version in found.page.items] == [4, 1]


async def test_a_checkpoint_is_kept_each_fifty_revisions(versions, workflows, owner, double):
    for number in range(120):
        await renamed(workflows, owner, double, f"N{number}")
    found = await versions.list_versions(owner, double)
    assert [(item.kind, item.revision) for item in found.page.items] == [
        ("checkpoint", 100),
        ("checkpoint", 50),
    ]


async def test_fifty_checkpoints_are_kept_and_every_named_version(timed, clock):
    owner = person(timed.studio.parts)
    workflow_id = await kept(timed, owner, DOUBLE)
    workflows, versions = timed.studio.workflows, timed.studio.versions
    await versions.create(owner, workflow_id, "For ever")
    for number in range(MOST_CHECKPOINTS + 5):
        clock.turn(700)
        await renamed(workflows, owner, workflow_id, f"N{number}")
    checkpoints = await listed(versions, owner, workflow_id, kind="checkpoint", limit=100)
    assert len(checkpoints) == MOST_CHECKPOINTS
    assert await listed(versions, owner, workflow_id, kind="named") == [(1, "named", "For ever")]
    await renamed(workflows, owner, workflow_id, "Last")
    numbers = [number for number, _, _ in checkpoints]
    assert numbers == sorted(set(numbers), reverse=True)


async def test_a_checkpoint_that_is_named_stays(versions, workflows, owner, double):
    await renamed(workflows, owner, double, "Two")
    restored_from = await versions.create(owner, double, "One")
    await renamed(workflows, owner, double, "Three")
    undo = (await versions.restore(owner, double, restored_from.number)).undo
    made = await versions.rename(owner, double, undo, "Worth keeping", "why")
    assert (made.kind, made.name, made.note) == ("named", "Worth keeping", "why")
    with pytest.raises(NotFoundError):
        await versions.rename(owner, double, 99, "Nothing")


# Compared


async def test_any_two_versions_are_compared(versions, workflows, owner, double):
    await versions.create(owner, double, "First")
    await versions.publish(owner, double)
    await workflows.replace(owner, double, TRIPLE, 1)
    found = await versions.compare(owner, double, "published", "draft")
    (change,) = found.diff.nodes
    assert (change.name, change.state) == ("end", "changed")
    assert (found.before.record.number, found.after.record) == (1, None)
    back = await versions.compare(owner, double, "draft", 1)
    turned = [(each.path, each.after, each.before) for each in change.changes]
    assert sorted((x.path, x.before, x.after) for x in back.diff.nodes[0].changes) == sorted(turned)
    assert (await versions.compare(owner, double, 1, 1)).diff.is_equal


async def test_what_is_not_there_is_not_compared(versions, owner, double):
    with pytest.raises(NotFoundError, match="no version 4"):
        await versions.compare(owner, double, 4, "draft")
    with pytest.raises(ConflictError, match="not published"):
        await versions.compare(owner, double, "published", "draft")


# Brought back


async def test_a_restore_is_a_new_change_and_can_be_taken_back(
    runtime, versions, workflows, owner, double
):
    first = await versions.create(owner, double, "First")
    await workflows.replace(owner, double, TRIPLE, 1)
    with runtime.studio.parts.channels.listen(channel_of(double)) as listener:
        restored = await versions.restore(owner, double, first.number)
        assert await listener.get() == {"t": "reload", "revision": 3}
    assert (restored.workflow.revision, restored.workflow.name) == (3, "Double")
    assert (await workflows.get(owner, double)).document == DOUBLE
    assert restored.undo == 2
    again = await versions.restore(owner, double, restored.undo)
    assert again.workflow.revision == 4
    assert (await workflows.get(owner, double)).document == TRIPLE


async def test_a_restore_is_refused_once_the_draft_is_another(versions, workflows, owner, double):
    first = await versions.create(owner, double, "One")
    await workflows.replace(owner, double, TRIPLE, 1)
    now = (await workflows.get(owner, double)).record.revision
    with pytest.raises(ConflictError, match="Others have changed"):
        await versions.restore(owner, double, first.number, revision=now - 1)
    assert (await workflows.get(owner, double)).record.revision == now
    restored = await versions.restore(owner, double, first.number, revision=now)
    assert restored.workflow.revision == now + 1


async def test_restoring_what_is_there_changes_nothing(versions, owner, double):
    first = await versions.create(owner, double, "First")
    restored = await versions.restore(owner, double, first.number)
    assert (restored.workflow.revision, restored.undo) == (1, None)


# Published


async def test_a_draft_is_published_and_marked_once_it_differs(versions, workflows, owner, double):
    record = await versions.publish(owner, double, name="Live", note="Begins.")
    assert (record.published_version, record.is_changed) == (1, False)
    (item,) = (await versions.list_versions(owner, double)).page.items
    assert (item.name, item.note, item.is_published) == ("Live", "Begins.", True)
    changed = await workflows.replace(owner, double, TRIPLE, 1)
    assert (changed.record.published_version, changed.record.is_changed) == (1, True)
    back = await workflows.replace(owner, double, DOUBLE, 2)
    assert back.record.is_changed is False


async def test_an_earlier_version_is_published_and_unpublished(versions, workflows, owner, double):
    await versions.create(owner, double, "First")
    await workflows.replace(owner, double, TRIPLE, 1)
    record = await versions.publish(owner, double, 1)
    assert (record.published_version, record.is_changed) == (1, True)
    assert len((await versions.list_versions(owner, double)).page.items) == 1
    record = await versions.unpublish(owner, double)
    assert (record.published_version, record.is_changed) == (None, False)


async def test_publishing_names_a_checkpoint_so_that_it_stays(versions, workflows, owner, double):
    await versions.create(owner, double, "First")
    await workflows.replace(owner, double, TRIPLE, 1)
    undo = (await versions.restore(owner, double, 1)).undo
    await versions.publish(owner, double, undo)
    found = await versions.list_versions(owner, double, kind="named")
    assert [(item.number, item.is_published) for item in found.page.items] == [
        (2, True),
        (1, False),
    ]


async def test_publishing_twice_makes_one_version(versions, owner, double):
    await versions.publish(owner, double)
    await versions.publish(owner, double)
    assert len(await listed(versions, owner, double)) == 1


async def test_a_document_with_problems_is_not_published_and_all_are_told(runtime, versions, owner):
    broken = await kept(runtime, owner, BROKEN)
    with pytest.raises(InvalidDocumentError) as caught:
        await versions.publish(owner, broken)
    assert len(caught.value.problems) >= 2
    assert await listed(versions, owner, broken) == []
    assert (await runtime.studio.workflows.get(owner, broken)).record.published_version is None


# Run


async def test_a_run_runs_the_version_it_is_told_to(runtime, versions, workflows, owner, double):
    await versions.publish(owner, double)
    await workflows.replace(owner, double, TRIPLE, 1)
    outputs = {}
    for wanted, number in (("draft", None), ("published", 1), (1, 1)):
        told = await ended(
            runtime, await workflows.run(owner, double, RunWish(WISH, version=wanted))
        )
        assert told.view.record.version == number
        outputs[wanted] = told.outputs
    assert outputs == {"draft": {"thrice": 21}, "published": {"twice": 14}, 1: {"twice": 14}}


async def test_what_is_not_published_is_not_run_as_published(workflows, owner, double):
    with pytest.raises(ConflictError, match="not published"):
        await workflows.run(owner, double, RunWish(WISH, version="published"))
    with pytest.raises(NotFoundError):
        await workflows.run(owner, double, RunWish(WISH, version=3))


async def test_a_published_run_follows_the_cache_setting_of_its_version(
    runtime, versions, workflows, bench, owner
):
    for cache, times in (("auto", 1), ("off", 2)):
        counted = workflow(node("paid", f"c{cache}", value=1), name=cache, cache=cache)
        workflow_id = await kept(runtime, owner, counted)
        await versions.publish(owner, workflow_id)
        for _ in range(2):
            wish = RunWish({}, version="published")
            await ended(runtime, await workflows.run(owner, workflow_id, wish))
        assert bench.runs[f"c{cache}"] == times


async def test_a_copy_can_be_made_of_any_version(versions, workflows, owner, double):
    await versions.create(owner, double, "First")
    await workflows.replace(owner, double, TRIPLE, 1)
    copy = await workflows.duplicate(owner, double, 1)
    assert copy.document.nodes == DOUBLE.nodes
    assert copy.record.id != double
    assert await listed(versions, owner, copy.record.id) == []


# Who may


CALLS = {
    "list_versions": lambda service, actor, id_: service.list_versions(actor, id_),
    "get": lambda service, actor, id_: service.get(actor, id_, 1),
    "compare": lambda service, actor, id_: service.compare(actor, id_, 1, "draft"),
    "create": lambda service, actor, id_: service.create(actor, id_, "Mine"),
    "rename": lambda service, actor, id_: service.rename(actor, id_, 1, "Mine"),
    "restore": lambda service, actor, id_: service.restore(actor, id_, 1),
    "publish": lambda service, actor, id_: service.publish(actor, id_, 1),
    "unpublish": lambda service, actor, id_: service.unpublish(actor, id_),
}
READING = {"list_versions", "get", "compare"}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a19_versions_of_others_answer_as_what_does_not_exist(
    runtime, versions, owner, double, call
):
    await versions.create(owner, double, "First")
    stranger = person(runtime.studio.parts, "stranger@example.com")
    told = []
    for workflow_id in (double, "0193e0aa-7b1c-7c4e-9d5e-0f6a1b2c3d4e"):
        with pytest.raises(NotFoundError) as caught:
            await call(versions, stranger, workflow_id)
        told.append(str(caught.value))
    assert told[0] == told[1]
    with pytest.raises(NotSignedInError):
        await call(versions, NOBODY, double)


@pytest.mark.parametrize("role", ["viewer", "runner"])
@pytest.mark.parametrize("name", CALLS)
async def test_a23_viewers_read_versions_and_only_editors_make_them(
    runtime, versions, owner, double, role, name
):
    await versions.create(owner, double, "First")
    actor = member(runtime, role, owner)
    if name in READING:
        await CALLS[name](versions, actor, double)
        return
    with pytest.raises(AccessDeniedError):
        await CALLS[name](versions, actor, double)
    assert await listed(versions, owner, double) == [(1, "named", "First")]


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_versions_of_a_workflow_in_the_trash_are_not_there(
    versions, workflows, owner, double, call
):
    await versions.create(owner, double, "First")
    await workflows.delete(owner, double)
    with pytest.raises(NotFoundError):
        await call(versions, owner, double)


async def test_what_is_done_with_versions_is_in_the_audit_log(
    runtime, versions, workflows, owner, double
):
    await versions.create(owner, double, "First")
    await versions.publish(owner, double)
    await versions.unpublish(owner, double)
    await workflows.replace(owner, double, TRIPLE, 1)
    await versions.restore(owner, double, 1)
    verbs = runtime.studio.parts.records.read_now(
        lambda session: [
            row.verb for row in session.exec(select(AuditRow)) if row.object_id == double
        ]
    )
    assert verbs == [
        "workflow.create",
        "version.create",
        "workflow.publish",
        "workflow.publish",
        "workflow.edit",
        "version.restore",
    ]
