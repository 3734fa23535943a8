"""What a restored database must show before it is trusted."""

from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from flowstudio.clock import Clock
from flowstudio.errors import InvalidInputError, SecretKeyError
from flowstudio.security.keyring import KeyRing
from flowstudio.services.access import OPERATOR
from flowstudio.services.audit import AuditService
from flowstudio.services.backup_archive import Manifest
from flowstudio.services.sealing import identity_of_row
from flowstudio.store import sealed
from flowstudio.store.database import newest_version
from flowstudio.store.records import Records


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored.

    Attributes:
        audit: the verdict on the audit log.
        closed: names of credentials that none of the keys here opens.
        moved: where that is now which was there before, if anything was.
    """

    manifest: Manifest
    schema: str
    audit: str
    closed: tuple[str, ...]
    moved: Path | str | None = None


def check_schema(manifest: Manifest) -> None:
    """Make sure that this version understands the backup.

    Raises:
        InvalidInputError: it does not.
    """
    if manifest.db_schema > newest_version():
        problem = (
            f"The backup is of FlowStudio {manifest.version} (schema {manifest.db_schema}), which is "
            f"newer than this one (schema {newest_version()}). Install that version."
        )
        raise InvalidInputError([problem])


async def prove(
    records: Records, clock: Clock, manifest: Manifest, ring: KeyRing | None
) -> Restored:
    """Walk the audit log, and try every credential.

    Raises:
        InvalidInputError: the audit log is not whole.
    """
    verdict = await AuditService(records, clock).verify(OPERATOR)
    if not verdict.is_whole:
        raise InvalidInputError([f"The backup's audit log is not whole: {verdict}"])
    closed = records.read_now(_Opening(ring))
    return Restored(manifest, newest_version(), str(verdict), closed)


class _Opening:
    """Tries every credential; gives the names of those that stay closed."""

    def __init__(self, ring: KeyRing | None) -> None:
        self._ring = ring

    def __call__(self, session: Session) -> tuple[str, ...]:
        return tuple(row.name for row in sealed.list_sealed(session) if not self._opens(row))

    def _opens(self, row: sealed.SealedRow) -> bool:
        if self._ring is None:
            return False
        try:
            self._ring.open(row.sealed, identity_of_row(row))
        except SecretKeyError:
            return False
        return True
