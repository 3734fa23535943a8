"""A schedule in words."""

from datetime import datetime
from zoneinfo import ZoneInfo

from cron_descriptor import Options, get_description

from flowstudio.services.cron_lines import CronLine
from flowstudio.services.schedule_times import Kind, read_every
from flowstudio.services.wall_clock import read_moment, read_zone

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
CERTAIN_RULE = (
    "A time that the clocks skip comes once, at the moment they go forward; a time that comes "
    "twice counts the first time."
)
HOURLY_RULE = (
    "Every hour the clock shows counts: skipped ones do not come, and one that comes twice counts "
    "twice."
)
PASSING_RULE = "Goes by the time that passes, whatever the clocks show."


def in_words(kind: Kind, expression: str, zone: str) -> str:
    """When a schedule comes, in words.

    Raises:
        ValueError: its fields do not read.
    """
    if kind == "cron":
        options = Options()
        options.use_24hour_time_format = True
        words: str = get_description(CronLine(expression).text, options)
        return words
    if kind == "interval":
        return f"Every {_length(int(read_every(expression).total_seconds()))}"
    found = read_zone(zone)
    return f"Once, on {day_and_time(read_moment(expression, found), found)}"


def rule_of(kind: Kind, expression: str, zone: str) -> str:
    """What a schedule does where clocks are changed; "" where nothing can happen."""
    if kind == "once" or zone == "UTC":
        return ""
    if kind == "interval":
        return PASSING_RULE
    return HOURLY_RULE if CronLine(expression).is_hourly else CERTAIN_RULE


def day_and_time(moment: datetime, zone: ZoneInfo) -> str:
    """A moment as the zone's clocks and calendars show it."""
    local = moment.astimezone(zone)
    seconds = local.strftime(":%S") if local.second else ""
    name = local.strftime("%Z")
    # Zones without a name of their own go by their distance, such as +0545.
    name = f"UTC{local.isoformat()[-6:]}" if name[:1] in "+-" else name
    return f"{local.strftime('%a')} {local.day} {local.strftime('%b %Y, %H:%M')}{seconds} {name}"


def _length(seconds: int) -> str:
    parts = []
    for unit, size in _UNITS:
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(f"{number} {unit}{'s' if number > 1 else ''}")
    only = len(parts) == 1 and parts[0].startswith("1 ")
    return parts[0].removeprefix("1 ") if only else " ".join(parts)
