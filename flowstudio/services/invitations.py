"""Invitations to projects: by mail to one person, or as a link that works once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from email_validator import EmailNotValidError, validate_email
from sqlmodel import Session

from flowstudio.errors import ConflictError, InvalidInputError, NotFoundError
from flowstudio.security.tokens import fingerprint, new_secret
from flowstudio.services.access import PROJECT_ROLES, Actor, ProjectRole, Target, authorize
from flowstudio.services.mail import MailService
from flowstudio.services.paging import Page
from flowstudio.services.people import normal_email
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store import audit, members, notices, projects, users
from flowstudio.store import invitations as store
from flowstudio.store.invitations import InvitationRecord
from flowstudio.store.notices import Notice, People
from flowstudio.store.users import UserRecord

LEAST_LIFE = timedelta(hours=1)
MOST_LIFE = timedelta(days=30)
USUAL_LIFE = timedelta(days=7)
State = Literal["open", "accepted", "declined", "withdrawn", "expired"]


@dataclass(frozen=True, slots=True)
class MadeInvitation:
    """A new invitation.

    Attributes:
        link: shown this once; None for a mailed one, whose link proves to us that who opens it
            reads that address, and so must not be known to who invites.
    """

    invitation: InvitationRecord
    link: str | None

    def __repr__(self) -> str:
        """Without the link."""
        return f"MadeInvitation({self.invitation.id})"


@dataclass(frozen=True, slots=True)
class Offer:
    """What whoever holds a link may see of an invitation."""

    project_name: str
    role: str
    invited_by: str
    email: str
    expires_at: datetime
    state: State


class InvitationService:
    """Use cases of invitations."""

    def __init__(self, parts: StudioParts, mail: MailService) -> None:
        self._parts = parts
        self._mail = mail

    async def create(
        self,
        actor: Actor,
        project_id: str,
        role: ProjectRole,
        *,
        email: str = "",
        life: timedelta = USUAL_LIFE,
    ) -> MadeInvitation:
        """Invite whoever has that address, or whoever opens the link first.

        Raises:
            InvalidInputError: the address does not read, or the time is too short or too long.
            ConflictError: that person is a member already.
        """
        target = Target("invitation", project_id=project_id or "-")
        authorize(actor, "invitation.create", target)
        email = normal_email(email)
        if problems := _find_problems(email, life):
            raise InvalidInputError(problems)
        secret, now = new_secret(), self._parts.clock.now()

        def work(session: Session) -> InvitationRecord:
            _check_new(session, project_id, email)
            made = store.add_invitation(
                session,
                project_id=project_id,
                email=email,
                role=role,
                hash=fingerprint(secret),
                invited_by=actor.id or None,
                created_at=now,
                expires_at=now + life,
            )
            aim = Target("invitation", made.id, project_id)
            entry = self._parts.entry(actor, "invitation.create", aim, role=role, email=email)
            audit.append(session, entry)
            _tell(session, made, now)
            return made

        made = await self._parts.records.write(work)
        link = f"{self._parts.settings.base_url}/invitation?token={secret}"
        if not email:
            return MadeInvitation(made, link)
        self._mail.post(email, f"Join {made.project_name!r}", _letter(actor, made, link))
        return MadeInvitation(made, None)

    async def list_invitations(
        self, actor: Actor, project_id: str, *, limit: int = 50, after: str | None = None
    ) -> Page[InvitationRecord]:
        """A project's open invitations, the oldest first."""
        authorize(actor, "invitation.read", Target("invitation", project_id=project_id or "-"))
        now = self._parts.clock.now()
        found = await self._parts.records.read(
            lambda session: store.list_open(session, project_id, now, limit=limit + 1, after=after)
        )
        return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)

    async def revoke(self, actor: Actor, project_id: str, invitation_id: str) -> None:
        """Withdraw an invitation that is still open.

        Raises:
            NotFoundError: the project has no such invitation.
            ConflictError: it was answered already.
        """
        target = Target("invitation", invitation_id, project_id or "-")
        authorize(actor, "invitation.revoke", target)

        def work(session: Session) -> None:
            found = store.find_invitation(session, invitation_id)
            if found is None or found.project_id != project_id:
                message = "There is no such invitation."
                raise NotFoundError(message)
            if found.outcome:
                raise ConflictError(f"This invitation was {found.outcome} already.")
            now = self._parts.clock.now()
            store.end_invitation(session, invitation_id, "withdrawn", now)
            audit.append(session, self._parts.entry(actor, "invitation.revoke", target))

        await self._parts.records.write(work)

    async def look(self, actor: Actor, token: str) -> Offer:
        """What a link offers; for people without an account too.

        Raises:
            NotFoundError: there is no such invitation.
        """
        authorize(actor, "invitation.look")
        found = await self._parts.records.read(lambda session: _by_token(session, token))
        state = _state(found, self._parts.clock.now())
        return Offer(
            found.project_name,
            found.role,
            found.invited_by or "",
            found.email,
            found.expires_at,
            state,
        )

    async def accept(self, actor: Actor, token: str) -> str:
        """Take the place offered; gives the project's id.

        Raises:
            NotFoundError: there is no such invitation.
            ConflictError: it was answered or withdrawn, is too old, or is for somebody else.
        """
        authorize(actor, "invitation.answer")

        def work(session: Session) -> str:
            user = users.get_user(session, actor.id)
            return accept_in(session, token, user, self._parts.clock.now(), self._parts, actor)

        return await self._parts.records.write(work)

    async def decline(self, actor: Actor, token: str) -> None:
        """Turn the place down.

        Raises:
            NotFoundError: there is no such invitation.
            ConflictError: as for `accept`.
        """
        authorize(actor, "invitation.answer")

        def work(session: Session) -> None:
            user, now = users.get_user(session, actor.id), self._parts.clock.now()
            found = _answerable(session, token, user, now)
            store.end_invitation(session, found.id, "declined", now)
            target = Target("invitation", found.id, found.project_id)
            audit.append(session, self._parts.entry(actor, "invitation.decline", target))

        await self._parts.records.write(work)


