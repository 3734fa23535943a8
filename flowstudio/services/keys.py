"""API keys: how programs act for a person, within scopes."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from flowstudio.errors import ConflictError, InvalidInputError, NotFoundError, NotSignedInError
from flowstudio.security import api_keys
from flowstudio.services.access import SCOPES, Actor, Target, authorize
from flowstudio.services.origin import Origin
from flowstudio.services.paging import Page
from flowstudio.services.people import as_actor
from flowstudio.services.sessions import require_proof
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store import audit, sessions, users
from flowstudio.store import keys as store
from flowstudio.store.keys import KeyRecord

MOST_OVERLAP = timedelta(hours=24)
_MOST_LIFE = timedelta(days=366)
_MOST_KEYS = 100
_MOST_NAME = 100
_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a key is to be.

    Attributes:
        project_id: the one project it is limited to; None for all of the person's.
        expires_at: None for a key that lasts until it is revoked.
    """

    name: str
    scopes: Collection[str]
    project_id: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key, which is shown this once."""

    record: KeyRecord
    key: str

    def __repr__(self) -> str:
        """Without the key."""
        return f"MadeKey({self.record.id})"


class KeyService:
    """Use cases of API keys."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts

    async def create(self, actor: Actor, new: NewKey) -> MadeKey:
        """Make a key for the actor.

        Raises:
            InvalidInputError: with every problem.
            ProofNeededError: the actor has not given the password lately.
        """
        authorize(actor, "key.create", Target("key", user_id=actor.id))
        now = self._parts.clock.now()
        if problems := _find_problems(new, actor, now):
            raise InvalidInputError(problems)
        require_proof(actor, now)

        def work(session: Session) -> MadeKey:
            live = store.list_keys(session, actor.id, limit=1000)
            if sum(not key.is_over(now) for key in live) >= _MOST_KEYS:
                raise ConflictError(f"You have {_MOST_KEYS} keys. Revoke those nobody uses first.")
            made = self._make(session, actor.id, new, now)
            target = Target("key", made.record.id, new.project_id or "", actor.id)
            entry = self._parts.entry(
                actor, "key.create", target, name=new.name, scopes=sorted(new.scopes)
            )
            audit.append(session, entry)
            return made

        return await self._parts.records.write(work)

    async def list_keys(
        self, actor: Actor, *, limit: int = 50, after: str | None = None
    ) -> Page[KeyRecord]:
        """The actor's keys, the newest first; those that are over too."""
        authorize(actor, "key.read", Target("key", user_id=actor.id))

        def look(session: Session) -> list[KeyRecord]:
            last = store.find_key(session, after) if after is not None else None
            if after is not None and (last is None or last.user_id != actor.id):
                problem = "after: This is not where a list of your keys ended."
                raise InvalidInputError([problem])
            place = (last.created_at, last.id) if last is not None else None
            return store.list_keys(session, actor.id, limit=limit + 1, after=place)

        found = await self._parts.records.read(look)
        return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)

    async def rotate(
        self, actor: Actor, key_id: str, *, overlap: timedelta = timedelta()
    ) -> MadeKey:
        """Make a key like this one, which ends at once or after the overlap.

        Raises:
            NotFoundError: the actor has no such key.
            ConflictError: it has ended already.
            InvalidInputError: the overlap is too long.
            ProofNeededError: the actor has not given the password lately.
        """
        if not timedelta() <= overlap <= MOST_OVERLAP:
            problem = "overlap_minutes: Both keys can be good for 24 hours at most."
            raise InvalidInputError([problem])

        def work(session: Session) -> MadeKey:
            found = self._own(session, actor, "key.rotate", key_id)
            now = self._parts.clock.now()
            require_proof(actor, now)
            if found.revoked_at is not None or found.is_over(now):
                message = "This key has ended already. Make a new one."
                raise ConflictError(message)
            like = NewKey(found.name, found.scopes, found.project_id, found.expires_at)
            made = self._make(session, actor.id, like, now)
            store.end_key(session, key_id, now + overlap)
            target = Target("key", key_id, found.project_id or "", actor.id)
            entry = self._parts.entry(actor, "key.rotate", target, next=made.record.id)
            audit.append(session, entry)
            return made

        return await self._parts.records.write(work)

    async def revoke(self, actor: Actor, key_id: str) -> None:
        """End a key at once; ending it again changes nothing.

        Raises:
            NotFoundError: the actor has no such key.
        """

        def work(session: Session) -> None:
            found = self._own(session, actor, "key.revoke", key_id)
            now = self._parts.clock.now()
            if found.is_over(now):
                return
            store.end_key(session, key_id, now)
            target = Target("key", key_id, found.project_id or "", actor.id)
            audit.append(session, self._parts.entry(actor, "key.revoke", target))

        await self._parts.records.write(work)

    async def actor(self, key: str, origin: Origin) -> Actor:
        """Who acts by a key: its owner, within its scopes and its project.

        Raises:
            NotSignedInError: it is no key of ours, has ended, or its owner is locked out.
        """
        key_id = api_keys.find_id(key)
        if key_id is None:
            message = "This is no API key. Check that it is whole."
            raise NotSignedInError(message)
        now = self._parts.clock.now()
        actor, record = await self._parts.records.read(
            lambda session: _find(session, key, key_id, origin, now)
        )
        if record.last_used_at is None or now - record.last_used_at >= _NOTED_EVERY:
            await self._parts.records.write(lambda session: store.mark_used(session, key_id, now))
        return actor

    def _make(self, session: Session, user_id: str, new: NewKey, now: datetime) -> MadeKey:
        key, key_id = api_keys.new_key()
        record = store.add_key(
            session,
            id=key_id,
            user_id=user_id,
            project_id=new.project_id,
            name=new.name.strip(),
            hash=api_keys.fingerprint(key),
            scopes=frozenset(new.scopes),
            created_at=now,
            expires_at=new.expires_at,
        )
        return MadeKey(record, key)

    def _own(self, session: Session, actor: Actor, verb: str, key_id: str) -> KeyRecord:
        authorize(actor, verb)
        found = store.find_key(session, key_id)
        if found is None:
            message = "There is no such key."
            raise NotFoundError(message)
        authorize(actor, verb, Target("key", key_id, user_id=found.user_id))
        return found


