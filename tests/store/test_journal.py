"""The journal's promises: order, durability, claims, signals, and what happens when it fails."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest

from flowstudio.clock import utc_now
from flowstudio.engine.costs import Usage
from flowstudio.engine.events import Event
from flowstudio.engine.journal import CacheEntry, ModelCall, NewRun, RunUpdate
from flowstudio.engine.values import pack
from flowstudio.errors import JournalDamagedError, JournalError, NotFoundError
from flowstudio.graph.ids import new_id
from flowstudio.settings import Settings
from flowstudio.store.database import open_database
from flowstudio.store.journal import StoredJournal
from tests.rows import held

NOW = utc_now()

pytestmark = pytest.mark.usefixtures("either_database")


@pytest.fixture
async def journal(settings: Settings) -> AsyncIterator[StoredJournal]:
    journal = StoredJournal(open_database(settings), "full", 0.05)
    yield journal
    await journal.close()


async def new_run(journal: StoredJournal, **fields) -> str:
    run = NewRun(new_id(), "hash", "name", "slug", {"a": 1}, "test", NOW, 3, **fields)
    assert await journal.create(run, b"{}")
    return run.id


async def claimed(journal: StoredJournal) -> tuple[str, int]:
    run_id = await new_run(journal)
    return run_id, (await journal.claim(run_id, "me")).epoch


def event(seq: int, kind: str = "step_started", path: str = "a", **fields) -> Event:
    return Event(seq, NOW, kind, path, path, **fields)


async def seqs(journal: StoredJournal, run_id: str, after: int = 0) -> list[int]:
    return [event.seq async for event in journal.read(run_id, after)]


async def test_an_output_on_its_way_to_the_disk_can_be_read_already(journal):
    run_id, epoch = await claimed(journal)
    output = pack({"x": 1}, "a")
    journal.defer(run_id, epoch, event(1, "step_succeeded", output=output))
    assert await journal.load_output(run_id, 1) == output.body


async def test_what_is_appended_is_read_back_as_it_was(journal):
    run_id, epoch = await claimed(journal)
    output = pack({"x": [1, None, "é"]}, "a")
    written = [event(1, data={"attempt": 2}), event(2, "step_succeeded", output=output)]
    await journal.append(run_id, epoch, written)
    read = [entry async for entry in journal.read(run_id)]
    assert read[0] == written[0]
    assert (read[1].output.hash, read[1].output.size) == (output.hash, output.size)
    assert read[1].output.body == b""
    assert await journal.load_output(run_id, 2) == output.body


async def test_reading_goes_on_after_any_number_and_over_pages(journal):
    run_id, epoch = await claimed(journal)
    await journal.append(run_id, epoch, [event(seq) for seq in range(1, 1201)])
    assert await seqs(journal, run_id) == list(range(1, 1201))
    assert await seqs(journal, run_id, 1190) == list(range(1191, 1201))


async def test_an_id_is_taken_once(journal):
    run = NewRun(new_id(), "hash", "name", "", {}, "test", NOW, 1)
    assert await journal.create(run, b"{}")
    assert not await journal.create(run, b"{}")


async def test_what_goes_with_making_runs_is_done_once_for_those_that_are_made(journal):
    known = await new_run(journal)
    made = []

    def note(_, items):
        made.append(items)

    def last(run_id):
        return lambda connection, when: connection.at_last(note, run_id, when)

    runs = [
        NewRun(each, "hash", "name", "", {}, "test", NOW, 1) for each in (new_id(), known, new_id())
    ]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(journal.create(run, b"{}", last=last(run.id))) for run in runs]
    assert [task.result() for task in tasks] == [True, False, True]
    assert [run_id for items in made for run_id in items] == [runs[0].id, runs[2].id]


async def test_a_claim_raises_the_epoch_and_tells_whether_the_run_is_new(journal):
    run_id = await new_run(journal, max_cost_usd=Decimal("0.5"), base="/x")
    first = await journal.claim(run_id, "me")
    assert (first.epoch, first.is_new, first.run.max_cost_usd) == (1, True, Decimal("0.5"))
    await journal.append(run_id, 1, [event(1)])
    second = await journal.claim(run_id, "you")
    assert (second.epoch, second.is_new, second.run.owner) == (2, False, "you")
    assert second.run.inputs == {"a": 1}


async def test_a_run_somebody_has_a_wish_for_is_not_new(journal):
    by_us, by_others = await new_run(journal, owner="me"), await new_run(journal, owner="me")
    await journal.signal(by_us, "cancel", "", {}, NOW)
    assert not (await journal.claim(by_us, "me")).is_new
    await journal._writer.submit(
        lambda db: db.execute(
            "INSERT INTO signal (run_id, kind, path, data, at) VALUES (?,'cancel','','{}',?)",
            (by_others, str(NOW)),
        )
    )
    await journal.signals_since(0)
    assert not (await journal.claim(by_others, "me")).is_new


async def test_taking_a_parked_run_up_makes_it_running(journal):
    run_id, epoch = await claimed(journal)
    parked = RunUpdate("waiting", wake_at=NOW, release=True)
    await journal.append(run_id, epoch, [], parked)
    await journal.claim(run_id, "you")
    row = await journal._reader.one("SELECT status, wake_at, owner FROM run", ())
    assert row == ("running", None, "you")


async def test_a_claim_of_an_ended_run_leaves_it_ended(journal):
    run_id, epoch = await claimed(journal)
    await journal.append(run_id, epoch, [event(1, "run_failed")], RunUpdate("failed", release=True))
    await journal.claim(run_id, "you")
    assert await journal._reader.one("SELECT status FROM run", ()) == ("failed",)


async def test_a_run_that_does_not_exist_cannot_be_claimed(journal):
    with pytest.raises(NotFoundError):
        await journal.claim("nothing", "me")


async def test_many_appends_at_once_share_few_commits(journal):
    runs = [await claimed(journal) for _ in range(50)]
    began = await _commits(journal)
    async with asyncio.TaskGroup() as group:
        for run_id, epoch in runs:
            group.create_task(journal.append(run_id, epoch, [event(1)]))
    assert await _commits(journal) - began < 25


async def _commits(journal) -> int:
    """Number of transactions this journal has done."""
    file = journal._reader._database.file
    if file is None:
        row = await journal._reader.one("SELECT max(number) FROM writer")
        return row[0]
    # Each has one last frame in the WAL.
    data = file.with_name(f"{file.name}-wal").read_bytes()
    page = int.from_bytes(data[8:12], "big")
    frames = range(32, len(data), page + 24)
    return sum(int.from_bytes(data[at + 4 : at + 8], "big") > 0 for at in frames)


async def test_one_bad_append_takes_no_other_along(journal):
    runs = [await claimed(journal) for _ in range(3)]
    await journal.append(*runs[1], [event(1)])
    async with asyncio.TaskGroup() as group:
        good = [group.create_task(journal.append(*runs[index], [event(1)])) for index in (0, 2)]
        with pytest.raises(JournalError, match=r"(?i)unique"):
            await journal.append(*runs[1], [event(1)])
    assert all(task.exception() is None for task in good)
    assert await seqs(journal, runs[0][0]) == await seqs(journal, runs[2][0]) == [1]


async def test_a_text_that_cannot_be_written_fails_alone_and_the_writer_lives(journal):
    run_id, epoch = await claimed(journal)
    other, other_epoch = await claimed(journal)
    async with asyncio.TaskGroup() as group:
        good = group.create_task(journal.append(other, other_epoch, [event(1)]))
        with pytest.raises(JournalError):
            await journal.append(run_id, epoch, [], RunUpdate("failed", error="\ud800"))
    assert good.exception() is None
    await journal.append(run_id, epoch, [event(1)])


async def test_an_error_is_kept_whatever_characters_it_has(journal):
    run_id, epoch = await claimed(journal)
    await journal.append(run_id, epoch, [], RunUpdate("failed", error="a\0b\N{GRINNING FACE}"))
    row = await journal._reader.one("SELECT error FROM run")
    assert row == ("a\N{REPLACEMENT CHARACTER}b\N{GRINNING FACE}",)


async def test_deferred_events_go_before_the_next_append_in_one_commit(journal):
    run_id, epoch = await claimed(journal)
    journal.defer(run_id, epoch, event(1))
    journal.defer(run_id, epoch, event(2))
    await journal.append(run_id, epoch, [event(3)])
    assert await seqs(journal, run_id) == [1, 2, 3]


async def test_closing_stores_what_is_deferred(settings):
    database = open_database(settings)
    journal = StoredJournal(database, "full")
    run_id, epoch = await claimed(journal)
    journal.defer(run_id, epoch, event(1))
    await journal.close()
    again = StoredJournal(database, "full")
    assert await seqs(again, run_id) == [1]
    await again.close()


async def test_after_a_deferred_event_was_lost_nothing_is_written_over_the_hole(journal):
    run_id, epoch = await claimed(journal)
    with locked(journal):
        journal.defer(run_id, epoch, event(1))
        journal._flush()
        await journal_error(journal.append(run_id, epoch, []))
    with pytest.raises(JournalError, match="too long"):
        await journal.append(run_id, epoch, [event(2)])
    assert (await journal.claim(run_id, "me")).epoch == epoch + 1
    await journal.append(run_id, epoch + 1, [event(1)])
    assert await seqs(journal, run_id) == [1]


async def test_an_append_nobody_waits_for_any_more_leaves_no_hole_either(journal):
    run_id, epoch = await claimed(journal)
    with locked(journal):
        task = asyncio.ensure_future(journal.append(run_id, epoch, [event(1)]))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        await journal_error(journal.append(run_id, epoch, []))
    with pytest.raises(JournalError):
        await journal.append(run_id, epoch, [event(2)])


async def test_an_append_that_is_no_longer_waited_for_is_stored_all_the_same(journal):
    run_id, epoch = await claimed(journal)
    task = asyncio.ensure_future(journal.append(run_id, epoch, [event(1)]))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    await journal.append(run_id, epoch, [event(2)])
    assert await seqs(journal, run_id) == [1, 2]


def locked(journal: StoredJournal):
    """Holds the database as another process would."""
    return held(journal._reader._database)


async def journal_error(work) -> None:
    with pytest.raises(JournalError):
        await work


def call(run_id: str, cost_usd: str = "0.01", tokens: int = 7) -> ModelCall:
    return ModelCall(run_id, "a", "key", "m", Usage(3, tokens), Decimal(1), Decimal(cost_usd), NOW)


async def test_calls_are_stored_with_the_next_commit_and_added_up(journal):
    run_id, epoch = await claimed(journal)
    journal.record_call(call(run_id, "0.01"))
    journal.record_call(call(run_id, "0.02", 9))
    await journal.append(run_id, epoch, [])
    assert await journal.spent(run_id) == (Decimal("0.03"), Usage(6, 16))
    assert await journal.spent(run_id, "b") == (Decimal(0), Usage())
    assert await journal.typical_output_tokens("key") == 8
    assert await journal.typical_output_tokens("other") is None
    assert await journal.typical_lengths(["other", "key"]) == {"key": 8}


async def test_calls_are_stored_even_when_the_append_they_share_is_refused(journal):
    run_id, epoch = await claimed(journal)
    await journal.claim(run_id, "you")
    journal.record_call(call(run_id))
    await journal_error(journal.append(run_id, epoch, [event(1)]))
    assert (await journal.spent(run_id))[0] == Decimal("0.01")


async def test_calls_outlive_a_locked_database(journal):
    run_id, epoch = await claimed(journal)
    with locked(journal):
        journal.record_call(call(run_id))
        await journal_error(journal.append(run_id, epoch, [event(1)]))
    await journal.append(run_id, epoch, [event(1)])
    assert (await journal.spent(run_id))[0] == Decimal("0.01")


async def test_signals_come_in_order_after_any_number(journal):
    run_id, other = await new_run(journal), await new_run(journal)
    first = await journal.signal(run_id, "pause", "", {}, NOW)
    await journal.signal(other, "cancel", "", {}, NOW)
    last = await journal.signal(run_id, "answer", "a", {"approved": True}, NOW)
    assert await journal.signals(run_id, 0) == [first, last]
    assert await journal.signals(run_id, first.id) == [last]
    assert [signal.run_id for signal in await journal.signals_since(first.id)] == [other, run_id]
    assert await journal.latest_signal() == last.id


async def test_large_outputs_are_stored_once_for_all_that_refer_to_them(journal):
    run_id, epoch = await claimed(journal)
    output = pack("x" * 2_000_000, "big")
    await journal.append(
        run_id,
        epoch,
        [event(1, "step_succeeded", output=output), event(2, "step_succeeded", output=output)],
    )
    journal.keep("print", CacheEntry(output, "out", Decimal(0)), NOW)
    await journal.append(run_id, epoch, [])
    assert await journal._reader.one("SELECT count(*) FROM blob", ()) == (1,)
    assert await journal.load_output(run_id, 2) == output.body
    assert (await journal.cached("print", NOW)).output == output


async def test_a_damaged_output_names_its_event(journal):
    run_id, epoch = await claimed(journal)
    await journal.append(run_id, epoch, [event(4, "step_succeeded", output=pack(1, "a"))])
    await journal._writer.submit(lambda db: db.execute("UPDATE run_event SET output='2'"))
    with pytest.raises(JournalDamagedError) as damaged:
        await journal.load_output(run_id, 4)
    assert damaged.value.seq == 4


async def test_a_kept_output_is_found_until_it_expires_and_never_when_damaged(journal):
    run_id, epoch = await claimed(journal)
    entry = CacheEntry(pack(1, "a"), "out", Decimal("0.1"), "m", NOW + timedelta(seconds=60))
    journal.keep("print", entry, NOW)
    await journal.append(run_id, epoch, [])
    assert await journal.cached("print", NOW + timedelta(seconds=59)) == CacheEntry(
        entry.output, "out", Decimal("0.1"), "m", NOW + timedelta(seconds=60)
    )
    assert await journal.cached("print", NOW + timedelta(seconds=60)) is None
    assert await journal.cached("other", NOW) is None
    await journal._writer.submit(lambda db: db.execute("UPDATE cache_entry SET output='2'"))
    assert await journal.cached("print", NOW) is None
