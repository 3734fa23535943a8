"""Who is alive, as the processes on one PostgreSQL see each other."""

import asyncio
import signal
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager

import psycopg
import pytest

from flowstudio.scale.postgres import owners as module
from flowstudio.scale.postgres.owners import About, PgOwners
from tests.processes import until

OTHER = """
import asyncio, sys
from flowstudio.scale.postgres import owners
owners._BEAT_S = 0.2

async def main():
    other = owners.PgOwners(sys.argv[1], owners.About("worker", ("batch",), 5, lambda: 3))
    async with other.open():
        print(other.name, flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "_BEAT_S", 0.2)
    monkeypatch.setattr(module, "_UNLOCKED_S", 1.5)
    monkeypatch.setattr(module, "_LOCKED_S", 3.0)


@asynccontextmanager
async def owning(url):
    owners = PgOwners(url, About("web"))
    async with owners.open():
        yield owners


@contextmanager
def another(url):
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


async def looks(owners, times=3):
    """Let it look some times more."""
    for _ in range(times):
        before = owners._alive
        await until(lambda before=before: owners._alive is not before)


async def settled(owners):
    """Wait until it calls dead whoever is."""
    await until(lambda: not owners.is_alive("nobody"))


async def test_a_process_is_alive_until_it_is_killed(url):
    async with owning(url) as mine:
        await settled(mine)
        with another(url) as (process, name):
            assert mine.is_alive(name)
            await looks(mine)
            assert mine.is_alive(name)
            process.kill()
            process.wait()
            await until(lambda: not mine.is_alive(name))


async def test_a_process_that_ends_is_gone_at_once(url, monkeypatch):
    monkeypatch.setattr(module, "_UNLOCKED_S", 60.0)
    monkeypatch.setattr(module, "_LOCKED_S", 60.0)
    async with owning(url) as mine:
        with another(url) as (process, name):
            await looks(mine)
            mine._since -= 60
            process.communicate()
            await until(lambda: not mine.is_alive(name))


async def test_a_stopped_process_is_dead_after_a_while_and_alive_again_when_it_goes_on(url):
    async with owning(url) as mine:
        await settled(mine)
        with another(url) as (process, name):
            process.send_signal(signal.SIGSTOP)
            await until(lambda: not mine.is_alive(name))
            process.send_signal(signal.SIGCONT)
            await until(lambda: mine.is_alive(name))


async def test_a_silent_process_that_holds_its_lock_is_waited_for_longer(url):
    async with owning(url) as mine:
        await settled(mine)
        with another(url) as (process, name), psycopg.connect(url, autocommit=True) as connection:
            process.send_signal(signal.SIGSTOP)
            await until(
                lambda: connection.execute(
                    "SELECT now() - seen_at > interval '1.6s' FROM worker WHERE name = %s", (name,)
                ).fetchone()[0]
            )
            await looks(mine, 1)
            assert mine.is_alive(name)


async def test_everybody_is_alive_through_a_restart_of_postgresql(url, postgres):
    async with owning(url) as mine:
        await settled(mine)
        with another(url) as (_, name):
            await looks(mine)
            await asyncio.to_thread(postgres.stop)
            await asyncio.sleep(2.0)
            assert mine.is_alive(name)
            before = mine._since
            await asyncio.to_thread(postgres.start)
            seen = []
            await until(lambda: seen.append(mine.is_alive(name)) or mine._since != before)
            await until(
                lambda: seen.append(mine.is_alive(name)) or not mine.is_alive("nobody else")
            )
            assert all(seen)


async def test_one_who_has_just_come_calls_nobody_dead(url):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO worker VALUES ('old', '', 1, '', '', 1, 0, now(), now() - interval '1h')"
        )
    async with owning(url) as mine:
        assert mine.is_alive("old")
        await until(lambda: not mine.is_alive("old"))


async def test_one_who_came_after_the_last_look_is_alive(url, monkeypatch):
    async with owning(url) as mine:
        await settled(mine)
        monkeypatch.setattr(module, "_BEAT_S", 3_600)
        with another(url) as (_, name):
            assert mine.is_alive(name)


async def test_what_a_process_tells_of_itself_is_in_the_table(url):
    async with owning(url):
        with another(url) as (process, name), psycopg.connect(url) as connection:
            row = connection.execute(
                "SELECT kind, queues, concurrency, running, pid FROM worker WHERE name = %s",
                (name,),
            ).fetchone()
            assert row == ("worker", "batch", 5, 3, process.pid)


async def test_a_lock_belongs_to_one_database(url, postgres):
    # Two installations may share a cluster.
    async with owning(url) as mine:
        with postgres.database() as other, psycopg.connect(other, autocommit=True) as there:
            there.execute("SELECT pg_advisory_lock(%s, hashtext('ghost'))", (module._LOCKS,))
            with psycopg.connect(url, autocommit=True) as here:
                here.execute(
                    "INSERT INTO worker VALUES ('ghost', '', 1, '', '', 1, 0, now(), "
                    "now() - interval '2s')"
                )
            await settled(mine)
            assert not mine.is_alive("ghost")
