"""The file a backup is: a .tar.gz of a manifest and what it names, and nothing else."""

import hashlib
import io
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flowstudio.errors import InvalidInputError

MANIFEST = "manifest.json"
SQLITE_FILE = "flowstudio.db"
POSTGRES_FILE = "flowstudio.dump"
KEYS_FILE = "secret.key"
#: Names are compared with these, so no other can reach a path.
_ALLOWED = frozenset({MANIFEST, SQLITE_FILE, POSTGRES_FILE, KEYS_FILE})
_MOST_MANIFEST_BYTES = 1_000_000
_MOST_KEYS_BYTES = 100_000
_PIECE = 1 << 20


class StoredFile(BaseModel):
    """One file of a backup."""

    model_config = ConfigDict(extra="forbid")

    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """What a backup holds, so that a restore can tell whether it got all of it."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["flowstudio-backup/1"] = "flowstudio-backup/1"
    made_at: datetime
    version: str
    db_schema: str = Field(pattern=r"^\d{4}$")
    kind: Literal["sqlite", "postgresql"]
    counts: dict[str, int]
    files: dict[str, StoredFile]


def hash_file(path: Path) -> StoredFile:
    """Size and SHA-256."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return StoredFile(bytes=path.stat().st_size, sha256=digest)


def write_archive(target: Path, manifest: Manifest, files: Mapping[str, Path]) -> None:
    """Write a backup, readable by its owner alone; it is whole, or it is not there."""
    draft = target.with_name(f".{target.name}.part")
    draft.unlink(missing_ok=True)
    draft.touch(0o600)
    try:
        with tarfile.open(draft, "w:gz", compresslevel=5) as archive:
            text = manifest.model_dump_json(indent=2).encode()
            _add(archive, MANIFEST, io.BytesIO(text), len(text))
            for name, path in files.items():
                with path.open("rb") as file:
                    _add(archive, name, file, path.stat().st_size)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _add(archive: tarfile.TarFile, name: str, file: IO[bytes], size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    archive.addfile(entry, file)


def unpack(source: Path, folder: Path) -> Manifest:
    """Put the files of a backup into a folder, each checked against the manifest.

    Raises:
        InvalidInputError: it is no backup, or not as it was written; nothing of it may be used.
    """
    try:
        with _reading(source) as archive:
            return _unpack(archive, folder)
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        if isinstance(error, InvalidInputError):
            raise
        problem = f"{source} cannot be read as a backup: {error}"
        raise InvalidInputError([problem]) from error


@contextmanager
def _reading(source: Path) -> Iterator[tarfile.TarFile]:
    # As a stream: each entry is met once, in its order, and none can point back to another.
    with source.open("rb") as file, tarfile.open(fileobj=file, mode="r|gz") as archive:
        yield archive


def _unpack(archive: tarfile.TarFile, folder: Path) -> Manifest:
    manifest: Manifest | None = None
    seen: set[str] = set()
    for entry in archive:
        _check_entry(entry, seen)
        seen.add(entry.name)
        file = archive.extractfile(entry)
        if file is None:
            raise InvalidInputError([f"{entry.name} in the backup has no content."])
        if manifest is None:
            manifest = _read_manifest(entry, file)
        else:
            _take(entry, file, folder / entry.name, manifest)
    if manifest is None:
        raise InvalidInputError(["The backup is empty."])
    if missing := sorted(manifest.files.keys() - seen):
        raise InvalidInputError([f"The backup was cut: {', '.join(missing)} is missing."])
    return manifest


def _check_entry(entry: tarfile.TarInfo, seen: set[str]) -> None:
    if entry.name not in _ALLOWED or not entry.isreg():
        kind = "a file" if entry.isreg() else "no plain file"
        problem = (
            f"{entry.name[:100]!r} ({kind}) does not belong into a backup; nothing was restored."
        )
        raise InvalidInputError([problem])
    if entry.name in seen:
        raise InvalidInputError([f"{entry.name} stands in the backup twice."])
    if not seen and entry.name != MANIFEST:
        raise InvalidInputError([f"A backup begins with its {MANIFEST}; this one does not."])


def _read_manifest(entry: tarfile.TarInfo, file: IO[bytes]) -> Manifest:
    if entry.size > _MOST_MANIFEST_BYTES:
        raise InvalidInputError([f"The {MANIFEST} is too large to be one."])
    try:
        return Manifest.model_validate_json(file.read())
    except ValidationError as error:
        places = ", ".join(".".join(map(str, one["loc"])) or "it" for one in error.errors()[:5])
        problem = f"The {MANIFEST} does not read ({places}). A newer FlowStudio may have made it."
        raise InvalidInputError([problem]) from error


def _take(entry: tarfile.TarInfo, file: IO[bytes], target: Path, manifest: Manifest) -> None:
    told = manifest.files.get(entry.name)
    if told is None or told.bytes != entry.size:
        raise InvalidInputError([f"{entry.name} is not what the {MANIFEST} says of it."])
    if entry.name == KEYS_FILE and entry.size > _MOST_KEYS_BYTES:
        raise InvalidInputError([f"{KEYS_FILE} is too large to hold keys."])
    digest = hashlib.sha256()
    target.touch(0o600)
    with target.open("wb") as written:
        while piece := file.read(_PIECE):
            digest.update(piece)
            written.write(piece)
    if digest.hexdigest() != told.sha256:
        raise InvalidInputError([f"{entry.name} was changed or damaged since the backup was made."])
