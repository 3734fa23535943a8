"""State of a project's page."""

import reflex as rx

from flowstudio.clock import utc_now
from flowstudio.errors import NotFoundError
from flowstudio.services.access import Actor
from flowstudio.services.outside import refusal_of
from flowstudio.ui.backend import backend
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.project_settings.present import (
    CredentialLine,
    InvitationLine,
    MemberLine,
    credential_line,
    invitation_line,
    member_line,
)
from flowstudio.ui.widgets import words
from flowstudio.ui.widgets.log import EntryLine, entry_line

CREDENTIAL_KINDS = (
    ("openrouter", "OpenRouter"),
    ("bearer", "Bearer token"),
    ("header", "HTTP header"),
    ("basic", "User and password"),
    ("smtp", "Mail server"),
)
_KIND_NAMES = {value for value, _ in CREDENTIAL_KINDS}
_ENTRIES = 30


class ProjectSettingsState(rx.State):
    """One project, as much of it as the role of whoever looks allows."""

    loaded: bool = False
    refusal: str = ""
    missing: bool = False
    id: str = ""
    name: str = ""
    text: str = ""
    is_owner: bool = False
    is_editor: bool = False
    sends_mail: bool = True
    most_runs: str = ""
    action: str = ""
    leave_action: str = ""
    invitations_action: str = ""
    connect_href: str = ""
    kind: str = "openrouter"
    members: list[MemberLine] = []
    invitations: list[InvitationLine] = []
    credentials: list[CredentialLine] = []
    entries: list[EntryLine] = []

    @guarded("project.read")
    async def load(self) -> None:
        """Show the project of the address."""
        actor, studio = current_actor(self), backend().studio
        code = self.router.url.query_parameters.get("error", "")
        self.refusal = refusal_of(code)
        try:
            project = await studio.projects.get(actor, str(getattr(self, "project_id", "")))
        except NotFoundError:
            self.missing, self.loaded = True, True
            return
        role = actor.role_in(project.id) or "viewer"
        self.missing = False
        self.id, self.name = project.id, project.name
        self.text = f"You are {'an' if role[0] in 'eo' else 'a'} {role} here."
        self.is_owner, self.is_editor = role == "owner", role in ("editor", "owner")
        self.action = f"/api/v1/projects/{project.id}"
        self.leave_action = f"{self.action}/members/{actor.id}"
        self.invitations_action = f"{self.action}/invitations"
        self.connect_href = f"/api/v1/connect/openrouter/start?project_id={project.id}"
        await self._list_people(actor)
        await self._list_things(actor)
        self.loaded = True

    @guarded("project.read")
    async def choose_kind(self, kind: str) -> None:
        """Show the form of another kind of credential."""
        if kind in _KIND_NAMES:
            self.kind = kind

    async def _list_people(self, actor: Actor) -> None:
        studio, now = backend().studio, utc_now()
        members = await studio.members.list_members(actor, self.id, limit=200)
        self.members = [member_line(item, self.id, actor.id, now) for item in members.items]
        self.invitations = []
        if self.is_owner:
            self.sends_mail = (await studio.instance.look(actor)).mail == "smtp"
            found = await studio.invitations.list_invitations(actor, self.id, limit=200)
            self.invitations = [invitation_line(item, self.id) for item in found.items]

    async def _list_things(self, actor: Actor) -> None:
        studio, now = backend().studio, utc_now()
        self.credentials, self.entries = [], []
        if self.is_editor:
            kept = await studio.credentials.list_credentials(actor, self.id, limit=200)
            self.credentials = [credential_line(item, now) for item in kept.items]
        if self.is_owner:
            limit = await studio.queue.project_limit(actor, self.id)
            self.most_runs = "" if limit is None else str(limit)
            entries = await studio.audit.list_entries(actor, project_id=self.id, limit=_ENTRIES)
            self.entries = [entry_line(item) for item in entries.items]
        self.text += f" {words.count(len(self.members), 'member')}."
