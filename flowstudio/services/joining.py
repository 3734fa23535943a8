"""How accounts come to be: the first one, and all others."""

import secrets
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from sqlmodel import Session

from flowstudio.errors import AccessDeniedError, ConflictError, InvalidInputError
from flowstudio.services.access import Actor, InstanceRole, authorize
from flowstudio.services.account_base import AccountBase
from flowstudio.services.instance import registration_of
from flowstudio.services.invitations import accept_in
from flowstudio.services.mail_links import LinkMail
from flowstudio.services.origin import Origin
from flowstudio.services.people import as_actor, create_person, find_problems
from flowstudio.services.sessions import SignIn
from flowstudio.settings import Settings
from flowstudio.store import users
from flowstudio.store.users import UserRecord

_IS_SET_UP = "This installation is set up already. Sign in."
_CLOSED = "Nobody can register here. Ask an admin for an account."
_INVITED = "You need an invitation to register here. Ask an admin or the owner of a project."


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Who wants an account."""

    email: str
    name: str
    password: str = field(repr=False)


class Joining(AccountBase):
    """Setting up, and registering."""

    async def needs_setup(self) -> bool:
        """Whether nobody is an admin yet."""
        return not await self._parts.records.read(users.has_admin)

    @property
    def needs_setup_token(self) -> bool:
        """Whether others than those who hold the machine could reach the page that sets it up."""
        return _is_reachable(self._parts.settings)

    def setup_token(self) -> str | None:
        """The secret that setting up needs, for the start to print; None if it needs none."""
        if self.needs_setup_token and not self._parts.records.read_now(users.has_admin):
            return self._setup_secret
        return None

    async def set_up(self, actor: Actor, new: NewPerson, origin: Origin, token: str = "") -> SignIn:
        """Make the first admin; works once.

        Raises:
            ConflictError: there is an admin.
            AccessDeniedError: the token is missing or wrong.
            InvalidInputError: the address, the name or the password is not acceptable.
        """
        authorize(actor, "instance.setup")
        if not await self.needs_setup():
            raise ConflictError(_IS_SET_UP)
        await self._tries.attempt("instance.setup", address=origin.address)
        if self.needs_setup_token and not secrets.compare_digest(
            token.encode("utf-8", "replace"), self._setup_secret.encode()
        ):
            message = "The setup token is wrong. The server printed it when it started."
            raise AccessDeniedError(message)
        kept = await self._check_and_hash(new)

        def work(session: Session) -> SignIn:
            if users.has_admin(session):
                raise ConflictError(_IS_SET_UP)
            user = self._create(session, new, "admin", kept)
            sign_in = self._sessions.open_for(session, user.id, "setup", origin)
            self._log(session, "instance.setup", user, origin)
            return sign_in

        return await self._parts.records.write(work)

    async def register(
        self, actor: Actor, new: NewPerson, origin: Origin, invitation: str = ""
    ) -> SignIn:
        """Make an account and sign in; a mail asks to confirm the address.

        Raises:
            AccessDeniedError: people cannot register, or not without an invitation.
            InvalidInputError: the address, the name or the password is not acceptable.
            ConflictError: the address has an account, or the invitation is not good any more.
            NotFoundError: there is no such invitation.
        """
        authorize(actor, "account.register")
        await self._tries.attempt("account.register", address=origin.address)
        await self._parts.records.read(lambda session: self._admit(session, invitation))
        kept = await self._check_and_hash(new)

        def work(session: Session) -> tuple[SignIn, LinkMail | None]:
            self._admit(session, invitation)
            user = self._create(session, new, "user", kept)
            self._log(session, "account.register", user, origin)
            if invitation:
                now, who = self._parts.clock.now(), as_actor(user, origin)
                accept_in(session, invitation, user, now, self._parts, who)
                user = users.get_user(session, user.id)
            sign_in = self._sessions.open_for(session, user.id, "password", origin)
            if user.email_verified_at is not None:
                return sign_in, None
            return sign_in, self._link(session, "verify", user.id, user.email)

        sign_in, mail = await self._parts.records.write(work)
        self._post(mail)
        return sign_in

    def _admit(self, session: Session, invitation: str) -> None:
        rule = registration_of(session, self._parts.settings)
        if rule == "closed":
            raise AccessDeniedError(_CLOSED)
        if rule == "invitation" and not invitation:
            raise AccessDeniedError(_INVITED)

    async def _check_and_hash(self, new: NewPerson) -> str:
        problems = find_problems(email=new.email, name=new.name, password=new.password)
        if problems:
            raise InvalidInputError(problems)
        return await self._passwords.hash(new.password)

    def _create(
        self, session: Session, new: NewPerson, role: InstanceRole, kept: str
    ) -> UserRecord:
        now = self._parts.clock.now()
        return create_person(
            session,
            email=new.email,
            name=new.name.strip(),
            role=role,
            password_hash=kept,
            # Who sets up holds the machine, or has its token, and so needs to prove nothing else.
            verified_at=now if role == "admin" else None,
            now=now,
        )


def _is_reachable(settings: Settings) -> bool:
    hosts = (settings.host, urlsplit(settings.base_url).hostname or "")
    return bool(settings.trusted_proxies) or not all(map(_is_loopback, hosts))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
