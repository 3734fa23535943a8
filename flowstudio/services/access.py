"""Who may do what: one question, asked by every method of every service.

`RULES` is the whole answer. A verb is a noun and what is done with it; its rule says at which level
it is decided, the least role there, and the scope an API key needs for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from flowstudio.errors import AccessDeniedError, NotFoundError, NotSignedInError

__all__ = ["AccessDeniedError", "Actor", "Target", "authorize"]

InstanceRole = Literal["guest", "user", "admin"]
ProjectRole = Literal["viewer", "runner", "editor", "owner"]
#: `anyone` needs no account; `own` is for what belongs to the actor alone.
Level = Literal["anyone", "own", "project", "instance"]

#: Lowest first.
INSTANCE_ROLES: tuple[str, ...] = ("guest", "user", "admin")
PROJECT_ROLES: tuple[str, ...] = ("viewer", "runner", "editor", "owner")
SCOPES = (
    "workflows:read",
    "workflows:write",
    "runs:read",
    "runs:write",
    "projects:read",
    "projects:write",
    "credentials:read",
    "credentials:write",
    "account:read",
    "admin:read",
    "admin:write",
)


@dataclass(frozen=True, slots=True)
class Rule:
    """Who has a verb.

    Attributes:
        least: the lowest role of that level which has it.
        scope: that an API key needs; None keeps the verb from keys altogether.
    """

    level: Level
    least: str = ""
    scope: str | None = None


def _anyone(*verbs: str) -> dict[str, Rule]:
    return dict.fromkeys(verbs, Rule("anyone"))


def _own(least: InstanceRole, scope: str | None, *verbs: str) -> dict[str, Rule]:
    return dict.fromkeys(verbs, Rule("own", least, scope))


def _project(least: ProjectRole, scope: str | None, *verbs: str) -> dict[str, Rule]:
    return dict.fromkeys(verbs, Rule("project", least, scope))


def _admin(scope: str | None, *verbs: str) -> dict[str, Rule]:
    return dict.fromkeys(verbs, Rule("instance", "admin", scope))


RULES: Mapping[str, Rule] = MappingProxyType(
    _anyone("instance.setup", "account.register", "account.recover", "session.open")
    | _anyone("answer_link.look", "answer_link.answer")
    | _anyone("session.refresh", "session.close", "invitation.look", "health.look", "instance.look")
    | _anyone("webhook.call")
    | _own("guest", "account:read", "account.read", "key.read", "session.read")
    | _own("guest", "workflows:read", "template.read", "node_type.read", "model.read")
    | _own("guest", None, "account.edit", "account.export", "account.delete", "session.revoke")
    | _own("guest", None, "session.prove")
    | _own("guest", "account:read", "notification.read")
    | _own("guest", None, "notification.edit")
    | _own("guest", None, "identity.read", "identity.link", "identity.unlink")
    | _own("guest", None, "invitation.answer", "key.revoke")
    | _own("user", None, "key.create", "key.rotate")
    | _own("guest", "runs:read", "run.list")
    | _own("guest", "workflows:read", "workflow.list")
    | _own("guest", "runs:read", "schedule.list", "schedule.preview")
    | _own("guest", "projects:read", "project.list")
    | _own("user", "projects:write", "project.create")
    | _project("viewer", "projects:read", "project.read", "member.read")
    | _project("viewer", None, "member.leave")
    | _project("owner", "projects:write", "project.edit", "project.delete")
    | _project("owner", None, "project.transfer")
    | _project("owner", "projects:write", "member.edit", "member.remove")
    | _project("owner", "projects:read", "invitation.read", "project.audit")
    | _project("owner", "projects:write", "invitation.create", "invitation.revoke")
    | _project("viewer", "workflows:read", "workflow.read", "workflow.check")
    | _project("editor", "workflows:write", "workflow.create", "workflow.edit", "workflow.delete")
    | _project("editor", "workflows:write", "workflow.restore", "workflow.publish")
    | _project("editor", "workflows:read", "workflow.export")
    | _project("viewer", "workflows:read", "comment.read")
    | _project("viewer", "workflows:write", "comment.write")
    | _project("viewer", "workflows:read", "version.read")
    | _project("editor", "workflows:write", "version.create", "version.restore")
    | _project("viewer", "workflows:read", "webhook.read")
    | _project("editor", "workflows:write", "webhook.edit")
    | _project("viewer", "workflows:read", "draft.read")
    | _project("runner", "runs:write", "draft.run")
    | _project("editor", "workflows:write", "draft.edit")
    | _project("viewer", "runs:read", "run.read")
    | _project("editor", "runs:read", "preview.make")
    | _project("runner", "runs:write", "workflow.run", "run.steer", "run.answer")
    | _own("user", "runs:write", "dead_run.steer")
    | _project("runner", "runs:write", "run.assign")
    | _project("editor", "runs:write", "run.document", "run.delete")
    | _project("viewer", "runs:read", "schedule.read")
    | _project("editor", "runs:write", "schedule.edit")
    | _project("runner", "runs:write", "schedule.run")
    | _project("editor", "credentials:read", "credential.read")
    | _project("editor", "credentials:write", "credential.create", "credential.edit")
    | _project("editor", "credentials:write", "credential.delete")
    | _admin("admin:read", "user.read", "audit.read", "health.read", "setting.read")
    | _admin("admin:read", "metrics.read")
    | _admin("admin:read", "queue.read")
    | _admin("admin:write", "queue.edit")
    | _admin("admin:write", "user.edit", "setting.edit", "run.prune")
    | _admin(None, "user.create", "user.password", "user.delete", "secret.rotate")
    | _admin(None, "backup.create", "backup.restore", "leftover.remove")
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, as found when the request came in.

    Attributes:
        id: of the person; "" for the operator and for nobody.
        name: as the audit log shows it: an e-mail address.
        role: `operator` is whoever holds the machine; `nobody` is not signed in.
        memberships: role by project.
        scopes: of the API key in use; None for a person in a session.
        project_id: the one project that key is limited to, or "".
        session_id: of the sign-in, or "".
        key_id: of the API key, or "".
        proved_at: when the person last gave a password or came from a provider.
        address: where the request came from.
        request_id: by which logs and the audit log know the request.
    """

    name: str
    role: Literal["operator", "nobody", "guest", "user", "admin"]
    id: str = ""
    memberships: Mapping[str, ProjectRole] = field(default_factory=dict)
    scopes: frozenset[str] | None = None
    project_id: str = ""
    session_id: str = ""
    key_id: str = ""
    proved_at: datetime | None = None
    address: str = ""
    request_id: str = ""

    @property
    def is_signed_in(self) -> bool:
        """Whether somebody is behind it."""
        return self.role != "nobody"

    def role_in(self, project_id: str) -> ProjectRole | None:
        """The actor's role in a project; guests are viewers at most, whatever they were given."""
        if self.project_id and self.project_id != project_id:
            return None
        role = self.memberships.get(project_id)
        return "viewer" if role and self.role == "guest" else role

    def projects_with(self, verb: str) -> tuple[str, ...]:
        """Ids of the projects in which the actor has a verb of projects."""
        least = PROJECT_ROLES.index(RULES[verb].least)
        return tuple(
            project_id
            for project_id in self.memberships
            if (role := self.role_in(project_id)) and PROJECT_ROLES.index(role) >= least
        )


