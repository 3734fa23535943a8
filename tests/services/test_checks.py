"""What the doctor finds, each time with why it matters and what to do."""

import asyncio
import socket
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from flowstudio.runtime import open_runtime
from flowstudio.services.access import OPERATOR
from flowstudio.services.checks import everything, machine, postgres, sqlite
from flowstudio.services.checks.finding import Finding
from flowstudio.settings import Settings
from flowstudio.store.database import newest_version
from tests.api.test_probes import site
from tests.builders import node, workflow
from tests.fakes.clock import TurnedClock
from tests.fakes.nodes import Bench
from tests.fakes.openrouter import FakeOpenRouter
from tests.fakes.smtp_server import SmtpServer
from tests.running import create, cut_off, opened, run
from tests.serving import served

GATED = workflow(node("start"), node("gate"), edges="start>gate")
SHORT = workflow(node("start"), node("count"), edges="start>count")


def found(folder: Path, clock: TurnedClock | None = None, **settings: Any) -> dict[str, Finding]:
    chosen = Settings(data_dir=folder, **{"port": 1, **settings})
    return {one.what: one for one in everything.look(OPERATOR, chosen, clock)}


def change(folder: Path, *statements: str, **values: str) -> None:
    with closing(sqlite3.connect(folder / "flowstudio.db")) as database, database:
        for statement in statements:
            database.execute(statement, values)


