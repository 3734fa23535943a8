"""People for tests, without the doors they usually come in by."""

from dataclasses import replace
from datetime import timedelta
from functools import cache

from argon2 import PasswordHasher

from flowstudio.security.passwords import Passwords
from flowstudio.security.throttle import Throttle
from flowstudio.services.access import Actor
from flowstudio.services.origin import Origin
from flowstudio.services.people import as_actor, create_person
from flowstudio.services.sessions import SessionService, SignIn
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store import sessions, users

#: Of everybody made here.
PASSWORD = "a long walk by the river"  # noqa: S105 - for tests
HERE = Origin(address="203.0.113.7", user_agent="a browser", request_id="request")


def person(
    parts: StudioParts,
    email: str = "ann@example.com",
    role: str = "user",
    *,
    name: str = "",
    is_verified: bool = True,
) -> Actor:
    """Make somebody with `PASSWORD` and, unless a guest, a project of their own.

    The actor has just proved who they are; their own project is the first of its memberships.
    """
    now = parts.clock.now()

    def work(session):
        user = create_person(
            session,
            email=email,
            name=name or email.partition("@")[0].title(),
            role=role,
            password_hash=_kept(),
            verified_at=now if is_verified else None,
            now=now,
        )
        return user.id

    return actor_of(parts, parts.records.write_now(work))


def actor_of(parts: StudioParts, user_id: str) -> Actor:
    """Somebody as they would be found now, with the memberships they have by now."""

    def look(session):
        user = users.get_user(session, user_id)
        return as_actor(user, HERE, sessions.find_roles(session, user_id))

    return replace(parts.records.read_now(look), proved_at=parts.clock.now())


def project_of(actor: Actor) -> str:
    """The id of the actor's own project."""
    return min(actor.memberships)


def session_service(parts: StudioParts, *, per_minute: int = 1000) -> SessionService:
    """A session service of its own, which lets that many try in a minute."""
    throttle = Throttle(parts.clock, per_account=per_minute, per_address=per_minute)
    return SessionService(parts, Passwords(), throttle)


def sign_in(parts: StudioParts, actor: Actor, origin: Origin = HERE) -> SignIn:
    """Open a session for somebody, as if they had given their password."""
    service = session_service(parts)
    return parts.records.write_now(
        lambda session: service.open_for(session, actor.id, "password", origin)
    )


async def signed_in(
    parts: StudioParts, email: str = "ann@example.com", role: str = "user"
) -> tuple[Actor, SignIn]:
    """Make somebody and open a session; gives who is behind its access token, and its tokens."""
    tokens = sign_in(parts, person(parts, email, role))
    return await session_service(parts).actor(tokens.access_token, HERE), tokens


def long_ago(actor: Actor) -> Actor:
    """The same actor, who gave a password so long ago that some things need it again."""
    assert actor.proved_at is not None
    return replace(actor, proved_at=actor.proved_at - timedelta(hours=1))


@cache
def _kept() -> str:
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1).hash(PASSWORD)