OPERATOR = Actor("operator", "operator")
NOBODY = Actor("nobody", "nobody")


@dataclass(frozen=True, slots=True)
class Target:
    """What the verb is done to.

    Attributes:
        kind: the noun, as the audit log shows it.
        project_id: of what belongs to a project; "" is what this machine ran by itself.
        user_id: of what belongs to one person.
    """

    kind: str
    id: str = ""
    project_id: str = ""
    user_id: str = ""


#: For verbs of the whole installation, and for what an actor is about to make for themselves.
INSTANCE = Target("instance")


def authorize(actor: Actor, verb: str, target: Target = INSTANCE) -> None:
    """Let the actor pass, or say no.

    Raises:
        NotSignedInError: nobody is behind the request.
        NotFoundError: the target belongs to others, who need not learn that somebody asked.
        AccessDeniedError: the actor may see the target, but not do this.
    """
    rule = RULES[verb]
    if rule.level == "anyone" or actor.role == "operator":
        return
    if not actor.is_signed_in:
        message = "Sign in first."
        raise NotSignedInError(message)
    _ALLOWS[rule.level](actor, verb, rule, target)
    if actor.scopes is not None and rule.scope not in actor.scopes:
        needs = f"needs the scope {rule.scope}" if rule.scope else "cannot be done with an API key"
        raise AccessDeniedError(f"This key may not do that: {_say(verb)} {needs}.")


def is_allowed(actor: Actor, verb: str, target: Target = INSTANCE) -> bool:
    """Whether `authorize` would let the actor pass, for who offers only what can be done."""
    try:
        authorize(actor, verb, target)
    except (NotSignedInError, NotFoundError, AccessDeniedError):
        return False
    return True


def _allow_own(actor: Actor, verb: str, rule: Rule, target: Target) -> None:
    if target.user_id and target.user_id != actor.id:
        raise NotFoundError(f"There is no such {_noun(target.kind)}.")
    _allow_instance(actor, verb, rule, target)


def _allow_instance(actor: Actor, verb: str, rule: Rule, target: Target) -> None:  # noqa: ARG001 - one shape
    if rule.level == "instance" and actor.project_id:
        message = "This key is limited to one project, and this concerns the whole installation."
        raise AccessDeniedError(message)
    if INSTANCE_ROLES.index(actor.role) < INSTANCE_ROLES.index(rule.least):
        raise AccessDeniedError(f"{_say(verb)} needs the role {rule.least}; you are {actor.role}.")


def _allow_project(actor: Actor, verb: str, rule: Rule, target: Target) -> None:
    if not target.project_id and actor.role == "admin" and not actor.project_id:
        return
    role = actor.role_in(target.project_id)
    if role is None:
        raise NotFoundError(f"There is no such {_noun(target.kind)}.")
    if PROJECT_ROLES.index(role) < PROJECT_ROLES.index(rule.least):
        raise AccessDeniedError(
            f"{_say(verb)} needs the role {rule.least} in this project; yours is {role}. "
            "Ask one of its owners."
        )


_ALLOWS = {"own": _allow_own, "instance": _allow_instance, "project": _allow_project}


def _say(verb: str) -> str:
    noun, _, action = verb.partition(".")
    return f"{action.replace('_', ' ').capitalize()} ({_noun(noun)})"


def _noun(kind: str) -> str:
    return kind.replace("_", " ")
