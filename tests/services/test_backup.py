"""Backups taken while runs go on, and what becomes of them elsewhere."""

import asyncio
import hashlib
import io
import json
import sqlite3
import tarfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from flowstudio.engine.runner import Ended
from flowstudio.errors import ConflictError, FlowStudioError, InvalidInputError
from flowstudio.runtime import Runtime, open_runtime
from flowstudio.services.access import OPERATOR
from flowstudio.services.backup import Backup, BackupService
from flowstudio.services.credential_inputs import NewBearer
from flowstudio.services.restore import RestoreService
from flowstudio.settings import Settings
from flowstudio.store import snapshot
from flowstudio.store.database import MIGRATIONS, newest_version
from flowstudio.store.migrations import downgrade
from tests.builders import node, workflow
from tests.fakes.nodes import Bench
from tests.people import person, project_of
from tests.processes import until
from tests.running import create, ended, opened, run

GATED = workflow(
    node("start"), node("count", "a"), node("gate"), node("count", "b"), edges="start>a>gate>b"
)
SHORT = workflow(node("start"), node("count"), edges="start>count")


def backed_up(folder: Path, name: str = "backup.tar.gz", **options: Any) -> Backup:
    target = folder.parent / name
    return BackupService(Settings(data_dir=folder)).create(OPERATOR, target, **options)


async def restored(source: Path, folder: Path, **options: Any) -> Any:
    return await RestoreService(Settings(data_dir=folder)).restore(OPERATOR, source, **options)


@asynccontextmanager
async def load(runtime: Runtime) -> AsyncIterator[list[str]]:
    """Short runs, one after another in four rows, for as long as the block takes."""
    done: list[str] = []
    is_over = False

    async def row() -> None:
        while not is_over:
            done.append((await run(runtime, SHORT)).id)

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(row())
        await until(lambda: len(done) >= 4)
        yield done
        is_over = True


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
async def made(home: Path, bench: Bench) -> Path:
    """A backup of an installation with one finished run."""
    async with opened(home, bench) as runtime:
        await run(runtime, SHORT)
    return backed_up(home).path


async def test_taken_under_load_and_restored_elsewhere_unfinished_runs_finish_there(
    tmp_path: Path, home: Path, bench: Bench
) -> None:
    async with opened(home, bench) as runtime:
        for email in ("a@example.com", "b@example.com"):
            person(runtime.studio.parts, email)
        owner = person(runtime.studio.parts, "owner@example.com")
        await runtime.studio.projects.create(owner, "Ours")
        cut = [await create(runtime, GATED) for _ in range(5)]
        for run_id in cut:
            runtime.dispatcher.launch(run_id)
        await bench.started("gate").wait()
        async with load(runtime) as done:
            before = len(done)
            backup = await asyncio.to_thread(backed_up, home)
            after = len(done)
        assert after > before, "nothing ran while the backup was made"
    elsewhere, new = tmp_path / "elsewhere", Bench()
    told = await restored(backup.path, elsewhere)
    path = elsewhere / "flowstudio.db"
    assert snapshot.find_faults(path) == []
    assert snapshot.count_rows(path) == backup.manifest.counts
    assert "none is missing" in told.audit
    new.gate("gate").set()
    async with opened(elsewhere, new) as runtime:
        assert set(cut) <= set(await runtime.dispatcher.carry_on())
        for run_id in cut:
            assert (await ended(runtime, run_id)).outcome == Ended("succeeded")
    assert "run a" not in new.log


def test_the_file_is_its_owners_alone_and_tells_of_itself_in_the_audit_log(
    made: Path, home: Path
) -> None:
    assert made.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(home / "flowstudio.db")) as database:
        assert database.execute("SELECT verb FROM audit_entry").fetchall() == [("backup.create",)]
    assert sorted(path.name for path in made.parent.iterdir()) == [made.name, "home"]
    with pytest.raises(ConflictError, match="exists already"):
        backed_up(home)


