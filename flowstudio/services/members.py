"""Members: who belongs to a project, and as what."""

from sqlmodel import Session

from flowstudio.errors import ConflictError, NotFoundError
from flowstudio.services.access import Actor, ProjectRole, Target, authorize
from flowstudio.services.paging import Page
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store import audit
from flowstudio.store import members as store
from flowstudio.store.members import MemberRecord


class MemberService:
    """Use cases of members; a project is never left without an owner."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts

    async def list_members(
        self, actor: Actor, project_id: str, *, limit: int = 50, after: str | None = None
    ) -> Page[MemberRecord]:
        """A project's members."""
        authorize(actor, "member.read", _target(project_id))
        found = await self._parts.records.read(
            lambda session: store.list_members(session, project_id, limit=limit + 1, after=after)
        )
        return Page(found[:limit], found[limit - 1].user_id if len(found) > limit else None)

    async def set_role(
        self, actor: Actor, project_id: str, user_id: str, role: ProjectRole
    ) -> MemberRecord:
        """Give a member another role.

        Raises:
            NotFoundError: there is no such member.
            ConflictError: the last owner would not be one any more.
        """
        target = _target(project_id, user_id)
        authorize(actor, "member.edit", target)

        def work(session: Session) -> MemberRecord:
            self._still_owner(session, actor, project_id)
            before = _get(session, project_id, user_id)
            owners = store.count_owners(session, project_id)
            store.put_member(session, project_id, user_id, role, self._parts.clock.now())
            _keep_an_owner(session, project_id, owners)
            entry = self._parts.entry(actor, "member.edit", target, role=role, before=before.role)
            audit.append(session, entry)
            return _get(session, project_id, user_id)

        return await self._parts.records.write(work)

    async def remove(self, actor: Actor, project_id: str, user_id: str) -> None:
        """Take a member's place away; taking one's own is leaving.

        Raises:
            NotFoundError: there is no such member.
            ConflictError: they are the last owner.
        """
        verb = "member.leave" if user_id == actor.id else "member.remove"
        target = _target(project_id, user_id)
        authorize(actor, verb, target)

        def work(session: Session) -> None:
            if verb == "member.remove":
                self._still_owner(session, actor, project_id)
            _get(session, project_id, user_id)
            owners = store.count_owners(session, project_id)
            store.remove_member(session, project_id, user_id)
            _keep_an_owner(session, project_id, owners)
            audit.append(session, self._parts.entry(actor, verb, target))

        await self._parts.records.write(work)

    def _still_owner(self, session: Session, actor: Actor, project_id: str) -> None:
        # The actor was found before this transaction: of two owners who demote each other at the
        # same moment, the second is no owner any more.
        if actor.role == "operator":
            return
        mine = store.find_member(session, project_id, actor.id)
        if mine is None or mine.role != "owner":
            message = "You do not own this project any more."
            raise ConflictError(message)


def _target(project_id: str, user_id: str = "") -> Target:
    return Target("member", user_id, project_id or "-")


def _get(session: Session, project_id: str, user_id: str) -> MemberRecord:
    found = store.find_member(session, project_id, user_id)
    if found is None:
        message = "There is no such member."
        raise NotFoundError(message)
    return found


def _keep_an_owner(session: Session, project_id: str, before: int) -> None:
    # Where the only owner is shut out there is none before either, and others may still leave.
    if before and not store.count_owners(session, project_id):
        message = "A project needs an owner. Make somebody else one first."
        raise ConflictError(message)
