"""What one person was told: their inbox, and the count that the bell shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlmodel import Session

from flowstudio.errors import InvalidInputError, NotFoundError
from flowstudio.services.access import Actor, Target, authorize
from flowstudio.services.paging import Page
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store import notifications as store
from flowstudio.store.notice_types import TYPES
from flowstudio.store.notifications import NotificationQuery, NotificationRecord

__all__ = ["NotificationQuery", "NotificationRecord", "NotificationService"]

Change = Literal["read", "unread", "archive", "unarchive"]
#: The bell says 99+ from here on.
MOST_COUNTED = 100
_MOST_MARKED = 200


def channel_of(user_id: str) -> str:
    """The channel on which one person's open pages hear that they were told something."""
    return f"user:{user_id}"


@dataclass(frozen=True, slots=True)
class Latest:
    """What the bell shows: how many are new, and the latest few."""

    unread: int
    items: list[NotificationRecord]


class NotificationService:
    """Use cases of one's own inbox; nobody reads another's."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts

    async def list_notifications(
        self,
        actor: Actor,
        query: NotificationQuery | None = None,
        *,
        limit: int = 50,
        after: str | None = None,
    ) -> Page[NotificationRecord]:
        """The actor's, the latest first.

        Raises:
            InvalidInputError: there is no such type.
        """
        authorize(actor, "notification.read", _own(actor))
        query = query or NotificationQuery()
        if unknown := [
            f"type: There is no type {name!r}." for name in query.types if name not in TYPES
        ]:
            raise InvalidInputError(unknown)
        found = await self._parts.records.read(
            lambda session: store.list_notifications(
                session, actor.id, query, limit=limit + 1, after=after
            )
        )
        return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)

    async def count(self, actor: Actor) -> int:
        """How many the actor has not seen, up to `MOST_COUNTED`."""
        authorize(actor, "notification.read", _own(actor))
        return await self._parts.records.read(
            lambda session: store.count_unread(session, actor.id, MOST_COUNTED)
        )

    async def latest(self, actor: Actor, limit: int) -> Latest:
        """What the bell shows."""
        authorize(actor, "notification.read", _own(actor))

        def work(session: Session) -> Latest:
            items = store.list_notifications(session, actor.id, NotificationQuery(), limit=limit)
            return Latest(store.count_unread(session, actor.id, MOST_COUNTED), items)

        return await self._parts.records.read(work)

    async def get(self, actor: Actor, notification_id: str) -> NotificationRecord:
        """One of the actor's own.

        Raises:
            NotFoundError: they were never told that.
        """
        found = await self._parts.records.read(
            lambda session: store.find_notification(session, notification_id)
        )
        authorize(actor, "notification.read", _target(actor, found))
        if found is None:
            raise _missing()
        return found

    async def change(self, actor: Actor, ids: Sequence[str], change: Change) -> None:
        """Mark some as read, or put them away; or the other way round.

        Raises:
            NotFoundError: one of them is not the actor's; nothing was changed.
            InvalidInputError: there are too many.
        """
        authorize(actor, "notification.edit", _own(actor))
        wanted = set(ids)
        if len(wanted) > _MOST_MARKED:
            raise InvalidInputError([f"ids: At most {_MOST_MARKED} at once."])
        moments = _moments(change, self._parts.clock.now())

        def work(session: Session) -> None:
            if store.mark(session, actor.id, sorted(wanted), **moments) != len(wanted):
                raise _missing()

        await self._parts.records.write(work)
        self._tell(actor)

    async def read_all(self, actor: Actor) -> int:
        """Mark everything as read; gives how many were not."""
        authorize(actor, "notification.edit", _own(actor))
        now = self._parts.clock.now()
        marked = await self._parts.records.write(
            lambda session: store.mark_all_read(session, actor.id, now)
        )
        self._tell(actor)
        return marked

    async def archive_read(self, actor: Actor) -> int:
        """Put away everything that was read; gives how much."""
        authorize(actor, "notification.edit", _own(actor))
        now = self._parts.clock.now()
        archived = await self._parts.records.write(
            lambda session: store.archive_read(session, actor.id, now)
        )
        self._tell(actor)
        return archived

    def _tell(self, actor: Actor) -> None:
        # The bell of the person's other tabs and devices counts anew.
        self._parts.channels.publish(channel_of(actor.id), {"t": "notification"})


def _moments(change: Change, now: datetime) -> dict[str, datetime | None]:
    if change in ("read", "unread"):
        return {"read_at": now if change == "read" else None}
    # What is put away was seen.
    return {"archived_at": now, "read_at": now} if change == "archive" else {"archived_at": None}


def _own(actor: Actor) -> Target:
    return Target("notification", user_id=actor.id)


def _target(actor: Actor, found: NotificationRecord | None) -> Target:
    return Target("notification", user_id=found.user_id if found is not None else actor.id)


def _missing() -> NotFoundError:
    return NotFoundError("There is no such notification.")
