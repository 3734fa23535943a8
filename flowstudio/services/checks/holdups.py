"""Why runs do not begin, or nobody hears of them: what people told the queues, and what gave up."""

from collections.abc import Callable, Iterable
from datetime import datetime

from flowstudio.scale.owners import FileOwners
from flowstudio.services.checks.finding import Finding, problem, warning
from flowstudio.services.queues import QUEUES
from flowstudio.settings import Settings
from flowstudio.store.database import find_server
from flowstudio.store.holdups import Holdups

_MAIL = "Look at what is said of mail here, and correct FLOWSTUDIO_SMTP_URL."
_WEBHOOK = "The person whose webhook it is corrects its address under Account, Notifications."


def check_queues(found: Holdups, settings: Settings, now: datetime) -> Finding:  # noqa: ARG001
    """Queues that somebody holds."""
    stopped = [name for name in QUEUES if name in found.paused and name in found.waiting]
    closed = [name for name in QUEUES if name in found.draining]
    if not stopped and not closed:
        quiet = sorted(found.paused)
        return Finding(
            "Queues", f"{_listed(quiet)} paused, with nothing waiting" if quiet else "open"
        )
    told = [f"{name} is paused with {found.waiting[name].count} waiting" for name in stopped]
    told += [f"{name} is draining{_behind(found, name)}" for name in closed]
    return warning(
        "Queues",
        "; ".join(told),
        "A paused queue begins nothing, and a draining one refuses new runs.",
        "Open it again on the page of the queue once what it was held for is done.",
    )


def check_waiting(found: Holdups, settings: Settings, now: datetime) -> Finding:
    """Runs that wait in a queue from which no living process takes any."""
    left = {name: one for name, one in found.waiting.items() if name not in found.served}
    if not left:
        count = sum(one.count for one in found.waiting.values())
        return Finding("Waiting runs", f"{count}, each in a queue that is served")
    count, names = sum(one.count for one in left.values()), sorted(left)
    is_off = not find_server(settings) and not list(FileOwners.living(settings.data_dir / "owners"))
    if is_off and settings.run_in_web:
        return Finding("Waiting runs", f"{count}; the next start goes on with them")
    minutes = (now - min(one.since for one in left.values())).total_seconds() / 60
    helps = f"Start one that does: flowstudio worker --queues {','.join(names)}"
    return problem(
        "Waiting runs",
        f"{count} wait in {_listed(names)}, the first for {minutes:,.0f} minutes, "
        "and no living process serves that",
        "Nobody will begin them.",
        f"{helps}." if settings.run_in_web else f"{helps}; FLOWSTUDIO_RUN_IN_WEB is false here.",
    )


def check_schedules(found: Holdups, settings: Settings, now: datetime) -> Finding:  # noqa: ARG001
    """Schedules that paused themselves."""
    if (gone := found.schedules) is None:
        return Finding("Schedules", "none has given up")
    return warning(
        "Schedules",
        f"{gone.count} paused themselves, such as {gone.latest!r}: {gone.reason}",
        "They run nothing until somebody lets them go on.",
        "Remove the cause, then: flowstudio schedules list --paused, flowstudio schedules resume ID.",
    )


def check_deliveries(found: Holdups, settings: Settings, now: datetime) -> Finding:  # noqa: ARG001
    """Notifications that were tried often enough."""
    if not found.deliveries:
        return Finding("Deliveries", "none has failed for good within a day")
    told = [
        f"{one.count} by {channel}, the latest because: {one.reason}"
        for channel, one in found.deliveries.items()
    ]
    helps = {"mail": _MAIL, "webhook": _WEBHOOK}
    return warning(
        "Deliveries",
        f"failed for good within a day: {'; '.join(told)}",
        "People were not told of questions and failures; they see them on the page alone.",
        " ".join(helps[channel] for channel in found.deliveries),
    )


def _behind(found: Holdups, name: str) -> str:
    waiting = found.waiting.get(name)
    return f" with {waiting.count} waiting" if waiting else ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


HoldupCheck = Callable[[Holdups, Settings, datetime], Finding]
HOLDUP_CHECKS: tuple[HoldupCheck, ...] = (
    check_queues,
    check_waiting,
    check_schedules,
    check_deliveries,
)
