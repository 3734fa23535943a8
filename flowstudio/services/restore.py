"""Restoring a backup: everything is proved beside the data directory before anything is put there."""

import shutil
import tempfile
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from sqlmodel import Session

from flowstudio.clock import Clock, SystemClock
from flowstudio.errors import ConflictError, InvalidInputError, SecretKeyError
from flowstudio.scale.owners import Owners
from flowstudio.security import keyring
from flowstudio.security.keyring import KeyRing
from flowstudio.services.access import OPERATOR, Actor, authorize
from flowstudio.services.audit import AuditService
from flowstudio.services.backup_archive import KEYS_FILE, SQLITE_FILE, Manifest, unpack
from flowstudio.services.sealing import identity_of
from flowstudio.services.secret_keys import is_from_setting, read_texts
from flowstudio.settings import Settings
from flowstudio.store import sealed, snapshot
from flowstudio.store.database import Database, migrate, newest_version
from flowstudio.store.records import Records

#: What may lie in a data directory that counts as empty.
_OF_NO_MATTER = frozenset({"models", "catalogue.json", "owners"})


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored.

    Attributes:
        audit: the verdict on the audit log.
        closed: names of credentials that none of the keys here opens.
        moved: where the files went that were there before, if any.
    """

    manifest: Manifest
    schema: str
    audit: str
    closed: tuple[str, ...]
    moved: Path | None


class RestoreService:
    """Puts a backup in place."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()

    async def restore(self, actor: Actor, source: Path, *, force: bool = False) -> Restored:
        """Restore a backup, bring it up to date, and prove it.

        Until all of that has gone well, the data directory stays as it is.

        Args:
            actor: who asks.
            source: the backup.
            force: move what is in the data directory aside.

        Raises:
            ConflictError: the data directory is in use, or not empty.
            InvalidInputError: it is no backup, or not as it was written.
            JournalError: its database cannot be brought up to date.
        """
        authorize(actor, "backup.restore")
        folder = self._settings.data_dir
        self._check(folder, force=force)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=folder) as staging:
            stage = Path(staging)
            manifest = unpack(source, stage)
            done = await self._prove(stage, manifest)
            moved = self._move_aside(folder, stage)
            self._put(stage, folder)
        return replace(done, moved=moved)

    def _check(self, folder: Path, *, force: bool) -> None:
        if any(Owners.living(folder / "owners")):
            message = f"A FlowStudio is running on {folder}. Stop it, then restore."
            raise ConflictError(message)
        found = self._existing(folder)
        if found and not force:
            raise ConflictError(
                f"{folder} is not empty ({', '.join(path.name for path in found[:5])}). Restore into "
                "another FLOWSTUDIO_DATA_DIR, or give --force to move these aside."
            )

    def _existing(self, folder: Path) -> list[Path]:
        inside = sorted(folder.iterdir()) if folder.is_dir() else []
        found = [
            path
            for path in inside
            if path.name not in _OF_NO_MATTER and not path.name.startswith(".restore-")
        ]
        database = self._settings.database_path
        if database.parent != folder:
            found += sorted(database.parent.glob(f"{database.name}*"))
        return found

    async def _prove(self, stage: Path, manifest: Manifest) -> Restored:
        database = stage / SQLITE_FILE
        if manifest.kind != "sqlite" or not database.exists():
            raise InvalidInputError([f"The backup holds no {SQLITE_FILE}."])
        if manifest.db_schema > newest_version():
            raise InvalidInputError(
                [
                    f"The backup is of FlowStudio {manifest.version} (schema {manifest.db_schema}), which "
                    f"is newer than this one (schema {newest_version()}). Install that version."
                ]
            )
        if faults := snapshot.find_faults(database):
            raise InvalidInputError([f"The backup's database is damaged: {'; '.join(faults)}"])
        if snapshot.count_rows(database) != manifest.counts:
            raise InvalidInputError(
                ["The backup's database does not hold what its manifest counts."]
            )
        migrate(database)
        with closing(Records(Database(database), "full")) as records:
            verdict = await AuditService(records, self._clock).verify(OPERATOR)
            if not verdict.is_whole:
                raise InvalidInputError([f"The backup's audit log is not whole: {verdict}"])
            closed = records.read_now(_Opening(self._ring(stage)))
        return Restored(manifest, newest_version(), str(verdict), closed, None)

    def _ring(self, stage: Path) -> KeyRing | None:
        """The keys that the restored server will have."""
        texts = () if is_from_setting(self._settings) else keyring.read_file(stage)
        texts = texts or read_texts(self._settings)
        return KeyRing(texts) if texts else None

    def _move_aside(self, folder: Path, stage: Path) -> Path | None:
        found = self._existing(folder)
        if not (stage / KEYS_FILE).exists():
            # The keys here are what opens the backup's credentials.
            found = [path for path in found if path.name != keyring.FILE_NAME]
        if not found:
            return None
        aside = folder / f"replaced-{self._clock.now():%Y%m%dT%H%M%S}"
        aside.mkdir(mode=0o700)
        for path in found:
            shutil.move(path, aside / path.name)
        return aside

    def _put(self, stage: Path, folder: Path) -> None:
        database = self._settings.database_path
        database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.move(stage / SQLITE_FILE, database)
        if (stage / KEYS_FILE).exists():
            shutil.move(stage / KEYS_FILE, folder / keyring.FILE_NAME)


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
            self._ring.open(row.sealed, identity_of(row.project_id, row.id))
        except SecretKeyError:
            return False
        return True
