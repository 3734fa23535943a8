"""The installation as a whole: whether it is set up, and who may make an account."""

from dataclasses import dataclass
from typing import Literal, cast

from sqlmodel import Session

from flowstudio.services.access import INSTANCE, Actor, authorize
from flowstudio.services.studio_parts import StudioParts
from flowstudio.settings import Settings
from flowstudio.store import audit, instance, users

Registration = Literal["open", "invitation", "closed"]
_REGISTRATION = "registration"


@dataclass(frozen=True, slots=True)
class InstanceView:
    """What anybody may know of the installation.

    Attributes:
        mail: where mail goes: to people, or to files of the server.
    """

    needs_setup: bool
    registration: Registration
    mail: Literal["smtp", "file"]


class InstanceService:
    """What holds for everybody."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts

    async def look(self, actor: Actor) -> InstanceView:
        """What a page has to know before anybody has signed in."""
        authorize(actor, "instance.look")
        settings = self._parts.settings

        def work(session: Session) -> InstanceView:
            return InstanceView(
                needs_setup=not users.has_admin(session),
                registration=registration_of(session, settings),
                mail="smtp" if settings.smtp_url.get_secret_value() else "file",
            )

        return await self._parts.records.read(work)

    async def registration(self, actor: Actor) -> Registration:
        """Who may make an account, as an admin chose it, or else as the setting says."""
        authorize(actor, "setting.read")
        return await self._parts.records.read(
            lambda session: _chosen(session, self._parts.settings)
        )

    async def set_registration(self, actor: Actor, choice: Registration) -> Registration:
        """Choose who may make an account; holds from now on, whatever the setting says."""
        authorize(actor, "setting.edit")

        def work(session: Session) -> None:
            instance.set_fact(session, _REGISTRATION, choice)
            entry = self._parts.entry(actor, "setting.edit", INSTANCE, registration=choice)
            audit.append(session, entry)

        await self._parts.records.write(work)
        return choice


def registration_of(session: Session, settings: Settings) -> Registration:
    """Who may make an account; nobody before the installation has an admin."""
    return _chosen(session, settings) if users.has_admin(session) else "closed"


def _chosen(session: Session, settings: Settings) -> Registration:
    stored = instance.find_fact(session, _REGISTRATION)
    return cast("Registration", stored) if stored else settings.registration
