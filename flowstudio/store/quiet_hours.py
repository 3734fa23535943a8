"""When somebody may be told: quiet hours and digests, by the wall clock of their zone."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flowstudio.store.notice_types import MailPace

#: At this hour of the person's day the daily mail goes out.
DIGEST_HOUR = 8


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one time of day until another, which may be on the next day; empty for none.

    Attributes:
        zone: an IANA name, such as `Europe/Berlin`.
    """

    begins: str = ""
    ends: str = ""
    zone: str = "UTC"


def due_at(pace: MailPace, quiet: QuietHours, at: datetime, *, is_urgent: bool) -> datetime:
    """When something may go out that happened at a moment; what is urgent goes at once."""
    if is_urgent:
        return at
    return _after_quiet(quiet, _gathered(pace, quiet.zone, at))


def _gathered(pace: MailPace, zone: str, at: datetime) -> datetime:
    """The moment at which a digest takes in what happened at another."""
    if pace == "hourly":
        return at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    if pace == "daily":
        return _next(at, time(DIGEST_HOUR), zone)
    return at


def _after_quiet(quiet: QuietHours, at: datetime) -> datetime:
    if not quiet.begins or quiet.begins == quiet.ends:
        return at
    begins, ends = time.fromisoformat(quiet.begins), time.fromisoformat(quiet.ends)
    now = at.astimezone(_zone(quiet.zone)).time()
    is_quiet = begins <= now < ends if begins < ends else now >= begins or now < ends
    return _next(at, ends, quiet.zone) if is_quiet else at


def _next(at: datetime, hour: time, zone: str) -> datetime:
    """The next moment after `at` at which a clock of that zone shows the hour."""
    local = at.astimezone(_zone(zone))
    day = local.date() if local.time() < hour else local.date() + timedelta(days=1)
    # An hour that a change of clocks leaves out is read as the one after it.
    return datetime.combine(day, hour, _zone(zone)).astimezone(UTC)


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # It was there when it was chosen: one person's zone must not keep others from being told.
        return ZoneInfo("UTC")
