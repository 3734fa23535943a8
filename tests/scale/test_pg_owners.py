"""Who is alive, as the processes on one PostgreSQL see each other."""

import asyncio
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager, contextmanager
from itertools import count

import psycopg
import pytest

from flowstudio.scale.postgres import owners as module
from flowstudio.scale.postgres.hub import Hub
from flowstudio.scale.postgres.owners import PgOwners
from tests.processes import until

OTHER = """
import asyncio, sys
from flowstudio.scale.postgres import owners
from flowstudio.scale.postgres.links import linked
owners._BEAT_S, owners._UNLOCKED_S, owners._LOCKED_S = 0.2, 1.5, 4.0

async def main():
    async with linked(sys.argv[1], sys.argv[2]) as links:
        print(links.owners.name, flush=True)
        while name := await asyncio.to_thread(sys.stdin.readline):
            print(links.owners.is_alive(name.strip()), flush=True)

asyncio.run(main())
"""
numbers = count(1)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "_BEAT_S", 0.2)
    monkeypatch.setattr(module, "_UNLOCKED_S", 1.5)
    monkeypatch.setattr(module, "_LOCKED_S", 4.0)


@asynccontextmanager
async def owning(url):
    hub = Hub(url, "mine")
    owners = PgOwners(hub, url)
    async with hub.open(), owners.open():
        yield owners


@contextmanager
def another(url):
    name = f"other-{next(numbers)}"
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, url, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout.readline().strip() == name
            yield process, name
        finally:
            process.kill()


async def locked(owners, name):
    """Wait until it has seen that the other holds its lock."""
    await until(lambda: module._key(name) in owners._locks)


async def test_a_process_is_alive_until_it_is_killed(url, monkeypatch):
    monkeypatch.setattr(module, "_LOCKED_S", 60.0)
    async with owning(url) as mine:
        with another(url) as (process, name):
            await locked(mine, name)
            await until(lambda: not mine.is_alive("nobody"))
            assert mine.is_alive(name)
            process.kill()
            process.wait()
            await until(lambda: not mine.is_alive(name))


async def test_a_process_that_ends_is_gone_at_once(url, monkeypatch):
    monkeypatch.setattr(module, "_UNLOCKED_S", 60.0)
    monkeypatch.setattr(module, "_LOCKED_S", 60.0)
    async with owning(url) as mine:
        with another(url) as (process, name):
            assert mine.is_alive(name)
            process.communicate()
            await until(lambda: not mine.is_alive(name))


async def test_a_stopped_process_is_waited_for_then_dead_and_alive_again_when_it_goes_on(url):
    async with owning(url) as mine:
        with another(url) as (process, name):
            await locked(mine, name)
            process.send_signal(signal.SIGSTOP)
            # Somebody who holds no lock is called dead before.
            await until(lambda: not mine.is_alive("nobody"))
            assert mine.is_alive(name)
            await until(lambda: not mine.is_alive(name))
            process.send_signal(signal.SIGCONT)
            await until(lambda: mine.is_alive(name))


async def test_everybody_is_alive_through_a_restart_of_postgresql(url, postgres):
    async with owning(url) as mine:
        with another(url) as (_, name):
            await locked(mine, name)
            await until(lambda: not mine.is_alive("nobody"))
            await asyncio.to_thread(postgres.restart)
            seen = []
            await until(lambda: seen.append(mine.is_alive(name)) or mine.is_alive("nobody"))
            await until(lambda: seen.append(mine.is_alive(name)) or not mine.is_alive("nobody"))
            assert all(seen)


async def test_one_that_nobody_has_heard_of_is_given_the_time_to_say_something(url):
    async with owning(url) as mine:
        assert mine.is_alive("old")
        await until(lambda: not mine.is_alive("old"))
        assert mine.is_alive("older")


def test_one_who_was_stopped_itself_first_hears_what_it_missed(url):
    with another(url) as (watcher, name), another(url) as (_, other):
        watcher.stdin.write(f"{other}\n")
        watcher.stdin.flush()
        assert watcher.stdout.readline() == "True\n"
        watcher.send_signal(signal.SIGSTOP)
        time.sleep(5)
        watcher.send_signal(signal.SIGCONT)
        for _ in range(20):
            watcher.stdin.write(f"{other}\n")
            watcher.stdin.flush()
            assert watcher.stdout.readline() == "True\n"
            time.sleep(0.02)
        assert name != other


async def test_a_lock_belongs_to_one_database(url, postgres):
    # Two installations may share a server.
    async with owning(url) as mine:
        with postgres.database() as other, psycopg.connect(other, autocommit=True) as there:
            there.execute("SELECT pg_advisory_lock(%s, %s)", (module._LOCKS, module._key("ghost")))
            before = mine._locks
            await until(lambda: mine._locks is not before)
            assert module._key("ghost") not in mine._locks