def accept_in(
    session: Session,
    token: str,
    user: UserRecord,
    now: datetime,
    parts: StudioParts | None = None,
    actor: Actor | None = None,
) -> str:
    """Take an invitation up inside a work that writes; gives the project's id.

    A person who is a member already keeps the higher role. Who has the secret of a mailed
    invitation has shown that the address is theirs.

    Raises:
        NotFoundError: there is no such invitation.
        ConflictError: it was answered or withdrawn, is too old, or is for somebody else.
    """
    found = _answerable(session, token, user, now)
    before = members.find_member(session, found.project_id, user.id)
    if before is None or PROJECT_ROLES.index(before.role) < PROJECT_ROLES.index(found.role):
        members.put_member(session, found.project_id, user.id, found.role, now)
    store.end_invitation(session, found.id, "accepted", now)
    if found.email and user.email_verified_at is None:
        users.change_user(session, user.id, email_verified_at=now)
    if parts is not None and actor is not None:
        target = Target("invitation", found.id, found.project_id)
        audit.append(session, parts.entry(actor, "invitation.accept", target, role=found.role))
    return found.project_id


def _answerable(session: Session, token: str, user: UserRecord, now: datetime) -> InvitationRecord:
    found = _by_token(session, token)
    state = _state(found, now)
    if state == "expired":
        message = "This invitation is too old. Ask for a new one."
        raise ConflictError(message)
    if state != "open":
        raise ConflictError(f"This invitation was {state} already. Ask for a new one.")
    if found.email and found.email != user.email:
        message = (
            "This invitation is for another e-mail address. Sign in with the account it was sent "
            "to, or ask for one to yours."
        )
        raise ConflictError(message)
    return found


def _by_token(session: Session, token: str) -> InvitationRecord:
    found = store.find_by_hash(session, fingerprint(token))
    if found is None:
        message = "There is no such invitation. Check that the link is whole."
        raise NotFoundError(message)
    return found


def _state(found: InvitationRecord, now: datetime) -> State:
    if found.outcome:
        state: State = found.outcome  # type: ignore[assignment]
        return state
    return "open" if found.expires_at > now else "expired"


def _check_new(session: Session, project_id: str, email: str) -> None:
    if projects.find_project(session, project_id) is None:
        message = "There is no such project."
        raise NotFoundError(message)
    person = users.find_user_by_email(session, email) if email else None
    if person is not None and members.find_member(session, project_id, person.id) is not None:
        message = "This person is a member already."
        raise ConflictError(message)


def _find_problems(email: str, life: timedelta) -> list[str]:
    problems = []
    if email:
        try:
            validate_email(email, check_deliverability=False)
        except EmailNotValidError as error:
            problems.append(f"email: The e-mail address does not read: {error}")
    if not LEAST_LIFE <= life <= MOST_LIFE:
        problems.append("expires_in_hours: An invitation lasts from 1 hour to 30 days.")
    return problems


def _tell(session: Session, made: InvitationRecord, now: datetime) -> None:
    """Show the invitation to whoever has an account with that address, beside the mail.

    It holds no link: that of the mail proves that who opens it reads the address.
    """
    person = users.find_user_by_email(session, made.email) if made.email else None
    if person is None:
        return
    notices.add(
        session,
        Notice(
            type="invitation",
            to=People([person.id]),
            key=f"invitation:{made.id}",
            title=f"{made.invited_by or 'Somebody'} invites you to “{made.project_name}”",
            body=f"As {made.role}. The link to accept it is in the mail to {made.email}.",
            at=now,
            is_mailed=True,
        ),
    )


def _letter(actor: Actor, made: InvitationRecord, link: str) -> str:
    return (
        f"{made.invited_by or actor.name} asks you to join the project {made.project_name!r} "
        f"as {made.role}.\n\nOpen this link before {made.expires_at:%Y-%m-%d %H:%M} UTC:\n\n"
        f"{link}\n\nIf you do not know why, do nothing.\n"
    )
