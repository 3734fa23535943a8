"""Rows that nothing needs any more: what has ended, expired, or was kept in case of need.

Each call removes a piece, since runs wait for the database meanwhile.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, or_, select
from sqlmodel import Session, col

from flowstudio.store.tables.editing import DraftOutputRow
from flowstudio.store.tables.keys import IdempotencyRow
from flowstudio.store.tables.projects import InvitationRow
from flowstudio.store.tables.runs import BlobRow, CacheEntryRow, RunEventRow
from flowstudio.store.tables.sessions import RefreshTokenRow, SessionRow
from flowstudio.store.tables.tries import TryCountRow
from flowstudio.store.tables.users import MailTokenRow
from flowstudio.store.tries import WINDOW

#: Rows removed in one transaction.
PIECE = 500


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """From when on things are kept; None keeps them whatever their age.

    Attributes:
        ended: of sign-ins, invitations and links in mails that are over.
        asked: of requests that must not be carried out twice.
        cached: of outputs kept for later runs.
    """

    now: datetime
    ended: datetime
    asked: datetime
    cached: datetime | None


def remove_some(session: Session, cutoffs: Cutoffs) -> dict[str, int]:
    """Remove a piece of each kind; gives how many of each went, without those of which none did."""
    removed = {
        name: _remove(session, row, key, condition)
        for name, (row, key, condition) in _over(cutoffs).items()
    }
    removed["cache entries"] = _remove_cached(session, cutoffs)
    return {name: count for name, count in removed.items() if count}


def _over(cutoffs: Cutoffs) -> Mapping[str, tuple[type[Any], Any, ColumnElement[bool]]]:
    invited = col(InvitationRow.ended_at)
    return {
        "refresh tokens": (
            RefreshTokenRow,
            col(RefreshTokenRow.hash),
            col(RefreshTokenRow.expires_at) < cutoffs.now,
        ),
        "sign-ins": (
            SessionRow,
            col(SessionRow.id),
            or_(
                col(SessionRow.expires_at) < cutoffs.ended,
                col(SessionRow.revoked_at) < cutoffs.ended,
            ),
        ),
        "links in mails": (
            MailTokenRow,
            col(MailTokenRow.hash),
            col(MailTokenRow.expires_at) < cutoffs.now,
        ),
        "counted tries": (
            TryCountRow,
            col(TryCountRow.key),
            col(TryCountRow.begins_at) < cutoffs.now - WINDOW,
        ),
        "invitations": (
            InvitationRow,
            col(InvitationRow.id),
            or_(invited < cutoffs.ended, col(InvitationRow.expires_at) < cutoffs.ended),
        ),
    }


def _remove(session: Session, row: type[Any], key: Any, condition: ColumnElement[bool]) -> int:
    over = session.execute(select(key).where(condition).limit(PIECE)).scalars().all()
    if over:
        session.execute(delete(row).where(key.in_(over)))
    return len(over)


def remove_requests(session: Session, before: datetime) -> int:
    """Forget requests that are too old to come a second time."""
    found = session.execute(delete(IdempotencyRow).where(col(IdempotencyRow.created_at) < before))
    return int(found.rowcount)  # type: ignore[attr-defined]


def _remove_cached(session: Session, cutoffs: Cutoffs) -> int:
    """Remove outputs that have expired, or are too old, with what of them stands in `blob`."""
    key, expires = col(CacheEntryRow.fingerprint), col(CacheEntryRow.expires_at)
    is_over = expires < cutoffs.now
    if cutoffs.cached is not None:
        is_over = or_(is_over, col(CacheEntryRow.created_at) < cutoffs.cached)
    found = session.execute(
        select(key, col(CacheEntryRow.output_hash), col(CacheEntryRow.output).is_(None))
        .where(is_over)
        .limit(PIECE)
    ).all()
    if found:
        session.execute(delete(CacheEntryRow).where(key.in_([row[0] for row in found])))
    if hashes := {row[1] for row in found if row[2]}:
        _remove_blobs(session, hashes)
    return len(found)


def _remove_blobs(session: Session, hashes: set[str]) -> None:
    blob, event, entry = col(BlobRow.hash), RunEventRow, CacheEntryRow
    # Each condition repeats that of an index, so that none of these reads a whole table.
    in_events = exists().where(
        col(event.output_hash) == blob,
        col(event.output).is_(None),
        col(event.output_hash).is_not(None),
    )
    in_cache = exists().where(col(entry.output_hash) == blob, col(entry.output).is_(None))
    in_drafts = exists().where(
        or_(col(DraftOutputRow.output_hash) == blob, col(DraftOutputRow.pinned_hash) == blob)
    )
    session.execute(delete(BlobRow).where(blob.in_(hashes), ~in_events, ~in_cache, ~in_drafts))
