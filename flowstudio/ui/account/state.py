"""State of the account page."""

from typing import Any

import reflex as rx

from flowstudio.clock import utc_now
from flowstudio.services.access import Actor
from flowstudio.services.outside import providers, refusal_of
from flowstudio.ui.account.notifications import NotificationPreferencesState
from flowstudio.ui.account.present import (
    IdentityLine,
    KeyLine,
    ProviderLine,
    SessionLine,
    key_line,
    project_options,
    session_line,
)
from flowstudio.ui.backend import backend
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.widgets import words


class AccountState(rx.State):
    """Who I am here. Secrets are never part of it: they go from the form to the REST API."""

    loaded: bool = False
    refusal: str = ""
    form_key: str = ""
    name: str = ""
    email: str = ""
    is_verified: bool = True
    sends_mail: bool = True
    sessions: list[SessionLine] = []
    identities: list[IdentityLine] = []
    providers: list[ProviderLine] = []
    has_other_sessions: bool = False
    has_providers: bool = False
    keys: list[KeyLine] = []
    project_options: list[dict[str, str]] = []

    @guarded("account.read")
    async def load(self) -> Any:
        """Show the account as the database knows it."""
        actor, studio = current_actor(self), backend().studio
        code = self.router.url.query_parameters.get("error", "")
        self.refusal = refusal_of(code)
        me = await studio.accounts.get(actor)
        self.name, self.email = me.name, me.email
        self.form_key = f"{me.name}\n{me.email}"
        self.is_verified = me.email_verified_at is not None
        self.sends_mail = (await studio.instance.look(actor)).mail == "smtp"
        now = utc_now()
        sessions = await studio.sessions.list_sessions(actor)
        self.sessions = [session_line(item, actor.session_id, now) for item in sessions]
        self.has_other_sessions = len(sessions) > 1
        await self._list_identities(actor)
        await self._list_keys(actor)
        self.loaded = True
        return NotificationPreferencesState.load

    async def _list_identities(self, actor: Actor) -> None:
        studio, now = backend().studio, utc_now()
        found = await studio.identities.list_identities(actor)
        self.identities = [
            IdentityLine(
                item.id,
                item.provider.title().replace("Github", "GitHub"),
                f"{item.label} · linked {words.since(item.created_at, now)}",
                f"/api/v1/me/identities/{item.id}",
            )
            for item in found
        ]
        taken = {item.provider for item in found}
        self.providers = [
            ProviderLine(name, label, f"/api/v1/auth/oauth/{name}/link")
            for name, label in [(item.id, item.name) for item in providers(backend().settings)]
            if name not in taken
        ]
        self.has_providers = bool(found or self.providers)

    async def _list_keys(self, actor: Actor) -> None:
        studio, now = backend().studio, utc_now()
        projects = await studio.projects.list_projects(actor, limit=200)
        names = {item.id: item.name for item in projects.items}
        keys = await studio.keys.list_keys(actor, limit=200)
        self.keys = [key_line(item, names, now) for item in keys.items]
        self.project_options = project_options([*names.items()])
