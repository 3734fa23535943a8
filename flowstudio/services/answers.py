"""Answers to waiting steps, checked before they are stored."""

from collections.abc import Mapping
from typing import Any

from flowstudio.engine.doubt import ANSWER_SCHEMA
from flowstudio.errors import AccessDeniedError, ConflictError
from flowstudio.nodes.inputs import check_inputs
from flowstudio.services.access import Actor
from flowstudio.services.steps import WaitView

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
    asked = {assignee.strip().casefold() for assignee in waiting.assignees}
    may_always = actor.role == "operator" or actor.role_in(project_id) == "owner"
    if asked and not may_always and not asked & {actor.name.casefold(), actor.id.casefold()}:
        raise AccessDeniedError(f"This step asks {', '.join(waiting.assignees)}.")


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
