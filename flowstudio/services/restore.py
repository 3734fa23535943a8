"""Restoring a backup: everything is proved, and put back as it was if that does not go well."""

import shutil
import tempfile
from contextlib import closing
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from flowstudio.clock import Clock, SystemClock
from flowstudio.errors import ConflictError, InvalidInputError
from flowstudio.scale.owners import FileOwners
from flowstudio.security import keyring
from flowstudio.security.keyring import KeyRing
from flowstudio.services.access import Actor, authorize
from flowstudio.services.backup_archive import (
    KEYS_FILE,
    POSTGRES_FILE,
    SQLITE_FILE,
    Manifest,
    unpack,
)
from flowstudio.services.restore_proof import Restored, check_schema, prove
from flowstudio.services.secret_keys import is_from_setting, read_texts
from flowstudio.settings import Settings
from flowstudio.store import snapshot
from flowstudio.store.database import Database, find_server, migrate, open_database
from flowstudio.store.records import Records

#: What may lie in a data directory that counts as empty.
_OF_NO_MATTER = frozenset({"models", "catalogue.json", "owners"})
#: PostgreSQL's driver takes a while to load.
_DUMP = "flowstudio.store.postgres_dump"


class RestoreService:
    """Puts a backup in place."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._server = find_server(settings)
        self._aside = f"{self._clock.now():%Y%m%dT%H%M%S}".lower()

    async def restore(self, actor: Actor, source: Path, *, force: bool = False) -> Restored:
        """Restore a backup, bring it up to date, and prove it.

        Unless all of that goes well, the data directory and the database are as they were.

        Args:
            actor: who asks.
            source: the backup.
            force: move what is there aside.

        Raises:
            ConflictError: the data directory or the database is in use, or not empty.
            InvalidInputError: it is no backup, or not as it was written.
            JournalError: its database cannot be put in place or brought up to date.
        """
        authorize(actor, "backup.restore")
        folder = self._settings.data_dir
        if any(FileOwners.living(folder / "owners")):
            message = f"A FlowStudio is running on {folder}. Stop it, then restore."
            raise ConflictError(message)
        is_empty = self._check_server(force=force) if self._server else self._check(force=force)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=folder) as staging:
            stage = Path(staging)
            manifest = unpack(source, stage)
            name = POSTGRES_FILE if self._server else SQLITE_FILE
            if not (stage / name).exists():
                raise InvalidInputError([_other_kind(manifest, name)])
            check_schema(manifest)
            if self._server:
                return await self._restore_server(stage, manifest, is_empty=is_empty)
            return await self._restore_file(stage, manifest)

    def _ring(self, stage: Path) -> KeyRing | None:
        """The keys that the restored server will have."""
        texts = () if is_from_setting(self._settings) else keyring.read_file(stage)
        texts = texts or read_texts(self._settings)
        return KeyRing(texts) if texts else None

    def _put_keys(self, stage: Path) -> None:
        if (stage / KEYS_FILE).exists():
            shutil.move(stage / KEYS_FILE, self._settings.data_dir / keyring.FILE_NAME)

    # A file

    def _check(self, *, force: bool) -> bool:
        folder, found = self._settings.data_dir, self._existing()
        if found and not force:
            raise ConflictError(
                f"{folder} is not empty ({', '.join(path.name for path in found[:5])}). Restore into "
                "another FLOWSTUDIO_DATA_DIR, or give --force to move these aside."
            )
        return not found

    def _existing(self) -> list[Path]:
        folder, database = self._settings.data_dir, self._settings.database_path
        inside = sorted(folder.iterdir()) if folder.is_dir() else []
        found = [
            path
            for path in inside
            if path.name not in _OF_NO_MATTER
            and not path.name.startswith((".restore-", "replaced-"))
        ]
        if database.parent != folder:
            found += sorted(database.parent.glob(f"{database.name}*"))
        return found

    async def _restore_file(self, stage: Path, manifest: Manifest) -> Restored:
        copy, database = stage / SQLITE_FILE, self._settings.database_path
        if faults := snapshot.find_faults(copy):
            raise InvalidInputError([f"The backup's database is damaged: {'; '.join(faults)}"])
        _compare(snapshot.count_rows(copy), manifest)
        migrate(copy)
        with closing(Records(Database(copy), "full")) as records:
            done = await prove(records, self._clock, manifest, self._ring(stage))
        moved = self._move_aside(has_keys=(stage / KEYS_FILE).exists())
        database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.move(copy, database)
        self._put_keys(stage)
        return replace(done, moved=moved)

    def _move_aside(self, *, has_keys: bool) -> Path | None:
        found = self._existing()
        if not has_keys:
            # The keys here are what opens the backup's credentials.
            found = [path for path in found if path.name != keyring.FILE_NAME]
        if not found:
            return None
        aside = self._settings.data_dir / f"replaced-{self._aside}"
        aside.mkdir(mode=0o700)
        for path in found:
            shutil.move(path, aside / path.name)
        return aside

    # A server

    def _check_server(self, *, force: bool) -> bool:
        dump = import_module(_DUMP)
        if dump.is_in_use(self._server):
            message = "A FlowStudio is connected to the database. Stop all of them, then restore."
            raise ConflictError(message)
        is_empty = not dump.look(self._server).version
        if not is_empty and not force:
            message = (
                "The database is not empty. Name another in FLOWSTUDIO_DATABASE_URL, or give --force "
                "to move what is in it into a schema of its own."
            )
            raise ConflictError(message)
        return is_empty

    async def _restore_server(self, stage: Path, manifest: Manifest, *, is_empty: bool) -> Restored:
        dump: Any = import_module(_DUMP)
        aside = "" if is_empty else self._aside
        dump.load(self._server, stage / POSTGRES_FILE, aside)
        try:
            _compare(dump.look(self._server).counts, manifest)
            with closing(Records(open_database(self._settings), "full")) as records:
                done = await prove(records, self._clock, manifest, self._ring(stage))
        except BaseException:
            dump.undo(self._server, aside)
            raise
        key = self._settings.data_dir / keyring.FILE_NAME
        if (stage / KEYS_FILE).exists() and key.exists():
            shutil.move(key, key.with_name(f"{key.name}.replaced-{self._aside}"))
        self._put_keys(stage)
        return replace(done, moved=f"the schema replaced_{aside}" if aside else None)


def _compare(counts: dict[str, int], manifest: Manifest) -> None:
    if counts != manifest.counts:
        raise InvalidInputError(["The backup's database does not hold what its manifest counts."])


def _other_kind(manifest: Manifest, name: str) -> str:
    if manifest.kind == "postgresql" and name == SQLITE_FILE:
        return "The backup is of PostgreSQL: name a database in FLOWSTUDIO_DATABASE_URL for it."
    if manifest.kind == "sqlite" and name == POSTGRES_FILE:
        return "The backup is of SQLite, and FLOWSTUDIO_DATABASE_URL names a PostgreSQL server."
    return f"The backup holds no {name}."
