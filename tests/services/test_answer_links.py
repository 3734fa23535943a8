"""Links that answer: for one person, one question, one answer, and not for ever."""

import asyncio

import pytest

from flowstudio.errors import AccessDeniedError, ConflictError, InvalidInputError, NotFoundError
from flowstudio.security.answer_tokens import AnswerClaims, AnswerTokens
from flowstudio.security.tokens import AccessTokens
from flowstudio.services.access import NOBODY
from flowstudio.services.workflows import RunWish
from flowstudio.store.members import remove_member
from flowstudio.store.users import change_user
from tests.builders import node, workflow
from tests.people import HERE, person, project_of
from tests.projects import kept, member
from tests.running import reached

FIELDS = {
    "type": "object",
    "properties": {"sum": {"type": "number", "title": "Sum"}},
    "required": ["sum"],
}


def asking(mode="approval", **config):
    more = {"fields": FIELDS} if mode == "form" else {}
    ask = node("task", "ask", mode=mode, message="Pay?", **more, **config)
    return workflow(ask, node("end"), edges="ask>end", name="Pay")


@pytest.fixture
def owner(timed):
    return person(timed.studio.parts, "owner@example.com")


@pytest.fixture
def runner(timed, owner):
    return member(timed, "runner", owner)


async def waiting(timed, owner, document):
    workflow_id = await kept(timed, owner, document)
    run_id = await timed.studio.workflows.run(owner, workflow_id, RunWish({}))
    await reached(timed, run_id, "waiting")
    (step,) = [step for step in await timed.runs.steps(owner, run_id) if step.waiting]
    return run_id, step.waiting.seq


async def token_for(timed, actor, run_id, seq):
    link = await timed.studio.answer_links.make(actor.id, run_id, seq)
    assert link.startswith("http://127.0.0.1:3000/a/")
    return link.rpartition("/")[2]


async def test_a_link_shows_what_is_asked_and_looking_answers_nothing(timed, owner, runner):
    run_id, seq = await waiting(timed, owner, asking())
    token = await token_for(timed, runner, run_id, seq)
    for _ in range(3):
        ask = await timed.studio.answer_links.look(NOBODY, token, HERE)
    assert (ask.person, ask.workflow, ask.node) == ("User-Runner", "Pay", "ask")
    assert (ask.waiting.message, ask.waiting.kind, ask.over) == ("Pay?", "approval", "")


async def test_a63_a_link_answers_once_and_then_says_who_did_and_when(timed, owner, runner):
    run_id, seq = await waiting(timed, owner, asking())
    links = timed.studio.answer_links
    token = await token_for(timed, runner, run_id, seq)
    other = await token_for(timed, owner, run_id, seq)
    await links.answer(NOBODY, token, {"approved": True, "comment": "Fine."}, HERE)
    for used in (token, other):
        said = "user-runner@example.com has answered this on 2026-01-02 at 12:00 UTC."
        with pytest.raises(ConflictError, match=said):
            await links.answer(NOBODY, used, {"approved": False}, HERE)
        ask = await links.look(NOBODY, used, HERE)
        assert (ask.waiting, ask.over) == (None, said)
    told = await reached(timed, run_id, "succeeded")
    assert told.steps["ask"].status == "succeeded"
    entries = await timed.studio.audit.list_entries(owner, project_id=project_of(owner))
    assert ("run.answer", "user-runner@example.com") in [
        (entry.verb, entry.actor) for entry in entries.items
    ]


async def test_a_form_is_filled_in_by_link_and_checked(timed, owner, runner):
    run_id, seq = await waiting(timed, owner, asking("form"))
    token = await token_for(timed, runner, run_id, seq)
    with pytest.raises(InvalidInputError):
        await timed.studio.answer_links.answer(NOBODY, token, {"sum": "much"}, HERE)
    await timed.studio.answer_links.answer(NOBODY, token, {"sum": 3}, HERE)
    await reached(timed, run_id, "succeeded")


async def test_a63_forged_and_foreign_tokens_are_refused(timed, owner, runner):
    run_id, seq = await waiting(timed, owner, asking())
    links, parts = timed.studio.answer_links, timed.studio.parts
    token = await token_for(timed, runner, run_id, seq)
    head, body, signature = token.split(".")
    access = AccessTokens(parts.ring, parts.clock).make(owner.id, "s", 0)
    none = "eyJhbGciOiJub25lIiwidHlwIjoiYW5zd2VyK2p3dCJ9"
    forged = [
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body}.",
        f"{none}.{body}.",
        f"{none}.{body}.{signature}",
        f"{access.split('.')[0]}.{body}.{signature}",
        access,
        token[:-1],
        "x" * 5000,
        "",
        "..",
    ]
    for attempt in forged:
        with pytest.raises(NotFoundError):
            await links.look(NOBODY, attempt, HERE)
        with pytest.raises(NotFoundError):
            await links.answer(NOBODY, attempt, {"approved": True}, HERE)


async def test_a63_a_link_expires_with_the_question_or_in_a_week(timed, owner, runner, clock):
    links = timed.studio.answer_links
    run_id, seq = await waiting(timed, owner, asking(expires_s=3600))
    short = await token_for(timed, runner, run_id, seq)
    run_id, seq = await waiting(timed, owner, asking())
    long = await token_for(timed, runner, run_id, seq)
    clock.turn(3601)
    with pytest.raises(ConflictError, match="expired"):
        await links.look(NOBODY, short, HERE)
    await links.look(NOBODY, long, HERE)
    clock.turn(8 * 86_400)
    with pytest.raises(ConflictError, match="expired"):
        await links.answer(NOBODY, long, {"approved": True}, HERE)


