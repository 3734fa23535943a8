"""All checks, in the order in which a person reads them."""

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module

from flowstudio.clock import Clock, SystemClock
from flowstudio.errors import FlowStudioError
from flowstudio.services import secret_keys
from flowstudio.services.access import Actor, authorize
from flowstudio.services.checks import machine, metrics, outside, sqlite
from flowstudio.services.checks.finding import Finding, problem
from flowstudio.services.checks.holdups import HOLDUP_CHECKS
from flowstudio.services.checks.load import LOAD_CHECKS
from flowstudio.settings import Settings
from flowstudio.store import holdups, snapshot, standstill
from flowstudio.store.database import find_server, newest_version, open_database
from flowstudio.store.records import Records

Check = Callable[[Settings], Finding]

_MACHINE: tuple[Check, ...] = (
    machine.check_python,
    machine.check_versions,
    machine.check_node,
    machine.check_folder,
    machine.check_disk,
    machine.check_zones,
    machine.check_port,
    metrics.check_metrics,
)
_FILE: tuple[Check, ...] = (sqlite.check_file, sqlite.check_pages, sqlite.check_log)
_OUTSIDE: tuple[Check, ...] = (outside.check_mail, outside.check_openrouter)
#: Its driver takes a while to load.
_POSTGRES = "flowstudio.services.checks.postgres"
_DUMP = "flowstudio.store.postgres_dump"


def look(actor: Actor, settings: Settings, clock: Clock | None = None) -> Iterator[Finding]:
    """Every finding, as it is made."""
    authorize(actor, "health.read")
    yield from (_safely(check, settings) for check in _MACHINE)
    if find_server(settings):
        yield from import_module(_POSTGRES).check_server(settings)
    else:
        yield from (_safely(check, settings) for check in _FILE)
    yield from _inside(settings, clock or SystemClock())
    yield from (_safely(check, settings) for check in _OUTSIDE)


def _safely(check: Check, settings: Settings) -> Finding:
    try:
        return check(settings)
    except (OSError, ValueError) as error:
        what = check.__name__.removeprefix("check_").capitalize()
        why = "One thing that cannot be looked at must not hide the others."
        return problem(what, str(error), why, "See what is said of the data directory.")


def _inside(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """What is in the database; it is left alone when it is missing, or of another version."""
    try:
        version = _version(settings)
        if version != newest_version():
            if not version:
                yield _keys(settings, None)
            return
        # Its schema is this version's, so that opening changes nothing.
        records = Records(open_database(settings), settings.durability)
    except (FlowStudioError, OSError):
        return
    try:
        yield _keys(settings, records)
        now = clock.now()
        found = records.read_now(partial(standstill.look, now=now))
        yield from (check(found, settings, now) for check in LOAD_CHECKS)
        held = records.read_now(partial(holdups.look, now=now))
        yield from (check(held, settings, now) for check in HOLDUP_CHECKS)
    except FlowStudioError as error:
        yield problem(
            "Runs", str(error), "They cannot be read.", "See what is said of the database."
        )
    finally:
        records.close()


def _version(settings: Settings) -> str:
    """Of the schema; "" when there is no database of FlowStudio's."""
    if server := find_server(settings):
        return str(import_module(_DUMP).look(server).version)
    path = settings.database_path
    return snapshot.read_version(path) if path.exists() else ""


def _keys(settings: Settings, records: Records | None) -> Finding:
    try:
        return Finding("Secret key", secret_keys.inspect_in(settings, records))
    except FlowStudioError as error:
        return problem(
            "Secret key",
            str(error),
            "Without it no credential opens and nobody stays signed in.",
            "Put the key back from where it was kept; a new one would open nothing.",
        )
