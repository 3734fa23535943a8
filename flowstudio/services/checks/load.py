"""What is under way: runs that do not move, workers that are gone, and a clock that was turned."""

from collections.abc import Callable
from datetime import datetime, timedelta

from flowstudio.scale.owners import FileOwners
from flowstudio.services.checks.finding import Finding, problem, warning
from flowstudio.settings import Settings
from flowstudio.store.database import find_server
from flowstudio.store.standstill import Standstill

_SKEW = timedelta(seconds=5)


def check_runs(found: Standstill, settings: Settings, now: datetime) -> Finding:  # noqa: ARG001
    """Runs that nobody advances although a server runs."""
    alive = set(FileOwners.living(settings.data_dir / "owners"))
    left = sum(count for owner, count in found.owners.items() if owner not in alive)
    # Workers elsewhere hold no lock here; those are seen in the table of workers.
    is_shared = bool(find_server(settings))
    if found.overdue and (alive or is_shared):
        return problem(
            "Runs",
            f"{len(found.overdue)} should have woken by now, such as {found.overdue[0]}",
            "They wait for nothing any more.",
            "Look into the server's log, and restart it: a start takes up whatever was left.",
        )
    if left and not alive and not is_shared:
        return Finding("Runs", f"{left} were cut off; the next start goes on with them")
    if left and not is_shared:
        return warning(
            "Runs",
            f"{left} are in the hands of processes that are gone",
            "A server takes them over within seconds.",
            "If this stays so, look into the server's log and restart it.",
        )
    return Finding("Runs", f"{sum(found.owners.values())} under way, none stuck")


def check_workers(found: Standstill, settings: Settings, now: datetime) -> Finding:  # noqa: ARG001
    """Workers that stopped telling of themselves."""
    dead = [worker for worker in found.workers if worker.runs]
    if not found.workers:
        return Finding("Workers", "none is missing")
    first = (dead or found.workers)[0]
    minutes = (now - first.seen_at).total_seconds() / 60
    says = f"{first.host} ({first.pid}) was last seen {minutes:,.0f} minutes ago"
    if dead:
        return problem(
            "Workers",
            f"{says} and holds {first.runs} runs",
            "They wait until another worker takes them over.",
            "Start a worker, or look why that one is not heard of any more.",
        )
    return warning(
        "Workers", says, "It takes no runs.", "Start it again, unless it was meant to end."
    )


def check_clock(found: Standstill, settings: Settings, now: datetime) -> Finding:  # noqa: ARG001
    """Whether this machine's clock is behind what was written before."""
    if found.latest is None or found.latest <= now + _SKEW:
        return Finding("Clock", "ahead of everything that was written")
    behind = (found.latest - now).total_seconds()
    return problem(
        "Clock",
        f"a run was made {behind:,.0f} seconds from now",
        "Schedules, waits and sessions go by the clock.",
        "Set the clock of this machine, by NTP for example.",
    )


LoadCheck = Callable[[Standstill, Settings, datetime], Finding]
LOAD_CHECKS: tuple[LoadCheck, ...] = (check_runs, check_workers, check_clock)
