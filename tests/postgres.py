"""A PostgreSQL cluster of one's own: for tests, measurements, and trying things out.

`python -m tests.postgres` starts one, prints its address, and stops it with Ctrl+C.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

#: A commit is written when it returns, but not flushed: it survives a crash of the server.
_FOR_TESTS = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}
_SETTINGS = {
    "listen_addresses": "''",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "log_min_messages": "fatal",
}
#: PostgreSQL refuses to run as root; every package of it makes this user.
_USER = "postgres"
_END_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
#: In the role of a replica no trigger and no foreign key is in the way.
_EMPTY = """
    DO $$ DECLARE place text; name text; BEGIN
        PERFORM set_config('session_replication_role', 'replica', true);
        FOR place, name IN SELECT schemaname, tablename FROM pg_tables
            WHERE schemaname IN ('public', 'procrastinate')
            AND tablename NOT IN ('alembic_version', 'applied')
        LOOP EXECUTE format('DELETE FROM %I.%I', place, name); END LOOP;
        FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'
        LOOP PERFORM setval(quote_ident(name), 1, false); END LOOP;
    END $$
"""


def find_programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`, of the newest version; None when there is none."""
    packaged = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4])
    )
    found = str(packaged[-1]) if packaged else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@dataclass(frozen=True)
class Cluster:
    """A running server that listens on a socket in its folder alone."""

    folder: Path
    programs: Path
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def url(self, database: str = "postgres") -> str:
        """The address of one of its databases."""
        return f"postgresql://{_USER}@/{database}?host={self.folder}"

    def create(self, template: str = "template0") -> str:
        """Make a database, as a copy of another; gives its name."""
        name = f"test_{next(self._numbers)}"
        self.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """The address of a new database, which is removed after the block."""
        name = self.create(template)
        try:
            yield self.url(name)
        finally:
            self.drop(name)

    def empty(self, name: str) -> None:
        """Remove every row but the schema's version, whoever is still connected."""
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute(_END_OTHERS)
            connection.execute(_EMPTY)

    def execute(self, statement: sql.Composed) -> None:
        """Do something outside any transaction, in the database `postgres`."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)

    def restart(self) -> None:
        """Crash the server and start it again: every connection is lost, what is committed stays."""
        self._control("restart", "--mode=immediate")

    def start(self) -> None:
        """Start it again."""
        self._control("start")

    def start_again(self) -> None:
        """Start it, unless it runs."""
        try:
            self._control("status")
        except RuntimeError:
            self.start()

    def stop(self) -> None:
        """Crash the server and leave it down."""
        self._control("stop", "--mode=immediate")

    def _control(self, *what: str) -> None:
        data, log = self.folder / "data", self.folder / "log"
        run(self.programs / "pg_ctl", *what, "-w", "-D", data, "-l", log, folder=self.folder)


def run(*command: str | Path, folder: Path) -> None:
    """Run one of PostgreSQL's programs, as the user it insists on."""
    as_user = {"user": _USER, "group": _USER, "extra_groups": ()} if os.geteuid() == 0 else {}
    said = folder / "said"
    with said.open("wb") as out:
        # Not through a pipe: the server inherits it and would keep it open.
        done = subprocess.run(
            [str(part) for part in command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            check=False,
            **as_user,  # type: ignore[arg-type]
        )
    if done.returncode:
        log = folder / "log"
        text = said.read_text() + (log.read_text() if log.exists() else "")
        message = f"{' '.join(str(part) for part in command)} failed:\n{text}"
        raise RuntimeError(message)


@contextmanager
def cluster(*, durable: bool = False, on: Path | None = None) -> Iterator[Cluster]:
    """A new cluster; after the block it is stopped and gone.

    Args:
        durable: flushes each commit, as in production; for measurements.
        on: the folder to make it in.

    Raises:
        RuntimeError: there is no PostgreSQL, or it does not start.
    """
    programs = find_programs()
    if programs is None:
        message = "PostgreSQL is not installed: initdb is not on PATH nor in /usr/lib/postgresql."
        raise RuntimeError(message)
    # A short path, since that of a socket must be shorter than 108 bytes.
    folder = Path(tempfile.mkdtemp(prefix="flowstudio-pg-", dir=on))
    if os.geteuid() == 0:
        shutil.chown(folder, _USER, _USER)
    made = Cluster(folder, programs)
    try:
        data = folder / "data"
        run(
            programs / "initdb",
            *("--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"),
            f"--username={_USER}",
            f"--pgdata={data}",
            folder=folder,
        )
        settings = {"unix_socket_directories": f"'{folder}'", **_SETTINGS}
        settings |= {} if durable else _FOR_TESTS
        with (data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())
        made.start()
        yield made
        made.stop()
    finally:
        _kill(data)
        shutil.rmtree(folder, ignore_errors=True)


def _kill(data: Path) -> None:
    """End a server that a failure left running."""
    pid_file = data / "postmaster.pid"
    if pid_file.exists():
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGQUIT)


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    with cluster(durable=True) as served:
        print(served.url(), flush=True)  # noqa: T201
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
