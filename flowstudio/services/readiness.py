"""Whether this process can do its work now; for load balancers and whoever restarts it."""

import asyncio
import shutil
from typing import Protocol

from flowstudio.errors import FlowStudioError
from flowstudio.services import secret_keys
from flowstudio.services.access import Actor, authorize
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store.database import newest_version
from flowstudio.store.metrics import schema_version

LEAST_FREE_BYTES = 100_000_000
_DATABASE_S = 3.0
#: Anyone may ask, so what was found is told again for so long.
_KEPT_S = 1.0


class Pulse(Protocol):
    """Of whatever writes the journal."""

    @property
    def is_alive(self) -> bool:
        """Whether what is written still reaches the disk."""

    @property
    def waiting(self) -> int:
        """How much waits to be written."""


class ReadinessService:
    """Looks at what no run can do without."""

    def __init__(self, parts: StudioParts, pulse: Pulse) -> None:
        self._parts = parts
        self._pulse = pulse
        self._newest = newest_version()
        self._found: tuple[str, ...] = ()
        self._found_at: float | None = None

    async def look(self, actor: Actor) -> tuple[str, ...]:
        """What is in the way, a sentence each; they tell of no path, name or secret."""
        authorize(actor, "health.look")
        now = self._parts.clock.monotonic()
        if self._found_at is None or now - self._found_at >= _KEPT_S:
            self._found_at = now
            self._found = tuple(
                filter(None, [*await self._database(), self._writer(), self._disk()])
            )
        return self._found

    async def _database(self) -> list[str]:
        try:
            async with asyncio.timeout(_DATABASE_S):
                found = await self._parts.records.read(schema_version)
                fits = await secret_keys.fits(self._parts)
        except TimeoutError:
            return [f"The database did not answer within {_DATABASE_S:g} seconds."]
        except FlowStudioError:
            return ["The database cannot be read; `flowstudio doctor` says why."]
        problems = []
        if found != self._newest:
            problems.append(
                f"The database has schema {found}, and this version needs {self._newest}: restart it."
            )
        if not fits:
            problems.append("The secret key does not open what is stored; see `flowstudio doctor`.")
        return problems

    def _writer(self) -> str:
        return "" if self._pulse.is_alive else "The journal's writer has ended: restart the server."

    def _disk(self) -> str:
        free = shutil.disk_usage(self._parts.settings.data_dir).free
        if free >= LEAST_FREE_BYTES:
            return ""
        return f"The disk is full: {free / 1e6:.0f} MB are free, and {LEAST_FREE_BYTES / 1e6:.0f} are needed."
