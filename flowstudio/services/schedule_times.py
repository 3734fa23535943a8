"""The times of a schedule: pure, from APScheduler's triggers, each exactly once.

APScheduler's own crossing of a change of clocks loses times (00:30 in Havana, when clocks go forward
at midnight) and gives others twice, so that its cron triggers only count the wall clock here and
`wall_clock` finds the moments. The rule, for certain hours: a time that clocks skip comes once, at
the moment they go forward; a time that comes twice counts the first time. A line of every hour goes
by what the clock shows: skipped times do not come, times that come twice count twice.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from flowstudio.services.cron_lines import CronLine
from flowstudio.services.wall_clock import (
    first_change,
    first_moment,
    read_moment,
    read_zone,
    wall_of,
)

Kind = Literal["cron", "interval", "once"]

_SECOND = timedelta(seconds=1)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_EVERY = re.compile(r"(?:\d{1,6}\s*[smhdw]\s*)+")
_LEAST_EVERY = timedelta(seconds=10)
_MOST_EVERY = timedelta(days=3660)
_FIRST_WINDOW = timedelta(hours=1)


class Source(Protocol):
    """Gives moments without end."""

    def next(self, after: datetime) -> datetime | None:
        """The first one after that."""


@dataclass(frozen=True, slots=True)
class Times:
    """When a schedule fires, between its start and its end, both included."""

    source: Source
    start_at: datetime | None = None
    end_at: datetime | None = None

    def next(self, after: datetime) -> datetime | None:
        """The first slot after a moment, or None when there is none any more."""
        if self.start_at is not None and after < self.start_at:
            after = self.start_at - timedelta(microseconds=1)
        found = self.source.next(after)
        is_over = found is not None and self.end_at is not None and found > self.end_at
        return None if is_over else found

    def after(self, moment: datetime) -> Iterator[datetime]:
        """The slots after a moment, in order."""
        found = self.next(moment)
        while found is not None:
            yield found
            found = self.next(found)

    def upcoming(self, after: datetime, most: int) -> list[datetime]:
        """The first slots after a moment."""
        return list(islice(self.after(after), most))

    def latest(self, after: datetime, until: datetime, most: int) -> tuple[list[datetime], bool]:
        """The newest slots after a moment and up to another; and whether there are older ones.

        Looks back from the end in growing steps: a year of minutes need not be counted.
        """
        window = _FIRST_WINDOW
        while True:
            begin = max(after, until - window)
            found = list(self._until(begin, until))
            if begin == after or len(found) > most:
                return found[-most:], begin > after or len(found) > most
            window *= 4

    def _until(self, begin: datetime, until: datetime) -> Iterator[datetime]:
        for slot in self.after(begin):
            if slot > until:
                return
            yield slot


@dataclass(frozen=True, slots=True)
class _Certain:
    """A line of certain hours; see the rule above."""

    line: CronLine
    zone: ZoneInfo

    def next(self, after: datetime) -> datetime | None:
        wall: datetime | None = wall_of(after, self.zone)
        while wall is not None and (wall := self.line.next(wall)) is not None:
            # Times skipped fall together, and times seen already come once more: neither is new.
            if (found := first_moment(wall, self.zone)) > after:
                return found
        return None


@dataclass(frozen=True, slots=True)
class _Hourly:
    """A line of every hour; see the rule above."""

    line: CronLine
    zone: ZoneInfo

    def next(self, after: datetime) -> datetime | None:
        moment, seen = after, wall_of(after, self.zone)
        while (wall := self.line.next(seen)) is not None:
            found = (wall - _offset(moment, self.zone)).replace(tzinfo=UTC)
            changed = first_change(moment, found, self.zone)
            if changed is None:
                return found
            moment, seen = changed, wall_of(changed, self.zone) - _SECOND
        return None


@dataclass(frozen=True, slots=True)
class _Every:
    trigger: IntervalTrigger

    def next(self, after: datetime) -> datetime | None:
        found: datetime | None = self.trigger.get_next_fire_time(None, _next_second(after))
        return found


@dataclass(frozen=True, slots=True)
class _Once:
    trigger: DateTrigger

    def next(self, after: datetime) -> datetime | None:
        found: datetime | None = self.trigger.get_next_fire_time(None, after)
        return found if found is not None and found > after else None


def read_times(
    kind: Kind,
    expression: str,
    zone: str,
    *,
    anchor: datetime,
    start_at: datetime | None = None,
    end_at: datetime | None = None,
) -> Times:
    """The times of a schedule from its fields; `anchor` is where intervals count from.

    Raises:
        ValueError: one of them does not read.
    """
    return Times(_source(kind, expression, read_zone(zone), start_at or anchor), start_at, end_at)


def _source(kind: Kind, expression: str, zone: ZoneInfo, anchor: datetime) -> Source:
    if kind == "cron":
        line = CronLine(expression)
        return _Hourly(line, zone) if line.is_hourly else _Certain(line, zone)
    if kind == "interval":
        begin = anchor.astimezone(UTC).replace(microsecond=0)
        every = read_every(expression)
        return _Every(IntervalTrigger(seconds=int(every.total_seconds()), start_date=begin))
    return _Once(DateTrigger(read_moment(expression, zone), timezone=UTC))


def read_every(text: str) -> timedelta:
    """A length of time such as `90m` or `1d 12h`.

    Raises:
        ValueError: it is none, or too short or too long.
    """
    text = text.strip().lower()
    if not _EVERY.fullmatch(text):
        message = "Give a length such as 30s, 15m, 6h, 1d or 1d 12h."
        raise ValueError(message)
    parts = re.findall(r"(\d+)\s*([smhdw])", text)
    every = timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in parts))
    if not _LEAST_EVERY <= every <= _MOST_EVERY:
        message = "The shortest interval is 10 seconds, the longest ten years."
        raise ValueError(message)
    return every


def due_at(schedule_id: str, slot: datetime, jitter_s: int) -> datetime:
    """When a slot is begun: up to `jitter_s` seconds later, the same in every process."""
    if not jitter_s:
        return slot
    digest = hashlib.sha256(f"{schedule_id} {slot.isoformat()}".encode()).digest()
    return slot + timedelta(seconds=int.from_bytes(digest[:8]) % (jitter_s + 1))


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _next_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0) + _SECOND
