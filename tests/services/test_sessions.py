"""Sessions: who gets in, how long, and what ends it."""

import asyncio
import json
from datetime import timedelta

import pytest
from sqlmodel import select

from flowstudio.errors import (
    ConflictError,
    NotFoundError,
    NotSignedInError,
    ProofNeededError,
    ThrottledError,
)
from flowstudio.security.tokens import fingerprint
from flowstudio.services.access import NOBODY
from flowstudio.services.origin import Origin
from flowstudio.services.people import claim_by_provider, end_sessions
from flowstudio.services.sessions import require_proof
from flowstudio.store import users
from flowstudio.store.tables.audit import AuditRow
from flowstudio.store.tables.sessions import RefreshTokenRow
from tests.parts import studio_parts
from tests.people import (
    HERE,
    PASSWORD,
    actor_of,
    long_ago,
    person,
    project_of,
    session_service,
    sign_in,
)

ANN = "ann@example.com"


@pytest.fixture
def parts(tmp_path, clock):
    with studio_parts(tmp_path, clock) as parts:
        yield parts


@pytest.fixture
def service(parts):
    service = session_service(parts)
    yield service
    service.close()


def logged(parts, verb):
    rows = parts.records.read_now(
        lambda session: session.exec(select(AuditRow).where(AuditRow.verb == verb)).all()
    )
    return [(row.actor, row.result) for row in rows]


async def test_the_right_password_opens_a_session(parts, service):
    ann = person(parts)
    sign = await service.log_in(NOBODY, " Ann@Example.COM ", PASSWORD, HERE)
    actor = await service.actor(sign.access_token, HERE)
    assert (actor.id, actor.name, actor.role) == (ann.id, ANN, "user")
    assert dict(actor.memberships) == {project_of(ann): "owner"}
    assert actor.session_id
    assert actor.proved_at == parts.clock.now()
    assert logged(parts, "session.open") == [(ANN, "done")]


async def test_tokens_are_neither_in_the_text_of_a_sign_in_nor_in_the_database(
    tmp_path, parts, service
):
    person(parts)
    sign = await service.log_in(NOBODY, ANN, PASSWORD, HERE)
    assert sign.access_token not in repr(sign)
    assert sign.refresh_token not in repr(sign)
    for file in tmp_path.rglob("*.db*"):
        content = file.read_bytes()
        assert sign.refresh_token.encode() not in content
        assert sign.access_token.encode() not in content
        assert PASSWORD.encode() not in content


@pytest.mark.parametrize(
    ("email", "password"),
    [(ANN, "not the password of ann"), ("nobody@example.com", PASSWORD), ("", ""), (ANN, "")],
)
async def test_a30_wrong_password_and_unknown_address_are_refused_in_the_same_words(
    parts, service, email, password
):
    person(parts)
    with pytest.raises(NotSignedInError) as caught:
        await service.log_in(NOBODY, email, password, HERE)
    assert str(caught.value) == "The e-mail address or the password is wrong."
    assert [result for _, result in logged(parts, "session.open")] == ["refused"]


async def test_a30_an_unknown_address_costs_one_hash_as_a_known_one_does(parts, service):
    checked = []
    verify = service._passwords._hasher.verify
    service._passwords._hasher = Counting(service._passwords._hasher, checked, verify)
    person(parts)
    for email in (ANN, "nobody@example.com"):
        with pytest.raises(NotSignedInError):
            await service.log_in(NOBODY, email, "a wrong password", HERE)
    assert len(checked) == 2


class Counting:
    """A hasher that tells what it verified."""

    def __init__(self, hasher, checked, verify):
        self.hash = hasher.hash
        self.check_needs_rehash = hasher.check_needs_rehash
        self._checked, self._verify = checked, verify

    def verify(self, kept, password):
        self._checked.append(kept)
        return self._verify(kept, password)


async def test_somebody_deactivated_does_not_get_in(parts, service):
    ann = person(parts)
    parts.records.write_now(lambda s: users.change_user(s, ann.id, is_active=False))
    with pytest.raises(NotSignedInError):
        await service.log_in(NOBODY, ANN, PASSWORD, HERE)


