"""What a project's page shows, in words."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flowstudio.ui.widgets import words

ROLES = (
    ("viewer", "Viewer: sees workflows and runs"),
    ("runner", "Runner: also runs them and answers"),
    ("editor", "Editor: also changes workflows and credentials"),
    ("owner", "Owner: also decides who belongs here"),
)
_KINDS = {
    "openrouter": "OpenRouter key",
    "header": "HTTP header",
    "basic": "User and password",
    "bearer": "Bearer token",
    "smtp": "Mail server",
}


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One member."""

    id: str
    name: str
    text: str
    role: str
    is_me: bool
    action: str


@dataclass(frozen=True, slots=True)
class InvitationLine:
    """One invitation that waits for an answer."""

    id: str
    title: str
    text: str
    role: str
    action: str


@dataclass(frozen=True, slots=True)
class CredentialLine:
    """One credential, without its secret."""

    id: str
    name: str
    kind: str
    text: str
    action: str


def role_options() -> list[dict[str, str]]:
    """The roles of a project as choices."""
    return [{"value": value, "label": label} for value, label in ROLES]


def member_line(member: Any, project_id: str, my_id: str, now: datetime) -> MemberLine:
    """A member as a row."""
    return MemberLine(
        id=member.user_id,
        name=member.name,
        text=f"{member.email} · joined {words.since(member.joined_at, now)}",
        role=member.role,
        is_me=member.user_id == my_id,
        action=f"/api/v1/projects/{project_id}/members/{member.user_id}",
    )


def invitation_line(invitation: Any, project_id: str) -> InvitationLine:
    """An invitation as a row."""
    return InvitationLine(
        id=invitation.id,
        title=invitation.email or "Anyone with the link, once",
        text=f"ends {words.moment(invitation.expires_at)}",
        role=invitation.role,
        action=f"/api/v1/projects/{project_id}/invitations/{invitation.id}",
    )


def credential_line(credential: Any, now: datetime) -> CredentialLine:
    """A credential as a row."""
    used = (
        f"last used {words.since(credential.last_used_at, now)}"
        if credential.last_used_at
        else "never used"
    )
    return CredentialLine(
        id=credential.id,
        name=credential.name,
        kind=_KINDS.get(credential.kind, credential.kind),
        text=f"{', '.join(credential.hosts) or 'no host'} · {used}",
        action=f"/api/v1/credentials/{credential.id}",
    )
