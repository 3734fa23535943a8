"""Links by which one person answers one question of a run, without signing in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from flowstudio.errors import ConflictError, FlowStudioError, NotFoundError
from flowstudio.security.answer_tokens import AnswerClaims, AnswerTokens
from flowstudio.security.throttle import Throttle
from flowstudio.services.access import OPERATOR, Actor, Target, authorize
from flowstudio.services.answers import check_asked
from flowstudio.services.origin import Origin
from flowstudio.services.people import as_actor
from flowstudio.services.run_steering import QuestionView
from flowstudio.services.runs import RunService
from flowstudio.services.steps import WaitView
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.tries import Tries
from flowstudio.store import audit, sessions, users
from flowstudio.store.journal_rows import say_answered

LIFE = timedelta(days=7)
#: In a minute: of one link, and of one address whatever it asks for.
_MOST_OF_LINK = 60
_MOST_OF_ADDRESS = 120


@dataclass(frozen=True, slots=True)
class Ask:
    """What a link leads to.

    Attributes:
        person: whose link it is, by name.
        waiting: what is asked; None once there is nothing to answer.
        over: why there is nothing to answer, or "".
    """

    person: str
    run_id: str
    workflow: str
    node: str
    path: str
    waiting: WaitView | None
    expires_at: datetime
    over: str = ""


class AnswerLinkService:
    """Use cases of such links. Whoever holds one acts as its person, for its one question."""

    def __init__(self, parts: StudioParts, runs: RunService) -> None:
        self._parts = parts
        self._runs = runs
        self._tokens = AnswerTokens(parts.ring, parts.clock)
        self._attempts = Throttle(
            parts.clock, per_account=_MOST_OF_LINK, per_address=_MOST_OF_ADDRESS
        )
        self._forged = Tries(parts, Throttle(parts.clock, per_address=_MOST_OF_ADDRESS))

    async def make(self, user_id: str, run_id: str, seq: int) -> str:
        """A link for a person to a question, or "" when there is nothing to answer any more."""
        try:
            view = await self._runs.question(OPERATOR, run_id, seq)
        except FlowStudioError:
            return ""
        if view.waiting is None or view.waiting.kind not in ("approval", "form"):
            return ""
        expires_at = self._parts.clock.now() + LIFE
        if view.waiting.until is not None:
            expires_at = min(expires_at, view.waiting.until)
        claims = AnswerClaims(user_id, run_id, seq, expires_at)
        return f"{self._parts.settings.base_url}/a/{self._tokens.make(claims)}"

    async def look(self, actor: Actor, token: str, origin: Origin) -> Ask:
        """What a link asks; looking changes nothing, however often it is done.

        Raises:
            NotFoundError: the link is not valid, or its person may not see the run any more.
            ConflictError: it has expired.
            AccessDeniedError: the step asks others by now.
            ThrottledError: the link, or its caller's address, was used too often.
        """
        authorize(actor, "answer_link.look")
        claims = await self._claims(token, origin)
        person, name = await self._person(claims, origin)
        view = await self._runs.question(person, claims.run_id, claims.seq)
        if view.waiting is not None and view.question.answered_at is None:
            authorize(person, "run.answer", Target("run", claims.run_id, view.run.project_id))
            check_asked(view.waiting, person, view.run.project_id)
        return Ask(
            person=name,
            run_id=claims.run_id,
            workflow=view.run.workflow,
            node=view.node,
            path=view.question.path,
            waiting=view.waiting if view.question.answered_at is None else None,
            expires_at=claims.expires_at,
            over=_over(view),
        )

    async def answer(
        self, actor: Actor, token: str, answer: Mapping[str, Any], origin: Origin
    ) -> None:
        """Answer as the link's person; once.

        Raises:
            NotFoundError: the link is not valid, or its person may not see the run any more.
            ConflictError: it has expired, or somebody has answered; says who and when.
            AccessDeniedError: the step asks others by now.
            InvalidInputError: the answer does not fit.
            ThrottledError: the link, or its caller's address, was used too often.
        """
        authorize(actor, "answer_link.answer")
        claims = await self._claims(token, origin)
        person, _ = await self._person(claims, origin)
        view = await self._runs.question(person, claims.run_id, claims.seq)
        if over := _over(view):
            raise ConflictError(over)
        await self._runs.answer(person, claims.run_id, view.question.path, answer)
        target = Target("run", claims.run_id, view.run.project_id)
        entry = self._parts.entry(person, "run.answer", target, by="link", path=view.question.path)
        await self._parts.records.write(lambda session: audit.append(session, entry))

    async def _claims(self, token: str, origin: Origin) -> AnswerClaims:
        self._attempts.attempt("answer link", address=origin.address)
        try:
            claims = self._tokens.read(token)
        except NotFoundError:
            await self._forged.attempt("forged answer link", address=origin.address)
            raise
        link = f"{claims.user_id} {claims.run_id} {claims.seq}"
        self._attempts.attempt("answer link", account=link)
        return claims

    async def _person(self, claims: AnswerClaims, origin: Origin) -> tuple[Actor, str]:
        def work(session: Session) -> tuple[Actor, str]:
            user = users.find_user(session, claims.user_id)
            if user is None or not user.is_active:
                message = "This link is not valid any more."
                raise NotFoundError(message)
            return as_actor(user, origin, sessions.find_roles(session, user.id)), user.name

        return await self._parts.records.read(work)


def _over(view: QuestionView) -> str:
    if view.question.answered_at is not None:
        return say_answered(view.question.answered_by, view.question.answered_at)
    if view.waiting is None:
        return "This run does not wait for an answer any more."
    return ""
