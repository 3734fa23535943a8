"""What a server, unlike a file, can do to a writer: go away, come back, and serve several at once."""

import asyncio
from contextlib import asynccontextmanager

import psycopg
import pytest

from flowstudio.errors import JournalError, StaleOwnerError
from flowstudio.store.database import Database
from flowstudio.store.failures import storage_error
from flowstudio.store.journal import StoredJournal
from flowstudio.store.postgres_link import PostgresLink
from flowstudio.store.writer import Writer
from tests.rows import fetch, held
from tests.store.test_journal import claimed, event, new_run, seqs


@pytest.fixture
def database(postgres_url) -> Database:
    return Database(None, postgres_url)


@asynccontextmanager
async def opened(database: Database, patience_s: float = 30):
    journal = StoredJournal(database, "full", patience_s)
    try:
        yield journal
    finally:
        await journal.close()


def lose_connections(database: Database) -> None:
    """End every connection, as a server that restarts or a proxy does."""
    fetch(
        database,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


async def test_of_two_processes_the_one_that_claimed_last_writes(database):
    async with opened(database) as first, opened(database) as second:
        run_id, epoch = await claimed(first)
        later = (await second.claim(run_id, "other")).epoch
        assert later == epoch + 1
        with pytest.raises(StaleOwnerError):
            await first.append(run_id, epoch, [event(1)])
        await second.append(run_id, later, [event(1)])
        assert await seqs(first, run_id) == [1]


async def test_processes_that_claim_at_once_get_an_epoch_each(database):
    async with opened(database) as first, opened(database) as second:
        run_id = await new_run(first)
        async with asyncio.TaskGroup() as group:
            claims = [
                group.create_task(journal.claim(run_id, "x")) for journal in (first, second) * 10
            ]
        assert sorted(claim.result().epoch for claim in claims) == list(range(1, 21))


async def test_signals_of_several_processes_are_seen_in_the_order_of_their_numbers(database):
    async with opened(database) as first, opened(database) as second:
        run_id = await new_run(first)
        heard: list[int] = []

        async def listen(until: int) -> None:
            while len(heard) < until:
                heard.extend(
                    signal.id for signal in await first.signals_since(heard[-1] if heard else 0)
                )

        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            group.create_task(listen(40))
            for number in range(40):
                journal = (first, second)[number % 2]
                now = event(1).at
                group.create_task(journal.signal(run_id, "pause", "", {}, now))
        assert sorted(heard) == heard
        assert len(set(heard)) == 40


async def test_a_lost_connection_is_made_anew_for_writing_and_reading(database):
    async with opened(database) as journal:
        run_id, epoch = await claimed(journal)
        await journal.append(run_id, epoch, [event(1)])
        assert await seqs(journal, run_id) == [1]
        lose_connections(database)
        await journal.append(run_id, epoch, [event(2)])
        assert await seqs(journal, run_id) == [1, 2]


class Forgetful(PostgresLink):
    """Loses the connection right after its first commits, before it hears that they were done."""

    losses = 1

    def _attempt(self, jobs) -> None:
        super()._attempt(jobs)
        if Forgetful.losses:
            Forgetful.losses -= 1
            self._connection.close()
            message = "server closed the connection unexpectedly"
            raise psycopg.OperationalError(message)


async def test_a_commit_of_which_nobody_heard_is_not_done_twice(database, monkeypatch):
    async with opened(database) as journal:
        run_id, epoch = await claimed(journal)
    writer = Writer(database, "full")
    monkeypatch.setattr(writer, "_open", lambda: Forgetful(database.url, "full"))
    monkeypatch.setattr(Forgetful, "losses", 2)
    async with opened(database) as journal:
        monkeypatch.setattr(journal, "_writer", writer)
        first = await journal.signal(run_id, "pause", "", {}, event(1).at)
        await journal.append(run_id, epoch, [event(1)])
        assert [signal.id for signal in await journal.signals(run_id, 0)] == [first.id]
        assert await seqs(journal, run_id) == [1]


async def test_what_was_under_way_when_the_server_crashed_is_done_once(database, postgres):
    async with opened(database) as journal:
        run_id, epoch = await claimed(journal)
        with held(database):
            task = asyncio.ensure_future(journal.append(run_id, epoch, [event(1)]))
            await asyncio.sleep(0)
            await asyncio.to_thread(postgres.restart)
        await task
        await journal.append(run_id, epoch, [event(2)])
        assert await seqs(journal, run_id) == [1, 2]


async def test_a_server_that_stays_away_is_told_of_with_what_to_do(database, postgres):
    async with opened(database, 0.05) as journal:
        run_id, epoch = await claimed(journal)
        await asyncio.to_thread(postgres.stop)
        try:
            with pytest.raises(JournalError, match="check that it runs"):
                await journal.append(run_id, epoch, [event(1)])
            with pytest.raises(JournalError, match="check that it runs"):
                await journal.read_path(run_id, "a")
        finally:
            await asyncio.to_thread(postgres.start)
        again = (await journal.claim(run_id, "me")).epoch
        await journal.append(run_id, again, [event(1)])


async def test_a_writer_that_ends_leaves_no_row_behind(database):
    async with opened(database) as journal:
        await claimed(journal)
        assert await journal._reader.one("SELECT count(*) FROM writer") == (1,)
    assert fetch(database, "SELECT * FROM writer") == []


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (psycopg.errors.DiskFull("could not extend file"), "free some space"),
        (psycopg.errors.LockNotAvailable("canceling statement"), "held the database for too long"),
        (psycopg.errors.AdminShutdown("terminating connection"), "runs go on once it is back"),
        (psycopg.errors.TooManyConnections("sorry"), "max_connections"),
        (psycopg.errors.ReadOnlySqlTransaction("cannot execute"), "primary"),
        (psycopg.errors.DataCorrupted("invalid page"), "backup"),
        (psycopg.errors.InsufficientPrivilege("permission denied"), "rights"),
    ],
)
def test_what_the_server_says_is_told_with_what_to_do(error, says):
    assert says in str(storage_error(error))