async def test_credentials_open_with_the_keys_and_stay_closed_without(
    tmp_path: Path, home: Path, bench: Bench
) -> None:
    async with open_runtime(Settings(data_dir=home), registry=bench.registry()) as runtime:
        owner = person(runtime.studio.parts)
        wanted = NewBearer(name="crm", kind="bearer", token="secret", hosts=["a.test"])  # noqa: S106
        await runtime.studio.credentials.create(owner, project_of(owner), wanted)
    with_keys = backed_up(home, "with.tar.gz", with_keys=True)
    without = backed_up(home, "without.tar.gz")
    assert (with_keys.has_keys, without.has_keys) == (True, False)
    assert (await restored(with_keys.path, tmp_path / "one")).closed == ()
    key = tmp_path / "one" / "secret.key"
    assert key.read_text() == (home / "secret.key").read_text()
    assert key.stat().st_mode & 0o077 == 0
    assert (await restored(without.path, tmp_path / "two")).closed == ("crm",)
    setting = Settings(data_dir=tmp_path / "three", secret_key=key.read_text().strip())
    told = await RestoreService(setting).restore(OPERATOR, without.path)
    assert told.closed == ()


async def test_a_directory_with_something_in_it_is_left_alone_unless_forced(
    made: Path, home: Path, tmp_path: Path
) -> None:
    before = (home / "flowstudio.db").read_bytes()
    with pytest.raises(ConflictError, match=r"not empty \(flowstudio\.db.*--force"):
        await restored(made, home)
    assert (home / "flowstudio.db").read_bytes() == before
    told = await restored(made, home, force=True)
    assert (told.moved / "flowstudio.db").read_bytes() == before
    assert snapshot.find_faults(home / "flowstudio.db") == []
    models = tmp_path / "fresh" / "models"
    models.mkdir(parents=True)
    assert (await restored(made, models.parent)).moved is None


async def test_a_directory_in_use_is_refused_even_when_forced(
    made: Path, home: Path, bench: Bench
) -> None:
    async with opened(home, bench):
        with pytest.raises(ConflictError, match="running"):
            await restored(made, home, force=True)


@pytest.mark.usefixtures("made")
async def test_a_backup_of_an_older_schema_is_brought_up_to_date(
    tmp_path: Path, home: Path
) -> None:
    older = f"{int(newest_version()) - 1:04}"
    engine = create_engine(f"sqlite:///{home / 'flowstudio.db'}")
    downgrade(engine, MIGRATIONS, older)
    engine.dispose()
    backup = backed_up(home, "older.tar.gz")
    assert backup.manifest.db_schema == older
    assert snapshot.read_version(home / "flowstudio.db") == older
    told = await restored(backup.path, tmp_path / "new")
    assert told.schema == snapshot.read_version(tmp_path / "new" / "flowstudio.db")
    assert told.schema == newest_version()


# What is no backup, or not as it was written