async def test_a30b_the_sixth_attempt_of_a_minute_on_an_account_is_refused(parts, clock):
    service = session_service(parts, per_minute=5)
    person(parts)
    for _ in range(5):
        with pytest.raises(NotSignedInError):
            await service.log_in(NOBODY, ANN, "a wrong password", Origin())
    with pytest.raises(ThrottledError) as caught:
        await service.log_in(NOBODY, ANN, PASSWORD, Origin())
    assert 0 < caught.value.retry_after_s <= 60
    clock.turn(61)
    assert await service.log_in(NOBODY, ANN, PASSWORD, Origin())
    service.close()


async def test_a_hash_of_other_costs_is_made_anew_at_the_next_sign_in(parts, service):
    ann = person(parts)
    old = "$argon2id$v=19$m=8,t=1,p=1$"
    weak = service._passwords._hasher.__class__(time_cost=1, memory_cost=8, parallelism=1)
    kept = weak.hash(PASSWORD)
    parts.records.write_now(lambda s: users.change_user(s, ann.id, password_hash=kept))
    await service.log_in(NOBODY, ANN, PASSWORD, HERE)
    after = parts.records.read_now(lambda s: users.get_user(s, ann.id))
    assert not after.password_hash.startswith(old)
    assert await service.log_in(NOBODY, ANN, PASSWORD, HERE)


async def test_an_access_token_ends_after_ten_minutes_and_the_leeway_of_clocks(
    parts, service, clock
):
    sign = sign_in(parts, person(parts))
    clock.turn(629)
    await service.actor(sign.access_token, HERE)
    clock.turn(2)
    with pytest.raises(NotSignedInError):
        await service.actor(sign.access_token, HERE)
    with pytest.raises(NotSignedInError):
        service.check(sign.access_token)


async def test_an_open_socket_stays_while_its_session_is_refreshed(parts, service, clock):
    sign = sign_in(parts, person(parts))
    clock.turn(9 * 60)
    second = await service.refresh(sign.refresh_token, HERE)
    clock.turn(11 * 60)
    assert await service.actor(sign.access_token, HERE, is_open=True)
    clock.turn(2 * 60)
    with pytest.raises(NotSignedInError):
        await service.actor(sign.access_token, HERE, is_open=True)
    await service.refresh(second.refresh_token, HERE)
    assert await service.actor(sign.access_token, HERE, is_open=True)


async def test_a_refresh_gives_new_tokens_of_the_same_session(parts, service):
    sign = sign_in(parts, person(parts))
    second = await service.refresh(sign.refresh_token, HERE)
    assert second.refresh_token != sign.refresh_token
    one = await service.actor(sign.access_token, HERE)
    two = await service.actor(second.access_token, HERE)
    assert one.session_id == two.session_id


async def test_a15_a_replayed_refresh_token_revokes_its_family(parts, service, clock):
    sign = sign_in(parts, person(parts))
    second = await service.refresh(sign.refresh_token, HERE)
    clock.turn(11)
    with pytest.raises(NotSignedInError):
        await service.refresh(sign.refresh_token, HERE)
    with pytest.raises(NotSignedInError):
        await service.refresh(second.refresh_token, HERE)
    with pytest.raises(NotSignedInError):
        await service.actor(second.access_token, HERE)
    assert logged(parts, "session.refresh") == [(ANN, "refused")]


async def test_a15_a_replay_leaves_other_sessions_alone(parts, service, clock):
    ann = person(parts)
    sign, other = sign_in(parts, ann), sign_in(parts, ann)
    await service.refresh(sign.refresh_token, HERE)
    clock.turn(11)
    with pytest.raises(NotSignedInError):
        await service.refresh(sign.refresh_token, HERE)
    assert await service.refresh(other.refresh_token, HERE)


async def test_a15b_of_twenty_refreshes_at_once_one_wins_and_the_session_lives(parts, service):
    sign = sign_in(parts, person(parts))

    async def attempt():
        try:
            return await service.refresh(sign.refresh_token, HERE)
        except ConflictError as error:
            return error

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(attempt()) for _ in range(20)]
    results = [task.result() for task in tasks]
    winners = [result for result in results if not isinstance(result, ConflictError)]
    assert len(winners) == 1
    assert await service.refresh(winners[0].refresh_token, HERE)


