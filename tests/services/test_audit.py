"""The audit log: read, taken along, and proved; whatever is done to it behind our back shows."""

import csv
import io
import json
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from flowstudio.errors import (
    AccessDeniedError,
    InvalidInputError,
    JournalDamagedError,
    JournalError,
    NotFoundError,
    NotSignedInError,
)
from flowstudio.services.access import NOBODY, OPERATOR, Target
from flowstudio.services.audit import AuditService
from flowstudio.store import audit
from flowstudio.store.members import put_member
from tests.parts import studio_parts
from tests.people import actor_of, person, project_of


@pytest.fixture
def parts(tmp_path, clock):
    with studio_parts(tmp_path, clock) as parts:
        yield parts


@pytest.fixture
def log(parts):
    return AuditService(parts.records, parts.clock)


@pytest.fixture
def admin(parts):
    return person(parts, "admin@example.com", "admin")


def write(parts, count=1, actor=OPERATOR, verb="thing.edit", target=None, **details):
    """Append that many entries, each in a transaction of its own."""
    for number in range(count):
        entry = parts.entry(
            actor, verb, target or Target("thing", f"t{number}"), number=number, **details
        )
        parts.records.write_now(lambda session, entry=entry: audit.append(session, entry))


def tamper(parts, *statements, values=()):
    """Change the file as somebody who holds it might, with the triggers out of the way."""
    with closing(sqlite3.connect(parts.settings.database_path)) as database, database:
        for action in ("update", "delete"):
            database.execute(f"DROP TRIGGER audit_entry_no_{action}")
        for statement in statements:
            database.execute(statement, values)


async def exported(log, actor, form, **filters):
    return "".join([piece async for piece in log.export(actor, form, **filters)])


async def test_a_log_that_nobody_touched_is_whole(parts, log):
    assert str(await log.verify(OPERATOR)) == (
        "All 0 entries are as they were written, and none is missing."
    )
    write(parts, 5, note="Größe 🎈", money="0.10", nested={"a": [1, None, True]})
    verdict = await log.verify(OPERATOR)
    assert (verdict.is_whole, verdict.entries) == (True, 5)


async def test_a_log_of_several_pieces_is_walked_to_its_end(parts, log):
    def work(session):
        for number in range(2100):
            audit.append(session, parts.entry(OPERATOR, "thing.edit", Target("thing", str(number))))

    parts.records.write_now(work)
    verdict = await log.verify(OPERATOR)
    assert (verdict.is_whole, verdict.entries) == (True, 2100)
    tamper(parts, "UPDATE audit_entry SET verb = 'x' WHERE seq = 2050")
    verdict = await log.verify(OPERATOR)
    assert (verdict.entries, str(verdict)) == (2049, "Entry 2050 was changed after it was written.")


