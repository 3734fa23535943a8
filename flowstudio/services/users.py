"""People, as admins see and change them."""

from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session

from flowstudio.errors import InvalidInputError
from flowstudio.security.passwords import Passwords
from flowstudio.services.access import Actor, InstanceRole, Target, authorize
from flowstudio.services.leaving import check_not_last_admin, remove_person
from flowstudio.services.paging import Page
from flowstudio.services.people import (
    create_person,
    end_sessions,
    ensure_project,
    find_problems,
    normal_email,
)
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store import audit, users
from flowstudio.store.users import UserRecord


@dataclass(frozen=True, slots=True)
class NewUser:
    """Somebody whom an admin, or whoever holds the machine, makes an account for."""

    email: str
    name: str
    role: InstanceRole
    password: str


class UserService:
    """Everybody who has an account."""

    def __init__(self, parts: StudioParts, passwords: Passwords) -> None:
        self._parts = parts
        self._passwords = passwords

    async def list_users(
        self,
        actor: Actor,
        *,
        limit: int = 50,
        after: str | None = None,
        search: str = "",
        role: str = "",
    ) -> Page[UserRecord]:
        """People in the order they came; `search` is part of a name or address."""
        authorize(actor, "user.read")

        found = await self._parts.records.read(
            lambda session: users.list_users(
                session, limit=limit + 1, after=after, search=search, role=role
            )
        )
        more = len(found) > limit
        return Page(found[:limit], found[limit - 1].id if more else None)

    async def get(self, actor: Actor, user_id: str) -> UserRecord:
        """One person.

        Raises:
            NotFoundError: there is none.
        """
        authorize(actor, "user.read")
        return await self._parts.records.read(lambda session: users.get_user(session, user_id))

    async def find_by_email(self, actor: Actor, email: str) -> UserRecord | None:
        """The person with that address, or None."""
        authorize(actor, "user.read")
        wanted = normal_email(email)
        return await self._parts.records.read(
            lambda session: users.find_user_by_email(session, wanted)
        )

    async def create(self, actor: Actor, new: NewUser) -> UserRecord:
        """Make an account whose address counts as confirmed.

        Raises:
            InvalidInputError: the address, the name or the password is not acceptable.
            ConflictError: the address has an account.
        """
        authorize(actor, "user.create")
        if problems := find_problems(email=new.email, name=new.name, password=new.password):
            raise InvalidInputError(problems)
        kept = await self._passwords.hash(new.password)

        def work(session: Session) -> UserRecord:
            now = self._parts.clock.now()
            user = create_person(
                session,
                email=new.email,
                name=new.name.strip(),
                role=new.role,
                password_hash=kept,
                verified_at=now,
                now=now,
            )
            self._log(session, actor, "user.create", user, role=new.role)
            return user

        return await self._parts.records.write(work)

    async def edit(
        self,
        actor: Actor,
        user_id: str,
        *,
        role: InstanceRole | None = None,
        is_active: bool | None = None,
    ) -> UserRecord:
        """Change a person's role, or shut them out and let them in again; their sessions end.

        Raises:
            NotFoundError: there is no such person.
            ConflictError: nobody would be an active admin any more.
        """
        authorize(actor, "user.edit")

        def work(session: Session) -> UserRecord:
            user = users.get_user(session, user_id)
            changed = replace(
                user,
                role=user.role if role is None else role,
                is_active=user.is_active if is_active is None else is_active,
            )
            if changed == user:
                return user
            if changed.role != "admin" or not changed.is_active:
                check_not_last_admin(session, user)
            now = self._parts.clock.now()
            end_sessions(session, user, now)
            if user.role == "guest" and role is not None:
                ensure_project(session, user, now)
            self._log(
                session, actor, "user.edit", user, role=changed.role, is_active=changed.is_active
            )
            return users.change_user(
                session, user_id, role=changed.role, is_active=changed.is_active
            )

        return await self._parts.records.write(work)

    async def set_password(self, actor: Actor, user_id: str, password: str) -> UserRecord:
        """Give a person a new password; their sessions end.

        Raises:
            NotFoundError: there is no such person.
            InvalidInputError: the password is too weak.
        """
        authorize(actor, "user.password")
        user = await self._parts.records.read(lambda session: users.get_user(session, user_id))
        if problems := find_problems(email=user.email, name=user.name, password=password):
            raise InvalidInputError(problems)
        kept = await self._passwords.hash(password)

        def work(session: Session) -> UserRecord:
            end_sessions(session, users.get_user(session, user_id), self._parts.clock.now())
            users.end_mail_tokens(session, user_id)
            self._log(session, actor, "user.password", user)
            return users.change_user(session, user_id, password_hash=kept)

        return await self._parts.records.write(work)

    async def delete(self, actor: Actor, user_id: str) -> None:
        """Remove a person, and the projects that nobody else is in.

        Raises:
            NotFoundError: there is no such person.
            ConflictError: they are the last admin, or the only owner of a project others are in.
        """
        authorize(actor, "user.delete")

        def work(session: Session) -> None:
            user = users.get_user(session, user_id)
            removed = remove_person(session, user)
            self._log(session, actor, "user.delete", user, email=user.email, projects=removed)

        await self._parts.records.write(work)

    def _log(
        self, session: Session, actor: Actor, verb: str, user: UserRecord, **details: Any
    ) -> None:
        entry = self._parts.entry(actor, verb, Target("user", user.id), **details)
        audit.append(session, entry)
