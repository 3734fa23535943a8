"""Answers to waiting steps, checked before they are stored."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flowstudio.engine.doubt import ANSWER_SCHEMA
from flowstudio.errors import AccessDeniedError, ConflictError
from flowstudio.nodes.inputs import check_inputs
from flowstudio.services.access import PROJECT_ROLES, Actor
from flowstudio.services.steps import WaitView
from flowstudio.store.runs import QuestionRecord

_APPROVAL_SCHEMA = {
    "type": "object",
    "properties": {
        "approved": {"type": "boolean"},
        "comment": {"type": "string", "maxLength": 10_000, "default": ""},
    },
    "required": ["approved"],
    "additionalProperties": False,
}


def check_asked(waiting: WaitView, actor: Actor, project_id: str) -> None:
    """Make sure that a step asks the actor; owners and who holds the machine may always answer.

    Raises:
        AccessDeniedError: it asks others.
    """
    role = actor.role_in(project_id)
    if actor.role == "operator" or role == "owner":
        return
    if not is_asked(waiting.assignees, actor.id, actor.name, role or ""):
        raise AccessDeniedError(f"This step asks {', '.join(waiting.assignees)}.")


def is_asked(assignees: Sequence[str], user_id: str, email: str, role: str) -> bool:
    """Whether assignees name a person, by address, id or a role of theirs; none name everybody."""
    asked = {assignee.strip().casefold() for assignee in assignees}
    had = PROJECT_ROLES[: PROJECT_ROLES.index(role) + 1] if role in PROJECT_ROLES else ()
    return not asked or not asked.isdisjoint({email.casefold(), user_id.casefold(), *had[1:]})


def asked_now(waiting: WaitView, question: QuestionRecord) -> WaitView:
    """What a step waits for, with whom it asks after a reassignment or an escalation."""
    asked = question.asked or waiting.assignees
    if question.is_escalated and asked:
        asked = (*asked, *waiting.escalate_to)
    return replace(waiting, assignees=asked)


def check_answer(waiting: WaitView, answer: Mapping[str, Any], by: str) -> dict[str, Any]:
    """The answer as the step takes it.

    Raises:
        ConflictError: nobody can answer this wait.
        InvalidInputError: with every problem of the answer.
    """
    if waiting.kind == "approval":
        return dict(check_inputs(_APPROVAL_SCHEMA, answer)) | {"by": by}
    if waiting.kind == "unknown":
        return dict(check_inputs(ANSWER_SCHEMA, answer))
    if waiting.kind == "form":
        return dict(check_inputs(waiting.fields or {}, answer))
    raise ConflictError(f"This step waits for {_WAITED.get(waiting.kind, 'something else')}.")


_WAITED = {
    "timer": "its time",
    "retry": "its next attempt",
    "workflow": "an inner run; answer that one",
}
