"""The database file: whether it is whole, up to date, and not growing out of hand."""

import sqlite3
from pathlib import Path

from flowstudio.errors import FlowStudioError
from flowstudio.services.checks.finding import Finding, problem, warning
from flowstudio.settings import Settings
from flowstudio.store import snapshot
from flowstudio.store.database import newest_version

_MOST_LOG_BYTES = 256_000_000
_LONGEST_S = 30.0
_HOLDS = "It holds every workflow, run and account."
_RESTORE = "Restore the latest backup: flowstudio restore FILE --force."


def check_file(settings: Settings) -> Finding:
    """Whether the file opens, and which schema it has."""
    path = settings.database_path
    if not path.exists():
        return Finding("Database", f"none yet at {path}; the first start makes it")
    try:
        version = snapshot.read_version(path)
        size = path.stat().st_size
    except (FlowStudioError, OSError, sqlite3.Error) as error:
        return problem(
            "Database", str(error), _HOLDS, "Look at its owner, its permissions and the disk."
        )
    says = f"{path}, {size / 1e6:,.1f} MB, schema {version or 'unknown'}"
    if not version:
        return problem("Database", f"{path} is no database of FlowStudio", _HOLDS, _RESTORE)
    if version > newest_version():
        return problem(
            "Database",
            f"{says}; this version knows {newest_version()}",
            "A newer FlowStudio made it, and this one would not understand it.",
            "Install that version, or restore a backup made before it.",
        )
    if version < newest_version():
        return warning(
            "Database",
            f"{says}; this version needs {newest_version()}",
            "The next start brings it up to date.",
            "Make a backup first: flowstudio backup FILE.",
        )
    return Finding("Database", f"{says}, durability {settings.durability}")


def check_pages(settings: Settings) -> Finding:
    """Whether pages, indexes and references of the file are whole."""
    path = settings.database_path
    if not path.exists():
        return Finding("Integrity", "nothing to look at yet")
    faults = snapshot.find_faults(path, _LONGEST_S)
    if faults is None:
        return Finding(
            "Integrity", f"no fault found in {_LONGEST_S:g} s; the file is too large for more"
        )
    if not faults:
        return Finding("Integrity", "every page, index and reference is whole")
    return problem("Integrity", "; ".join(faults)[:500], "The database is damaged.", _RESTORE)


def check_log(settings: Settings) -> Finding:
    """The write-ahead log, which ought to be taken into the file again and again."""
    path = settings.database_path
    log = Path(f"{path}-wal")
    size = log.stat().st_size if log.exists() else 0
    says = f"{size / 1e6:,.1f} MB"
    if size <= _MOST_LOG_BYTES:
        return Finding("Write-ahead log", says)
    return warning(
        "Write-ahead log",
        says,
        "It only shrinks when no reader holds on to an old state; reads get slower until then.",
        "End programs that keep the file open, such as a database browser, or restart the server.",
    )
