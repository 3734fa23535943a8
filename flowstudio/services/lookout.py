"""Telling admins by itself of what they would find out too late otherwise.

The doctor's checks of what holds work up, looked at once a minute; what may pass by itself, such as a
restart, is given time to. Whichever process notices, a person is told once.
"""

import asyncio
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from flowstudio.errors import FlowStudioError
from flowstudio.services.checks.finding import Finding
from flowstudio.services.checks.holdups import check_deliveries, check_waiting
from flowstudio.services.checks.load import check_runs
from flowstudio.services.health import LEAST_FREE_BYTES
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.system_notices import tell_of_trouble
from flowstudio.store import holdups, standstill
from flowstudio.store.holdups import Holdups
from flowstudio.store.standstill import LateWorker, Standstill

log = logging.getLogger(__name__)

_EVERY_S = 60.0
#: Runs wait so long in a queue that nobody serves, or that somebody has paused, before it is told.
_UNSERVED_FOR = timedelta(minutes=5)
_PAUSED_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something admins should know.

    Attributes:
        what: names it; they are told of it once a day, or once if that can be only once.
    """

    what: str
    title: str
    body: str
    link: str = "/queue"
    is_daily: bool = True


class LookoutService:
    """Looks around once a minute."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        #: Workers that were late at the look before.
        self._late: frozenset[str] = frozenset()
        self._told: set[tuple[str, str]] = set()

    async def serve(self) -> None:
        """Until cancelled: do it."""
        while True:
            await self._parts.clock.sleep(_EVERY_S)
            try:
                await self.look()
            except (FlowStudioError, OSError) as error:
                log.warning("What holds work up could not be looked at: %s", error)

    async def look(self) -> int:
        """Do it once; gives of how many things this process has told."""
        now, records = self._parts.clock.now(), self._parts.records
        found = await records.read(partial(holdups.look, now=now))
        still = await records.read(partial(standstill.look, now=now))
        folder = self._parts.settings.data_dir
        free = (await asyncio.to_thread(shutil.disk_usage, folder)).free
        troubles = [*self._held(found, now), *self._gone(still, now), *_disk(free, str(folder))]
        return sum([await self._tell(trouble, now) for trouble in troubles])

    def _held(self, found: Holdups, now: datetime) -> Iterator[Trouble]:
        waiting = check_waiting(found, self._parts.settings, now)
        unserved = [one for name, one in found.waiting.items() if name not in found.served]
        if waiting.level != "ok" and min(one.since for one in unserved) < now - _UNSERVED_FOR:
            yield _from(waiting, "unserved", "Runs wait, and no worker serves their queue")
        for name in sorted(found.paused & found.waiting.keys()):
            one = found.waiting[name]
            if one.since < now - _PAUSED_FOR:
                title = f"The queue {name} is paused while runs wait in it"
                body = f"{one.count} wait, the first for more than an hour. Open it again when what it was held for is done."
                yield Trouble(f"paused:{name}", title, body)
        deliveries = check_deliveries(found, self._parts.settings, now)
        if deliveries.level != "ok":
            yield _from(deliveries, "deliveries", "Notifications do not reach people", "/admin")

    def _gone(self, found: Standstill, now: datetime) -> Iterator[Trouble]:
        # A machine that slept wakes before its processes have told that they are there.
        late = frozenset(worker.name for worker in found.workers)
        for worker in found.workers:
            if worker.name in self._late:
                yield _worker(worker)
        self._late = late
        stuck = check_runs(found, self._parts.settings, now)
        if found.overdue and not stuck.is_well:
            yield _from(stuck, "overdue", "Runs should have gone on by now")

    async def _tell(self, trouble: Trouble, now: datetime) -> bool:
        key = (trouble.what, f"{now:%Y-%m-%d}" if trouble.is_daily else "")
        if key in self._told:
            return False
        await tell_of_trouble(
            self._parts,
            trouble.what,
            trouble.title,
            trouble.body,
            link=trouble.link,
            is_daily=trouble.is_daily,
        )
        # What was told on other days need not be remembered.
        self._told = {told for told in self._told if told[1] in ("", key[1])} | {key}
        return True


def _from(finding: Finding, what: str, title: str, link: str = "/queue") -> Trouble:
    says = finding.says[:1].upper() + finding.says[1:]
    return Trouble(what, title, f"{says}. {finding.why} {finding.todo}", link)


def _disk(free: int, folder: str) -> Iterator[Trouble]:
    if free <= LEAST_FREE_BYTES:
        yield Trouble(
            "disk",
            "The disk is nearly full",
            f"{free / 1e6:,.0f} MB are free at {folder}. A run stops when its next step cannot be "
            "written down. Free some space, or keep fewer runs: flowstudio runs prune --days 30.",
            "/admin",
        )


def _worker(worker: LateWorker) -> Trouble:
    body = f"Process {worker.pid} was last heard of at {worker.seen_at:%Y-%m-%d %H:%M} UTC, and has not said that it stops. "
    body += (
        f"{worker.runs} runs are in its name; another worker takes them over."
        if worker.runs
        else "It had no runs in hand."
    )
    title = f"A worker on {worker.host} is gone without stopping"
    return Trouble(f"worker:{worker.name}", title, body, is_daily=False)