async def test_what_fails_leaves_no_entry(parts, log):
    def work(session):
        audit.append(session, parts.entry(OPERATOR, "thing.edit", Target("thing")))
        message = "changed my mind"
        raise InvalidInputError([message])

    with pytest.raises(InvalidInputError):
        parts.records.write_now(work)
    write(parts)
    assert str(await log.verify(OPERATOR)).startswith("All 1 ")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor = 'somebody else' WHERE seq = 2",
        "UPDATE audit_entry SET hash = hash",
        "DELETE FROM audit_entry WHERE seq = 5",
        "DELETE FROM audit_entry",
    ],
)
async def test_the_database_refuses_to_change_or_remove_entries(parts, log, statement):
    write(parts, 5)
    with (
        closing(sqlite3.connect(parts.settings.database_path)) as database,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        database.execute(statement)
    assert (await log.verify(OPERATOR)).is_whole


COLUMNS = {
    "at": "2026-01-01 00:00:00.000000",
    "actor_id": "x",
    "actor": "mallory@example.com",
    "verb": "thing.read",
    "kind": "other",
    "object_id": "x",
    "project_id": "x",
    "result": "refused",
    "address": "127.0.0.1",
    "request_id": "x",
    "details": "{}",
    "hash": "0" * 64,
}


@pytest.mark.parametrize("column", COLUMNS)
async def test_a_changed_entry_is_found_whatever_was_changed_in_it(parts, log, column):
    write(parts, 5)
    tamper(parts, f"UPDATE audit_entry SET {column} = ? WHERE seq = 3", values=[COLUMNS[column]])  # noqa: S608 - own names
    verdict = await log.verify(OPERATOR)
    assert not verdict.is_whole
    assert str(verdict) == "Entry 3 was changed after it was written."
    assert verdict.entries == 2


@pytest.mark.parametrize(
    "change",
    [
        "details = 'no JSON'",
        "details = '[1]'",
        "details = x'ff00'",
        "at = 'yesterday'",
        "at = 7",
        "verb = x'ff00'",
    ],
)
async def test_an_entry_that_does_not_read_any_more_is_named(parts, log, admin, change):
    write(parts, 25)
    tamper(parts, f"UPDATE audit_entry SET {change} WHERE seq = 13")  # noqa: S608 - own words
    verdict = await log.verify(OPERATOR)
    assert (verdict.entries, str(verdict)) == (12, "Entry 13 was changed after it was written.")
    if not change.startswith("verb"):
        with pytest.raises(JournalDamagedError, match="audit verify"):
            await log.list_entries(admin)
        with pytest.raises(JournalDamagedError, match="audit verify"):
            await exported(log, admin, "csv")


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        (["DELETE FROM audit_entry WHERE seq = 3"], "Entry 3 is missing."),
        (["DELETE FROM audit_entry WHERE seq = 1"], "Entry 1 is missing."),
        (["DELETE FROM audit_entry WHERE seq IN (2, 3, 4)"], "Entries 2 to 4 are missing."),
        (
            ["DELETE FROM audit_entry WHERE seq = 5"],
            "The log was cut: entry 5 is missing at its end.",
        ),
        (
            ["DELETE FROM audit_entry WHERE seq > 2"],
            "The log was cut: entries 3 to 5 are missing at its end.",
        ),
        (["DELETE FROM audit_entry"], "The log was cut: entries 1 to 5 are missing at its end."),
        (
            [
                "DELETE FROM audit_entry WHERE seq = 3",
                "UPDATE audit_entry SET seq = seq - 1 WHERE seq > 3",
            ],
            "Entry 3 does not follow the one before it: something was put in or taken out.",
        ),
        (
            [
                "UPDATE audit_entry SET seq = 99 WHERE seq = 2",
                "UPDATE audit_entry SET seq = 2 WHERE seq = 3",
                "UPDATE audit_entry SET seq = 3 WHERE seq = 99",
            ],
            "Entry 2 does not follow the one before it: something was put in or taken out.",
        ),
        (
            [
                "UPDATE instance SET value = (SELECT '3 ' || hash FROM audit_entry WHERE seq = 3) "
                "WHERE name = 'audit_head'"
            ],
            "There are entries after 3, the last that was written properly.",
        ),
        (
            ["DELETE FROM instance WHERE name = 'audit_head'"],
            "There are entries after 0, the last that was written properly.",
        ),
        (
            ["UPDATE instance SET value = 'x' WHERE name = 'audit_head'"],
            "What is known of the latest entry of the audit log (audit_head in the table instance) "
            "was damaged. Restore the database from a backup.",
        ),
    ],
)
async def test_missing_reordered_and_cut_entries_are_named(parts, log, statements, says):
    write(parts, 5)
    tamper(parts, *statements)
    assert str(await log.verify(OPERATOR)) == says


async def test_an_entry_put_in_by_hand_is_found(parts, log):
    write(parts, 5)
    # With a hash that fits, as somebody who knows how it is made would write it.
    last = (await log.list_entries(OPERATOR, limit=1)).items[0]
    forged = audit.link(last.hash, 6, last.entry)
    tamper(
        parts,
        "INSERT INTO audit_entry SELECT 6, at, actor_id, actor, verb, kind, object_id, project_id, "
        "result, address, request_id, details, hash, ? FROM audit_entry WHERE seq = 5",
        values=[forged],
    )
    assert str(await log.verify(OPERATOR)).startswith("There are entries after 5")


async def test_an_entry_replaced_with_its_hashes_made_anew_is_found_at_the_end(parts, log):
    write(parts, 5)
    last = (await log.list_entries(OPERATOR, limit=1)).items[0]
    forged = audit.link(last.previous, 5, parts.entry(OPERATOR, "thing.read", Target("thing")))
    tamper(
        parts,
        "UPDATE audit_entry SET verb = 'thing.read', object_id = '', details = '{}', hash = ? "
        "WHERE seq = 5",
        values=[forged],
    )
    assert str(await log.verify(OPERATOR)) == "Entry 5 is not the one that was written last."


async def test_an_entry_replaced_in_spite_of_the_triggers_is_found(parts, log):
    write(parts, 5)
    with closing(sqlite3.connect(parts.settings.database_path)) as database, database:
        database.execute("CREATE TEMP TABLE copy AS SELECT * FROM audit_entry WHERE seq = 2")
        database.execute("UPDATE copy SET actor = 'nobody'")
        try:
            database.execute("REPLACE INTO audit_entry SELECT * FROM copy")
        except sqlite3.IntegrityError:
            return
    assert str(await log.verify(OPERATOR)) == "Entry 2 was changed after it was written."


async def test_nothing_is_written_onto_a_log_that_was_tampered_with(parts, log):
    write(parts, 5)
    tamper(parts, "UPDATE instance SET value = '4 x' WHERE name = 'audit_head'")
    with pytest.raises(JournalError):
        write(parts)
    assert not (await log.verify(OPERATOR)).is_whole


