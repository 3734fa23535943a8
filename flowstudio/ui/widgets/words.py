"""Money, time and counts in words, the same everywhere."""

from datetime import datetime
from decimal import Decimal

from flowstudio.engine.costs import CostRange


def money(usd: Decimal) -> str:
    """Dollars with as many digits as matter: `$0.0031`, `$1.20`, `free`."""
    if usd == 0:
        return "free"
    if usd < Decimal("0.0001"):
        return "< $0.0001"
    return f"${usd:.4f}" if usd < 1 else f"${usd:,.2f}"


def predicted(cost: CostRange, *, calls_models: bool, is_free: bool) -> str:
    """What a run will cost, before it starts; `is_free` when the built-in model answers."""
    if not calls_models:
        return "free · no model calls"
    if is_free:
        return "free · built-in model"
    if cost.high_usd == 0:
        return "free"
    if cost.is_open:
        return f"from {money(cost.low_usd)} a run"
    return f"about {money(cost.typical_usd)} a run"


def duration(seconds: float | None) -> str:
    """A length of time: `84 ms`, `6.2 s`, `2 m 10 s`, `3 h 5 m`."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} m {rest} s"
    return f"{minutes // 60} h {minutes % 60} m"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, coarsely: `now`, `6 min`, `3 h`, then the day."""
    seconds = (now - moment).total_seconds()
    if seconds < 45:
        return "now"
    if seconds < 3600:
        return f"{max(1, round(seconds / 60))} min"
    if seconds < 86_400:
        return f"{round(seconds / 3600)} h"
    return f"{moment:%d %b %Y}" if moment.year != now.year else f"{moment:%d %b}"


def size(number: int) -> str:
    """Bytes: `812 B`, `1.4 kB`, `25 MB`."""
    value, unit = float(number), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "B" or value >= 10 else f"{value:.1f} {unit}"


def since(moment: datetime, now: datetime) -> str:
    """How long ago, after a verb: `just now`, `6 min ago`, then `on` the day."""
    told = ago(moment, now)
    if told == "now":
        return "just now"
    return f"{told} ago" if told.endswith((" min", " h")) else f"on {told}"


def count(number: int, noun: str) -> str:
    """`1 node`, `7 nodes`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def moment(at: datetime) -> str:
    """A moment as a date and a time, in UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC"
