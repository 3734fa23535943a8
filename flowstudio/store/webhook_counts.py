"""How many requests each link has taken, over all processes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from flowstudio.store.tables.webhooks import WebhookCountRow, WebhookRow

#: How long each window is; it begins with its first request.
WINDOWS = {"minute": timedelta(minutes=1), "day": timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class CountKey:
    """What is counted: the requests of a link, or of its test address, in one kind of window."""

    webhook_id: str
    is_test: bool
    window: str


@dataclass(frozen=True, slots=True)
class Granted:
    """Requests that a process may take by itself, until the window ends.

    Attributes:
        is_last: nobody gets more before then.
    """

    count: int
    ends_at: datetime
    is_last: bool


def take_share(
    session: Session, key: CountKey, limit: int, share: int, now: datetime
) -> Granted | None:
    """Count up to `share` requests beforehand; None when the link is gone."""
    if session.get(WebhookRow, key.webhook_id) is None:
        return None
    length = WINDOWS[key.window]
    row = session.get(WebhookCountRow, (key.webhook_id, key.is_test, key.window))
    # Also over when it begins far ahead, after a clock was set back.
    if row is None or abs(now - row.begins_at) >= length:
        row = row or WebhookCountRow(
            webhook_id=key.webhook_id, is_test=key.is_test, window=key.window, begins_at=now
        )
        row.begins_at, row.taken = now, 0
    count = max(0, min(share, limit - row.taken))
    row.taken += count
    session.add(row)
    return Granted(count, row.begins_at + length, row.taken >= limit)
