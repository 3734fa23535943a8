"""Who is told of what happens in runs: once, also after a crash, and nobody else."""

import asyncio
import json
from datetime import timedelta

import pytest
from sqlmodel import select

from flowstudio.errors import AccessDeniedError, ConflictError
from flowstudio.services.access import NOBODY
from flowstudio.services.notifications import NotificationQuery
from flowstudio.services.workflows import RunWish
from flowstudio.store.quiet_hours import QuietHours
from flowstudio.store.tables.notifications import DeliveryRow, NotificationRow, RunNewsRow
from tests.builders import node, workflow
from tests.fakes.nodes import Bench
from tests.people import HERE, person, project_of
from tests.projects import kept, member
from tests.running import carry, create, opened, reached

FAILING = workflow(node("flaky", "work", fails=9), name="Bill")
_DRAFT = json.dumps(
    {
        "mode": "all",
        "runs": ["work"],
        "kept": [],
        "targets": [],
        "pinned": [],
        "salts": {},
        "versions": {},
    }
)


async def token_of(runtime, actor, run_id, asked):
    link = await runtime.studio.answer_links.make(actor.id, run_id, asked.waiting.seq)
    return link.rpartition("/")[2]


def asking(**config):
    ask = node("task", "ask", mode="approval", message="Pay 3 bills?", **config)
    return workflow(ask, node("end"), edges="ask>end", name="Pay")


@pytest.fixture
def owner(runtime):
    return person(runtime.studio.parts, "owner@example.com")


async def started(runtime, actor, document, status="failed", owner=None):
    workflow_id = await kept(runtime, owner or actor, document)
    run_id = await runtime.studio.workflows.run(actor, workflow_id, RunWish({}))
    await reached(runtime, run_id, status)
    return run_id


async def inbox(runtime, actor):
    await runtime.studio.deliveries.tell()
    page = await runtime.studio.notifications.list_notifications(actor, NotificationQuery())
    return [(item.type, item.title) for item in page.items]


async def test_who_started_a_run_is_told_that_it_failed_and_nobody_else(runtime, owner):
    editor, runner = member(runtime, "editor", owner), member(runtime, "runner", owner)
    run_id = await started(runtime, runner, FAILING, owner=owner)
    assert await inbox(runtime, runner) == [("run_failed", "“Bill” failed")]
    (item,) = (await runtime.studio.notifications.list_notifications(runner)).items
    assert (item.link, item.run_id, item.priority) == (f"/runs/{run_id}", run_id, "normal")
    assert item.body
    for other in (owner, editor):
        assert await inbox(runtime, other) == []


async def test_of_a_run_that_nobody_here_started_its_projects_editors_are_told(runtime, owner):
    editor, runner = member(runtime, "editor", owner), member(runtime, "runner", owner)
    run_id = await create(runtime, FAILING, project_id=project_of(owner), trigger="schedule")
    await carry(runtime, run_id)
    assert await inbox(runtime, owner) == [("run_failed", "“Bill” failed")]
    assert await inbox(runtime, editor) == [("run_failed", "“Bill” failed")]
    assert await inbox(runtime, runner) == []


async def test_runs_of_the_editor_and_runs_inside_runs_tell_nobody_that_they_failed(runtime, owner):
    mine = {"project_id": project_of(owner), "created_by": owner.id}
    await carry(runtime, await create(runtime, FAILING, **mine, draft=_DRAFT))
    await carry(runtime, await create(runtime, FAILING, **mine, depth=1))
    assert await inbox(runtime, owner) == []


async def test_a_run_that_waits_tells_those_it_asks(runtime, owner):
    editor, runner = member(runtime, "editor", owner), member(runtime, "runner", owner)
    await started(runtime, owner, asking(assignees=["user-runner@example.com"]), "waiting")
    assert await inbox(runtime, runner) == [("run_waiting", "“Pay” asks for your approval")]
    assert await inbox(runtime, editor) == []
    assert await inbox(runtime, owner) == []


@pytest.mark.parametrize(
    ("config", "priority", "waits"),
    [
        ({"priority": "urgent"}, "urgent", False),
        ({"priority": "normal"}, "normal", True),
        ({}, "high", True),
    ],
)
async def test_what_a_step_asks_urgently_goes_out_in_quiet_hours(
    timed, timed_owner, clock, config, priority, waits
):
    begins, ends = (f"{clock.now() + timedelta(hours=hours):%H:%M}" for hours in (-1, 1))
    quiet = QuietHours(begins, ends, "UTC")
    await timed.studio.notification_settings.keep_quiet(timed_owner, quiet)
    await started(timed, timed_owner, asking(**config), "waiting")
    assert await inbox(timed, timed_owner) == [("run_waiting", "“Pay” asks for your approval")]
    (item,) = (await timed.studio.notifications.list_notifications(timed_owner)).items
    assert item.priority == priority
    (delivery,) = timed.studio.parts.records.read_now(
        lambda session: session.exec(select(DeliveryRow)).all()
    )
    assert (delivery.due_at > clock.now()) is waits


