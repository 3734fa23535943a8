"""What people ask of a schedule, checked; and what the next five times would be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args
from zoneinfo import ZoneInfo

from flowstudio.errors import InvalidInputError
from flowstudio.services.schedule_plans import Misfire, Overlap
from flowstudio.services.schedule_times import Kind, Times, read_times
from flowstudio.services.schedule_words import day_and_time, in_words, rule_of
from flowstudio.services.wall_clock import read_moment, read_zone
from flowstudio.store.schedules import ScheduleRecord

PREVIEWED = 5
MOST_JITTER_S = 86_400
MOST_CAUGHT_UP = 100
_MOST_NAME = 100


@dataclass(frozen=True, slots=True)
class ScheduleWish:
    """When a workflow is to run by itself.

    Attributes:
        expression: a cron line, a length such as `15m`, or a time such as `2026-11-24T09:00`.
        start, end: times in the zone, or with an offset; "" for none.
        misfire_most: how many missed slots `all` makes up for.
    """

    kind: Kind
    expression: str
    zone: str = "UTC"
    name: str = ""
    start: str = ""
    end: str = ""
    jitter_s: int = 0
    misfire: Misfire = "once"
    misfire_most: int = 10
    overlap: Overlap = "skip"
    inputs: Mapping[str, Any] = field(default_factory=dict)
    max_cost_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class NextTime:
    """A time to come, as programs and as people read it."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a schedule with these fields would do, or what is wrong with them.

    Attributes:
        rule: what becomes of times that clocks skip or show twice.
    """

    words: str
    rule: str
    times: tuple[NextTime, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """A wish that can be kept."""

    times: Times
    start_at: datetime | None
    end_at: datetime | None
    first: datetime


def check_wish(wish: ScheduleWish, anchor: datetime, now: datetime) -> Checked:
    """Read a wish.

    Raises:
        InvalidInputError: with every problem, each beginning with its field.
    """
    checking = _Checking(wish, anchor)
    checking.limits()
    found = checking.timing(now)
    if checking.problems or found is None:
        raise InvalidInputError(checking.problems)
    return found


def preview(wish: ScheduleWish, now: datetime) -> Preview:
    """The words and next times of a wish, or all its problems."""
    try:
        found = check_wish(wish, now, now)
    except InvalidInputError as error:
        return Preview("", "", (), tuple(error.problems))
    words = in_words(wish.kind, wish.expression, wish.zone)
    rule = rule_of(wish.kind, wish.expression, wish.zone)
    return Preview(words, rule, next_times(found.times, wish.zone, now), ())


def next_times(times: Times, zone: str, now: datetime) -> tuple[NextTime, ...]:
    """The next five slots."""
    clock = read_zone(zone)
    found = times.upcoming(now, PREVIEWED)
    return tuple(NextTime(slot, day_and_time(slot, clock)) for slot in found)


def times_of(record: ScheduleRecord) -> Times:
    """The times of a kept schedule."""
    return read_times(
        record.kind,  # type: ignore[arg-type]
        record.expression,
        record.zone,
        anchor=record.created_at,
        start_at=record.start_at,
        end_at=record.end_at,
    )


def wish_of(record: ScheduleRecord) -> ScheduleWish:
    """What was asked of a kept schedule."""
    return ScheduleWish(
        kind=record.kind,  # type: ignore[arg-type]
        expression=record.expression,
        zone=record.zone,
        name=record.name,
        start=record.start_at.isoformat() if record.start_at is not None else "",
        end=record.end_at.isoformat() if record.end_at is not None else "",
        jitter_s=record.jitter_s,
        misfire=record.misfire,  # type: ignore[arg-type]
        misfire_most=record.misfire_most,
        overlap=record.overlap,  # type: ignore[arg-type]
        inputs=record.inputs,
        max_cost_usd=record.max_cost_usd,
    )


class _Checking:
    """Gathers what is wrong with a wish."""

    def __init__(self, wish: ScheduleWish, anchor: datetime) -> None:
        self.wish, self.anchor = wish, anchor
        self.problems: list[str] = []

    def limits(self) -> None:
        """Look at what stands beside the times."""
        wish = self.wish
        if len(wish.name) > _MOST_NAME or (wish.name and not wish.name.isprintable()):
            self._add("name", f"At most {_MOST_NAME} characters, on one line.")
        for name, kinds in (("misfire", Misfire), ("overlap", Overlap)):
            if getattr(wish, name) not in get_args(kinds):
                self._add(name, f"Choose one of {', '.join(get_args(kinds))}.")
        if not 0 <= wish.jitter_s <= MOST_JITTER_S:
            self._add("jitter_s", f"From 0 to {MOST_JITTER_S:,} seconds.")
        if not 1 <= wish.misfire_most <= MOST_CAUGHT_UP:
            self._add("misfire_most", f"From 1 to {MOST_CAUGHT_UP}.")

    def timing(self, now: datetime) -> Checked | None:
        """Read the times; None when they cannot be."""
        wish = self.wish
        if wish.kind not in get_args(Kind):
            self._add("kind", f"Choose one of {', '.join(get_args(Kind))}.")
            return None
        zone = self._zone()
        start, end = self._moment("start", zone), self._moment("end", zone)
        try:
            times = read_times(
                wish.kind,
                wish.expression,
                zone.key if zone is not None else "UTC",
                anchor=self.anchor,
                start_at=start,
                end_at=end,
            )
        except ValueError as error:
            for sentence in str(error).splitlines():
                self._add("expression", sentence)
            return None
        return self._checked(times, now) if not self.problems else None

    def _checked(self, times: Times, now: datetime) -> Checked | None:
        if times.start_at and times.end_at and times.end_at < times.start_at:
            self._add("end", "The end is before the start.")
            return None
        first = times.next(now)
        if first is None:
            where = "end" if times.end_at is not None else "expression"
            self._add(where, "No time is left: all of them are past.")
            return None
        return Checked(times, times.start_at, times.end_at, first)

    def _zone(self) -> ZoneInfo | None:
        try:
            return read_zone(self.wish.zone)
        except ValueError as error:
            self._add("zone", str(error))
            return None

    def _moment(self, name: str, zone: ZoneInfo | None) -> datetime | None:
        text: str = getattr(self.wish, name)
        if not text:
            return None
        try:
            return read_moment(text, zone or ZoneInfo("UTC")).astimezone(UTC)
        except ValueError as error:
            self._add(name, str(error))
            return None

    def _add(self, where: str, what: str) -> None:
        self.problems.append(f"{where}: {what}")
