"""Backups: the database as it is at one moment, while runs go on, in one file."""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from sqlmodel import Session

from flowstudio.clock import Clock, SystemClock
from flowstudio.errors import ConflictError, FlowStudioError, InvalidInputError
from flowstudio.security import keyring
from flowstudio.services.access import INSTANCE, Actor, authorize
from flowstudio.services.backup_archive import (
    KEYS_FILE,
    POSTGRES_FILE,
    SQLITE_FILE,
    Manifest,
    StoredFile,
    hash_file,
    write_archive,
)
from flowstudio.services.system_notices import trouble
from flowstudio.settings import Settings
from flowstudio.store import audit, notices, snapshot
from flowstudio.store.database import find_server, newest_version, open_database
from flowstudio.store.records import Records
from flowstudio.store.snapshot import Taken

#: PostgreSQL's driver takes a while to load.
_DUMP = "flowstudio.store.postgres_dump"


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made."""

    path: Path
    bytes: int
    manifest: Manifest

    @property
    def has_keys(self) -> bool:
        """Whether it opens the credentials that are in it."""
        return KEYS_FILE in self.manifest.files


class BackupService:
    """Makes backups. The database is taken as it is: its schema is not brought up to date."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._server = find_server(settings)

    def create(self, actor: Actor, target: Path, *, with_keys: bool = False) -> Backup:
        """Write a backup beside whatever goes on.

        Args:
            actor: who asks.
            target: the file to make.
            with_keys: put the key file in, too; whoever has the backup then has every secret.

        Raises:
            ConflictError: there is such a file already.
            InvalidInputError: it cannot be written there, or there is no key file.
            JournalError: the database cannot be read, or the copy of it is not whole.
        """
        authorize(actor, "backup.create")
        try:
            return self._create(actor, target, with_keys=with_keys)
        except (FlowStudioError, OSError) as error:
            self._tell(error)
            raise

    def _create(self, actor: Actor, target: Path, *, with_keys: bool) -> Backup:
        self._check(target, with_keys=with_keys)
        self._log(actor, with_keys=with_keys)
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as folder:
            name = POSTGRES_FILE if self._server else SQLITE_FILE
            files = {name: Path(folder) / name}
            taken = self._take(files[name])
            if with_keys:
                files[KEYS_FILE] = self._settings.data_dir / keyring.FILE_NAME
            manifest = self._describe(
                taken, {name: hash_file(path) for name, path in files.items()}
            )
            write_archive(target, manifest, files)
        return Backup(target, target.stat().st_size, manifest)

    def _check(self, target: Path, *, with_keys: bool) -> None:
        if target.exists():
            message = f"{target} exists already. Choose another name, or remove it first."
            raise ConflictError(message)
        if not target.parent.is_dir():
            raise InvalidInputError([f"There is no folder {target.parent}."])
        database = self._settings.database_path
        is_file = not self._server and database.exists()
        needed = database.stat().st_size * 2 if is_file else 0
        if (free := shutil.disk_usage(target.parent).free) < needed:
            problem = (
                f"{target.parent} has {free / 1e6:,.0f} MB free, and the copy with the backup may take "
                f"{needed / 1e6:,.0f} MB. Choose another place."
            )
            raise InvalidInputError([problem])
        if with_keys and not (self._settings.data_dir / keyring.FILE_NAME).exists():
            problem = f"There is no key file to take: the keys stand in {keyring.SETTING}. Keep them safe yourself."
            raise InvalidInputError([problem])

    def _take(self, target: Path) -> Taken:
        if self._server:
            taken: Taken = import_module(_DUMP).dump(self._server, target)
            return taken
        return snapshot.copy_database(self._settings.database_path, target)

    def _describe(self, taken: Taken, files: dict[str, StoredFile]) -> Manifest:
        return Manifest(
            made_at=self._clock.now(),
            version=version("flowstudio"),
            db_schema=taken.version,
            kind="postgresql" if self._server else "sqlite",
            counts=taken.counts,
            files=files,
        )

    def _log(self, actor: Actor, *, with_keys: bool) -> None:
        """Tell of it in the audit log, unless that is of another version."""
        if self._version() != newest_version():
            return
        entry = audit.Entry(
            at=self._clock.now(),
            actor_id=actor.id,
            actor=actor.name,
            verb="backup.create",
            kind=INSTANCE.kind,
            object_id="",
            project_id="",
            details={"with_keys": with_keys},
        )
        self._write(partial(_append, entry=entry))

    def _tell(self, error: Exception) -> None:
        """Tell admins once a day that there is no new backup: who runs them by a timer sees nothing."""
        notice = trouble("backup", "A backup could not be made", str(error), self._clock.now())
        with suppress(FlowStudioError, OSError):
            if self._version() == newest_version():
                self._write(lambda session: notices.add(session, notice))

    def _write(self, work: Callable[[Session], object]) -> None:
        # Its schema is this version's, so that opening changes nothing.
        records = Records(open_database(self._settings), self._settings.durability)
        try:
            records.write_now(work)
        finally:
            records.close()

    def _version(self) -> str:
        if self._server:
            return str(import_module(_DUMP).look(self._server).version)
        return snapshot.read_version(self._settings.database_path)


def _append(session: Session, entry: audit.Entry) -> None:
    audit.append(session, entry)
