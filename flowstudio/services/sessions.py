"""Signing in, staying signed in, and signing out again."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from flowstudio.errors import ConflictError, NotFoundError, NotSignedInError, ProofNeededError
from flowstudio.security.passwords import Passwords
from flowstudio.security.throttle import Throttle
from flowstudio.security.tokens import AccessClaims, AccessTokens, fingerprint
from flowstudio.services.access import Actor, Target, authorize
from flowstudio.services.origin import Origin
from flowstudio.services.people import as_actor, normal_email
from flowstudio.services.sign_ins import IDLE, SignIn, SignIns
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.tries import Tries
from flowstudio.store import audit, sessions, users
from flowstudio.store.sessions import SessionRecord, SignedIn
from flowstudio.store.users import UserRecord

__all__ = ["SessionService", "SignIn", "require_proof"]

#: A page refreshes its session every ten minutes at the latest.
OPEN_FOR = timedelta(minutes=12)
PROOF_LASTS = timedelta(minutes=15)
_WRONG = "The e-mail address or the password is wrong."
_OVER = "You are not signed in any more. Sign in again."


class SessionService:
    """Sessions: families of refresh tokens, one for each sign-in on each device."""

    def __init__(self, parts: StudioParts, passwords: Passwords, throttle: Throttle) -> None:
        self._parts = parts
        self._passwords = passwords
        self._tries = Tries(parts, throttle)
        self._tokens = AccessTokens(parts.ring, parts.clock)
        self._sign_ins = SignIns(parts, self._tokens)

    def close(self) -> None:
        """Let the threads for passwords go."""
        self._passwords.close()

    def check(self, token: str) -> None:
        """Look at an access token alone, not at whether its session still lives.

        Raises:
            NotSignedInError: it is not valid, or not any more.
        """
        self._tokens.read(token)

    async def actor(self, token: str, origin: Origin, *, is_open: bool = False) -> Actor:
        """Who is behind an access token.

        Args:
            token: as its cookie or header has it.
            origin: of the request.
            is_open: for a socket whose handshake was checked: the token may have expired since,
                as long as the session was refreshed in the last twelve minutes.

        Raises:
            NotSignedInError: the token is not valid, or its session or person is not any more.
        """
        claims = self._tokens.read(token, even_expired=is_open)
        now = self._parts.clock.now()

        def look(session: Session) -> Actor:
            found = _find(session, claims, now)
            roles = sessions.find_roles(session, found.id)
            actor = as_actor(found, origin, roles)
            return replace(actor, session_id=claims.session_id, proved_at=found.authenticated_at)

        return await self._parts.records.read(look)

    async def log_in(self, actor: Actor, email: str, password: str, origin: Origin) -> SignIn:
        """Begin a session with a password.

        Raises:
            NotSignedInError: address or password is wrong; which of them is not said.
            ThrottledError: too many attempts.
        """
        authorize(actor, "session.open")
        email = normal_email(email)
        await self._tries.attempt("session.open", account=email, address=origin.address)
        records = self._parts.records
        user = await records.read(lambda session: users.find_user_by_email(session, email))
        kept = user.password_hash if user is not None and user.is_active else None
        if not await self._passwords.verify(kept, password) or user is None or kept is None:
            await records.write(lambda session: self._sign_ins.refuse(session, user, origin))
            raise NotSignedInError(_WRONG)
        better = (
            await self._passwords.hash(password) if self._passwords.needs_rehash(kept) else kept
        )

        def work(session: Session) -> SignIn:
            now = users.find_user(session, user.id)
            if now is None or not now.is_active or now.password_hash != kept:
                raise NotSignedInError(_WRONG)
            if better != kept:
                users.change_user(session, user.id, password_hash=better)
            return self.open_for(session, user.id, "password", origin)

        return await records.write(work)

    async def refresh(self, refresh_token: str, origin: Origin) -> SignIn:
        """Replace a refresh token by the next, and get a new access token with it.

        A token that was used before ends its whole session: somebody else has a copy.

        Raises:
            NotSignedInError: it is unknown, over, or was used before.
            ConflictError: it was used a moment ago; whoever did has the next one.
        """
        digest = fingerprint(refresh_token)
        records = self._parts.records
        # Who knows no token at all must not keep others from writing.
        if await records.read(lambda session: sessions.find_refresh_token(session, digest)) is None:
            raise NotSignedInError(_OVER)
        sign_in = await records.write(
            lambda session: self._sign_ins.rotate(session, digest, origin)
        )
        if sign_in is None:
            raise NotSignedInError(_OVER)
        return sign_in

    async def close_by(self, actor: Actor, access_token: str) -> None:
        """End the session of an access token, which may have expired; any other changes nothing."""
        authorize(actor, "session.close")
        try:
            claims = self._tokens.read(access_token, even_expired=True)
        except NotSignedInError:
            return

        def work(session: Session) -> None:
            found = sessions.find_session(session, claims.session_id)
            if found is None or found.revoked_at is not None:
                return
            sessions.revoke_session(session, found.id, self._parts.clock.now())
            target = Target("session", found.id, user_id=found.user_id)
            audit.append(session, self._parts.entry(actor, "session.close", target))

        await self._parts.records.write(work)

    async def list_sessions(self, actor: Actor) -> list[SessionRecord]:
        """The actor's sessions, the latest used first."""
        authorize(actor, "session.read", Target("session", user_id=actor.id))
        now = self._parts.clock.now()
        return await self._parts.records.read(
            lambda session: sessions.list_sessions(
                session, actor.id, now=now, idle_since=now - IDLE
            )
        )

    async def revoke(self, actor: Actor, session_id: str) -> None:
        """End one session.

        Raises:
            NotFoundError: the actor has no such session.
        """

        def work(session: Session) -> None:
            authorize(actor, "session.revoke")
            found = sessions.find_session(session, session_id)
            if found is None:
                message = "There is no such session."
                raise NotFoundError(message)
            target = Target("session", session_id, user_id=found.user_id)
            authorize(actor, "session.revoke", target)
            sessions.revoke_session(session, session_id, self._parts.clock.now())
            audit.append(session, self._parts.entry(actor, "session.revoke", target))

        await self._parts.records.write(work)

    async def revoke_others(self, actor: Actor) -> int:
        """End every session of the actor but the one they are in; gives how many."""
        target = Target("session", user_id=actor.id)
        authorize(actor, "session.revoke", target)

        def work(session: Session) -> int:
            now = self._parts.clock.now()
            ended = sessions.revoke_sessions(session, actor.id, now, besides=actor.session_id)
            entry = self._parts.entry(actor, "session.revoke", target, ended=ended)
            audit.append(session, entry)
            return ended

        return await self._parts.records.write(work)

    async def prove(self, actor: Actor, password: str) -> None:
        """Give the password again, for what needs that.

        Raises:
            AccessDeniedError: it is wrong.
            ThrottledError: too many attempts.
        """
        target = Target("session", actor.session_id, user_id=actor.id)
        authorize(actor, "session.prove", target)
        await self.check_password(actor, password)

        def work(session: Session) -> None:
            sessions.mark_proved(session, actor.session_id, self._parts.clock.now())
            audit.append(session, self._parts.entry(actor, "session.prove", target))

        await self._parts.records.write(work)

    async def check_password(self, actor: Actor, password: str) -> UserRecord:
        """The actor's record, after they gave their password.

        Raises:
            ConflictError: they have none.
            ProofNeededError: it is wrong.
            ThrottledError: too many attempts.
        """
        authorize(actor, "session.prove", Target("session", user_id=actor.id))
        await self._tries.attempt("session.prove", account=actor.id, address=actor.address)
        user = await self._parts.records.read(lambda session: users.get_user(session, actor.id))
        if user.password_hash is None:
            message = (
                "You have no password: you sign in by another service. Set one with "
                "'Forgot password', or sign in there again."
            )
            raise ConflictError(message)
        if not await self._passwords.verify(user.password_hash, password):
            message = "This is not your password."
            raise ProofNeededError(message)
        return user

    def open_for(self, session: Session, user_id: str, method: str, origin: Origin) -> SignIn:
        """Begin a session for somebody who has proved who they are, inside a work that writes.

        Args:
            session: of that work.
            user_id: of an active person.
            method: how they proved it: `password`, `setup`, `github` …
            origin: of the request.
        """
        return self._sign_ins.open(session, user_id, method, origin)

    def reissue(self, session: Session, session_id: str, user: UserRecord) -> SignIn:
        """New tokens for a session whose old ones end, inside a work that writes.

        Raises:
            NotSignedInError: the session has ended itself.
        """
        sign_in = self._sign_ins.reissue(session, session_id, user)
        if sign_in is None:
            raise NotSignedInError(_OVER)
        return sign_in


def require_proof(actor: Actor, now: datetime) -> None:
    """Let pass who gave a password, or came from a provider, in the last quarter of an hour.

    Raises:
        ProofNeededError: that was longer ago, or a key is in use.
    """
    if actor.role == "operator":
        return
    if actor.proved_at is None or now - actor.proved_at > PROOF_LASTS:
        message = "Give your password again to do this."
        raise ProofNeededError(message)


def _find(session: Session, claims: AccessClaims, now: datetime) -> SignedIn:
    found = sessions.find_signed_in(session, claims.session_id, now)
    if found is None or found.id != claims.user_id or found.version != claims.version:
        raise NotSignedInError(_OVER)
    if claims.is_expired and found.refreshed_at < now - OPEN_FOR:
        raise NotSignedInError(_OVER)
    return found
