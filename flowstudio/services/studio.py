"""The services of people, projects and secrets, built once for a process."""

from dataclasses import dataclass
from pathlib import Path

from flowstudio.clock import Clock
from flowstudio.services.runs import RunService
from flowstudio.services.secret_keys import open_ring
from flowstudio.services.studio_parts import StudioParts
from flowstudio.settings import Settings
from flowstudio.store.records import Records


@dataclass(frozen=True, slots=True)
class Studio:
    """One field a service."""

    parts: StudioParts

    def close(self) -> None:
        """Let the database go."""
        self.parts.records.close()


def open_studio(settings: Settings, path: Path, clock: Clock, runs: RunService) -> Studio:  # noqa: ARG001 - for services below
    """Build the services.

    Raises:
        SecretKeyError: the secret key is missing or the wrong one.
    """
    records = Records(path, settings.durability)
    parts = StudioParts(settings, records, clock, open_ring(settings, records))
    return Studio(parts=parts)
