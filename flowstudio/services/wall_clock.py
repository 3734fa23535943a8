"""What clocks on the wall of a time zone show, and which moments that means.

A wall-clock time usually names one moment. Where clocks go forward it names none, and where they go
back it names two.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_SECOND = timedelta(seconds=1)
#: No zone changes its clocks twice within so short a time and comes out where it was.
_STEP = timedelta(days=7)
_MOST_NAME = 64
#: What these mean depends on the machine that is asked.
_OF_THE_MACHINE = frozenset({"localtime", "posixrules", "Factory"})
#: Folders of the same zones as counted otherwise, which few machines have.
_OTHER_CLOCKS = ("right/", "posix/")
_FIRST_YEAR, _LAST_YEAR = 2000, 2200


def read_zone(name: str) -> ZoneInfo:
    """The time zone of that name, such as `Europe/Berlin` or `UTC`.

    Raises:
        ValueError: there is none.
    """
    if name not in _OF_THE_MACHINE and not name.startswith(_OTHER_CLOCKS):
        with suppress(ZoneInfoNotFoundError, ValueError, OSError):
            return ZoneInfo(name[: _MOST_NAME + 1])
    message = f"There is no time zone {name[:_MOST_NAME]!r}. Give one such as Europe/Berlin."
    raise ValueError(message)


def wall_of(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the wall shows at a moment, naive."""
    return moment.astimezone(zone).replace(tzinfo=None)


def moments_of(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """The moments at which the wall shows this: one, none, or two."""
    found = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return sorted(moment for moment in found if wall_of(moment, zone) == wall)


def first_moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first moment at which the wall shows this; where it never does, when clocks go forward."""
    if found := moments_of(wall, zone):
        return found[0]
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return first_change(before, after, zone) or after


def first_change(begin: datetime, end: datetime, zone: ZoneInfo) -> datetime | None:
    """When the zone's clocks are changed first after `begin`, up to `end`; or None."""
    offset = begin.astimezone(zone).utcoffset()
    low = begin
    while low < end:
        high = min(low + _STEP, end)
        if high.astimezone(zone).utcoffset() != offset:
            return _narrow(low, high, zone)
        low = high
    return None


def _narrow(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    offset = low.astimezone(zone).utcoffset()
    while high - low > _SECOND:
        middle = low + (high - low) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    # Clocks are changed at whole seconds.
    return high.replace(microsecond=0)


def read_moment(text: str, zone: ZoneInfo) -> datetime:
    """The moment of a text such as `2026-11-24T09:00` in the zone, or with an offset of its own.

    Raises:
        ValueError: it is no time, or one that the zone's clocks show twice or never.
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        message = "Give a time such as 2026-11-24T09:00."
        raise ValueError(message) from None
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        message = f"Give a time from the years {_FIRST_YEAR} to {_LAST_YEAR}."
        raise ValueError(message)
    if found.tzinfo is not None:
        return found.astimezone(UTC)
    moments = moments_of(found, zone)
    if len(moments) == 1:
        return moments[0]
    shown = found.isoformat(" ", "minutes")
    if not moments:
        later = wall_of(first_moment(found, zone), zone).isoformat(" ", "minutes")
        message = (
            f"{shown} does not exist in {zone.key}: clocks go forward over it. Give {later} or "
            "another time."
        )
        raise ValueError(message)
    first, second = (moment.astimezone(zone).isoformat("T", "minutes") for moment in moments)
    message = f"{shown} comes twice in {zone.key}: clocks go back. Give {first} or {second}."
    raise ValueError(message)
