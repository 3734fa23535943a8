"""Links in mail: they prove an address or set a password, once and not for long."""

import sqlite3
from datetime import timedelta

import pytest
from sqlmodel import select

from flowstudio.errors import ConflictError, InvalidInputError, NotSignedInError, ThrottledError
from flowstudio.graph.ids import new_id
from flowstudio.security.throttle import Throttle
from flowstudio.services.access import NOBODY
from flowstudio.services.origin import Origin
from flowstudio.store import users
from flowstudio.store.tables.audit import AuditRow
from flowstudio.store.tables.users import IdentityRow, MailTokenRow
from tests.accounts import desk
from tests.parts import studio_parts
from tests.people import HERE, PASSWORD, person, sign_in

ANN = "ann@example.com"
BETTER = "a short way up the hill"


@pytest.fixture
def parts(tmp_path, clock):
    with studio_parts(tmp_path, clock, public_url="https://flows.example.com/") as parts:
        yield parts


@pytest.fixture
def office(parts):
    with desk(parts) as office:
        yield office


async def forgot(office, email=ANN):
    """Ask for a reset link; gives its secret."""
    await office.accounts.forgot_password(NOBODY, email, HERE)
    return office.token("reset")


async def test_a_forgotten_password_is_replaced_by_the_link_in_a_mail(office):
    ann = person(office.parts)
    sign = sign_in(office.parts, ann)
    token = await forgot(office)
    await office.accounts.reset_password(NOBODY, token, BETTER, HERE)
    assert await office.sessions.log_in(NOBODY, ANN, BETTER, HERE)
    for ended in (
        office.sessions.actor(sign.access_token, HERE),
        office.sessions.refresh(sign.refresh_token, HERE),
        office.sessions.log_in(NOBODY, ANN, PASSWORD, HERE),
    ):
        with pytest.raises(NotSignedInError):
            await ended


async def test_a29_the_link_begins_with_the_configured_address(office):
    person(office.parts)
    await office.accounts.forgot_password(NOBODY, ANN, Origin("203.0.113.7", "evil.example"))
    (mail,) = office.mails()
    assert mail["To"] == ANN
    text = mail.get_content()
    assert "\nhttps://flows.example.com/reset?token=" in text
    assert "evil.example" not in text


async def test_a29_nothing_tells_an_address_that_has_an_account_from_one_that_has_none(office):
    person(office.parts)
    replies = [
        await office.accounts.forgot_password(NOBODY, email, HERE)
        for email in (ANN, "nobody@example.com", "", "no address", "x" * 1000)
    ]
    assert set(replies) == {None}
    assert len(office.mails()) == 1


async def test_a29_an_address_without_an_account_costs_one_transaction_as_any_other_does(office):
    person(office.parts)
    for email in (ANN, "nobody@example.com"):
        before = entries(office)
        await office.accounts.forgot_password(NOBODY, email, HERE)
        assert len(entries(office)) == len(before) + 1


def entries(office):
    return office.parts.records.read_now(lambda s: s.exec(select(AuditRow)).all())


@pytest.mark.parametrize("token", ["", "null", "0", "' OR 1=1--", "\ud800", "x" * 10_000])
async def test_a29_a_made_up_reset_link_is_refused(office, token):
    person(office.parts)
    with pytest.raises(InvalidInputError):
        await office.accounts.reset_password(NOBODY, token, BETTER, HERE)


async def test_a29_a_used_reset_link_is_refused(office):
    person(office.parts)
    token = await forgot(office)
    await office.accounts.reset_password(NOBODY, token, BETTER, HERE)
    with pytest.raises(InvalidInputError):
        await office.accounts.reset_password(NOBODY, token, "yet another long one", HERE)
    assert await office.sessions.log_in(NOBODY, ANN, BETTER, HERE)


async def test_a29_of_two_resets_by_one_link_at_once_one_counts(office):
    person(office.parts)
    token = await forgot(office)
    outcomes = await office.together(
        lambda number: office.accounts.reset_password(
            NOBODY, token, f"{BETTER} number {number}", HERE
        ),
        5,
    )
    assert outcomes.count(None) == 1


async def test_a29_an_expired_reset_link_is_refused(office, clock):
    person(office.parts)
    token = await forgot(office)
    clock.turn(3600)
    with pytest.raises(InvalidInputError):
        await office.accounts.reset_password(NOBODY, token, BETTER, HERE)


async def test_a29_a_reset_link_is_good_for_its_own_person_alone(office):
    person(office.parts)
    bob = person(office.parts, "bob@example.com")
    token = await forgot(office)
    await office.accounts.reset_password(NOBODY, token, BETTER, HERE)
    assert await office.sessions.log_in(NOBODY, bob.name, PASSWORD, HERE)


