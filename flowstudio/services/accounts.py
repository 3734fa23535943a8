"""Accounts: what people do with their own."""

from typing import Any

from sqlmodel import Session

from flowstudio.errors import ConflictError, InvalidInputError
from flowstudio.security.passwords import find_weaknesses
from flowstudio.services.access import Actor, Target, authorize
from flowstudio.services.joining import Joining, NewPerson
from flowstudio.services.leaving import remove_person
from flowstudio.services.mail_links import LinkMail
from flowstudio.services.people import create_person, end_sessions, find_problems, normal_email
from flowstudio.services.recovery import Recovery
from flowstudio.services.sessions import SignIn, require_proof
from flowstudio.store import audit, exports, users
from flowstudio.store.users import UserRecord

__all__ = ["AccountService", "NewPerson", "create_person"]


class AccountService(Joining, Recovery):
    """Everybody's own account, from its making to its end."""

    async def get(self, actor: Actor) -> UserRecord:
        """The actor's own account."""
        authorize(actor, "account.read", _own(actor))
        return await self._parts.records.read(lambda session: users.get_user(session, actor.id))

    async def edit(
        self, actor: Actor, *, name: str | None = None, email: str | None = None
    ) -> UserRecord:
        """Change name or address; a new address counts once the link mailed to it was opened.

        Raises:
            InvalidInputError: name or address is not acceptable.
            ConflictError: the address has an account.
            ProofNeededError: a new address needs the password given lately.
        """
        authorize(actor, "account.edit", _own(actor))
        user = await self.get(actor)
        wanted = normal_email(email) if email is not None else user.email
        if problems := find_problems(email=wanted, name=user.name if name is None else name):
            raise InvalidInputError(problems)
        if wanted != user.email:
            require_proof(actor, self._parts.clock.now())
            await self._tries.attempt("account.send", account=actor.id, address=actor.address)

        def work(session: Session) -> tuple[UserRecord, LinkMail | None]:
            if wanted != user.email and users.find_user_by_email(session, wanted) is not None:
                message = "There is another account with this e-mail address."
                raise ConflictError(message)
            changed = users.change_user(session, user.id, name=(name or user.name).strip())
            entry = self._parts.entry(actor, "account.edit", _own(actor), new_email=wanted)
            audit.append(session, entry)
            mail = self._link(session, "verify", user.id, wanted) if wanted != user.email else None
            return changed, mail

        changed, mail = await self._parts.records.write(work)
        self._post(mail)
        return changed

    async def change_password(self, actor: Actor, old: str, new: str) -> SignIn:
        """Replace the password; other sessions end, this one goes on with the tokens given.

        Raises:
            ProofNeededError: the old password is wrong.
            InvalidInputError: the new one is too weak.
        """
        authorize(actor, "account.edit", _own(actor))
        user = await self._sessions.check_password(actor, old)
        if weaknesses := find_weaknesses(new, user.email):
            raise InvalidInputError(weaknesses)
        kept = await self._passwords.hash(new)

        def work(session: Session) -> SignIn:
            if users.get_user(session, user.id).password_hash != user.password_hash:
                message = "The password was changed elsewhere at this moment. Sign in again."
                raise ConflictError(message)
            now = self._parts.clock.now()
            ended = end_sessions(session, user, now, besides=actor.session_id)
            users.end_mail_tokens(session, user.id)
            users.change_user(session, user.id, password_hash=kept)
            audit.append(session, self._parts.entry(actor, "account.password", _own(actor)))
            return self._sessions.reissue(session, actor.session_id, ended)

        return await self._parts.records.write(work)

    async def export(self, actor: Actor) -> dict[str, Any]:
        """Everything kept about the actor, as JSON values; no secret is among it."""
        authorize(actor, "account.export", _own(actor))

        def work(session: Session) -> dict[str, Any]:
            audit.append(session, self._parts.entry(actor, "account.export", _own(actor)))
            return exports.export_person(session, actor.id)

        return await self._parts.records.write(work)

    async def delete(self, actor: Actor, password: str) -> None:
        """Remove the actor's account, and the projects nobody else is in.

        Raises:
            ProofNeededError: the password is wrong; who has none needs to have signed in lately.
            ConflictError: they are the last admin, or the only owner of a project others are in.
        """
        authorize(actor, "account.delete", _own(actor))
        if (await self.get(actor)).password_hash is None:
            require_proof(actor, self._parts.clock.now())
        else:
            await self._sessions.check_password(actor, password)

        def work(session: Session) -> None:
            removed = remove_person(session, users.get_user(session, actor.id))
            entry = self._parts.entry(actor, "account.delete", _own(actor), projects=removed)
            audit.append(session, entry)

        await self._parts.records.write(work)


def _own(actor: Actor) -> Target:
    return Target("user", actor.id, user_id=actor.id)
