"""State of the pages of coming in: what this server offers to somebody it does not know."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import reflex as rx

from flowstudio.security.redirects import safe_next
from flowstudio.services.outside import providers, refusal_of
from flowstudio.ui.backend import backend
from flowstudio.ui.guard import current_actor, guarded
from flowstudio.ui.live import leave

_ONLY_FOR_NOBODY = {"/sign-in", "/register", "/forgot"}


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """A provider people can sign in with, and where that begins."""

    id: str
    name: str
    href: str


class EntryState(rx.State):
    """What is on offer; nothing of what people type comes here.

    Attributes:
        person: who is signed in already, or "".
        registration: `open`, `invitation` or `closed`.
        refusal: why a provider sent the person back, or "".
        sends_mail: whether mail leaves this machine, or is put into a file here.
    """

    loaded: bool = False
    person: str = ""
    registration: str = "invitation"
    needs_setup_token: bool = False
    providers: list[ProviderRow] = []
    refusal: str = ""
    sends_mail: bool = True

    @guarded("instance.look")
    async def load(self) -> Any:
        """Find out what this page may offer; whoever is in the wrong place is sent on."""
        actor, query = current_actor(self), self.router.url.query_parameters
        path = self.router.url.path.rstrip("/")
        studio = backend().studio
        server = await studio.instance.look(actor)
        if server.needs_setup != (path == "/setup"):
            return leave("/setup" if server.needs_setup else "/sign-in")
        if actor.is_signed_in and path in _ONLY_FOR_NOBODY and "again" not in query:
            return leave(safe_next(query.get("next")))
        self.person = actor.name if actor.is_signed_in else ""
        self.registration = server.registration
        self.needs_setup_token = server.needs_setup and studio.accounts.needs_setup_token
        self.sends_mail = server.mail == "smtp"
        self.refusal = refusal_of(query.get("error", ""))
        self.providers = _providers(safe_next(query.get("next")))
        self.loaded = True
        return None


def _providers(after: str) -> list[ProviderRow]:
    query = urlencode({"next": after})
    return [
        ProviderRow(row.id, row.name, f"/api/v1/auth/oauth/{row.id}/start?{query}")
        for row in providers(backend().settings)
    ]
