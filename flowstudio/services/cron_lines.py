"""Lines of crontab, as times of the wall clock; APScheduler works them out.

Where APScheduler reads a line otherwise than crontab does, crontab's way is taken: weekday 0 and 7
are Sunday, and of a day of the month and a weekday either is enough.
"""

import re
from datetime import UTC, datetime, timedelta

from apscheduler.triggers.cron import CronTrigger

_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_NAMES = ("minute", "hour", "day of the month", "month", "weekday")
_LEAST = (0, 0, 1, 1, 0)
_MOST = (59, 23, 31, 12, 7)
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = (
    "",
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_NAMED = {3: _MONTHS, 4: _WEEKDAYS}
_PART = re.compile(r"(\*|[0-9a-z]{1,3})(?:-([0-9a-z]{1,3}))?(?:/([0-9]{1,3}))?")
_LONGEST = 200
#: Any day of the year falls on any weekday once in 28 years.
_PROBED = (datetime(2024, 1, 1, tzinfo=UTC), datetime(2052, 1, 1, tzinfo=UTC))
_SECOND = timedelta(seconds=1)


class CronLine:
    """A line of crontab.

    Attributes:
        text: the five fields, with nicknames such as `@daily` written out.
        is_hourly: every hour is meant, whatever it is called, and not certain hours.
    """

    def __init__(self, text: str) -> None:
        """Read it.

        Raises:
            ValueError: it is none, or its time never comes; one sentence a line says why.
        """
        fields = _fields_of(text)
        values = _read(fields)
        self.text = " ".join(fields)
        self.is_hourly = len(values[1]) == _MOST[1] + 1
        # One that never comes is left out: looking for its next time takes thousands of years of days.
        wanted = [given for given in _wanted(fields, values) if not _never_comes(given)]
        self._triggers = [CronTrigger(**given, timezone=UTC) for given in wanted]
        if not wanted:
            message = f"This never comes: no year has {_day_in_words(values)}."
            raise ValueError(message)

    def next(self, wall: datetime) -> datetime | None:
        """The first time of the wall clock that fits and comes after this one."""
        # Seconds are the least that matters; what is asked for is the first from then on.
        begin = wall.replace(microsecond=0, tzinfo=UTC) + _SECOND
        found = [trigger.get_next_fire_time(None, begin) for trigger in self._triggers]
        return min((time.replace(tzinfo=None) for time in found if time is not None), default=None)


def _fields_of(text: str) -> list[str]:
    if len(text) > _LONGEST:
        message = f"A cron line has at most {_LONGEST} characters."
        raise ValueError(message)
    text = text.strip().lower()
    fields = _NICKNAMES.get(text, text).split()
    if len(fields) != len(_NAMES):
        message = (
            "A cron line has five fields: minute, hour, day of the month, month, weekday; "
            f"this one has {len(fields)}. Monday to Friday at 9:00 is `0 9 * * 1-5`."
        )
        raise ValueError(message)
    return fields


def _read(fields: list[str]) -> list[set[int]]:
    values: list[set[int]] = []
    problems = []
    for place, field in enumerate(fields):
        try:
            values.append(set().union(*(_values_of(part, place) for part in field.split(","))))
        except ValueError as error:
            problems.append(f"{_NAMES[place].capitalize()} {field!r}: {error}")
    if problems:
        raise ValueError("\n".join(problems))
    return values


def _values_of(part: str, place: int) -> range:
    found = _PART.fullmatch(part)
    least, most = _LEAST[place], _MOST[place]
    if found is None or (found[1] == "*" and found[2]):
        message = "Write a number, a range such as 1-5, a list such as 1,3, or a step such as */2."
        raise ValueError(message)
    step = int(found[3] or 1)
    if not 1 <= step <= most:
        message = f"A step is a number from 1 to {most}."
        raise ValueError(message)
    if found[1] == "*":
        return range(least, min(most, 6) + 1 if place == 4 else most + 1, step)
    first = _number(found[1], place)
    last = _number(found[2], place) if found[2] else (most if found[3] else first)
    if place == 4 and last == 0 and first > 0:
        last = 7  # fri-sun
    if first > last:
        message = f"{found[1]}-{found[2]} runs backwards."
        raise ValueError(message)
    return range(first, last + 1, step)


def _number(text: str, place: int) -> int:
    if text in _NAMED.get(place, ()) and text:
        return _NAMED[place].index(text)
    if text.isdigit() and _LEAST[place] <= int(text) <= _MOST[place]:
        return int(text)
    names = " or a name such as " + _NAMED[place][1] if place in _NAMED else ""
    message = f"{text} is no number from {_LEAST[place]} to {_MOST[place]}{names}."
    raise ValueError(message)


def _wanted(fields: list[str], values: list[set[int]]) -> list[dict[str, str]]:
    minute, hour, day, month = (_listed(found) for found in values[:4])
    weekday = ",".join(sorted({_WEEKDAYS[number % 7] for number in values[4]}))
    base = {"minute": minute, "hour": hour, "month": month}
    if fields[2].startswith("*") or fields[4].startswith("*"):
        return [base | {"day": day, "day_of_week": weekday}]
    return [base | {"day": day}, base | {"day_of_week": weekday}]


def _listed(numbers: set[int]) -> str:
    return ",".join(str(number) for number in sorted(numbers))


def _never_comes(given: dict[str, str]) -> bool:
    days = {"minute": "0", "hour": "0"}
    begin, end = _PROBED
    trigger = CronTrigger(**(given | days), timezone=UTC, end_date=end)
    return trigger.get_next_fire_time(None, begin) is None


def _day_in_words(values: list[set[int]]) -> str:
    days = " or ".join(str(day) for day in sorted(values[2]))
    return f"{days} {' or '.join(_MONTHS[month].capitalize() for month in sorted(values[3]))}"