def _find(
    session: Session, key: str, key_id: str, origin: Origin, now: datetime
) -> tuple[Actor, KeyRecord]:
    record = store.find_key(session, key_id)
    owner = users.find_user(session, record.user_id) if record is not None else None
    if record is None or owner is None or not api_keys.fits(key, record.hash):
        message = "This API key is unknown. It may have been deleted."
        raise NotSignedInError(message)
    if record.is_over(now) or not owner.is_active:
        message = "This API key has ended. Make a new one."
        raise NotSignedInError(message)
    actor = as_actor(owner, origin, sessions.find_roles(session, owner.id))
    limited = replace(
        actor, scopes=record.scopes, project_id=record.project_id or "", key_id=record.id
    )
    return limited, record


def _find_problems(new: NewKey, actor: Actor, now: datetime) -> list[str]:
    problems = []
    if not new.name.strip() or len(new.name) > _MOST_NAME or not new.name.isprintable():
        problems.append(f"name: The name must have 1 to {_MOST_NAME} characters, on one line.")
    if not new.scopes:
        problems.append("scopes: Choose at least one; without any a key can do nothing.")
    problems += [
        f"scopes: There is no scope {name!r}." for name in new.scopes if name not in SCOPES
    ]
    if new.project_id is not None and actor.role_in(new.project_id) is None:
        problems.append("project_id: You belong to no such project.")
    if new.expires_at is not None and not now < new.expires_at <= now + _MOST_LIFE:
        problems.append("expires_at: A key ends within a year from now, or not by itself.")
    return problems
