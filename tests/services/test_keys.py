"""API keys: made, used, replaced, ended; and what they may not do."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete
from sqlmodel import col, select

from flowstudio.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    ProofNeededError,
)
from flowstudio.security import api_keys
from flowstudio.services.access import NOBODY, SCOPES, Target, authorize
from flowstudio.services.keys import KeyService, NewKey
from flowstudio.store.tables.audit import AuditRow
from flowstudio.store.tables.keys import ApiKeyRow
from flowstudio.store.tables.projects import MemberRow
from flowstudio.store.tables.users import UserRow
from tests.parts import studio_parts
from tests.people import HERE, actor_of, long_ago, person, project_of

READER = NewKey("reader", ["runs:read", "projects:read"])


@pytest.fixture
def parts(tmp_path, clock):
    with studio_parts(tmp_path, clock) as parts:
        yield parts


@pytest.fixture
def keys(parts):
    return KeyService(parts)


@pytest.fixture
def ann(parts):
    return person(parts)


def rows(parts, table):
    return parts.records.read_now(lambda session: list(session.exec(select(table))))


def change_user(parts, user_id, **values):
    def work(session):
        row = session.get_one(UserRow, user_id)
        for name, value in values.items():
            setattr(row, name, value)
        session.add(row)

    parts.records.write_now(work)


async def test_a_key_is_shown_once_and_only_its_hash_is_kept(parts, keys, ann):
    made = await keys.create(ann, READER)
    assert api_keys.find_id(made.key) == made.record.id
    listed = await keys.list_keys(ann)
    database = parts.settings.database_path
    stored = b"".join(file.read_bytes() for file in database.parent.glob(f"{database.name}*"))
    assert made.key.encode() not in stored
    assert made.key[15:58].encode() not in stored
    for text in (repr(made), repr(listed), repr(rows(parts, AuditRow))):
        assert made.key not in text
        assert made.key[15:58] not in text
        assert api_keys.fingerprint(made.key) not in text


async def test_a_key_acts_for_its_owner_within_its_scopes(parts, keys, ann):
    made = await keys.create(ann, READER)
    actor = await keys.actor(made.key, HERE)
    assert (actor.id, actor.name, actor.role) == (ann.id, ann.name, "user")
    assert (actor.key_id, actor.session_id, actor.proved_at) == (made.record.id, "", None)
    assert actor.scopes == frozenset(READER.scopes)
    assert actor.memberships == actor_of(parts, ann.id).memberships
    assert (actor.address, actor.request_id) == (HERE.address, HERE.request_id)


async def test_a35_a_key_with_a_wrong_checksum_or_unknown_is_nobodys(keys, ann):
    made = await keys.create(ann, READER)
    unknown, _ = api_keys.new_key()
    forged = f"fsk_{made.record.id}_" + "A" * 43
    forged += api_keys._checksum(forged)
    assert api_keys.find_id(forged) == made.record.id
    for key in (f"{made.key[:-1]}{'a' if made.key[-1] != 'a' else 'b'}", unknown, forged, ""):
        with pytest.raises(NotSignedInError):
            await keys.actor(key, HERE)


async def test_a35_a_revoked_key_is_refused_from_the_next_request_on(parts, keys, ann):
    made = await keys.create(ann, READER)
    await keys.revoke(ann, made.record.id)
    await keys.revoke(ann, made.record.id)
    with pytest.raises(NotSignedInError, match="has ended"):
        await keys.actor(made.key, HERE)
    assert [row.verb for row in rows(parts, AuditRow)] == ["key.create", "key.revoke"]


async def test_a35_an_expired_key_is_refused(parts, keys, clock, ann):
    ends = parts.clock.now() + timedelta(hours=1)
    made = await keys.create(ann, replace(READER, expires_at=ends))
    clock.turn(3599)
    await keys.actor(made.key, HERE)
    clock.turn(1)
    with pytest.raises(NotSignedInError, match="has ended"):
        await keys.actor(made.key, HERE)


async def test_a35_a_key_of_somebody_locked_out_or_gone_is_refused(parts, keys, ann):
    made = await keys.create(ann, READER)
    change_user(parts, ann.id, is_active=False)
    with pytest.raises(NotSignedInError):
        await keys.actor(made.key, HERE)
    change_user(parts, ann.id, is_active=True)
    await keys.actor(made.key, HERE)
    parts.records.write_now(
        lambda session: session.execute(delete(UserRow).where(col(UserRow.id) == ann.id))
    )
    with pytest.raises(NotSignedInError):
        await keys.actor(made.key, HERE)


async def test_a35_a_key_for_reading_writes_nothing(keys, ann):
    reader = await keys.actor((await keys.create(ann, READER)).key, HERE)
    target = Target("project", project_of(ann), project_of(ann))
    authorize(reader, "project.read", target)
    for verb in ("project.edit", "workflow.read", "workflow.run", "project.transfer"):
        with pytest.raises(AccessDeniedError, match="This key may not do that"):
            authorize(reader, verb, target)


async def test_a35_a_key_of_one_project_is_good_for_no_other(parts, keys, ann):
    bob = person(parts, "bob@example.com")
    now = parts.clock.now()
    place = MemberRow(project_id=project_of(bob), user_id=ann.id, role="owner", joined_at=now)
    parts.records.write_now(lambda session: session.add(place))
    ann = actor_of(parts, ann.id)
    other = project_of(bob)
    mine = next(one for one in ann.memberships if one != other)
    made = await keys.create(ann, NewKey("program", SCOPES, mine))
    program = await keys.actor(made.key, HERE)
    authorize(program, "project.edit", Target("project", mine, mine))
    with pytest.raises(NotFoundError):
        authorize(program, "project.read", Target("project", other, other))
    assert program.projects_with("run.read") == (mine,)


async def test_a23b_a_key_of_one_project_has_no_say_over_the_installation(parts, keys):
    admin = person(parts, "admin@example.com", "admin")
    wide = await keys.actor((await keys.create(admin, NewKey("wide", SCOPES))).key, HERE)
    new = NewKey("narrow", SCOPES, project_of(admin))
    narrow = await keys.actor((await keys.create(admin, new)).key, HERE)
    for verb in ("audit.read", "user.read", "setting.edit"):
        authorize(wide, verb)
        with pytest.raises(AccessDeniedError):
            authorize(narrow, verb)


async def test_a_key_loses_what_its_owner_loses(parts, keys):
    admin = person(parts, "admin@example.com", "admin")
    made = await keys.create(admin, NewKey("program", SCOPES))
    change_user(parts, admin.id, role="user")
    program = await keys.actor(made.key, HERE)
    with pytest.raises(AccessDeniedError):
        authorize(program, "audit.read")
    change_user(parts, admin.id, role="guest")
    program = await keys.actor(made.key, HERE)
    assert program.role_in(project_of(admin)) == "viewer"


async def test_last_use_is_noted_once_a_minute(parts, keys, clock, ann):
    made = await keys.create(ann, READER)
    seen = []
    for _ in range(5):
        await keys.actor(made.key, HERE)
        seen.append(rows(parts, ApiKeyRow)[0].last_used_at)
        clock.turn(25)
    assert seen[0] == seen[1] == seen[2]
    assert seen[3] == seen[4] == seen[0] + timedelta(seconds=75)


async def test_a_rotated_key_is_replaced_by_one_with_the_same_settings(parts, keys, ann):
    ends = parts.clock.now() + timedelta(days=30)
    old = await keys.create(ann, NewKey("nightly", ["runs:read"], project_of(ann), ends))
    new = await keys.rotate(ann, old.record.id)
    assert new.record.id != old.record.id
    for name in ("name", "scopes", "project_id", "expires_at", "user_id"):
        assert getattr(new.record, name) == getattr(old.record, name)
    await keys.actor(new.key, HERE)
    with pytest.raises(NotSignedInError):
        await keys.actor(old.key, HERE)
    assert [row.verb for row in rows(parts, AuditRow)] == ["key.create", "key.rotate"]


async def test_both_keys_are_good_while_they_overlap(keys, clock, ann):
    old = await keys.create(ann, READER)
    new = await keys.rotate(ann, old.record.id, overlap=timedelta(hours=24))
    clock.turn(24 * 3600 - 1)
    await keys.actor(old.key, HERE)
    clock.turn(1)
    with pytest.raises(NotSignedInError):
        await keys.actor(old.key, HERE)
    await keys.actor(new.key, HERE)


async def test_an_overlap_can_be_cut_short_and_is_a_day_at_most(keys, ann):
    old = await keys.create(ann, READER)
    for overlap in (timedelta(hours=24, seconds=1), timedelta(seconds=-1)):
        with pytest.raises(InvalidInputError):
            await keys.rotate(ann, old.record.id, overlap=overlap)
    await keys.rotate(ann, old.record.id, overlap=timedelta(hours=1))
    await keys.revoke(ann, old.record.id)
    with pytest.raises(NotSignedInError):
        await keys.actor(old.key, HERE)


async def test_a_key_that_ended_or_was_rotated_is_not_rotated_again(keys, ann):
    revoked, rotated = await keys.create(ann, READER), await keys.create(ann, READER)
    await keys.revoke(ann, revoked.record.id)
    await keys.rotate(ann, rotated.record.id, overlap=timedelta(hours=1))
    for made in (revoked, rotated):
        with pytest.raises(ConflictError):
            await keys.rotate(ann, made.record.id)


async def test_every_problem_of_a_key_is_told_at_once(parts, keys, ann):
    now = parts.clock.now()
    bob = person(parts, "bob@example.com")
    new = NewKey("", ["runs:read", "everything"], project_of(bob), now + timedelta(days=400))
    with pytest.raises(InvalidInputError) as caught:
        await keys.create(ann, new)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "name",
        "scopes",
        "project_id",
        "expires_at",
    ]
    for wrong in (
        replace(READER, name="x" * 101),
        replace(READER, name="two\nlines"),
        replace(READER, scopes=[]),
        replace(READER, project_id="0193e0aa-7b1c-7c4e-9d5e-0f6a1b2c3d4e"),
        replace(READER, project_id=""),
        replace(READER, expires_at=now),
        replace(READER, expires_at=now - timedelta(days=1)),
    ):
        with pytest.raises(InvalidInputError):
            await keys.create(ann, wrong)
    assert rows(parts, ApiKeyRow) == []


async def test_keys_are_made_by_people_who_gave_a_password_lately(parts, keys, ann):
    made = await keys.create(ann, NewKey("program", SCOPES))
    program = await keys.actor(made.key, HERE)
    guest = person(parts, "guest@example.com", "guest")
    for who, error in (
        (long_ago(ann), ProofNeededError),
        (program, AccessDeniedError),
        (guest, AccessDeniedError),
        (NOBODY, NotSignedInError),
    ):
        with pytest.raises(error):
            await keys.create(who, READER)
        with pytest.raises((error, NotFoundError)):
            await keys.rotate(who, made.record.id)
    assert len(rows(parts, ApiKeyRow)) == 1


async def test_a19_a_key_of_others_is_not_there(parts, keys, ann):
    made = await keys.create(ann, READER)
    for who in (person(parts, "bob@example.com"), person(parts, "admin@example.com", "admin")):
        for key_id in (made.record.id, "0123456789"):
            for attempt in (keys.rotate(who, key_id), keys.revoke(who, key_id)):
                with pytest.raises(NotFoundError, match=r"There is no such key\."):
                    await attempt
        assert (await keys.list_keys(who)).items == []
        with pytest.raises(InvalidInputError):
            await keys.list_keys(who, after=made.record.id)
    await keys.actor(made.key, HERE)


async def test_keys_are_listed_newest_first_in_pieces_with_those_that_ended(keys, clock, ann):
    made = []
    for number in range(5):
        made.insert(0, (await keys.create(ann, replace(READER, name=f"key {number}"))).record.id)
        clock.turn(number % 2)
    await keys.revoke(ann, made[0])
    found, after = [], None
    while not found or after is not None:
        page = await keys.list_keys(ann, limit=2, after=after)
        found += [record.id for record in page.items]
        after = page.next
    assert sorted(found) == sorted(made)
    assert found[0] == made[0]
    assert found[-1] in made[-2:]


async def test_a_person_has_a_hundred_live_keys_at_most(parts, keys, ann):
    now = parts.clock.now()

    def work(session):
        for number in range(100):
            session.add(
                ApiKeyRow(
                    id=f"{number:010x}",
                    user_id=ann.id,
                    name="many",
                    hash="h",
                    scopes="runs:read",
                    created_at=now,
                )
            )

    parts.records.write_now(work)
    with pytest.raises(ConflictError, match="100 keys"):
        await keys.create(ann, READER)
    await keys.revoke(ann, f"{0:010x}")
    await keys.create(ann, READER)
