"""Who may do what: one question, asked by every method of every service."""

from dataclasses import dataclass
from typing import Literal

from flowstudio.errors import FlowStudioError

Verb = Literal["see", "run", "answer", "steer"]
Role = Literal["operator", "viewer"]

#: Verbs by role. The operator is whoever holds the machine: the command line, and the page as long
#: as it is served to this machine alone.
VERBS: dict[Role, frozenset[Verb]] = {
    "operator": frozenset({"see", "run", "answer", "steer"}),
    "viewer": frozenset({"see"}),
}


class AccessDeniedError(FlowStudioError):
    """The actor may not do this."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks."""

    name: str
    role: Role


OPERATOR = Actor("operator", "operator")


def authorize(actor: Actor, verb: Verb) -> None:
    """Let the actor pass, or say no.

    Raises:
        AccessDeniedError: the actor's role does not have the verb.
    """
    if verb not in VERBS[actor.role]:
        raise AccessDeniedError(f"{actor.name} may not {verb} runs.")
