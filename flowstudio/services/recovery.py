"""Proving an e-mail address, and getting back in without the password."""

from dataclasses import replace

from sqlmodel import Session

from flowstudio.errors import ConflictError, InvalidInputError
from flowstudio.security.passwords import find_weaknesses
from flowstudio.services.access import Actor, Target, authorize
from flowstudio.services.account_base import AccountBase
from flowstudio.services.mail_links import LinkMail, Purpose, look_at_link, take_link
from flowstudio.services.origin import Origin
from flowstudio.services.people import claim_by_provider, end_sessions, normal_email
from flowstudio.store import users
from flowstudio.store.users import MailToken, UserRecord


class Recovery(AccountBase):
    """What works by a link in a mail."""

    async def verify_email(self, actor: Actor, token: str, origin: Origin) -> str:
        """Take the link that proves an address; gives the address, which is now the person's.

        Raises:
            InvalidInputError: the link is not valid any more.
            ConflictError: somebody else has that address by now.
        """
        authorize(actor, "account.recover")
        await self._tries.attempt("account.verify", address=origin.address)
        await self._look(token, "verify")

        def work(session: Session) -> str:
            now = self._parts.clock.now()
            link = take_link(session, token, "verify", now)
            owner = users.find_user_by_email(session, link.email)
            if owner is not None and owner.id != link.user_id:
                message = "There is another account with this e-mail address by now."
                raise ConflictError(message)
            user = users.get_user(session, link.user_id)
            users.change_user(session, user.id, email=link.email, email_verified_at=now)
            if user.email != link.email:
                users.end_mail_tokens(session, user.id)
            self._log(session, "account.verify", replace(user, email=link.email), origin)
            return link.email

        return await self._parts.records.write(work)

    async def send_verification(self, actor: Actor) -> None:
        """Send the link again that proves the actor's address.

        Raises:
            ConflictError: it is proved already.
        """
        authorize(actor, "account.edit", Target("user", actor.id, user_id=actor.id))
        await self._tries.attempt("account.send", account=actor.id, address=actor.address)

        def work(session: Session) -> LinkMail:
            user = users.get_user(session, actor.id)
            if user.email_verified_at is not None:
                message = "Your e-mail address is confirmed already."
                raise ConflictError(message)
            return self._link(session, "verify", user.id, user.email)

        self._post(await self._parts.records.write(work))

    async def forgot_password(self, actor: Actor, email: str, origin: Origin) -> None:
        """Send a link to choose a new password, if anybody has that address.

        Who asks learns nothing of that, neither from the reply nor from how long it takes.

        Raises:
            ThrottledError: too many asked for this address, or from the same place.
        """
        authorize(actor, "account.recover")
        email = normal_email(email)
        await self._tries.attempt("account.recover", account=email, address=origin.address)

        def work(session: Session) -> LinkMail | None:
            user = users.find_user_by_email(session, email)
            if user is None or not user.is_active:
                self._log(session, "account.recover", None, origin)
                return None
            self._log(session, "account.recover", user, origin)
            return self._link(session, "reset", user.id, user.email)

        self._post(await self._parts.records.write(work))

    async def reset_password(self, actor: Actor, token: str, password: str, origin: Origin) -> None:
        """Choose a new password by a link; every session of the person ends.

        Raises:
            InvalidInputError: the link is not valid any more, or the password is too weak.
        """
        authorize(actor, "account.recover")
        await self._tries.attempt("account.reset", address=origin.address)
        # Weak passwords must not use the link up, and a worthless link must cost no hash.
        user = await self._look(token, "reset")
        if weaknesses := find_weaknesses(password, user.email):
            raise InvalidInputError(weaknesses)
        kept = await self._passwords.hash(password)

        def work(session: Session) -> None:
            link = take_link(session, token, "reset", self._parts.clock.now())
            changed = self._settle(session, link, kept)
            self._log(session, "account.reset", changed, origin)

        await self._parts.records.write(work)

    async def _look(self, token: str, purpose: Purpose) -> UserRecord:
        """Whose link it is; who knows none must not keep others from writing."""

        def work(session: Session) -> UserRecord:
            link = look_at_link(session, token, purpose, self._parts.clock.now())
            return users.get_user(session, link.user_id)

        return await self._parts.records.read(work)

    def _settle(self, session: Session, link: MailToken, kept: str) -> UserRecord:
        now, user = self._parts.clock.now(), users.get_user(session, link.user_id)
        if link.email == user.email:
            # A mail that arrived proves the address as well as the link made for that does.
            user = claim_by_provider(session, user, now)
        user = end_sessions(session, user, now)
        users.end_mail_tokens(session, user.id)
        return users.change_user(session, user.id, password_hash=kept)