async def test_without_names_it_tells_all_who_may_answer(runtime, owner):
    runner, viewer = member(runtime, "runner", owner), member(runtime, "viewer", owner)
    await started(runtime, owner, asking(), "waiting")
    for told in (owner, runner):
        assert await inbox(runtime, told) == [("run_waiting", "“Pay” asks for your approval")]
    assert await inbox(runtime, viewer) == []


async def test_when_it_asks_nobody_of_the_project_its_owners_are_told(runtime, owner):
    runner = member(runtime, "runner", owner)
    await started(runtime, owner, asking(assignees=["gone@example.com"]), "waiting")
    assert await inbox(runtime, owner) == [("run_waiting", "“Pay” asks for your approval")]
    assert await inbox(runtime, runner) == []


async def test_the_end_of_the_money_is_told_as_that_and_once_when_it_is_near(runtime, owner):
    document = workflow(
        node("paid", "a", value="a", cost_usd="0.05"),
        node("paid", "b", value="b", cost_usd="0.04"),
        node("paid", "c", value="c", predicted_usd="0.05"),
        edges="a>b>c",
        name="Dear",
        max_cost_usd="0.10",
    )
    await started(runtime, owner, document)
    assert sorted(await inbox(runtime, owner)) == [
        ("budget_near", "“Dear” has spent four fifths of its budget"),
        ("budget_reached", "“Dear” was stopped at its budget"),
    ]


async def test_what_a_process_did_not_get_to_tell_the_next_one_tells_once(tmp_path, bench: Bench):
    async with opened(tmp_path, bench) as first:
        owner = person(first.studio.parts, "owner@example.com")
        await started(first, owner, FAILING)
        await started(first, owner, asking(), "waiting")
    async with opened(tmp_path, bench) as second:
        assert len(await inbox(second, owner)) == 2
        # As if the process had died after telling, before it forgot what there was to tell.
        parts = second.studio.parts
        told = parts.records.read_now(lambda session: session.exec(select(NotificationRow)).all())
        again = [RunNewsRow(run_id=row.run_id, seq=int(row.dedup_key[-1])) for row in told]
        parts.records.write_now(lambda session: session.add_all(again))
        assert len(await inbox(second, owner)) == 2
        assert not await parts.records.read(lambda session: session.exec(select(RunNewsRow)).all())


async def test_two_processes_tell_of_one_thing_once(runtime, owner):
    await started(runtime, owner, FAILING)
    parts = runtime.studio.parts
    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(runtime.studio.deliveries.tell())
    rows = parts.records.read_now(lambda session: session.exec(select(NotificationRow)).all())
    assert len(rows) == 1


async def test_an_answer_takes_the_question_off_everybodys_list_of_new_things(runtime, owner):
    runner = member(runtime, "runner", owner)
    run_id = await started(runtime, owner, asking(), "waiting")
    await inbox(runtime, owner)
    assert await runtime.studio.notifications.count(runner) == 1
    await runtime.runs.answer(owner, run_id, "ask", {"approved": True})
    assert await runtime.studio.notifications.count(runner) == 0
    (item,) = (await runtime.studio.notifications.list_notifications(runner)).items
    assert item.answered_by == "owner@example.com"
    assert item.answered_at is not None


@pytest.fixture
def timed_owner(timed):
    return person(timed.studio.parts, "owner@example.com")


async def test_when_nobody_answers_in_time_others_are_told_once_and_may_answer(
    timed, timed_owner, clock
):
    runner, editor = member(timed, "runner", timed_owner), member(timed, "editor", timed_owner)
    document = asking(
        assignees=["user-runner@example.com"],
        escalate_to=["user-editor@example.com"],
        escalate_after_s=60,
        expires_s=3600,
    )
    workflow_id = await kept(timed, timed_owner, document)
    run_id = await timed.studio.workflows.run(timed_owner, workflow_id, RunWish({}))
    await reached(timed, run_id, "waiting")
    with pytest.raises(AccessDeniedError):
        await timed.runs.answer(editor, run_id, "ask", {"approved": True})
    await timed.studio.deliveries.escalate()
    assert await inbox(timed, editor) == []
    clock.turn(61)
    assert await timed.studio.deliveries.escalate() == 1
    assert await timed.studio.deliveries.escalate() == 0
    title = "Nobody has answered yet: “Pay” asks for your approval"
    assert await inbox(timed, editor) == [("run_waiting", title)]
    assert len(await inbox(timed, runner)) == 1
    await timed.runs.answer(editor, run_id, "ask", {"approved": True})