async def test_a29_a_newer_link_ends_the_one_before(office):
    person(office.parts)
    first, second = await forgot(office), await forgot(office)
    with pytest.raises(InvalidInputError):
        await office.accounts.reset_password(NOBODY, first, BETTER, HERE)
    await office.accounts.reset_password(NOBODY, second, BETTER, HERE)


async def test_a_link_is_good_for_its_own_purpose_alone(office):
    ann = person(office.parts, is_verified=False)
    await office.accounts.send_verification(ann)
    verify, reset = office.token("verify"), await forgot(office)
    with pytest.raises(InvalidInputError):
        await office.accounts.reset_password(NOBODY, verify, BETTER, HERE)
    with pytest.raises(InvalidInputError):
        await office.accounts.verify_email(NOBODY, reset, HERE)


async def test_a_weak_password_does_not_use_the_link_up(office):
    person(office.parts)
    token = await forgot(office)
    with pytest.raises(InvalidInputError):
        await office.accounts.reset_password(NOBODY, token, "password1234", HERE)
    await office.accounts.reset_password(NOBODY, token, BETTER, HERE)


async def test_somebody_shut_out_gets_no_link(office):
    ann = person(office.parts)
    office.parts.records.write_now(lambda s: users.change_user(s, ann.id, is_active=False))
    await office.accounts.forgot_password(NOBODY, ANN, HERE)
    assert office.mails() == []


async def test_a17b_who_reads_the_mail_gets_the_account_without_what_an_impostor_left(office):
    mallory, now = person(office.parts, is_verified=False), office.parts.clock.now()
    row = IdentityRow(
        id=new_id(),
        user_id=mallory.id,
        provider="github",
        issuer="https://github.com",
        subject="1",
        label="mallory",
        created_at=now,
    )
    office.parts.records.write_now(lambda s: s.add(row))
    await office.accounts.reset_password(NOBODY, await forgot(office), BETTER, HERE)
    user = office.parts.records.read_now(lambda s: users.get_user(s, mallory.id))
    assert user.email_verified_at == now
    assert office.parts.records.read_now(lambda s: s.exec(select(IdentityRow)).all()) == []


async def test_a_link_to_confirm_an_address_is_good_for_a_day_and_once(office, clock):
    ann = person(office.parts, is_verified=False)
    await office.accounts.send_verification(ann)
    late = office.token("verify")
    clock.turn(timedelta(days=1).total_seconds())
    with pytest.raises(InvalidInputError):
        await office.accounts.verify_email(NOBODY, late, HERE)
    await office.accounts.send_verification(ann)
    token = office.token("verify")
    assert await office.accounts.verify_email(NOBODY, token, HERE) == ANN
    with pytest.raises(InvalidInputError):
        await office.accounts.verify_email(NOBODY, token, HERE)
    with pytest.raises(ConflictError):
        await office.accounts.send_verification(ann)


async def test_a_link_of_somebody_removed_is_worth_nothing(office):
    ann = person(office.parts)
    token = await forgot(office)
    office.parts.records.write_now(lambda s: users.remove_user(s, ann.id))
    with pytest.raises(InvalidInputError):
        await office.accounts.reset_password(NOBODY, token, BETTER, HERE)


async def test_an_old_reset_link_is_worth_nothing_after_address_or_password_have_changed(office):
    ann = person(office.parts)
    token = await forgot(office)
    await office.accounts.edit(ann, email="new@example.com")
    await office.accounts.verify_email(NOBODY, office.token("verify"), HERE)
    with pytest.raises(InvalidInputError):
        await office.accounts.reset_password(NOBODY, token, BETTER, HERE)


async def test_a29_the_secret_of_a_link_is_in_the_mail_alone(office, caplog):
    caplog.set_level("DEBUG")
    person(office.parts)
    token = await forgot(office)
    dump = "\n".join(sqlite3.connect(office.parts.settings.database_path).iterdump())
    assert token not in dump
    assert token not in caplog.text
    rows = office.parts.records.read_now(lambda s: s.exec(select(MailTokenRow)).all())
    assert len(rows) == 1


async def test_a30b_links_are_asked_for_five_times_a_minute_an_account(parts):
    with desk(parts, Throttle(parts.clock)) as office:
        person(parts)
        for _ in range(5):
            await office.accounts.forgot_password(NOBODY, ANN, Origin())
        with pytest.raises(ThrottledError):
            await office.accounts.forgot_password(NOBODY, ANN, Origin())
        assert len(office.mails()) == 5
