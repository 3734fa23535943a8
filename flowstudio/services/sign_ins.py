"""What a sign-in changes in the database; each function is part of a work that writes."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from flowstudio.errors import ConflictError
from flowstudio.graph.ids import new_id
from flowstudio.security.tokens import LIFETIME_S, AccessTokens, fingerprint, new_secret
from flowstudio.services.access import NOBODY, Target
from flowstudio.services.origin import Origin
from flowstudio.services.people import as_actor
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store import audit, sessions, users
from flowstudio.store.sessions import SessionRecord
from flowstudio.store.users import UserRecord

IDLE = timedelta(days=14)
LONGEST = timedelta(days=90)
#: Two tabs of one browser may use the same refresh token at the same moment.
GRACE = timedelta(seconds=10)
KEPT_AFTER_END = timedelta(days=30)
MOST_SESSIONS = 50


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a browser or program keeps of a sign-in.

    Attributes:
        expires_at: when the access token ends, by this server's clock.
    """

    access_token: str = field(repr=False)
    expires_in_s: int
    refresh_token: str = field(repr=False)
    user_id: str
    expires_at: datetime


class SignIns:
    """Opens sessions and hands out their tokens."""

    def __init__(self, parts: StudioParts, tokens: AccessTokens) -> None:
        self._parts = parts
        self._tokens = tokens

    def open(self, session: Session, user_id: str, method: str, origin: Origin) -> SignIn:
        """Begin a session for somebody who has proved who they are."""
        user, now = users.get_user(session, user_id), self._parts.clock.now()
        _make_room(session, user_id, now)
        record = SessionRecord(
            id=new_id(),
            user_id=user_id,
            method=method,
            user_agent=origin.user_agent[:300],
            address=origin.address[:64],
            created_at=now,
            authenticated_at=now,
            refreshed_at=now,
            expires_at=now + LONGEST,
            revoked_at=None,
        )
        sessions.add_session(session, record)
        users.change_user(session, user_id, last_seen_at=now)
        actor = as_actor(user, origin)
        target = Target("session", record.id, user_id=user_id)
        audit.append(session, self._parts.entry(actor, "session.open", target, method=method))
        return self._issue(session, record, user)

    def reissue(self, session: Session, session_id: str, user: UserRecord) -> SignIn | None:
        """New tokens for a session whose old ones end; None if it has ended itself."""
        record = sessions.find_session(session, session_id)
        if record is None or record.revoked_at is not None:
            return None
        sessions.use_refresh_tokens(session, session_id, self._parts.clock.now())
        return self._issue(session, record, user)

    def rotate(self, session: Session, digest: str, origin: Origin) -> SignIn | None:
        """The next tokens for a refresh token, or None if it is not good any more.

        Raises:
            ConflictError: it was used a moment ago.
        """
        now = self._parts.clock.now()
        token = sessions.find_refresh_token(session, digest)
        record = sessions.find_session(session, token.session_id) if token is not None else None
        if token is None or record is None or record.revoked_at is not None:
            return None
        if token.used_at is not None and now - token.used_at <= GRACE:
            message = "This refresh token was used a moment ago. Go on with the one it gave."
            raise ConflictError(message)
        user = users.get_user(session, record.user_id)
        if not sessions.use_refresh_token(session, digest, now):
            sessions.revoke_session(session, record.id, now)
            self.refuse(session, user, origin, record.id)
            return None
        if min(token.expires_at, record.expires_at) <= now or not user.is_active:
            return None
        sessions.mark_refreshed(session, record.id, user.id, now)
        return self._issue(session, record, user)

    def refuse(
        self, session: Session, user: UserRecord | None, origin: Origin, session_id: str = ""
    ) -> None:
        """Log a wrong password or, with a session, the second use of its refresh token."""
        somebody = as_actor(user, origin) if user is not None and session_id else NOBODY
        actor = replace(somebody, address=origin.address[:64], request_id=origin.request_id)
        user_id = user.id if user is not None else ""
        if session_id:
            entry = self._parts.entry(actor, "session.refresh", Target("session", session_id))
        else:
            entry = self._parts.entry(actor, "session.open", Target("user", user_id))
        audit.append(session, replace(entry, result="refused"))

    def _issue(self, session: Session, record: SessionRecord, user: UserRecord) -> SignIn:
        secret, now = new_secret(), self._parts.clock.now()
        sessions.add_refresh_token(
            session,
            fingerprint(secret),
            record.id,
            now=now,
            expires_at=min(now + IDLE, record.expires_at),
        )
        access = self._tokens.make(user.id, record.id, user.version)
        return SignIn(access, LIFETIME_S, secret, user.id, now + timedelta(seconds=LIFETIME_S))


def _make_room(session: Session, user_id: str, now: datetime) -> None:
    sessions.remove_ended_sessions(session, user_id, now - KEPT_AFTER_END)
    open_ones = sessions.list_sessions(session, user_id, now=now, idle_since=now - IDLE)
    for old in open_ones[MOST_SESSIONS - 1 :]:
        sessions.revoke_session(session, old.id, now)
