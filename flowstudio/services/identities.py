"""What an account at a provider means here: whose it is, whether it lets somebody in, linking it.

An outside account is known by its issuer and subject, and by nothing else. Its e-mail address only
says whom a *new* account would belong to, and only if the provider verified it: an address is never
a way into an account that exists, unless nobody ever proved that address was theirs.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from sqlmodel import Session

from flowstudio.errors import ConflictError, NotFoundError
from flowstudio.graph.ids import new_id
from flowstudio.services.access import Actor, Target, authorize
from flowstudio.services.newcomers import welcome
from flowstudio.services.origin import Origin
from flowstudio.services.outside import OutsideAccount, OutsideRefusedError, Refusal
from flowstudio.services.people import as_actor
from flowstudio.services.sessions import SessionService, SignIn, require_proof
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store import audit, identities, sessions, users
from flowstudio.store.identities import IdentityRecord

T = TypeVar("T")


class IdentityService:
    """Accounts elsewhere, and the people they belong to."""

    def __init__(self, parts: StudioParts, sessions: SessionService) -> None:
        self._parts = parts
        self._sessions = sessions

    async def sign_in(
        self, actor: Actor, account: OutsideAccount, origin: Origin, invitation: str = ""
    ) -> SignIn:
        """Begin a session for the person an outside account belongs to, or comes to belong to.

        Args:
            actor: who asks; nobody.
            account: as its provider told of it just now.
            origin: of the request.
            invitation: the secret of one, for somebody who has no account here yet.

        Raises:
            OutsideRefusedError: it lets nobody in.
        """
        authorize(actor, "session.open")

        def work(session: Session) -> SignIn:
            known = identities.find(session, account.issuer, account.subject)
            if known is None:
                user = welcome(self._parts, session, account, origin, invitation)
                self._add(session, account, as_actor(user, origin))
            else:
                user = users.get_user(session, known.user_id)
                now = self._parts.clock.now()
                identities.mark_used(session, known.id, account.label, now)
            if not user.is_active:
                raise OutsideRefusedError(Refusal.INACTIVE)
            return self._sessions.open_for(session, user.id, account.provider, origin)

        return await self._audited(actor, "session.open", account, work)

    async def link(self, actor: Actor, account: OutsideAccount) -> IdentityRecord:
        """Let the actor sign in by an outside account from now on.

        Raises:
            OutsideRefusedError: its address is not verified, or it is somebody else's.
        """
        authorize(actor, "identity.link", Target("identity", user_id=actor.id))

        def work(session: Session) -> IdentityRecord:
            known = identities.find(session, account.issuer, account.subject)
            if known is not None and known.user_id != actor.id:
                raise OutsideRefusedError(Refusal.IDENTITY_TAKEN)
            if not account.email:
                raise OutsideRefusedError(Refusal.EMAIL_UNVERIFIED)
            if known is not None:
                return known
            return self._add(session, account, actor)

        return await self._audited(actor, "identity.link", account, work)

    def check_link(self, actor: Actor) -> None:
        """Make sure that the actor may begin to link an account.

        Raises:
            ProofNeededError: they did not prove lately who they are.
        """
        authorize(actor, "identity.link", Target("identity", user_id=actor.id))
        require_proof(actor, self._parts.clock.now())

    async def traveller(self, user_id: str, session_id: str, origin: Origin) -> Actor:
        """Who went to a provider, now that their browser is back.

        Their access token may have ended meanwhile; their session must not have.

        Args:
            user_id: as the browser carried it there and back, signed.
            session_id: likewise.
            origin: of the request.

        Raises:
            OutsideRefusedError: the session has ended.
        """

        def look(session: Session) -> Actor:
            found = sessions.find_signed_in(session, session_id, self._parts.clock.now())
            if found is None or found.id != user_id:
                raise OutsideRefusedError(Refusal.SIGNED_OUT)
            actor = as_actor(found, origin, sessions.find_roles(session, found.id))
            return replace(actor, session_id=session_id, proved_at=found.authenticated_at)

        return await self._parts.records.read(look)

    async def list_identities(self, actor: Actor) -> list[IdentityRecord]:
        """The accounts elsewhere by which the actor signs in, oldest first."""
        authorize(actor, "identity.read", Target("identity", user_id=actor.id))
        return await self._parts.records.read(lambda session: identities.of_user(session, actor.id))

    async def unlink(self, actor: Actor, identity_id: str) -> None:
        """Let an outside account not be a way in any more.

        Raises:
            NotFoundError: the actor has no such identity.
            ConflictError: it is the only way in that is left.
        """
        authorize(actor, "identity.unlink")

        def work(session: Session) -> None:
            found = identities.find_by_id(session, identity_id)
            if found is None:
                message = "There is no such identity."
                raise NotFoundError(message)
            target = Target("identity", found.id, user_id=found.user_id)
            authorize(actor, "identity.unlink", target)
            user = users.get_user(session, found.user_id)
            if user.password_hash is None and len(identities.of_user(session, user.id)) == 1:
                message = (
                    "This is the only way you can sign in. Set a password with 'Forgot password' "
                    "or link another account first."
                )
                raise ConflictError(message)
            identities.remove(session, found.id)
            audit.append(session, self._parts.entry(actor, "identity.unlink", target, **_of(found)))

        await self._parts.records.write(work)

    def _add(self, session: Session, account: OutsideAccount, owner: Actor) -> IdentityRecord:
        record = IdentityRecord(
            id=new_id(),
            user_id=owner.id,
            provider=account.provider,
            issuer=account.issuer,
            subject=account.subject,
            label=account.label,
            created_at=self._parts.clock.now(),
        )
        identities.add(session, record)
        target = Target("identity", record.id, user_id=owner.id)
        audit.append(session, self._parts.entry(owner, "identity.link", target, **_of(record)))
        return record

    async def _audited(
        self, actor: Actor, verb: str, account: OutsideAccount, work: Callable[[Session], T]
    ) -> T:
        try:
            return await self._parts.records.write(work)
        except OutsideRefusedError as refusal:
            entry = self._parts.entry(
                actor, verb, Target("identity"), **_of(account), reason=refusal.code
            )
            refused = replace(entry, result="refused")
            await self._parts.records.write(lambda session: audit.append(session, refused))
            raise


def _of(known: IdentityRecord | OutsideAccount) -> dict[str, str]:
    return {"provider": known.provider, "subject": known.subject}
