"""What tests of several layers share: a real runtime on a real database, and its node types."""

import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from flowstudio.runtime import Runtime
from flowstudio.settings import Settings
from flowstudio.store.database import open_database
from tests.fakes.clock import TurnedClock
from tests.fakes.nodes import Bench
from tests.postgres import Cluster, cluster, find_programs
from tests.running import opened
from tests.schema import migrated_once, unflushed

#: Their tests share nothing, and there are hundreds of them.
_SPLIT = {"tests/api/test_routes.py", "tests/api/test_schemathesis.py"}


class _ByFile(LoadScopeScheduling):
    """A file stays in one process, for the sake of what its tests share; so do all with a browser."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        if path in _SPLIT:
            return nodeid
        return "browser" if path.startswith("tests/e2e/") else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return _ByFile(config, log)


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores, for one of them mostly waits for a browser."""
    return min((os.cpu_count() or 1) + 1, 4)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Check ids: of two tests with one, several processes would do one and count both as done."""
    if twice := [
        name for name, times in Counter(item.nodeid for item in items).items() if times > 1
    ]:
        raise pytest.UsageError(f"More than one test is called {twice}.")


@pytest.fixture(scope="session", autouse=True)
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with unflushed(), migrated_once(tmp_path_factory.mktemp("schema")):
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL server for all tests of this process."""
    if find_programs() is None:
        reason = "PostgreSQL is not installed (apt-get install postgresql)"
        if os.environ.get("CI") == "true":  # noqa: TID251 - a fact of the machine, not a setting
            pytest.fail(reason)
        pytest.skip(reason)
    with cluster() as server:
        yield server


@pytest.fixture
def empty_postgres(postgres: Cluster) -> Iterator[str]:
    """The address of a new database without any table."""
    with postgres.database() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Name of a database whose schema is up to date."""
    name = postgres.create()
    folder = tmp_path_factory.mktemp("migrated")
    open_database(Settings(data_dir=folder, database_url=postgres.url(name)))
    return name


@pytest.fixture
def postgres_url(postgres: Cluster, migrated_postgres: str) -> str:
    """The address of a database whose schema is up to date and whose tables are empty."""
    # Emptying one costs a tenth of copying one.
    postgres.empty(migrated_postgres)
    return postgres.url(migrated_postgres)


@pytest.fixture(params=["sqlite", "postgres"])
def either_database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Has the test done twice: with a SQLite file in each data directory, and on PostgreSQL.

    There, all settings the test makes lead to one database, whatever their data directory.
    """
    kind: str = request.param
    if kind == "postgres":
        monkeypatch.setenv("FLOWSTUDIO_DATABASE_URL", request.getfixturevalue("postgres_url"))
    return kind


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
async def runtime(tmp_path: Path, bench: Bench) -> AsyncIterator[Runtime]:
    async with opened(tmp_path, bench) as runtime:
        yield runtime


@pytest.fixture
async def timed(tmp_path: Path, bench: Bench, clock: TurnedClock) -> AsyncIterator[Runtime]:
    """A runtime whose time the test turns by hand."""
    async with opened(tmp_path, bench, clock) as runtime:
        yield runtime