@pytest.mark.parametrize("token", ["", "x" * 10_000, "\ud800", "' OR 1=1--", "a.b.c"])
async def test_an_unknown_refresh_token_is_refused(service, token):
    with pytest.raises(NotSignedInError):
        await service.refresh(token, HERE)


async def test_an_access_token_is_no_refresh_token_and_the_other_way_round(parts, service):
    sign = sign_in(parts, person(parts))
    with pytest.raises(NotSignedInError):
        await service.refresh(sign.access_token, HERE)
    with pytest.raises(NotSignedInError):
        await service.actor(sign.refresh_token, HERE)


async def test_a_session_unused_for_two_weeks_is_over(parts, service, clock):
    sign = sign_in(parts, person(parts))
    clock.turn(timedelta(days=14).total_seconds())
    with pytest.raises(NotSignedInError):
        await service.refresh(sign.refresh_token, HERE)


async def test_no_session_lives_longer_than_ninety_days(parts, service, clock):
    sign = sign_in(parts, person(parts))
    for _ in range(8):
        clock.turn(timedelta(days=10).total_seconds())
        sign = await service.refresh(sign.refresh_token, HERE)
    clock.turn(timedelta(days=9.9).total_seconds())
    sign = await service.refresh(sign.refresh_token, HERE)
    clock.turn(timedelta(days=0.2).total_seconds())
    with pytest.raises(NotSignedInError):
        await service.refresh(sign.refresh_token, HERE)


async def test_a_session_ends_when_its_person_is_deactivated_or_removed(parts, service):
    ann, bob = person(parts), person(parts, "bob@example.com")
    of_ann, of_bob = sign_in(parts, ann), sign_in(parts, bob)
    parts.records.write_now(lambda s: users.change_user(s, ann.id, is_active=False))
    parts.records.write_now(lambda s: users.remove_user(s, bob.id))
    for sign in (of_ann, of_bob):
        with pytest.raises(NotSignedInError):
            await service.actor(sign.access_token, HERE)
        with pytest.raises(NotSignedInError):
            await service.refresh(sign.refresh_token, HERE)


async def test_a_new_version_of_a_person_ends_access_tokens_at_once(parts, service, clock):
    ann = person(parts)
    sign = sign_in(parts, ann)
    kept = (await service.actor(sign.access_token, HERE)).session_id

    def work(session):
        return end_sessions(session, users.get_user(session, ann.id), clock.now(), besides=kept)

    user = parts.records.write_now(work)
    with pytest.raises(NotSignedInError):
        await service.actor(sign.access_token, HERE)
    renewed = parts.records.write_now(lambda s: service.reissue(s, kept, user))
    assert (await service.actor(renewed.access_token, HERE)).session_id == kept


async def test_signing_out_ends_the_session(parts, service):
    sign = sign_in(parts, person(parts))
    actor = await service.actor(sign.access_token, HERE)
    await service.revoke(actor, actor.session_id)
    with pytest.raises(NotSignedInError):
        await service.actor(sign.access_token, HERE)
    with pytest.raises(NotSignedInError):
        await service.refresh(sign.refresh_token, HERE)


async def test_sessions_are_listed_with_their_devices_and_revoked_one_by_one(parts, service, clock):
    ann = person(parts)
    phone = sign_in(parts, ann, Origin("198.51.100.1", "a phone"))
    clock.turn(1)
    laptop = sign_in(parts, ann, Origin("198.51.100.2", "a laptop"))
    actor = await service.actor(laptop.access_token, HERE)
    listed = await service.list_sessions(actor)
    assert [(one.user_agent, one.address) for one in listed] == [
        ("a laptop", "198.51.100.2"),
        ("a phone", "198.51.100.1"),
    ]
    await service.revoke(actor, listed[1].id)
    assert [one.user_agent for one in await service.list_sessions(actor)] == ["a laptop"]
    with pytest.raises(NotSignedInError):
        await service.refresh(phone.refresh_token, HERE)