@pytest.mark.parametrize("is_answered", [True, False])
async def test_at_its_expiry_a_question_goes_on_to_others_once_and_waits_as_long_again(
    tmp_path, bench, clock, is_answered
):
    document = asking(
        assignees=["user-runner@example.com"],
        escalate_to=["user-editor@example.com"],
        expires_s=3600,
        on_expiry="escalate",
    )
    async with opened(tmp_path, bench, clock) as first:
        owner = person(first.studio.parts, "owner@example.com")
        runner, editor = member(first, "runner", owner), member(first, "editor", owner)
        workflow_id = await kept(first, owner, document)
        run_id = await first.studio.workflows.run(owner, workflow_id, RunWish({}))
        await reached(first, run_id, "waiting")
        (asked,) = [step for step in await first.runs.steps(owner, run_id) if step.waiting]
        of_runner = await token_of(first, runner, run_id, asked)
        clock.turn(3590)
        assert await first.studio.deliveries.escalate() == 0
    clock.turn(20)
    async with opened(tmp_path, bench, clock) as second:
        assert await second.studio.deliveries.escalate() == 1
        assert await second.studio.deliveries.escalate() == 0
        assert await inbox(second, editor) == [
            ("run_waiting", "Nobody has answered yet: “Pay” asks for your approval")
        ]
        assert await second.dispatcher._store.list_due(clock.now()) == []
        links = second.studio.answer_links
        assert (await links.look(NOBODY, of_runner, HERE)).waiting is not None
        if is_answered:
            of_editor = await token_of(second, editor, run_id, asked)
            await links.answer(NOBODY, of_editor, {"approved": True}, HERE)
            for token in (of_runner, of_editor):
                with pytest.raises(ConflictError, match=r"user-editor@.* has answered"):
                    await links.answer(NOBODY, token, {"approved": True}, HERE)
            await reached(second, run_id, "succeeded")
            return
        clock.turn(3600)
        with pytest.raises(ConflictError, match="expired"):
            await links.answer(NOBODY, of_runner, {"approved": True}, HERE)
        told = await carry(second, run_id)
        assert told.status == "succeeded"
        assert told.types("ask")[-1] == "step_succeeded"
        assert await second.studio.deliveries.escalate() == 0


async def test_what_is_tried_in_the_editor_escalates_before_its_persons_eyes_alone(
    timed, timed_owner, clock
):
    editor = member(timed, "editor", timed_owner)
    document = asking(escalate_to=["user-editor@example.com"], escalate_after_s=60)
    run_id = await create(
        timed, document, draft=_DRAFT, project_id=project_of(timed_owner), workflow_id="w"
    )
    await carry(timed, run_id)
    clock.turn(61)
    assert await timed.studio.deliveries.escalate() == 1
    assert await inbox(timed, editor) == []


async def test_what_is_answered_does_not_escalate(timed, timed_owner, clock):
    document = asking(escalate_to=["owner"], escalate_after_s=60)
    workflow_id = await kept(timed, timed_owner, document)
    run_id = await timed.studio.workflows.run(timed_owner, workflow_id, RunWish({}))
    await reached(timed, run_id, "waiting")
    await timed.runs.answer(timed_owner, run_id, "ask", {"approved": True})
    clock.turn(61)
    assert await timed.studio.deliveries.escalate() == 0


async def test_a_question_handed_on_asks_the_other_person_alone(runtime, owner):
    runner, editor = member(runtime, "runner", owner), member(runtime, "editor", owner)
    run_id = await started(runtime, owner, asking(assignees=["user-runner@example.com"]), "waiting")
    await inbox(runtime, runner)
    questions = runtime.studio.questions
    with pytest.raises(AccessDeniedError):
        await questions.assign(editor, run_id, "ask", editor.id)
    await questions.assign(runner, run_id, "ask", editor.id)
    title = "User-Runner hands on to you: “Pay” asks for your approval"
    assert await inbox(runtime, editor) == [("run_waiting", title)]
    with pytest.raises(AccessDeniedError, match="user-editor"):
        await runtime.runs.answer(runner, run_id, "ask", {"approved": True})
    await runtime.runs.answer(editor, run_id, "ask", {"approved": True})
    entries = await runtime.studio.audit.list_entries(owner, project_id=project_of(owner))
    assert "run.assign" in [entry.verb for entry in entries.items]
