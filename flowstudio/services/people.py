"""Making people, and asking them for what makes one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol, cast

from email_validator import EmailNotValidError, validate_email
from sqlmodel import Session

from flowstudio.errors import ConflictError
from flowstudio.security.passwords import find_weaknesses
from flowstudio.services.access import Actor, InstanceRole, ProjectRole
from flowstudio.services.origin import Origin
from flowstudio.store import sessions, users
from flowstudio.store.projects import add_project
from flowstudio.store.users import UserRecord

_MOST_NAME = 100
_MOST_EMAIL = 254


class _Person(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def role(self) -> str: ...


def as_actor(person: _Person, origin: Origin, roles: Mapping[str, str] | None = None) -> Actor:
    """A person as somebody who asks for something."""
    return Actor(
        name=person.email,
        role=cast("InstanceRole", person.role),
        id=person.id,
        memberships=cast("Mapping[str, ProjectRole]", roles or {}),
        address=origin.address[:64],
        request_id=origin.request_id,
    )


def find_actor(session: Session, user_id: str) -> Actor | None:
    """A person in whose name something is done while they are away; None if they may not come in."""
    user = users.find_user(session, user_id) if user_id else None
    if user is None or not user.is_active:
        return None
    return as_actor(user, Origin(), sessions.find_roles(session, user.id))


def create_person(  # noqa: PLR0913 - what a person is
    session: Session,
    *,
    email: str,
    name: str,
    role: InstanceRole,
    password_hash: str | None,
    verified_at: datetime | None,
    now: datetime,
) -> UserRecord:
    """Make a person and a project of their own; guests get none.

    Raises:
        ConflictError: the address has an account.
    """
    email = normal_email(email)
    if users.find_user_by_email(session, email) is not None:
        message = "There is an account with this e-mail address already. Sign in instead."
        raise ConflictError(message)
    user = users.add_user(
        session,
        email=email,
        name=name,
        role=role,
        password_hash=password_hash,
        email_verified_at=verified_at,
        created_at=now,
    )
    if role != "guest":
        add_project(session, name=_own_project(name), owner_id=user.id, now=now)
    return user


def claim_by_provider(session: Session, user: UserRecord, now: datetime) -> UserRecord:
    """Hand an account to whom a provider vouches for its e-mail address.

    Who made an account with an address without ever proving that it is theirs may have been
    somebody else: their password, sessions, API keys and linked accounts end.
    """
    if user.email_verified_at is not None:
        return user
    users.remove_ways_in(session, user.id)
    sessions.revoke_sessions(session, user.id, now)
    users.end_mail_tokens(session, user.id)
    return users.change_user(
        session,
        user.id,
        password_hash=None,
        email_verified_at=now,
        version=user.version + 1,
    )


def end_sessions(
    session: Session, user: UserRecord, now: datetime, besides: str = ""
) -> UserRecord:
    """End a person's sessions, all but one if it is named, and every access token at once."""
    sessions.revoke_sessions(session, user.id, now, besides=besides)
    return users.change_user(session, user.id, version=user.version + 1)


def ensure_project(session: Session, user: UserRecord, now: datetime) -> None:
    """Give a person who owns none a project of their own."""
    if "owner" not in sessions.find_roles(session, user.id).values():
        add_project(session, name=_own_project(user.name), owner_id=user.id, now=now)


def normal_email(text: str) -> str:
    """An address as it is compared."""
    return text.strip().lower()[:_MOST_EMAIL]


def find_problems(*, email: str, name: str, password: str | None = None) -> list[str]:
    """What is wrong with what somebody says of themselves, one sentence each."""
    problems = []
    try:
        validate_email(normal_email(email), check_deliverability=False)
    except EmailNotValidError as error:
        problems.append(f"The e-mail address does not read: {error}")
    if not name.strip() or len(name) > _MOST_NAME or not name.isprintable():
        problems.append(f"The name must have 1 to {_MOST_NAME} characters, on one line.")
    if password is not None:
        problems += find_weaknesses(password, email)
    return problems


def _own_project(name: str) -> str:
    return f"{name[:80]}'s project"
