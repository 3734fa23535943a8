"""Remarks on workflows: threads, mentions, and who may change them."""

import pytest

from flowstudio.errors import AccessDeniedError, ConflictError, InvalidInputError, NotFoundError
from tests.builders import node, workflow
from tests.people import person
from tests.projects import kept, member

DRAFT = workflow(node("start"))


@pytest.fixture
def owner(runtime):
    return person(runtime.studio.parts, "owner@example.com")


@pytest.fixture
def comments(runtime):
    return runtime.studio.comments


async def test_a_thread_keeps_its_answers_and_is_resolved_as_one(runtime, comments, owner):
    draft = await kept(runtime, owner, DRAFT)
    first = await comments.add(owner, draft, "Why?", node_id="start")
    answer = await comments.add(owner, draft, "Because.", thread_id=first.id)
    late = await comments.add(owner, draft, "And?", thread_id=answer.id)
    assert {answer.thread_id, late.thread_id} == {first.id}
    assert late.node_id == "start"
    with pytest.raises(InvalidInputError):
        await comments.resolve(owner, draft, answer.id, resolved=True)
    closed = await comments.resolve(owner, draft, first.id, resolved=True)
    assert (closed.resolved_by, closed.resolved_at is not None) == (owner.id, True)
    assert (await comments.resolve(owner, draft, first.id, resolved=False)).resolved_at is None
    await comments.remove(owner, draft, first.id)
    assert await comments.list_comments(owner, draft) == []


async def test_members_are_mentioned_by_name_or_address_and_strangers_are_not(
    runtime, comments, owner
):
    draft = await kept(runtime, owner, DRAFT)
    viewer = member(runtime, "viewer", owner)
    stranger = person(runtime.studio.parts, "stranger@example.com")
    address = viewer.name
    said = await comments.add(
        owner, draft, f"@{address} and @{stranger.name}, mail me@example.com. @owner!"
    )
    assert set(said.mentions) == {viewer.id, owner.id}


async def test_everybody_in_the_project_comments_and_only_authors_change_what_they_said(
    runtime, comments, owner
):
    draft = await kept(runtime, owner, DRAFT)
    viewer = member(runtime, "viewer", owner)
    theirs = await comments.add(viewer, draft, "Nice")
    mine = await comments.add(owner, draft, "Thanks")
    with pytest.raises(AccessDeniedError):
        await comments.edit(owner, draft, theirs.id, "Not nice")
    with pytest.raises(ConflictError):
        await comments.remove(viewer, draft, mine.id)
    assert (await comments.edit(viewer, draft, theirs.id, "Very nice")).edited_at is not None
    # Who edits the workflow keeps it tidy.
    await comments.remove(owner, draft, theirs.id)


async def test_a19_strangers_and_other_workflows_see_nothing(runtime, comments, owner):
    draft, other = await kept(runtime, owner, DRAFT), await kept(runtime, owner, DRAFT)
    said = await comments.add(owner, draft, "Why?")
    with pytest.raises(NotFoundError):
        await comments.list_comments(person(runtime.studio.parts, "x@example.com"), draft)
    with pytest.raises(NotFoundError):
        await comments.edit(owner, other, said.id, "What?")


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 10_001])
async def test_an_empty_or_endless_remark_is_refused(runtime, comments, owner, text):
    draft = await kept(runtime, owner, DRAFT)
    with pytest.raises(InvalidInputError):
        await comments.add(owner, draft, text)


async def test_those_who_have_the_workflow_open_are_told(runtime, comments, owner):
    draft = await kept(runtime, owner, DRAFT)
    with runtime.studio.parts.channels.listen(f"workflow:{draft}") as listener:
        said = await comments.add(owner, draft, "Why?")
        assert await listener.get() == {"t": "comment", "id": said.id}
