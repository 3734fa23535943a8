"""A step that asks certain people is answered by them, and by nobody else's key or session."""

import asyncio

import pytest

from flowstudio.errors import AccessDeniedError, ConflictError
from flowstudio.services.access import OPERATOR
from flowstudio.services.workflows import RunWish
from tests.builders import node, workflow
from tests.people import person
from tests.projects import kept, member
from tests.running import reached


def asking(**config):
    ask = node("task", "ask", mode="approval", message="Pay?", **config)
    return workflow(ask, node("end"), edges="ask>end", name="Ask")


@pytest.fixture
def owner(runtime):
    return person(runtime.studio.parts, "owner@example.com")


@pytest.fixture(params=["approval", "form"])
async def asked(request, runtime, owner):
    """A run that waits for runners' addresses in odd spelling."""
    config = {"mode": request.param, "message": "Pay?", "assignees": [" USER-Runner@example.com"]}
    if request.param == "form":
        config["fields"] = {"type": "object", "properties": {}}
    document = workflow(node("task", "ask", **config), node("end"), edges="ask>end", name="Ask")
    workflow_id = await kept(runtime, owner, document)
    run_id = await runtime.studio.workflows.run(owner, workflow_id, RunWish({}))
    await reached(runtime, run_id, "waiting")
    return run_id, {"approved": True} if request.param == "approval" else {}


async def test_a23_who_is_not_asked_does_not_answer(runtime, owner, asked):
    run_id, given = asked
    editor = member(runtime, "editor", owner)
    with pytest.raises(AccessDeniedError, match="Runner"):
        await runtime.runs.answer(editor, run_id, "ask", given)


@pytest.mark.parametrize("who", ["runner", "owner", "operator"])
async def test_who_is_asked_answers_and_so_may_owners(runtime, owner, asked, who):
    run_id, given = asked
    actor = {"owner": owner, "operator": OPERATOR}.get(who) or member(runtime, "runner", owner)
    await runtime.runs.answer(actor, run_id, "ask", given)
    await reached(runtime, run_id, "succeeded")


async def test_without_names_anyone_who_may_run_answers(runtime, owner):
    workflow_id = await kept(runtime, owner, asking())
    run_id = await runtime.studio.workflows.run(owner, workflow_id, RunWish({}))
    await reached(runtime, run_id, "waiting")
    await runtime.runs.answer(member(runtime, "runner", owner), run_id, "ask", {"approved": False})


async def test_a_role_stands_for_everybody_who_has_it_or_a_higher_one(runtime, owner):
    workflow_id = await kept(runtime, owner, asking(assignees=["Editor"]))
    run_id = await runtime.studio.workflows.run(owner, workflow_id, RunWish({}))
    await reached(runtime, run_id, "waiting")
    with pytest.raises(AccessDeniedError, match="Editor"):
        await runtime.runs.answer(
            member(runtime, "runner", owner), run_id, "ask", {"approved": True}
        )
    editor = member(runtime, "editor", owner)
    await runtime.runs.answer(editor, run_id, "ask", {"approved": True})
    await reached(runtime, run_id, "succeeded")


async def test_of_two_who_answer_at_once_one_is_told_who_was_first(runtime, owner):
    workflow_id = await kept(runtime, owner, asking())
    run_id = await runtime.studio.workflows.run(owner, workflow_id, RunWish({}))
    await reached(runtime, run_id, "waiting")
    editor = member(runtime, "editor", owner)
    outcomes: list[str] = []

    async def answer(actor):
        try:
            await runtime.runs.answer(actor, run_id, "ask", {"approved": True}, launch=False)
            outcomes.append("took it")
        except ConflictError as error:
            outcomes.append(str(error))

    async with asyncio.TaskGroup() as group:
        group.create_task(answer(owner))
        group.create_task(answer(editor))
    assert outcomes.count("took it") == 1
    (other,) = (text for text in outcomes if text != "took it")
    assert "has answered this on" in other
