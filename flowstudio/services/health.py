"""Whether the parts of this installation work; each check says what it found."""

import shutil
from dataclasses import dataclass
from importlib.metadata import version

from flowstudio.services.access import Actor, authorize
from flowstudio.services.studio_parts import StudioParts
from flowstudio.store.counts import Counts, count_all
from flowstudio.store.database import newest_version
from flowstudio.store.removal import file_size

LEAST_FREE_BYTES = 500_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    name: str
    text: str
    is_ok: bool = True


class HealthService:
    """What an admin should know of the running server."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        self._settings = parts.settings
        self._since = parts.clock.now()

    async def look(self, actor: Actor) -> list[Finding]:
        """Every check, made now."""
        authorize(actor, "health.read")
        counted = _counted(await self._parts.records.read(count_all))
        return [
            self._version(),
            await self._database(),
            self._disk(),
            *counted,
            self._mail(),
            self._models(),
        ]

    def _version(self) -> Finding:
        up = self._parts.clock.now() - self._since
        hours, minutes = divmod(int(up.total_seconds()) // 60, 60)
        return Finding("FlowStudio", f"{version('flowstudio')}, up {hours} h {minutes} min")

    async def _database(self) -> Finding:
        database = self._parts.records.database
        if (file := database.file) is not None:
            size = sum(part.stat().st_size for part in file.parent.glob(f"{file.name}*"))
        else:
            size = (await self._parts.records.read(file_size)).bytes
        return Finding("Database", f"{database}, {size / 1e6:.1f} MB, schema {newest_version()}")

    def _disk(self) -> Finding:
        free = shutil.disk_usage(self._settings.data_dir).free
        return Finding("Disk", f"{free / 1e9:.1f} GB free", free > LEAST_FREE_BYTES)

    def _mail(self) -> Finding:
        if self._settings.smtp_url.get_secret_value():
            return Finding("Mail", "sent by the mail server of FLOWSTUDIO_SMTP_URL")
        folder = self._settings.data_dir / "outbox"
        return Finding("Mail", f"no mail server is set; messages are written to {folder}", False)

    def _models(self) -> Finding:
        if self._settings.openrouter_api_key.get_secret_value():
            return Finding("Models", f"a key is set for {self._settings.openrouter_base_url}")
        return Finding("Models", "no key of the server's own; projects may connect theirs")


def _counted(counts: Counts) -> list[Finding]:
    return [
        Finding("People", f"{counts.people} active, of whom {counts.admins} may administer"),
        Finding("Runs", f"{counts.open_runs} under way, {counts.waiting_runs} waiting"),
        Finding("Audit log", f"{counts.audit_entries} entries"),
    ]