@pytest.fixture
async def home(tmp_path: Path, bench: Bench) -> Path:
    """A data directory with a finished run, and one that was cut off."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    async with opened(folder, bench) as runtime:
        assert runtime.studio is not None
        await run(runtime, SHORT)
        await cut_off(runtime, await create(runtime, GATED), bench.started("gate"))
    return folder


def test_a_whole_installation_has_no_problem_and_nothing_is_made(home: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*")}
    findings = found(home)
    assert {one.level for one in findings.values()} == {"ok"}
    assert "1 were cut off; the next start goes on" in findings["Runs"].says
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*")} == before


def test_what_is_not_there_yet_is_not_made(tmp_path: Path) -> None:
    assert all(one.level == "ok" for one in found(tmp_path / "new").values())
    assert not (tmp_path / "new").exists()


def test_every_problem_and_warning_says_why_and_what_to_do(home: Path) -> None:
    home.chmod(0o755)
    (home / "secret.key").chmod(0o644)
    change(home, "DELETE FROM alembic_version")
    findings = found(home, metrics_token="short", smtp_url="smtp://127.0.0.1:1")  # noqa: S106
    bad = {one.what: one for one in findings.values() if one.level != "ok"}
    assert bad.keys() == {"Data directory", "Database", "Metrics", "Mail", "Secret key"}
    assert all(one.why and one.todo for one in bad.values())


def test_a_schema_of_another_version_is_told_and_left_alone(home: Path) -> None:
    change(home, "UPDATE alembic_version SET version_num='9999'")
    assert found(home)["Database"].level == "problem"
    change(home, "UPDATE alembic_version SET version_num='0001'")
    assert found(home)["Database"].level == "warning"
    with closing(sqlite3.connect(home / "flowstudio.db")) as database:
        version = database.execute("SELECT version_num FROM alembic_version").fetchone()
    assert version == ("0001",)
    assert newest_version() in found(home)["Database"].says


def test_a_damaged_file_is_told_with_what_helps(home: Path) -> None:
    path = home / "flowstudio.db"
    content = bytearray(path.read_bytes())
    content[3 * 4096 : 12 * 4096] = bytes(9 * 4096)
    path.write_bytes(content)
    finding = found(home)["Integrity"]
    assert finding.level == "problem"
    assert "flowstudio restore" in finding.todo


def test_a_file_that_is_no_database_is_told(home: Path) -> None:
    (home / "flowstudio.db").write_bytes(b"a letter to my aunt, and rather a long one" * 200)
    assert found(home)["Database"].level == "problem"


def test_a_log_that_only_grows_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_MOST_LOG_BYTES", 10)
    (home / "flowstudio.db-wal").write_bytes(bytes(100))
    finding = sqlite.check_log(Settings(data_dir=home))
    assert finding.level == "warning"


def test_a_key_that_others_may_read_or_that_does_not_fit_is_told(home: Path) -> None:
    key = home / "secret.key"
    key.chmod(0o644)
    assert "chmod 600" in found(home)["Secret key"].says
    key.chmod(0o600)
    key.write_text("another key that is long enough to be one\n")
    finding = found(home)["Secret key"]
    assert (finding.level, "does not fit" in finding.says) == ("problem", True)
    key.unlink()
    assert "is gone" in found(home)["Secret key"].says


def test_too_little_room_on_the_disk_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "LEAST_FREE_BYTES", 10**18)
    assert found(home)["Disk"].level == "problem"


def test_a_port_that_something_else_uses_is_told(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        finding = found(home, port=taken.getsockname()[1])["Port"]
    assert finding.level == "problem"
    assert "FLOWSTUDIO_PORT" in finding.todo


async def test_a_port_that_flowstudio_itself_uses_is_all_right(home: Path, bench: Bench) -> None:
    async with opened(home, bench) as runtime, served(site(runtime)) as address:
        port = httpx.URL(address).port
        findings = await asyncio.to_thread(found, home, port=port)
    assert (findings["Port"].level, "answers" in findings["Port"].says) == ("ok", True)
    assert findings["Runs"].level == "warning"


async def test_runs_that_should_have_woken_are_told_while_a_server_runs(
    home: Path, bench: Bench
) -> None:
    change(home, "UPDATE run SET status='waiting', wake_at='2020-01-01 00:00:00.000000'")
    assert found(home)["Runs"].level == "ok"
    async with opened(home, bench):
        finding = await asyncio.to_thread(lambda: found(home)["Runs"])
    assert (finding.level, "2 should have woken" in finding.says) == ("problem", True)


def test_a_worker_that_is_gone_is_told_and_worse_when_it_holds_runs(home: Path) -> None:
    seen = f"{datetime.now(UTC) - timedelta(minutes=10):%Y-%m-%d %H:%M:%S.%f}"
    change(
        home,
        "INSERT INTO worker (name, host, pid, kind, queues, concurrency, running, started_at, seen_at)"
        " VALUES ('w1', 'box', 7, 'worker', '', 1, 0, :seen, :seen)",
        seen=seen,
    )
    finding = found(home)["Workers"]
    assert (finding.level, "box (7) was last seen 10 minutes ago" in finding.says) == (
        "warning",
        True,
    )
    change(home, "UPDATE run SET status='running', owner='w1'")
    assert "holds 2 runs" in found(home)["Workers"].says


def test_a_clock_that_was_turned_back_is_told(home: Path) -> None:
    assert found(home, TurnedClock(datetime(2020, 1, 1, tzinfo=UTC)))["Clock"].level == "problem"


async def test_a_mail_server_is_greeted_and_sent_nothing(home: Path) -> None:
    async with SmtpServer(password="right") as server:  # noqa: S106
        url = f"smtp://ada:{{}}@127.0.0.1:{server.port}"
        good = await asyncio.to_thread(found, home, smtp_url=url.format("right"))
        bad = await asyncio.to_thread(found, home, smtp_url=url.format("CANARY"))
    assert good["Mail"].level == "ok"
    assert "refused the user name and password" in bad["Mail"].says
    assert "CANARY" not in bad["Mail"].says
    assert server.mails == []


@pytest.mark.parametrize(("key", "level"), [("sk-or-test", "ok"), ("CANARY", "problem")])
async def test_openrouter_is_asked_whether_it_takes_the_key(
    home: Path, key: str, level: str
) -> None:
    async with FakeOpenRouter("sk-or-test") as models:
        settings = {"openrouter_base_url": models.url, "openrouter_api_key": key}
        finding = (await asyncio.to_thread(found, home, **settings))["OpenRouter"]
    assert finding.level == level
    assert "CANARY" not in finding.says
    assert models.chats == []


def test_openrouter_out_of_reach_is_told(home: Path) -> None:
    settings = {"openrouter_base_url": "http://127.0.0.1:1", "openrouter_api_key": "x"}
    assert "cannot be reached" in found(home, **settings)["OpenRouter"].says


# PostgreSQL


@pytest.fixture
def server(empty_postgres: str, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url=empty_postgres)


def test_a_postgresql_server_is_looked_at(server: Settings) -> None:
    findings = {one.what: one for one in postgres.check_server(server)}
    assert findings.keys() == {"Database", "Schema", "Notifications", "Queue", "Clock"}
    assert findings["Database"].says.startswith("PostgreSQL ")
    assert findings["Notifications"].level == findings["Clock"].level == "ok"
    assert findings["Queue"].level == "warning"


def test_a_postgresql_server_out_of_reach_is_one_finding_without_its_password(
    tmp_path: Path,
) -> None:
    url = "postgresql://u:CANARY@127.0.0.1:1/x"
    (finding,) = postgres.check_server(Settings(data_dir=tmp_path, database_url=url))
    assert finding.level == "problem"
    assert "CANARY" not in finding.says


async def test_what_is_in_a_postgresql_database_is_looked_at(
    postgres_url: str, tmp_path: Path, bench: Bench
) -> None:
    settings = Settings(data_dir=tmp_path, database_url=postgres_url)
    async with open_runtime(settings, registry=bench.registry()) as runtime:
        assert runtime.studio is not None
        await run(runtime, SHORT)
    findings = await asyncio.to_thread(found, tmp_path, database_url=postgres_url)
    assert {"Secret key", "Runs", "Workers", "Notifications"} <= findings.keys()
    # The tables of the queue are made by a server, and this was none.
    del findings["Queue"], findings["Data directory"]
    assert {one.level for one in findings.values()} == {"ok"}
    (tmp_path / "secret.key").unlink()
    findings = await asyncio.to_thread(found, tmp_path, database_url=postgres_url)
    assert findings["Secret key"].level == "problem"