async def test_entries_are_listed_newest_first_in_pieces(parts, log, admin):
    write(parts, 5)
    first = await log.list_entries(admin, limit=3)
    second = await log.list_entries(admin, limit=3, after=first.next)
    assert [record.seq for record in first.items + second.items] == [5, 4, 3, 2, 1]
    assert second.next is None
    for after in ("x", "-1", "1.5", "9" * 16, "٣", ""):
        with pytest.raises(InvalidInputError):
            await log.list_entries(admin, after=after)


async def test_entries_are_found_by_who_what_which_where_and_when(parts, log, clock, admin):
    ann = person(parts)
    begun = parts.clock.now()
    write(parts, actor=ann, target=Target("workflow", "w", project_of(ann)), verb="workflow.edit")
    clock.turn(60)
    write(parts, actor=admin, target=Target("user", "u"), verb="user.edit")
    clock.turn(60)
    write(parts, actor=ann, target=Target("key", "k"), verb="key.create")

    async def found(**filters):
        page = await log.list_entries(admin, **filters)
        return [record.seq for record in page.items]

    assert await found() == [3, 2, 1]
    assert await found(actor_name="ann@example.com") == [3, 1]
    assert await found(verb="user.edit") == [2]
    assert await found(kind="key") == [3]
    assert await found(object_id="w") == [1]
    assert await found(project_id=project_of(ann)) == [1]
    assert await found(since=begun + timedelta(seconds=60)) == [3, 2]
    assert await found(until=begun + timedelta(seconds=60)) == [1]
    assert await found(verb="' OR 1=1--") == []
    assert await found(actor_name="ann@example.com", kind="user") == []


async def test_a23_the_whole_log_is_for_admins_alone(parts, log):
    write(parts)
    for who, error in (
        (NOBODY, NotSignedInError),
        (person(parts), AccessDeniedError),
        (person(parts, "guest@example.com", "guest"), AccessDeniedError),
    ):
        for attempt in (
            log.list_entries(who),
            log.verify(who),
            exported(log, who, "csv"),
            exported(log, who, "jsonl"),
        ):
            with pytest.raises(error):
                await attempt


@pytest.mark.parametrize("role", ["viewer", "runner", "editor", "owner"])
async def test_a23_a_projects_log_is_for_its_owners(parts, log, role):
    ann, bob = person(parts), person(parts, "bob@example.com")
    project_id, now = project_of(ann), parts.clock.now()
    parts.records.write_now(lambda session: put_member(session, project_id, bob.id, role, now))
    bob = actor_of(parts, bob.id)
    write(parts, actor=ann, target=Target("workflow", "w", project_id))
    write(parts, actor=ann, target=Target("workflow", "w", "another"))
    if role != "owner":
        with pytest.raises(AccessDeniedError):
            await log.list_entries(bob, project_id=project_id)
        with pytest.raises(AccessDeniedError):
            await exported(log, bob, "csv", project_id=project_id)
        return
    page = await log.list_entries(bob, project_id=project_id)
    assert [record.seq for record in page.items] == [1]
    assert len((await exported(log, bob, "jsonl", project_id=project_id)).splitlines()) == 1


async def test_a19_the_log_of_a_foreign_project_is_not_there(parts, log):
    ann, eve = person(parts), person(parts, "eve@example.com")
    for project_id in (project_of(ann), "nothing", ""):
        with pytest.raises(NotFoundError):
            await log.list_entries(eve, project_id=project_id)


async def test_lines_of_json_hold_everything_the_chain_is_made_of(parts, log, admin):
    write(parts, 3, note="Größe\n2026 ERROR admin logged in \x1b[31m")
    text = await exported(log, admin, "jsonl")
    rows = [json.loads(line) for line in text.splitlines()]
    assert text.isascii()
    assert [row["seq"] for row in rows] == [3, 2, 1]
    assert [row["previous"] for row in rows] == [rows[1]["hash"], rows[2]["hash"], audit.FIRST]
    assert rows[2]["details"] == {"note": "Größe\n2026 ERROR admin logged in \x1b[31m", "number": 0}


async def test_an_export_of_several_pieces_is_whole_and_ends_where_it_began(parts, log, admin):
    def work(session):
        for number in range(1500):
            audit.append(session, parts.entry(OPERATOR, "thing.edit", Target("thing", str(number))))

    parts.records.write_now(work)
    pieces = log.export(admin, "jsonl")
    text = await anext(pieces)
    write(parts)
    text += "".join([piece async for piece in pieces])
    assert [json.loads(line)["seq"] for line in text.splitlines()] == list(range(1500, 0, -1))


@pytest.mark.parametrize(
    "evil",
    ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=cmd|" /C calc"!A0'],
)
async def test_a39_no_cell_of_the_csv_is_a_formula(parts, log, admin, evil):
    write(parts, target=Target("thing", evil), verb="thing.edit")
    text = await exported(log, admin, "csv")
    head, row = list(csv.reader(io.StringIO(text, newline="")))
    found = dict(zip(head, row, strict=True))
    assert found["object_id"] == f"'{evil}"
    assert found["seq"] == "1"
    assert json.loads(found["details"]) == {"number": 0}
    for cell in row:
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
