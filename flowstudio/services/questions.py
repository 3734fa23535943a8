"""Questions of runs: answered from the inbox, and handed on to somebody else."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from flowstudio.errors import ConflictError, InvalidInputError, NotFoundError
from flowstudio.services.access import PROJECT_ROLES, Actor, Target, authorize
from flowstudio.services.answers import check_asked
from flowstudio.services.run_news import waiting_notice
from flowstudio.services.run_steering import QuestionView
from flowstudio.services.runs import RunService
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store import audit, members, notices, questions, users


class QuestionService:
    """Use cases of what runs ask people."""

    def __init__(self, parts: StudioParts, runs: RunService) -> None:
        self._parts = parts
        self._runs = runs

    async def look(self, actor: Actor, run_id: str, seq: int) -> QuestionView:
        """What a run asked in one of its events.

        Raises:
            NotFoundError: it asked nothing there, or the actor may not see the run.
        """
        return await self._runs.question(actor, run_id, seq)

    async def answer(self, actor: Actor, run_id: str, seq: int, answer: Mapping[str, Any]) -> None:
        """Answer it.

        Raises:
            ConflictError: it was answered, or waits no more.
            AccessDeniedError: it asks others.
            InvalidInputError: the answer does not fit.
        """
        view = await self._runs.question(actor, run_id, seq)
        await self._runs.answer(actor, run_id, view.question.path, answer)

    async def assign(self, actor: Actor, run_id: str, path: str, user_id: str) -> None:
        """Have another member asked in place of those who are; they are told.

        Who was asked later, when nobody had answered, is among those; who will be still is.

        Raises:
            ConflictError: nothing is asked there, or it is answered already.
            AccessDeniedError: the step asks others than the actor.
            InvalidInputError: that person may not answer in this project.
        """
        record = await self._runs.find(actor, run_id)
        authorize(actor, "run.assign", Target("run", run_id, record.project_id))
        steps = await self._runs.steps(actor, run_id)
        waiting = next((one.waiting for one in steps if one.path == path and one.waiting), None)
        if waiting is None:
            raise ConflictError(f"Step {path!r} of run {run_id} is not waiting for an answer.")
        view = await self._runs.question(actor, run_id, waiting.seq)
        if view.waiting is None:
            raise ConflictError(f"Step {path!r} of run {run_id} is not waiting for an answer.")
        check_asked(view.waiting, actor, record.project_id)

        def work(session: Session) -> None:
            self._assign(session, actor, view, user_id)

        await self._parts.records.write(work)

    def _assign(self, session: Session, actor: Actor, view: QuestionView, user_id: str) -> None:
        run, question = view.run, view.question
        member = members.find_member(session, run.project_id, user_id)
        if member is None or PROJECT_ROLES.index(member.role) < PROJECT_ROLES.index("runner"):
            raise InvalidInputError(
                ["user_id: Name a member who may run this project's workflows."]
            )
        if not questions.put_asked(session, run.id, question.seq, [member.email]):
            message = "This was answered already."
            raise ConflictError(message)
        news = questions.find_news(session, run.id, question.seq)
        if news is None:
            message = "This question is gone."
            raise NotFoundError(message)
        who = users.find_user(session, actor.id) if actor.id else None
        by = who.name if who is not None else actor.name
        now = self._parts.clock.now()
        notices.add(session, waiting_notice(news, [user_id], now, why="assigned", by=by))
        target = Target("run", run.id, run.project_id)
        details = {"path": question.path, "to": member.email}
        audit.append(session, self._parts.entry(actor, "run.assign", target, **details))