async def test_all_other_sessions_are_revoked_at_once(parts, service):
    ann = person(parts)
    others = [sign_in(parts, ann) for _ in range(3)]
    mine = sign_in(parts, ann)
    assert await service.revoke_others(await service.actor(mine.access_token, HERE)) == 3
    for sign in others:
        with pytest.raises(NotSignedInError):
            await service.actor(sign.access_token, HERE)
    assert await service.refresh(mine.refresh_token, HERE)


async def test_a19_a_session_of_somebody_else_is_not_there(parts, service):
    theirs = sign_in(parts, person(parts))
    session_id = (await service.actor(theirs.access_token, HERE)).session_id
    bob = person(parts, "bob@example.com")
    with pytest.raises(NotFoundError):
        await service.revoke(bob, session_id)
    with pytest.raises(NotFoundError):
        await service.revoke(bob, "no such id")
    with pytest.raises(NotSignedInError):
        await service.revoke(NOBODY, session_id)
    assert await service.actor(theirs.access_token, HERE)


async def test_the_sessions_of_one_person_are_bounded(parts, service):
    ann = person(parts)
    first = sign_in(parts, ann)
    for _ in range(50):
        last = sign_in(parts, ann)
    assert len(await service.list_sessions(await service.actor(last.access_token, HERE))) == 50
    with pytest.raises(NotSignedInError):
        await service.actor(first.access_token, HERE)


async def test_giving_the_password_again_proves_who_somebody_is(parts, service, clock):
    sign = sign_in(parts, person(parts))
    clock.turn(9 * 60)
    second = await service.refresh(sign.refresh_token, HERE)
    clock.turn(7 * 60)
    actor = await service.actor(second.access_token, HERE)
    with pytest.raises(ProofNeededError):
        require_proof(actor, clock.now())
    with pytest.raises(ProofNeededError):
        await service.prove(actor, "not the password")
    await service.prove(actor, PASSWORD)
    require_proof(await service.actor(second.access_token, HERE), clock.now())


def test_a_password_given_long_ago_is_no_proof(parts):
    with pytest.raises(ProofNeededError):
        require_proof(long_ago(person(parts)), parts.clock.now())


async def test_a17b_what_an_unproved_owner_of_an_address_left_ends_when_a_provider_vouches(
    parts, service, clock
):
    mallory = person(parts, is_verified=False)
    sign = sign_in(parts, mallory)

    def claim(session):
        return claim_by_provider(session, users.get_user(session, mallory.id), clock.now())

    parts.records.write_now(claim)
    with pytest.raises(NotSignedInError):
        await service.actor(sign.access_token, HERE)
    with pytest.raises(NotSignedInError):
        await service.refresh(sign.refresh_token, HERE)
    with pytest.raises(NotSignedInError):
        await service.log_in(NOBODY, ANN, PASSWORD, HERE)


async def test_a17b_a_proved_owner_of_an_address_keeps_password_and_sessions(parts, service, clock):
    ann = person(parts)
    sign = sign_in(parts, ann)
    parts.records.write_now(lambda s: claim_by_provider(s, users.get_user(s, ann.id), clock.now()))
    assert await service.actor(sign.access_token, HERE)
    assert await service.log_in(NOBODY, ANN, PASSWORD, HERE)


async def test_refresh_tokens_that_are_over_are_forgotten(parts, service, clock):
    sign = sign_in(parts, person(parts))
    for _ in range(6):
        clock.turn(timedelta(days=10).total_seconds())
        sign = await service.refresh(sign.refresh_token, HERE)
    rows = parts.records.read_now(lambda s: s.exec(select(RefreshTokenRow)).all())
    assert len(rows) == 2
    assert fingerprint(sign.refresh_token) in {row.hash for row in rows}


def test_what_a_session_tells_the_audit_log_holds_no_secret(parts):
    sign = sign_in(parts, person(parts))
    rows = parts.records.read_now(lambda s: s.exec(select(AuditRow)).all())
    text = json.dumps([row.model_dump(mode="json") for row in rows])
    assert sign.refresh_token not in text
    assert fingerprint(sign.refresh_token) not in text
    assert actor_of(parts, sign.user_id).name in text