def rewritten(
    source: Path,
    target: Path,
    change: Callable[[dict[str, bytes], list[tuple[tarfile.TarInfo, bytes]]], None],
) -> Path:
    """A copy of an archive whose files and further entries a test has changed."""
    with tarfile.open(source) as archive:
        files = {entry.name: archive.extractfile(entry).read() for entry in archive}  # type: ignore[union-attr]
    more: list[tuple[tarfile.TarInfo, bytes]] = []
    change(files, more)
    with tarfile.open(target, "w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for entry, content in more:
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return target


def extra(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> Any:
    def change(_: Any, more: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = kind, link
        more.append((entry, b"x" if kind == tarfile.REGTYPE else b""))

    return change


def first(name: str, kind: bytes, link: str) -> Any:
    """The entry of that name is a link instead."""

    def change(files: dict[str, bytes], more: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        del files[name]
        extra(name, kind, link)(files, more)

    return change


def manifest(**changes: Any) -> Any:
    def change(files: dict[str, bytes], _: Any) -> None:
        told = json.loads(files["manifest.json"])
        files["manifest.json"] = json.dumps(told | changes).encode()

    return change


def database(change_it: Callable[[bytes], bytes], *, is_told: bool = True) -> Any:
    def change(files: dict[str, bytes], _: Any) -> None:
        content = files["flowstudio.db"] = change_it(files["flowstudio.db"])
        if is_told:
            told = json.loads(files["manifest.json"])
            digest = hashlib.sha256(content).hexdigest()
            told["files"]["flowstudio.db"] = {"bytes": len(content), "sha256": digest}
            files["manifest.json"] = json.dumps(told).encode()

    return change


def without_manifest(files: dict[str, bytes], _: Any) -> None:
    del files["manifest.json"]


def reordered(files: dict[str, bytes], _: Any) -> None:
    files["manifest.json"] = files.pop("manifest.json")


def cut(files: dict[str, bytes], _: Any) -> None:
    del files["flowstudio.db"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (extra("../evil"), "does not belong"),
        (extra("/etc/evil"), "does not belong"),
        (extra("flowstudio.db/../../evil"), "does not belong"),
        (extra("..\\evil"), "does not belong"),
        (extra("evil\0.txt"), "does not belong"),
        (extra("link", tarfile.SYMTYPE, "/etc/passwd"), "does not belong"),
        (extra("secret.key", tarfile.SYMTYPE, "/etc/passwd"), "no plain file"),
        (extra("secret.key", tarfile.LNKTYPE, "manifest.json"), "no plain file"),
        (extra("secret.key", tarfile.FIFOTYPE), "no plain file"),
        (first("flowstudio.db", tarfile.SYMTYPE, "/etc/passwd"), "no plain file"),
        (extra("secret.key"), "not what the manifest.json says"),
        (extra("flowstudio.db"), "twice"),
        (without_manifest, "begins with its manifest"),
        (reordered, "begins with its manifest"),
        (cut, "flowstudio.db is missing"),
        (manifest(format="flowstudio-backup/2"), "newer FlowStudio"),
        (manifest(more=1), "newer FlowStudio"),
        (manifest(db_schema="9999"), "Install that version"),
        (manifest(counts={"run": 5}), "does not hold what its manifest counts"),
        (
            database(lambda content: content[:-4096] + bytes(4096), is_told=False),
            "changed or damaged",
        ),
        (database(lambda content: content[:100] + b"no pages here at all" * 300), "damaged"),
        (database(lambda _: b"this is no database"), "damaged|no database|not a database"),
    ],
)
async def test_a27_what_is_no_backup_is_refused_and_nothing_is_written(
    made: Path, tmp_path: Path, change: Any, says: str
) -> None:
    folder = tmp_path / "new"
    before = everything(tmp_path)
    bad = rewritten(made, tmp_path / "bad.tar.gz", change)
    with pytest.raises(FlowStudioError, match=says):
        await restored(bad, folder)
    assert list(folder.iterdir()) == []
    assert everything(tmp_path) - before <= {folder, bad}


def everything(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\x00cut"])
async def test_a_file_that_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad").write_bytes(content)
    with pytest.raises(InvalidInputError, match="backup"):
        await restored(tmp_path / "bad", tmp_path / "new")


@pytest.mark.usefixtures("made")
async def test_a_log_that_somebody_has_changed_is_refused(tmp_path: Path, home: Path) -> None:
    with closing(sqlite3.connect(home / "flowstudio.db")) as found, found:
        found.execute("DROP TRIGGER audit_entry_no_update")
        found.execute("UPDATE audit_entry SET actor='nobody'")
    forged = backed_up(home, "forged.tar.gz")
    with pytest.raises(InvalidInputError, match="audit log is not whole"):
        await restored(forged.path, tmp_path / "new")


@pytest.mark.usefixtures("made")
def test_a_damaged_database_makes_no_backup(home: Path) -> None:
    path = home / "flowstudio.db"
    content = bytearray(path.read_bytes())
    content[8192:12288] = bytes(4096)
    path.write_bytes(content)
    with pytest.raises(FlowStudioError):
        backed_up(home, "bad.tar.gz")
    assert not (home.parent / "bad.tar.gz").exists()
