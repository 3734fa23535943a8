"""Whom an outside account that nobody here is known by belongs to: somebody new, or nobody."""

from sqlmodel import Session

from flowstudio.errors import AccessDeniedError, ConflictError, NotFoundError
from flowstudio.services.access import Target
from flowstudio.services.instance import registration_of
from flowstudio.services.invitations import accept_in
from flowstudio.services.origin import Origin
from flowstudio.services.outside import OutsideAccount, OutsideRefusedError, Refusal
from flowstudio.services.people import as_actor, claim_by_provider, create_person
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store import audit, users
from flowstudio.store.users import UserRecord


def welcome(
    parts: StudioParts, session: Session, account: OutsideAccount, origin: Origin, invitation: str
) -> UserRecord:
    """The person a new outside account belongs to from now on; part of a work that writes.

    Raises:
        OutsideRefusedError: its address is not verified, belongs to somebody else, or nobody may
            make an account.
    """
    if not users.has_admin(session):
        raise OutsideRefusedError(Refusal.SETUP_FIRST)
    if not account.email:
        raise OutsideRefusedError(Refusal.EMAIL_UNVERIFIED)
    user = users.find_user_by_email(session, account.email)
    if user is None:
        return _create(parts, session, account, origin, invitation)
    if user.email_verified_at is not None:
        raise OutsideRefusedError(Refusal.EMAIL_TAKEN)
    if not user.is_active:
        raise OutsideRefusedError(Refusal.INACTIVE)
    # Somebody typed this address in and never proved that it is theirs.
    claimed = claim_by_provider(session, user, parts.clock.now())
    _log(parts, session, "account.claim", claimed, origin)
    return claimed


def _create(
    parts: StudioParts, session: Session, account: OutsideAccount, origin: Origin, invitation: str
) -> UserRecord:
    rule = registration_of(session, parts.settings)
    if rule == "closed" or (rule == "invitation" and not invitation):
        raise OutsideRefusedError(Refusal.REGISTRATION_CLOSED)
    now = parts.clock.now()
    user = create_person(
        session,
        email=account.email,
        name=account.name,
        role="user",
        password_hash=None,
        verified_at=now,
        now=now,
    )
    _log(parts, session, "account.register", user, origin)
    if invitation:
        try:
            accept_in(session, invitation, user, now, parts, as_actor(user, origin))
        except (AccessDeniedError, ConflictError, NotFoundError) as error:
            raise OutsideRefusedError(Refusal.INVITATION) from error
    return user


def _log(parts: StudioParts, session: Session, verb: str, user: UserRecord, origin: Origin) -> None:
    entry = parts.entry(as_actor(user, origin), verb, Target("user", user.id, user_id=user.id))
    audit.append(session, entry)