async def test_a63_a_link_gives_no_more_than_its_person_has(timed, owner, runner):
    run_id, seq = await waiting(timed, owner, asking(assignees=["owner@example.com"]))
    links, parts = timed.studio.answer_links, timed.studio.parts
    token = await token_for(timed, runner, run_id, seq)
    with pytest.raises(AccessDeniedError):
        await links.look(NOBODY, token, HERE)
    with pytest.raises(AccessDeniedError):
        await links.answer(NOBODY, token, {"approved": True}, HERE)
    project_id = project_of(owner)
    parts.records.write_now(lambda session: remove_member(session, project_id, runner.id))
    with pytest.raises(NotFoundError):
        await links.look(NOBODY, token, HERE)
    mine = await token_for(timed, owner, run_id, seq)
    parts.records.write_now(lambda session: change_user(session, owner.id, is_active=False))
    with pytest.raises(NotFoundError):
        await links.look(NOBODY, mine, HERE)


async def test_a63f_a_link_of_whoever_has_handed_the_question_on_answers_nothing(
    timed, owner, runner, clock
):
    editor = member(timed, "editor", owner)
    document = asking(
        assignees=[runner.name], escalate_to=[editor.name], expires_s=60, on_expiry="escalate"
    )
    run_id, seq = await waiting(timed, owner, document)
    studio, links = timed.studio, timed.studio.answer_links
    tokens = [await token_for(timed, actor, run_id, seq) for actor in (runner, editor)]
    with pytest.raises(AccessDeniedError):
        await links.look(NOBODY, tokens[1], HERE)
    clock.turn(61)
    assert await studio.deliveries.escalate() == 1
    for token in tokens:
        assert (await links.look(NOBODY, token, HERE)).waiting is not None
    await studio.questions.assign(editor, run_id, "ask", owner.id)
    for token in tokens:
        with pytest.raises(AccessDeniedError):
            await links.answer(NOBODY, token, {"approved": True}, HERE)
    mine = await token_for(timed, owner, run_id, seq)
    await links.answer(NOBODY, mine, {"approved": False}, HERE)


async def test_a_question_handed_on_before_its_expiry_goes_on_to_others_all_the_same(
    timed, owner, runner, clock
):
    editor = member(timed, "editor", owner)
    document = asking(escalate_to=[editor.name], expires_s=60, on_expiry="escalate")
    run_id, seq = await waiting(timed, owner, document)
    await timed.studio.questions.assign(owner, run_id, "ask", runner.id)
    clock.turn(61)
    assert await timed.studio.deliveries.escalate() == 1
    for actor in (runner, editor):
        token = await token_for(timed, actor, run_id, seq)
        assert (await timed.studio.answer_links.look(NOBODY, token, HERE)).waiting is not None


async def test_a_link_of_another_question_does_not_answer_this_one(timed, owner, runner):
    first, seq = await waiting(timed, owner, asking())
    second, _ = await waiting(timed, owner, asking())
    token = await token_for(timed, runner, first, seq)
    await timed.studio.answer_links.answer(NOBODY, token, {"approved": True}, HERE)
    assert (await timed.runs.get(owner, second)).status == "waiting"
    wrong = AnswerTokens(timed.studio.parts.ring, timed.clock).make(
        AnswerClaims(runner.id, second, 99, timed.clock.now().replace(year=2027))
    )
    with pytest.raises(NotFoundError):
        await timed.studio.answer_links.look(NOBODY, wrong, HERE)


async def test_what_waits_no_more_has_no_link(timed, owner, runner):
    run_id, seq = await waiting(timed, owner, asking())
    token = await token_for(timed, runner, run_id, seq)
    await timed.runs.cancel(owner, run_id)
    await reached(timed, run_id, "cancelled")
    assert await timed.studio.answer_links.make(runner.id, run_id, seq) == ""
    ask = await timed.studio.answer_links.look(NOBODY, token, HERE)
    assert ask.over == "This run does not wait for an answer any more."


async def test_the_mail_of_a_run_that_waits_holds_the_link_of_its_reader(timed, owner):
    member(timed, "runner", owner)
    await waiting(timed, owner, asking())
    studio = timed.studio
    await studio.deliveries.tell()
    await studio.deliveries.deliver(None)
    texts = {}
    for file in studio.mail.folder.glob("*.eml"):
        text = file.read_text()
        texts[text.partition("To: ")[2].partition("\n")[0].strip()] = text
    assert set(texts) == {"owner@example.com", "user-runner@example.com"}
    for address, text in texts.items():
        token = text.partition("/a/")[2].split()[0]
        ask = await studio.answer_links.look(NOBODY, token, HERE)
        assert ask.person.lower() in address


async def test_a63c_of_answers_at_the_same_moment_one_is_taken(timed, owner, runner):
    run_id, seq = await waiting(timed, owner, asking())
    links = timed.studio.answer_links
    tokens = [await token_for(timed, actor, run_id, seq) for actor in (owner, runner)] * 5
    outcomes: list[str] = []

    async def answer(token: str, *, is_yes: bool) -> None:
        try:
            await links.answer(NOBODY, token, {"approved": is_yes}, HERE)
            outcomes.append("yes" if is_yes else "no")
        except ConflictError:
            outcomes.append("refused")

    async with asyncio.TaskGroup() as group:
        for number, token in enumerate(tokens):
            group.create_task(answer(token, is_yes=bool(number % 2)))
    assert outcomes.count("refused") == len(tokens) - 1
    await reached(timed, run_id, "succeeded")
    found = await timed.parts.journal.query(
        "SELECT COUNT(*) FROM audit_entry WHERE verb='run.answer'"
    )
    assert found[0][0] == 1
