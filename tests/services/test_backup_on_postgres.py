"""Backups of a PostgreSQL database, taken while runs go on, and restored into another one."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from flowstudio.errors import ConflictError, InvalidInputError, JournalError
from flowstudio.runtime import open_runtime
from flowstudio.services.access import OPERATOR
from flowstudio.services.backup import Backup, BackupService
from flowstudio.services.restore import RestoreService
from flowstudio.settings import Settings
from flowstudio.store import postgres_dump
from flowstudio.store.database import newest_version
from tests.fakes.nodes import Bench
from tests.people import person
from tests.postgres import Cluster
from tests.running import create, reached, run
from tests.services.test_backup import GATED, SHORT, load


def settings(folder: Path, url: str) -> Settings:
    return Settings(data_dir=folder, database_url=url)


@pytest.fixture
def other(postgres: Cluster) -> Iterator[str]:
    with postgres.database() as url:
        yield url


@pytest.fixture
async def taken(tmp_path: Path, postgres_url: str, bench: Bench) -> tuple[Backup, list[str]]:
    """A backup made under load, and the runs that were cut off."""
    home = settings(tmp_path / "home", postgres_url)
    async with open_runtime(home, registry=bench.registry()) as runtime:
        person(runtime.studio.parts)
        cut = [await create(runtime, GATED) for _ in range(3)]
        for run_id in cut:
            runtime.dispatcher.launch(run_id)
        await bench.started("gate").wait()
        async with load(runtime) as done:
            before = len(done)
            service = BackupService(home)
            target = tmp_path / "backup.tar.gz"
            backup = await asyncio.to_thread(service.create, OPERATOR, target, with_keys=True)
            assert len(done) > before, "nothing ran while the backup was made"
    return backup, cut


async def test_restored_elsewhere_the_counts_are_equal_and_unfinished_runs_finish(
    taken: tuple[Backup, list[str]], tmp_path: Path, other: str
) -> None:
    backup, cut = taken
    there = settings(tmp_path / "there", other)
    told = await RestoreService(there).restore(OPERATOR, backup.path)
    assert backup.manifest.kind == "postgresql"
    assert postgres_dump.look(other).counts == backup.manifest.counts
    assert ("none is missing" in told.audit, told.closed) == (True, ())
    new = Bench()
    new.gate("gate").set()
    async with (
        open_runtime(there, registry=new.registry()) as runtime,
        asyncio.TaskGroup() as group,
    ):
        serving = group.create_task(runtime.dispatcher.serve())
        for run_id in cut:
            assert (await reached(runtime, run_id, "succeeded")).status == "succeeded"
        serving.cancel()
    assert "run a" not in new.log


async def test_a_database_with_something_in_it_is_left_alone_unless_forced(
    taken: tuple[Backup, list[str]], tmp_path: Path, other: str, bench: Bench
) -> None:
    backup, _ = taken
    there = settings(tmp_path / "there", other)
    async with open_runtime(there, registry=bench.registry()) as runtime:
        await run(runtime, SHORT)
    with psycopg.connect(other) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS procrastinate")
    before = postgres_dump.look(other)
    with pytest.raises(ConflictError, match="not empty"):
        await RestoreService(there).restore(OPERATOR, backup.path)
    assert postgres_dump.look(other) == before
    told = await RestoreService(there).restore(OPERATOR, backup.path, force=True)
    assert postgres_dump.look(other).counts == backup.manifest.counts
    schema = str(told.moved).removeprefix("the schema ")
    with psycopg.connect(other) as connection:
        names = "SELECT to_regnamespace('procrastinate'), to_regnamespace(%s)"
        gone, there_now = connection.execute(names, (f"{schema}_jobs",)).fetchone() or ()
        assert (gone, there_now) == (None, f"{schema}_jobs")
        connection.execute(f"SET search_path={schema}".encode())
        assert connection.execute("SELECT count(*) FROM run").fetchone() == (before.counts["run"],)


async def test_a_database_in_use_is_refused(
    taken: tuple[Backup, list[str]], tmp_path: Path, other: str, bench: Bench
) -> None:
    there = settings(tmp_path / "there", other)
    async with open_runtime(there, registry=bench.registry()) as runtime:
        await run(runtime, SHORT)
        elsewhere = settings(tmp_path / "elsewhere", other)
        with pytest.raises(ConflictError, match="connected"):
            await RestoreService(elsewhere).restore(OPERATOR, taken[0].path, force=True)


async def test_a_backup_whose_log_was_changed_leaves_the_database_as_it_was(
    tmp_path: Path, postgres_url: str, other: str, bench: Bench
) -> None:
    home, there = settings(tmp_path / "home", postgres_url), settings(tmp_path / "there", other)
    BackupService(home).create(OPERATOR, tmp_path / "first.tar.gz")
    with psycopg.connect(postgres_url) as connection:
        connection.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        connection.execute("UPDATE audit_entry SET actor='nobody'")
        connection.execute("ALTER TABLE audit_entry ENABLE TRIGGER USER")
    forged = BackupService(home).create(OPERATOR, tmp_path / "forged.tar.gz")
    with pytest.raises(InvalidInputError, match="audit log is not whole"):
        await RestoreService(there).restore(OPERATOR, forged.path)
    assert postgres_dump.look(other).version == ""
    async with open_runtime(there, registry=bench.registry()) as runtime:
        await run(runtime, SHORT)
    before = postgres_dump.look(other)
    with pytest.raises(InvalidInputError, match="audit log is not whole"):
        await RestoreService(there).restore(OPERATOR, forged.path, force=True)
    assert postgres_dump.look(other) == before
    assert before.version == newest_version()


async def test_a_backup_of_the_other_kind_is_refused_with_what_to_do(
    taken: tuple[Backup, list[str]], tmp_path: Path
) -> None:
    there = Settings(data_dir=tmp_path / "there", database_url=f"sqlite:///{tmp_path}/x/y.db")
    with pytest.raises(InvalidInputError, match="FLOWSTUDIO_DATABASE_URL"):
        await RestoreService(there).restore(OPERATOR, taken[0].path)


def test_a_server_out_of_reach_is_told_without_its_password(tmp_path: Path) -> None:
    away = settings(tmp_path, "postgresql://u:CANARY@127.0.0.1:1/x")
    with pytest.raises(JournalError) as told:
        BackupService(away).create(OPERATOR, tmp_path / "b.tar.gz")
    assert "CANARY" not in str(told.value)
